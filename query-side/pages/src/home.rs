//! The start page of each role. Patients see their next appointment and the services.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http_edge::Problem;
use page_engine::{Guest, HtmlPage, PageError, Pages, Visitor};
use queries::{
    appointments::{ListAppointments, ListWaiting, Status, When},
    messages::CountUnreadMessages,
};
use query_engine::page::Paging;
use vocabulary::access::{CallerRole, Permission, patient_of};

use crate::{
    appointment_card::AppointmentCard,
    layout::{Layout, filters, has},
    messages::unread_words,
    waiting_card::WaitingCard,
};

/// The number of upcoming appointments among which the next one is looked for. Cancelled ones are among them.
const UPCOMING_READ: usize = 100;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>Your health, from your practice</h1>
<p class="nhsuk-lede-text">Book an appointment at your practice, see what is booked, and register your decision about organ donation.</p>
<p><a class="nhsuk-button" href="/sign-in">Start now</a></p>
<p><a href="/check-symptoms">Check symptoms</a>, also without signing in.</p>
</div></div>
{% endblock %}"#
)]
struct OpenHome {
    layout: Layout,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<h1>Your health</h1>
<h2>Your next appointment</h2>
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% match next %}
{% when NextAppointment::Booked(card) %}{{ card|safe }}
{% when NextAppointment::Nothing %}<p>You have no appointment booked.</p>
{% when NextAppointment::Unknown %}<div class="nhsuk-inset-text"><p>Your next appointment cannot be shown at the moment. What you have booked has not changed. Load the page again in a few minutes, or telephone your practice.</p></div>
{% endmatch %}
</div></div>
{% if !waiting.is_empty() %}
<h2>Your waiting lists</h2>
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% for one in waiting %}{{ one|safe }}{% endfor %}
</div></div>
{% endif %}
{% if let Some(unread) = unread %}<p><a href="/messages">{{ unread }}</a></p>{% endif %}
<h2>Services</h2>
<ul class="nhsuk-grid-row nhsuk-card-group">
<li class="nhsuk-grid-column-one-third nhsuk-card-group__item"><div class="nhsuk-card nhsuk-card--clickable"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-m"><a class="nhsuk-card__link" href="/book">Book an appointment</a></h3>
<p class="nhsuk-card__description">With a GP or a nurse at your practice.</p></div></div></li>
<li class="nhsuk-grid-column-one-third nhsuk-card-group__item"><div class="nhsuk-card nhsuk-card--clickable"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-m"><a class="nhsuk-card__link" href="/appointments">Your appointments</a></h3>
<p class="nhsuk-card__description">See, change or cancel what is booked.</p></div></div></li>
<li class="nhsuk-grid-column-one-third nhsuk-card-group__item"><div class="nhsuk-card nhsuk-card--clickable"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-m"><a class="nhsuk-card__link" href="/messages">Messages</a></h3>
<p class="nhsuk-card__description">Read what your practice wrote, and reply.</p></div></div></li>
<li class="nhsuk-grid-column-one-third nhsuk-card-group__item"><div class="nhsuk-card nhsuk-card--clickable"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-m"><a class="nhsuk-card__link" href="/prescriptions">Repeat prescriptions</a></h3>
<p class="nhsuk-card__description">Order your medicines, and see how far they are.</p></div></div></li>
<li class="nhsuk-grid-column-one-third nhsuk-card-group__item"><div class="nhsuk-card nhsuk-card--clickable"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-m"><a class="nhsuk-card__link" href="/check-symptoms">Check symptoms</a></h3>
<p class="nhsuk-card__description">Find out where to get help, and how soon.</p></div></div></li>
<li class="nhsuk-grid-column-one-third nhsuk-card-group__item"><div class="nhsuk-card nhsuk-card--clickable"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-m"><a class="nhsuk-card__link" href="/vaccinations">Vaccinations</a></h3>
<p class="nhsuk-card__description">See the doses that you had, and what is next.</p></div></div></li>
<li class="nhsuk-grid-column-one-third nhsuk-card-group__item"><div class="nhsuk-card nhsuk-card--clickable"><div class="nhsuk-card__content">
<h3 class="nhsuk-card__heading nhsuk-heading-m"><a class="nhsuk-card__link" href="/donation">Organ donation</a></h3>
<p class="nhsuk-card__description">Register, change or withdraw your decision.</p></div></div></li>
</ul>
{% endblock %}"#
)]
struct PatientHome {
    layout: Layout,
    next: NextAppointment,
    /// The waiting lists of the patient, if they are known.
    waiting: Vec<WaitingCard>,
    /// The number of unread messages, if it is known.
    unread: Option<String>,
}

