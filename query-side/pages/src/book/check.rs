//! The check before booking, and the booking.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{BookAppointment, rejections};
use event_core::Timestamp;
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, encoded};
use queries::appointments::{ListAppointments, Status, When};
use query_engine::page::Paging;

use super::{
    details::{self, BookingDraft, ChosenSlot},
    kind::{BookableKind, site, site_name},
    times::{self, is_about_time, refused_time},
};
use crate::{
    appointment_card::AppointmentCard,
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, suggested_reason, words,
};

/// The number of upcoming appointments among which the booked ones are looked for.
const UPCOMING_READ: usize = 100;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
{% if let Some(until) = until %}
<p class="frontdoor-hold" data-countdown="{{ until }}">We are holding this time for you until {{ until|at_time }}.</p>
{% endif %}
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Appointment</dt><dd class="nhsuk-summary-list__value">{{ kind }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">When</dt><dd class="nhsuk-summary-list__value">{{ when }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Where</dt><dd class="nhsuk-summary-list__value">{{ site }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Reason</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{% if reason.is_empty() %}None given{% else %}{{ reason }}{% endif %}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Anything else</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{% if comment.is_empty() %}None given{% else %}{{ comment }}{% endif %}</dd></div>
</dl>
<form action="{{ check }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">Book this appointment</button>
</form>
<p><a href="{{ details }}">Change the details</a></p>
</div></div>
{% endblock %}"#
)]
struct CheckPage {
    layout: Layout,
    check: String,
    details: String,
    kind: String,
    when: String,
    site: String,
    until: Option<Timestamp>,
    reason: String,
    comment: String,
}

/// # Errors
/// If the visitor may not book for this person, or the draft cannot be read.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(slot): Query<ChosenSlot>,
) -> Result<Response, PageError> {
    let BookingDraft { reason, comment } = pages.kept(&visitor, &slot.draft()).await?.unwrap_or_default();
    let (site, base) = (site(&pages, &visitor, &concerned).await?, &concerned.base);
    let details = slot.page(base, "details");
    let shown = CheckPage {
        layout: Layout::of(&visitor, "Check and book").back(details.clone()),
        check: slot.page(base, "check"),
        details,
        kind: slot.kind.parse::<BookableKind>().map_or_else(|_| "Appointment".to_owned(), |kind| kind.name()),
        when: words::date_and_time(slot.at),
        site: site_name(&site),
        until: slot.until,
        reason,
        comment,
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// Books. The same form twice books once, because it has one key; the same slot twice is one booking by the rules.
///
/// # Errors
/// If the form is not one of this server's, or the draft cannot be read.
pub async fn confirm(
    State(pages): State<Pages>,
    concerned: Concerned,
    Query(slot): Query<ChosenSlot>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let draft: BookingDraft = pages.kept(visitor, &slot.draft()).await?.unwrap_or_default();
    let mut faults = FieldFaults::none();
    let (reason, comment) = draft.read(&mut faults);
    if !faults.is_empty() {
        return Ok(details::shown(visitor, &concerned, &slot, draft, faults));
    }
    let command = BookAppointment {
        session: slot.session.clone(),
        starts_at: slot.at,
        more_slots: Vec::new(),
        patient: concerned.subject,
        reason,
        comment,
        confirms_hold: false,
    };
    let appointment = format!("{}/appointments/{}/{}", concerned.base, slot.session, encoded(&slot.at.to_string()));
    match pages.give(&form, &command).await {
        Ok(granted) => {
            if !concerned.is_by_desk() {
                suggested_reason::used(&pages, visitor).await?;
            }
            Ok(back_to(&format!("{appointment}?booked"), granted.position))
        }
        Err(problem) if is_about_time(&problem) => {
            times::after_refusal(&pages, visitor, &concerned, &slot, refused_time(&problem)).await
        }
        Err(problem) => refused(&pages, visitor, &concerned, &slot, appointment, problem).await,
    }
}

async fn refused(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    slot: &ChosenSlot,
    appointment: String,
    problem: Problem,
) -> Result<Response, PageError> {
    let base = &concerned.base;
    let other_times = (slot.other_times(base), "See the times that are free now".to_owned());
    let own = (format!("{base}/appointments"), "See the appointments that are booked".to_owned());
    if problem.code() == rejections::ALREADY_BOOKED.code {
        let see = (appointment, "See the appointment, and change its details there".to_owned());
        return Ok(refusal::page(visitor, problem, vec![see]));
    }
    if problem.code() == rejections::LIMIT_REACHED.code {
        return limit_reached(pages, visitor, concerned, &problem).await;
    }
    Ok(refusal::page(visitor, problem, vec![own, other_times]))
}

/// The page of a limit on bookings, with the appointments that count towards it.
///
/// # Errors
/// If the visitor may not see the appointments, or the query fails.
pub async fn limit_reached(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    problem: &Problem,
) -> Result<Response, PageError> {
    let upcoming = ListAppointments { subject: concerned.subject, when: When::Upcoming };
    let upcoming = pages.ask_for(visitor, &upcoming, Paging::of(UPCOMING_READ)).await?.answer.items;
    let counted = upcoming.iter().filter(|one| one.status == Status::Booked);
    let counted = counted.map(|one| AppointmentCard::of(&concerned.base, one)).collect();
    let own = (format!("{}/appointments", concerned.base), "See the appointments that are booked".to_owned());
    Ok(refusal::of_limit(visitor, problem, counted, vec![own]))
}
