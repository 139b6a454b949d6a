//! The appointments of a person, upcoming and past.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::appointments::{Appointment, ListAppointments, ListWaiting, When};
use query_engine::page::Paging;

use crate::{
    appointment_card::AppointmentCard,
    concerned::Concerned,
    layout::{Layout, filters},
    waiting_card::WaitingCard,
};

/// The maximum number of past appointments on the page.
const PAST_MAX: usize = 20;
/// The maximum number of upcoming appointments on the page. Cancelled ones are among them.
const UPCOMING_MAX: usize = 100;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<p><a class="nhsuk-button" href="{{ base }}/book">Book an appointment</a></p>
<h2>Upcoming</h2>
{% if upcoming.is_empty() %}<p>Nothing is booked.</p>{% endif %}
{% for one in upcoming %}{{ one|safe }}{% endfor %}
{% if !waiting.is_empty() %}
<h2>{{ waiting_title }}</h2>
{% for one in waiting %}{{ one|safe }}{% endfor %}
{% endif %}
<h2>Past</h2>
{% if past.is_empty() %}<p>There are no past appointments.</p>{% endif %}
{% for one in past %}{{ one|safe }}{% endfor %}
{% if more %}<p>Earlier appointments are not shown. Ask the practice for them.</p>{% endif %}
</div></div>
{% endblock %}"#
)]
struct ListPage {
    layout: Layout,
    base: String,
    upcoming: Vec<AppointmentCard>,
    waiting_title: &'static str,
    waiting: Vec<WaitingCard>,
    past: Vec<AppointmentCard>,
    more: bool,
}

/// # Errors
/// If the visitor may not see this person's appointments, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let ask = |when| ListAppointments { subject: concerned.subject, when };
    let upcoming = pages.ask_for(&visitor, &ask(When::Upcoming), Paging::of(UPCOMING_MAX)).await?;
    let past = pages.ask_for(&visitor, &ask(When::Past), Paging::of(PAST_MAX)).await?;
    let waiting = pages.ask(&visitor, &ListWaiting { subject: concerned.subject }).await?;
    let title = if concerned.is_by_desk() { "The patient's appointments" } else { "Your appointments" };
    let back = if concerned.is_by_desk() { concerned.base.clone() } else { "/".to_owned() };
    let layout = Layout::of(&visitor, title).back(back).stale(upcoming.stale || past.stale || waiting.stale);
    let cards = |all: &[Appointment]| all.iter().map(|one| AppointmentCard::of(&concerned.base, one)).collect();
    let (upcoming, more) = (cards(&upcoming.answer.items), past.answer.next.is_some());
    let past = cards(&past.answer.items);
    let waiting_title = if concerned.is_by_desk() { "Waiting lists" } else { "Your waiting lists" };
    let waiting = waiting.answer.items.iter().map(|entry| WaitingCard::of(&concerned.base, entry)).collect();
    let base = concerned.base;
    Ok(HtmlPage::ok(ListPage { layout, base, upcoming, waiting_title, waiting, past, more }).into_response())
}
