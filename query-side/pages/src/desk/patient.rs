//! A patient of the practice: the registration, the upcoming appointments, and what the desk can do.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::{
    appointments::{ListAppointments, When},
    registrations::SeeRegistration,
};
use query_engine::page::Paging;
use vocabulary::text::PersonName;

use crate::{
    appointment_card::{AppointmentCard, place},
    concerned::Concerned,
    layout::{Layout, filters},
    words,
};

/// The maximum number of appointments on the page. The list of all is behind a link.
const UPCOMING_SHOWN: usize = 10;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ name }}</h1>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">NHS number</dt><dd class="nhsuk-summary-list__value">{{ nhs_number }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Date of birth</dt><dd class="nhsuk-summary-list__value">{{ born_on }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Practice</dt><dd class="nhsuk-summary-list__value">{{ practice }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Patient's id</dt><dd class="nhsuk-summary-list__value"><span class="frontdoor-reference" data-copy="Copy the id">{{ subject }}</span></dd></div>
</dl>
<p><a class="nhsuk-button" href="{{ base }}/book">Book an appointment for this patient</a></p>
<p><a href="{{ base }}/messages/new">Write a message to this patient</a></p>
<h2>Upcoming appointments</h2>
{% if upcoming.is_empty() %}<p>Nothing is booked.</p>{% endif %}
{% for one in upcoming %}{{ one|safe }}{% endfor %}
{% if more %}<p>There are more.</p>{% endif %}
<p><a href="{{ base }}/appointments">See all appointments of this patient</a></p>
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
}

/// The answer for a patient of another practice is that for a person that does not exist: the query gives both the
/// same error.
///
/// # Errors
/// If the visitor may not see this patient, or there is no answer.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let registration = pages.ask(&visitor, &SeeRegistration { subject: concerned.subject }).await?;
    let upcoming = ListAppointments { subject: concerned.subject, when: When::Upcoming };
    let upcoming = pages.ask_for(&visitor, &upcoming, Paging::of(UPCOMING_SHOWN)).await?;
    // The title has no name, because browsers keep titles in their history.
    let layout = Layout::of(&visitor, "Patient").back("/desk/patients").stale(registration.stale || upcoming.stale);
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
    };
    Ok(HtmlPage::ok(shown).into_response())
}
