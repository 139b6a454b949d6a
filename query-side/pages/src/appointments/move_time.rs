//! Moving an appointment: day, time, check. The old time is freed if and only if the new one is booked.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::RescheduleAppointment;
use event_core::{LocalDate, Timestamp};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, encoded, see_other};
use queries::appointments::{Appointment, FreeSlot, RANGE_DAYS_MAX, SearchFreeSlots};
use query_engine::page::{ITEMS_MAX, Paging};
use serde::Deserialize;
use vocabulary::{SessionId, time::LONDON};

use super::see::AppointmentPath;
use crate::{
    book::{PartOfDay, chosen, is_about_time, parts_of_day, refused_time},
    concerned::Concerned,
    layout::{Layout, filters},
    refusal, words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">Now: {{ when }}</span>
<h1>{{ layout.title }}</h1>
{% if days.is_empty() %}<p>There is nothing free in these two weeks.</p>{% endif %}
<ul class="nhsuk-list nhsuk-list--border">
{% for day in days %}<li><a href="{{ address }}/move/times?day={{ day.0 }}">{{ day.1 }}</a></li>
{% endfor %}
</ul>
<p><a href="{{ address }}/move?from={{ later }}">Later days</a></p>
</div></div>
{% endblock %}"#
)]
struct MoveDaysPage {
    layout: Layout,
    address: String,
    when: String,
    days: Vec<(LocalDate, String)>,
    later: LocalDate,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "appointments.html" as appointments %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">Now: {{ when }}</span>
<h1>{{ layout.title }}</h1>
{% if parts.is_empty() %}<p>Nothing is free on this day any more.</p>{% else %}
<form action="{{ address }}/move/check" method="get">
{% call appointments::times(parts) %}{% endcall %}
</form>
{% endif %}
<p><a href="{{ address }}/move">Choose another day</a></p>
</div></div>
{% endblock %}"#
)]
struct MoveTimesPage {
    layout: Layout,
    address: String,
    when: String,
    parts: Vec<PartOfDay>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">From</dt><dd class="nhsuk-summary-list__value">{{ from }}</dd></div>
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">To</dt><dd class="nhsuk-summary-list__value">{{ to }}</dd></div>
</dl>
<p>You keep the time you have until the new one is booked.</p>
<form action="{{ address }}/move/check" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="version" value="{{ version }}">
<input type="hidden" name="slot" value="{{ slot }}">
<button class="nhsuk-button">Change the time</button>
</form>
<p><a href="{{ address }}">Keep it as it is</a></p>
</div></div>
{% endblock %}"#
)]
struct MoveCheckPage {
    layout: Layout,
    address: String,
    from: String,
    to: String,
    version: u32,
    slot: String,
}

#[derive(Deserialize)]
pub struct FromDay {
    from: Option<LocalDate>,
}

#[derive(Deserialize)]
pub struct ToSlot {
    slot: String,
}

#[derive(Deserialize)]
pub struct OnDay {
    day: LocalDate,
}

/// # Errors
/// If there is no such appointment, or the visitor may not see it.
pub async fn days(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
    Query(asked): Query<FromDay>,
) -> Result<Response, PageError> {
    let own = pages.ask(&visitor, &path.query(&concerned)).await?.answer;
    let today = LONDON.day(pages.now());
    let from = asked.from.unwrap_or(today).max(today);
    let until = from.plus_days(RANGE_DAYS_MAX - 1);
    let (slots, is_whole) = free(&pages, &visitor, &own, from, until).await?;
    let mut days: Vec<LocalDate> = slots.iter().map(|slot| LONDON.day(slot.starts_at)).collect();
    days.dedup();
    let later = if is_whole { until.plus_days(1) } else { days.last().map_or(until, |last| last.plus_days(1)) };
    let address = path.address(&concerned.base);
    let layout = Layout::of(&visitor, "Change the time: which day?").back(address.clone());
    let days = days.into_iter().map(|day| (day, words::day(day))).collect();
    let when = words::date_and_time(path.at);
    Ok(HtmlPage::ok(MoveDaysPage { layout, address, when, days, later }).into_response())
}

/// # Errors
/// If there is no such appointment, or the visitor may not see it.
pub async fn times(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
    Query(asked): Query<OnDay>,
) -> Result<Response, PageError> {
    let own = pages.ask(&visitor, &path.query(&concerned)).await?.answer;
    let (slots, _) = free(&pages, &visitor, &own, asked.day, asked.day).await?;
    let address = path.address(&concerned.base);
    let layout = Layout::of(&visitor, words::day(asked.day)).back(format!("{address}/move"));
    let (when, parts) = (words::date_and_time(path.at), parts_of_day(&slots));
    Ok(HtmlPage::ok(MoveTimesPage { layout, address, when, parts }).into_response())
}

/// # Errors
/// If there is no such appointment, or the visitor may not see it.
pub async fn check(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
    Query(asked): Query<ToSlot>,
) -> Result<Response, PageError> {
    let address = path.address(&concerned.base);
    let own = pages.ask(&visitor, &path.query(&concerned)).await?.answer;
    let Some((_, starts_at)) = chosen(&asked.slot) else { return Ok(see_other(&format!("{address}/move"))) };
    let shown = MoveCheckPage {
        layout: Layout::of(&visitor, "Check the new time")
            .back(format!("{address}/move/times?day={}", LONDON.day(starts_at))),
        address,
        from: words::date_and_time(path.at),
        to: words::date_and_time(starts_at),
        version: own.version,
        slot: asked.slot,
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// # Errors
/// If the form is not one of this server's.
pub async fn confirm(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, address) = (&form.visitor, path.address(&concerned.base));
    let Some((to_session, to_starts_at)) = chosen(form.text("slot")) else {
        return Ok(see_other(&format!("{address}/move")));
    };
    let command = RescheduleAppointment {
        patient: concerned.subject,
        session: path.session.clone(),
        starts_at: path.at,
        version: form.text("version").parse().ok(),
        to_session: to_session.clone(),
        to_starts_at,
        to_more_slots: Vec::new(),
    };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&moved(&concerned, &to_session, to_starts_at), granted.position),
        Err(problem) => {
            let other = (
                format!("{address}/move/times?day={}", LONDON.day(to_starts_at)),
                "See the times that are free now".to_owned(),
            );
            let keep = (address, "See the appointment as it is now".to_owned());
            let title = if is_about_time(&problem) { refused_time(&problem) } else { problem.title() };
            match refusal::is_rule(&problem) {
                true => refusal::titled(visitor, title, &problem, vec![other, keep]),
                false => problem.into_response(),
            }
        }
    })
}

fn moved(concerned: &Concerned, session: &SessionId, starts_at: Timestamp) -> String {
    format!("{}/appointments/{session}/{}?moved", concerned.base, encoded(&starts_at.to_string()))
}

/// The free slots for the same kind of appointment at its site, and whether these are all.
async fn free(
    pages: &Pages,
    visitor: &Visitor,
    own: &Appointment,
    from: LocalDate,
    until: LocalDate,
) -> Result<(Vec<FreeSlot>, bool), PageError> {
    let search = SearchFreeSlots {
        site: own.site.code.clone(),
        service: Some(own.service.clone()),
        channel: Some(own.channel),
        from,
        until,
    };
    let found = pages.ask_for(visitor, &search, Paging::of(ITEMS_MAX)).await?;
    Ok((found.answer.items, found.answer.next.is_none()))
}
