//! The time: those that are free at a site on a day. It is not held, because the next page books it.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use event_core::{LocalDate, OrganisationCode};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use query_engine::page::{ITEMS_MAX, Paging};
use serde::Deserialize;

use super::steps::{ChosenTime, ProgrammePath, VaccinationSteps, place_of};
use crate::{
    book::{PartOfDay, parts_of_day},
    concerned::Concerned,
    layout::{Layout, filters},
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "appointments.html" as appointments %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(refused) = refused %}
<div class="nhsuk-error-summary" tabindex="-1" data-focus><div role="alert"><h2 class="nhsuk-error-summary__heading">{{ refused }}</h2>
<div class="nhsuk-error-summary__body"><p>These are the times that are free now.</p></div></div></div>
{% endif %}
<span class="nhsuk-caption-l">{{ programme }} at {{ place }}</span>
<h1>{{ layout.title }}</h1>
{% if parts.is_empty() %}
<p>Nothing is free on this day any more.</p>
{% else %}
<form action="{{ check }}" method="get">
{% if let Some(first) = first %}<input type="hidden" name="first" value="{{ first }}">{% endif %}
{% call appointments::times(parts) %}{% endcall %}
</form>
{% endif %}
<p><a href="{{ days }}">Choose another day</a></p>
<p><a href="{{ sites }}">Choose another site</a></p>
</div></div>
{% endblock %}"#
)]
struct VaccinationTimesPage {
    layout: Layout,
    programme: String,
    place: String,
    refused: Option<&'static str>,
    check: String,
    first: Option<String>,
    parts: Vec<PartOfDay>,
    days: String,
    sites: String,
}

#[derive(Deserialize)]
pub struct SiteTimesAsked {
    pub site: OrganisationCode,
    pub day: LocalDate,
    /// The time of the first dose, if a second one is looked for.
    pub first: Option<String>,
}

/// # Errors
/// If the questions were not answered, the site is not known, or a query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<ProgrammePath>,
    Query(asked): Query<SiteTimesAsked>,
) -> Result<Response, PageError> {
    let steps = VaccinationSteps::of(&pages, &visitor, &concerned, &path).await?;
    times(&pages, &visitor, &steps, &asked, None).await
}

/// The free times, after the refusal of another one if there was one.
///
/// # Errors
/// If the site is not known, or a query fails.
pub async fn times(
    pages: &Pages,
    visitor: &Visitor,
    steps: &VaccinationSteps,
    asked: &SiteTimesAsked,
    refused: Option<&'static str>,
) -> Result<Response, PageError> {
    let search = steps.search(asked.site.clone(), asked.day, asked.day);
    let found = pages.ask_for(visitor, &search, Paging::of(ITEMS_MAX)).await?;
    let first = asked.first.as_deref().and_then(ChosenTime::read).map(|first| first.to_string());
    let with_first = |mut parameters: Vec<(&'static str, String)>| {
        parameters.extend(first.clone().map(|first| ("first", first)));
        parameters
    };
    let days = steps.page("days", &with_first(vec![("site", asked.site.to_string())]));
    let page = VaccinationTimesPage {
        layout: Layout::of(visitor, words::day(asked.day)).back(days.clone()).stale(found.stale),
        programme: steps.programme.title.clone(),
        place: place_of(pages, visitor, asked.site.clone()).await?,
        refused,
        check: steps.page("check", &[]),
        sites: steps.page("sites", &with_first(vec![])),
        parts: parts_of_day(&found.answer.items),
        days,
        first,
    };
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(HtmlPage(status, page).into_response())
}
