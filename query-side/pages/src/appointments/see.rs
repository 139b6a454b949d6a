//! One appointment: after booking the confirmation, later its details and what can be done with it.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use event_core::Timestamp;
use page_engine::{HtmlPage, PageError, Pages, Visitor, encoded};
use queries::appointments::{APPOINTMENT_NOT_FOUND, Appointment, SeeAppointment, Status};
use query_engine::{QueryError, page::Paging};
use serde::Deserialize;
use vocabulary::{SessionId, booking_number, vaccinations::ProgrammeId};

use crate::{
    appointment_card::{place, tag, what},
    concerned::Concerned,
    layout::{Layout, filters},
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(done) = done %}
<div class="nhsuk-panel" tabindex="-1" data-focus>
<h1 class="nhsuk-panel__title">{{ done }}</h1>
<div class="nhsuk-panel__body">Your booking number<br><strong class="frontdoor-reference">{{ reference }}</strong></div>
</div>
{% if has_second %}<p>The appointment for the second dose is booked, too. <a href="{{ base }}/appointments">See both appointments</a></p>{% endif %}
{% else %}
<h1>{{ layout.title }}</h1>
{% endif %}
{% if let Some(tag) = tag %}<p><strong class="nhsuk-tag nhsuk-tag--grey">{{ tag }}</strong></p>{% endif %}
{% if is_orphaned %}<p>The practice has changed its clinic, so this appointment does not take place. <a href="{{ base }}/book">Book another one</a></p>{% endif %}
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">When</dt><dd class="nhsuk-summary-list__value">{{ when }}</dd></div>
{% if let Some(details) = details %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Appointment</dt><dd class="nhsuk-summary-list__value">{{ details.what }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">How long</dt><dd class="nhsuk-summary-list__value">{{ details.minutes }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">With</dt><dd class="nhsuk-summary-list__value">{{ details.with }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Where</dt><dd class="nhsuk-summary-list__value">{{ details.place }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Reason</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{{ details.reason }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Anything else</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{{ details.comment }}</dd></div>
{% endif %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Booking number</dt><dd class="nhsuk-summary-list__value"><span class="frontdoor-reference" data-copy="Copy the booking number">{{ reference }}</span></dd></div>
</dl>
{% if details.is_none() %}
<p>Your booking is saved. Its details will be on this page in a moment. <a href="">Load the page again</a></p>
{% else if can_change %}
<h2>What you can do</h2>
<ul class="nhsuk-list">
<li><a href="{{ address }}/calendar.ics">Add to your calendar</a></li>
{% if can_move %}<li><a href="{{ address }}/move">Change the time</a></li>{% endif %}
<li><a href="{{ address }}/reason">Change the reason</a></li>
<li><a href="{{ address }}/cancel">Cancel this appointment</a></li>
</ul>
{% if !can_move %}<p>If you need another time, cancel this appointment and book the vaccination again.</p>{% endif %}
{% endif %}
<p data-print></p>
<p><a href="{{ base }}/appointments">See all appointments</a></p>
</div></div>
{% endblock %}"#
)]
struct SeePage {
    layout: Layout,
    base: String,
    address: String,
    when: String,
    reference: String,
    done: Option<&'static str>,
    /// True if a second one was booked in the same step.
    has_second: bool,
    tag: Option<&'static str>,
    is_orphaned: bool,
    can_change: bool,
    /// False for a vaccination: its programme decides about each day, so it is cancelled and booked again.
    can_move: bool,
    details: Option<Details>,
}

struct Details {
    what: String,
    minutes: String,
    with: String,
    place: String,
    reason: String,
    comment: String,
}

/// What was done just before.
#[derive(Deserialize)]
pub struct Done {
    booked: Option<String>,
    /// With `booked`: this one is the first of two.
    both: Option<String>,
    moved: Option<String>,
    cancelled: Option<String>,
    amended: Option<String>,
}

impl Done {
    fn heading(&self) -> Option<&'static str> {
        let all = [
            (&self.booked, "Appointment booked"),
            (&self.moved, "Appointment moved"),
            (&self.cancelled, "Appointment cancelled"),
            (&self.amended, "Appointment changed"),
        ];
        all.into_iter().find(|(done, _)| done.is_some()).map(|(_, heading)| heading)
    }
}

/// The appointment in an address.
#[derive(Debug, Clone, Deserialize)]
pub struct AppointmentPath {
    pub session: SessionId,
    pub at: Timestamp,
}

impl AppointmentPath {
    pub fn address(&self, base: &str) -> String {
        format!("{base}/appointments/{}/{}", self.session, encoded(&self.at.to_string()))
    }

    pub fn query(&self, concerned: &Concerned) -> SeeAppointment {
        SeeAppointment { subject: concerned.subject, session: self.session.clone(), starts_at: self.at }
    }
}

/// # Errors
/// If there is no such appointment, the visitor may not see it, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
    Query(done): Query<Done>,
) -> Result<Response, PageError> {
    let asked = pages.asked(&visitor, &path.query(&concerned), Paging::default()).await;
    let (appointment, stale) = match asked.outcome {
        Ok(appointment) => (Some(appointment), asked.stale),
        // The view is behind the booking that led here. The booking's own answer is enough for the confirmation.
        Err(QueryError::Rejected(rejected)) if asked.late && rejected.rejection.code == APPOINTMENT_NOT_FOUND.code => {
            (None, true)
        }
        Err(error) => return Err(error.into()),
    };
    let (done, has_second) = (done.heading(), done.both.is_some());
    let status = appointment.as_ref().map_or(Status::Booked, |one| one.status);
    let can_change = status == Status::Booked && path.at > pages.now();
    let (base, address) = (concerned.base.clone(), path.address(&concerned.base));
    let layout = Layout::of(&visitor, done.unwrap_or("Appointment")).back(format!("{base}/appointments"));
    let shown = SeePage {
        layout: layout.stale(stale && appointment.is_some()),
        base,
        address,
        when: words::date_and_time(path.at),
        reference: booking_number::of(&path.session, path.at, concerned.subject),
        done,
        has_second,
        tag: tag(status),
        is_orphaned: status == Status::Orphaned,
        can_change,
        can_move: appointment.as_ref().is_none_or(|one| ProgrammeId::of_service(&one.service).is_none()),
        details: appointment.as_ref().map(details),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

fn details(appointment: &Appointment) -> Details {
    let typed = |text: Option<&str>| text.unwrap_or("None given").to_owned();
    Details {
        what: what(appointment),
        minutes: words::count(appointment.minutes.unsigned_abs(), "minute", "minutes"),
        with: format!("{}, {}", appointment.practitioner.name, appointment.practitioner.role),
        place: place(&appointment.site),
        reason: typed(appointment.reason.as_ref().map(|reason| reason.as_str())),
        comment: typed(appointment.comment.as_ref().map(|comment| comment.as_str())),
    }
}
