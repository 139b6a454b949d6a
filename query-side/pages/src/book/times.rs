//! The time: the free ones of a day, by part of the day. The chosen one is held for some minutes.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::appointments::{HoldSlot, rejections, session::HOLD_MINUTES};
use event_core::{LocalDate, Timestamp};
use http_edge::Problem;
use page_engine::{Fingerprint, HtmlPage, PageError, Pages, PostedForm, Shown, Visitor, back_to, encoded, see_other};
use queries::appointments::{FreeSlot, SearchFreeSlots};
use query_engine::page::{ITEMS_MAX, List, Paging};
use serde::Deserialize;
use vocabulary::{SessionId, time::LONDON};

use super::{
    details::ChosenSlot,
    kind::{BookableKind, site, site_name},
};
use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
    refusal, words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "appointments.html" as appointments %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(refused) = refused %}
<div class="nhsuk-error-summary" tabindex="-1" data-focus><div role="alert"><h2 class="nhsuk-error-summary__heading">{{ refused }}</h2>
<div class="nhsuk-error-summary__body"><p>These are the times that are free now.</p></div></div></div>
{% endif %}
<span class="nhsuk-caption-l">{{ kind.name() }} at {{ site }}</span>
<h1>{{ layout.title }}</h1>
<div data-part="times">
{% if parts.is_empty() %}
<p>Nothing is free on this day any more.</p>
{% else %}
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call appointments::times(parts) %}{% endcall %}
</form>
{% endif %}
</div>
<p><a href="{{ base }}/book/days?kind={{ kind }}">Choose another day</a></p>
<p><a href="{{ base }}/waiting/join?kind={{ kind }}&amp;from={{ day }}">None of these times suit me</a></p>
</div></div>
{% endblock %}"#
)]
struct TimesPage {
    layout: Layout,
    base: String,
    site: String,
    kind: BookableKind,
    address: String,
    day: LocalDate,
    parts: Vec<PartOfDay>,
    refused: Option<&'static str>,
}

/// The morning, the afternoon or the evening.
pub struct PartOfDay {
    pub name: &'static str,
    pub choices: Vec<Choice>,
}

/// A free time.
pub struct Choice {
    pub value: String,
    pub time: String,
    pub with: String,
}

/// Free slots by part of the day: one choice for each start and clinician.
pub fn parts_of_day(slots: &[FreeSlot]) -> Vec<PartOfDay> {
    let parts = [("Morning", 0..12), ("Afternoon", 12..17), ("Evening", 17..24)];
    let of = |hours: &std::ops::Range<i8>| {
        let own = slots.iter().filter(|slot| hours.contains(&words::hour(slot.starts_at)));
        own.map(|slot| Choice {
            value: format!("{}@{}", slot.session, slot.starts_at),
            time: words::time(slot.starts_at),
            with: slot.practitioner.name.to_string(),
        })
        .collect::<Vec<_>>()
    };
    let parts = parts.into_iter().map(|(name, hours)| PartOfDay { name, choices: of(&hours) });
    parts.filter(|part| !part.choices.is_empty()).collect()
}

/// The session and the start of a slot, from the value of its button.
pub fn chosen(value: &str) -> Option<(SessionId, Timestamp)> {
    let (session, starts_at) = value.split_once('@')?;
    Some((session.parse().ok()?, starts_at.parse().ok()?))
}

#[derive(Deserialize)]
pub struct Times {
    kind: String,
    day: LocalDate,
}

impl Times {
    fn kind(&self) -> Result<BookableKind, PageError> {
        self.kind.parse().map_err(|_| StatusCode::NOT_FOUND.into_response().into())
    }

    fn address(&self, concerned: &Concerned) -> String {
        format!("{}/book/times?kind={}&day={}", concerned.base, encoded(&self.kind), self.day)
    }
}

/// # Errors
/// If the visitor may not book for this person, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(asked): Query<Times>,
) -> Result<Response, PageError> {
    times(&pages, &visitor, &concerned, &asked, None).await
}