/// The next appointment of a patient, as far as it is known.
enum NextAppointment {
    Booked(Box<AppointmentCard>),
    Nothing,
    Unknown,
}

/// # Errors
/// If the sign-in cannot be read.
pub async fn page(State(pages): State<Pages>, Guest(visitor): Guest) -> Result<Response, PageError> {
    const OPEN: &str = "Your health, from your practice";
    let Some(visitor) = visitor else {
        return Ok(HtmlPage::ok(OpenHome { layout: Layout::open(OPEN) }).into_response());
    };
    Ok(match CallerRole::of(visitor.caller()) {
        Some(CallerRole::Staff) if has(visitor.caller(), Permission::Dispensing) => {
            Redirect::to("/pharmacy").into_response()
        }
        Some(CallerRole::Staff) if has(visitor.caller(), Permission::Prescribing) => {
            Redirect::to("/desk/prescriptions").into_response()
        }
        Some(CallerRole::Staff) => Redirect::to("/desk/days").into_response(),
        Some(CallerRole::Anonymous) => HtmlPage::ok(OpenHome { layout: Layout::of(&visitor, OPEN) }).into_response(),
        Some(CallerRole::Operator) => Redirect::to("/operate").into_response(),
        Some(CallerRole::Auditor) => Redirect::to("/audit").into_response(),
        Some(CallerRole::Patient | CallerRole::System) | None => patient_home(&pages, &visitor).await,
    })
}

/// The services are there even if the appointments are not.
async fn patient_home(pages: &Pages, visitor: &Visitor) -> Response {
    let layout = Layout::of(visitor, "Home");
    let Some(subject) = patient_of(visitor.caller()) else {
        let (next, waiting) = (NextAppointment::Nothing, Vec::new());
        return HtmlPage::ok(PatientHome { layout, next, waiting, unread: None }).into_response();
    };
    let upcoming = ListAppointments { subject, when: When::Upcoming };
    let (layout, next) = match pages.ask_for(visitor, &upcoming, Paging::of(UPCOMING_READ)).await {
        Ok(found) => {
            let next = found.answer.items.iter().find(|one| one.status == Status::Booked);
            let next = next.map(|one| NextAppointment::Booked(Box::new(AppointmentCard::of("", one))));
            (layout.stale(found.stale), next.unwrap_or(NextAppointment::Nothing))
        }
        Err(error) => {
            // The conversion writes the cause to the process's log.
            let _ = Problem::from(&error);
            (layout, NextAppointment::Unknown)
        }
    };
    // The waiting lists of the patient are also on the page of the appointments.
    let waiting = pages.ask(visitor, &ListWaiting { subject }).await.map_err(|error| Problem::from(&error));
    let waiting = waiting.map(|found| found.answer.items).unwrap_or_default();
    let waiting = waiting.iter().map(|entry| WaitingCard::of("", entry)).collect();
    // Without the number, the page still has its link to the messages.
    let counted = pages.ask(visitor, &CountUnreadMessages { subject }).await;
    let unread = counted.map(|found| unread_words(found.answer.unread)).map_err(|error| Problem::from(&error)).ok();
    HtmlPage::ok(PatientHome { layout, next, waiting, unread }).into_response()
}
