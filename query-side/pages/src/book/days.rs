//! The day: those of two weeks that have room.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use event_core::LocalDate;
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::appointments::{FreeSlot, RANGE_DAYS_MAX, SearchFreeSlots};
use query_engine::page::{ITEMS_MAX, List, Paging};
use serde::Deserialize;
use vocabulary::{time::LONDON, vaccinations::ProgrammeId};

use super::kind::{BookableKind, site, site_name};
use crate::{
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
<span class="nhsuk-caption-l">{{ kind.name() }} at {{ site }}</span>
<h1>{{ layout.title }}</h1>
{% if days.is_empty() %}
<p>There is nothing free from {{ first }} to {{ last }}.</p>
<p><a class="nhsuk-button" href="{{ wait }}">Wait for a time that becomes free</a></p>
{% else %}
<ul class="nhsuk-list nhsuk-list--border">
{% for day in days %}
<li><a href="{{ base }}/book/times?kind={{ kind }}&amp;day={{ day.date }}">{{ day.name }}</a><br>{{ day.room }}</li>
{% endfor %}
</ul>
{% endif %}
<nav aria-label="Other days"><ul class="nhsuk-list">
{% if let Some(earlier) = earlier %}<li><a href="{{ base }}/book/days?kind={{ kind }}&amp;from={{ earlier }}">Earlier days</a></li>{% endif %}
<li><a href="{{ base }}/book/days?kind={{ kind }}&amp;from={{ later }}">Later days</a></li>
</ul></nav>
{% if !days.is_empty() %}<p><a href="{{ wait }}">None of these days suit me</a></p>{% endif %}
</div></div>
{% endblock %}"#
)]
struct DaysPage {
    layout: Layout,
    base: String,
    site: String,
    kind: BookableKind,
    days: Vec<DayWithRoom>,
    first: String,
    last: String,
    earlier: Option<LocalDate>,
    later: LocalDate,
    /// The address of the waiting list.
    wait: String,
}

struct DayWithRoom {
    date: LocalDate,
    name: String,
    room: String,
}

#[derive(Deserialize)]
pub struct Days {
    kind: Option<String>,
    from: Option<LocalDate>,
}

/// # Errors
/// If the visitor may not book for this person, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(asked): Query<Days>,
) -> Result<Response, PageError> {
    let Ok(kind) = asked.kind.unwrap_or_default().parse::<BookableKind>() else {
        return Ok(Redirect::to(&format!("{}/book?missing", concerned.base)).into_response());
    };
    if ProgrammeId::of_service(&kind.service).is_some() {
        return Ok(Redirect::to(&concerned.vaccination_booking()).into_response());
    }
    let site = site(&pages, &visitor, &concerned).await?;
    let today = LONDON.day(pages.now());
    let from = asked.from.unwrap_or(today).max(today);
    let until = from.plus_days(RANGE_DAYS_MAX - 1);
    let search = SearchFreeSlots {
        site: site.code.clone(),
        service: Some(kind.service.clone()),
        channel: Some(kind.channel),
        from,
        until,
    };
    let found = pages.ask_for(&visitor, &search, Paging::of(ITEMS_MAX)).await?;
    let (days, later) = days_with_room(&found.answer, from, until);
    let days = days.into_iter().map(|(date, times)| DayWithRoom {
        date,
        name: words::day(date),
        room: words::count(times, "time", "times"),
    });
    let layout = Layout::of(&visitor, "Which day?").back(format!("{}/book", concerned.base)).stale(found.stale);
    let shown = DaysPage {
        layout,
        wait: format!("{}/waiting/join?kind={kind}&from={from}", concerned.base),
        base: concerned.base,
        site: site_name(&site),
        kind,
        days: days.collect(),
        first: words::day(from),
        last: words::day(later.plus_days(-1)),
        earlier: (from > today).then(|| from.plus_days(-RANGE_DAYS_MAX).max(today)),
        later,
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// The days that have free slots with the number of their slots, and the first day of the next search.
pub fn days_with_room(found: &List<FreeSlot>, from: LocalDate, until: LocalDate) -> (Vec<(LocalDate, u64)>, LocalDate) {
    let mut days: Vec<(LocalDate, u64)> = Vec::new();
    for slot in &found.items {
        let date = LONDON.day(slot.starts_at);
        match days.last_mut() {
            Some((last, times)) if *last == date => *times += 1,
            _ => days.push((date, 1)),
        }
    }
    // There is more than one page of slots: the last day may be incomplete, and the next page begins with it.
    let later = match days.last() {
        Some((last, _)) if found.next.is_some() && *last > from => *last,
        _ => until.plus_days(1),
    };
    days.retain(|(date, _)| *date < later);
    (days, later)
}
