//! A patient of the practice: the registration, the upcoming appointments, for a prescriber the repeat medicines, and
//! what the desk can do.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::{
    appointments::{ListAppointments, When},
    prescriptions::ListRepeats,
    registrations::SeeRegistration,
};
use query_engine::page::Paging;
use serde::Deserialize;
use vocabulary::{access::Permission, text::PersonName};

use super::practice::practice_of;
use crate::{
    appointment_card::{AppointmentCard, place},
    concerned::Concerned,
    layout::{Layout, filters, has},
    prescriptions::PlanCards,
    words,
};

/// The maximum number of appointments on the page. The list of all is behind a link.
const UPCOMING_SHOWN: usize = 10;
/// The maximum number of repeat medicines on the page.
const PLANS_SHOWN: usize = 200;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<h1>{{ name }}</h1>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">NHS number</dt><dd class="nhsuk-summary-list__value">{{ nhs_number }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Date of birth</dt><dd class="nhsuk-summary-list__value">{{ born_on }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Practice</dt><dd class="nhsuk-summary-list__value">{{ practice }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Patient's id</dt><dd class="nhsuk-summary-list__value"><span class="frontdoor-reference" data-copy="Copy the id">{{ subject }}</span></dd></div>
</dl>
<p><a class="nhsuk-button" href="{{ base }}/book">Book an appointment for this patient</a></p>
{% if has_vaccinations %}<p><a href="{{ base }}/vaccinations">See and record the vaccinations of this patient</a></p>{% endif %}
{% if has_messages %}<p><a href="{{ base }}/messages/new">Write a message to this patient</a></p>{% endif %}
<h2>Upcoming appointments</h2>
{% if upcoming.is_empty() %}<p>Nothing is booked.</p>{% endif %}
{% for one in upcoming %}{{ one|safe }}{% endfor %}
{% if more %}<p>There are more.</p>{% endif %}
<p><a href="{{ base }}/appointments">See all appointments of this patient</a></p>
{% if let Some(plans) = plans %}{{ plans|safe }}{% endif %}
</div></div>
{% endblock %}"#
)]
struct PatientPage {
    layout: Layout,
    base: String,
    name: String,
    nhs_number: String,
    born_on: String,
    practice: String,
    subject: String,
    upcoming: Vec<AppointmentCard>,
    more: bool,
    /// Absent if the visitor does not prescribe.
    plans: Option<PlanCards>,
    has_messages: bool,
    has_vaccinations: bool,
    /// The step that was done just before.
    done: Option<&'static str>,
}

#[derive(Deserialize)]
pub struct PatientDone {
    authorised: Option<String>,
    changed: Option<String>,
    stopped: Option<String>,
}

impl PatientDone {
    fn done(&self) -> Option<&'static str> {
        let all = [
            (&self.authorised, "The medicine is authorised. The patient can order it."),
            (&self.changed, "The medicine is changed."),
            (&self.stopped, "The medicine is stopped. The patient cannot order it any more."),
        ];
        all.into_iter().find(|(done, _)| done.is_some()).map(|(_, text)| text)
    }
}

/// The answer for a patient of another practice is that for a person that does not exist: the query gives both the
/// same error.
///
/// # Errors
/// If the visitor may not see this patient, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(done): Query<PatientDone>,
) -> Result<Response, PageError> {
    let registration = pages.ask(&visitor, &SeeRegistration { subject: concerned.subject }).await?;
    let upcoming = ListAppointments { subject: concerned.subject, when: When::Upcoming };
    let upcoming = pages.ask_for(&visitor, &upcoming, Paging::of(UPCOMING_SHOWN)).await?;
    let (plans, plans_stale) = plans(&pages, &visitor, &concerned).await?;
    let is_stale = registration.stale || upcoming.stale || plans_stale;
    // The title has no name, because browsers keep titles in their history.
    let layout = Layout::of(&visitor, "Patient").back("/desk/patients").stale(is_stale);
    let registration = registration.answer;
    let erased = || "Erased".to_owned();
    let cards = upcoming.answer.items.iter().map(|one| AppointmentCard::of(&concerned.base, one));
    let shown = PatientPage {
        layout,
        name: registration.name.as_ref().map_or_else(erased, |name: &PersonName| name.as_str().to_owned()),
        nhs_number: registration.nhs_number.as_ref().map_or_else(erased, words::nhs_number),
        born_on: registration.born_on.map_or_else(erased, |born_on| words::date_of_birth(born_on.0)),
        practice: place(&registration.practice),
        subject: concerned.subject.to_string(),
        upcoming: cards.collect(),
        more: upcoming.answer.next.is_some(),
        base: concerned.base,
        plans,
        has_messages: has(visitor.caller(), Permission::Messaging),
        has_vaccinations: has(visitor.caller(), Permission::Vaccinating),
        done: done.done(),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// The repeat medicines, for a visitor who prescribes, and whether they may lack recent events.
async fn plans(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
) -> Result<(Option<PlanCards>, bool), PageError> {
    if !has(visitor.caller(), Permission::Prescribing) {
        return Ok((None, false));
    }
    let found = pages.ask_for(visitor, &ListRepeats { subject: concerned.subject }, Paging::of(PLANS_SHOWN)).await?;
    Ok((Some(PlanCards::of(&concerned.base, &practice_of(visitor)?, &found.answer.items)), found.stale))
}