/// Holds the chosen time. A time that cannot be held because of a limit on holds can still be booked.
///
/// # Errors
/// If the time cannot be held for a reason that another time does not change.
pub async fn hold(
    State(pages): State<Pages>,
    concerned: Concerned,
    Query(asked): Query<Times>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let Some((session, starts_at)) = chosen(form.text("slot")) else {
        return times(&pages, &form.visitor, &concerned, &asked, None).await;
    };
    let command = HoldSlot { session: session.clone(), starts_at, patient: concerned.subject };
    let Concerned { base, .. } = &concerned;
    let details =
        format!("{base}/book/details?session={session}&at={}&kind={}", encoded(&starts_at.to_string()), asked.kind);
    match pages.give(&form, &command).await {
        Ok(granted) => {
            let until = pages.now().plus_minutes(HOLD_MINUTES);
            Ok(back_to(&format!("{details}&until={}", encoded(&until.to_string())), granted.position))
        }
        Err(problem) if problem.code() == rejections::LIMIT_REACHED.code => Ok(see_other(&details)),
        Err(problem) if is_about_time(&problem) => {
            times(&pages, &form.visitor, &concerned, &asked, Some(refused_time(&problem))).await
        }
        Err(problem) => Ok(refusal::page(&form.visitor, problem, vec![(format!("{base}/book"), "Start again".into())])),
    }
}

/// True if another time may do.
pub fn is_about_time(problem: &Problem) -> bool {
    let others = [
        &rejections::SLOT_TAKEN,
        &rejections::SESSION_NOT_FOUND,
        &rejections::SLOT_NOT_FOUND,
        &rejections::IN_THE_PAST,
        &rejections::OUTSIDE_BOOKING_WINDOW,
        &rejections::OVERLAPPING_BOOKING,
    ];
    others.iter().any(|other| other.code == problem.code())
}

/// The refusal of a time, for the person who chose it.
pub fn refused_time(problem: &Problem) -> &'static str {
    if problem.code() == rejections::SLOT_TAKEN.code {
        return "Someone has just booked that time";
    }
    if problem.code() == rejections::SESSION_NOT_FOUND.code {
        return "The practice has withdrawn that time";
    }
    problem.title()
}

/// The times of the day of a slot that cannot be booked any more.
///
/// # Errors
/// If there is no answer.
pub async fn after_refusal(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    slot: &ChosenSlot,
    refused: &'static str,
) -> Result<Response, PageError> {
    let asked = Times { kind: slot.kind.clone(), day: LONDON.day(slot.at) };
    times(pages, visitor, concerned, &asked, Some(refused)).await
}

/// Tells an open page that the free times have changed.
///
/// # Errors
/// If the visitor may not book for this person.
pub async fn live(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(asked): Query<Times>,
) -> Result<Response, PageError> {
    let site = site(&pages, &visitor, &concerned).await?;
    let topic = format!("times {} {} {}", site.code, asked.kind, asked.day);
    let search = asked.search(&asked.kind()?, site.code);
    let look = {
        let pages = pages.clone();
        move || {
            let (pages, visitor, search) = (pages.clone(), visitor.up_to_date(), search.clone());
            async move {
                let found = pages.ask_for(&visitor, &search, Paging::of(ITEMS_MAX)).await.ok()?;
                Fingerprint::of(&found.answer)
            }
        }
    };
    Ok(pages.live(Some(topic), look))
}

impl Times {
    fn search(&self, kind: &BookableKind, site: event_core::OrganisationCode) -> SearchFreeSlots {
        SearchFreeSlots {
            site,
            service: Some(kind.service.clone()),
            channel: Some(kind.channel),
            from: self.day,
            until: self.day,
        }
    }
}

async fn times(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    asked: &Times,
    refused: Option<&'static str>,
) -> Result<Response, PageError> {
    let kind = asked.kind()?;
    let site = site(pages, visitor, concerned).await?;
    let search = asked.search(&kind, site.code.clone());
    let found: Shown<List<FreeSlot>> = pages.ask_for(visitor, &search, Paging::of(ITEMS_MAX)).await?;
    let (base, address) = (concerned.base.clone(), asked.address(concerned));
    let layout = Layout::of(visitor, words::day(asked.day))
        .back(format!("{base}/book/days?kind={kind}"))
        .stale(found.stale)
        .live(address.replacen("/times?", "/times/live?", 1));
    let parts = parts_of_day(&found.answer.items);
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let shown = TimesPage { layout, base, site: site_name(&site), kind, address, day: asked.day, parts, refused };
    Ok(HtmlPage(status, shown).into_response())
}
