//! The day: those of two weeks on which a site has room for a vaccination.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use event_core::{LocalDate, OrganisationCode};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::appointments::RANGE_DAYS_MAX;
use query_engine::page::{ITEMS_MAX, Paging};
use serde::Deserialize;
use vocabulary::time::LONDON;

use super::steps::{ChosenTime, ProgrammePath, VaccinationSteps, place_of};
use crate::{
    book::days_with_room,
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
<span class="nhsuk-caption-l">{{ programme }} at {{ place }}</span>
<h1>{{ layout.title }}</h1>
{% if days.is_empty() %}
<p>There is nothing free from {{ first_day }} to {{ last_day }}.</p>
{% else %}
<ul class="nhsuk-list nhsuk-list--border">
{% for day in days %}
<li><a href="{{ day.0 }}">{{ day.1 }}</a><br>{{ day.2 }}</li>
{% endfor %}
</ul>
{% endif %}
<nav aria-label="Other days"><ul class="nhsuk-list">
{% if let Some(earlier) = earlier %}<li><a href="{{ earlier }}">Earlier days</a></li>{% endif %}
{% if let Some(later) = later %}<li><a href="{{ later }}">Later days</a></li>{% endif %}
<li><a href="{{ sites }}">Choose another site</a></li>
</ul></nav>
</div></div>
{% endblock %}"#
)]
struct VaccinationDaysPage {
    layout: Layout,
    programme: String,
    place: String,
    /// The address, the day, and the number of free times.
    days: Vec<(String, String, String)>,
    first_day: String,
    last_day: String,
    earlier: Option<String>,
    later: Option<String>,
    sites: String,
}

#[derive(Deserialize)]
pub struct SiteDaysAsked {
    site: OrganisationCode,
    from: Option<LocalDate>,
    /// The time of the first dose, if a second one is looked for.
    first: Option<String>,
}

/// # Errors
/// If the questions were not answered, the site is not known, or a query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<ProgrammePath>,
    Query(asked): Query<SiteDaysAsked>,
) -> Result<Response, PageError> {
    let steps = VaccinationSteps::of(&pages, &visitor, &concerned, &path).await?;
    let (today, first) = (LONDON.day(pages.now()), asked.first.as_deref().and_then(ChosenTime::read));
    let from = asked.from.unwrap_or(today).max(today);
    let days = steps.days(&pages, &visitor, from, first.as_ref()).await?;
    let search = steps.search(asked.site.clone(), days.from, days.last_of_search());
    let found = pages.ask_for(&visitor, &search, Paging::of(ITEMS_MAX)).await?;
    let page_of = |page: &str, mut parameters: Vec<(&str, String)>| {
        parameters.extend(first.as_ref().map(|first| ("first", first.to_string())));
        steps.page(page, &parameters)
    };
    let site = || ("site", asked.site.to_string());
    let (with_room, later) = days_with_room(&found.answer, days.from, days.last_of_search());
    let shown = with_room.into_iter().map(|(date, times)| {
        let address = page_of("times", vec![site(), ("day", date.to_string())]);
        (address, words::day(date), words::count(times, "time", "times"))
    });
    let of_days = |from: LocalDate| page_of("days", vec![site(), ("from", from.to_string())]);
    let page = VaccinationDaysPage {
        layout: Layout::of(&visitor, "Which day?").back(page_of("sites", vec![])).stale(found.stale),
        programme: steps.programme.title.clone(),
        place: place_of(&pages, &visitor, asked.site.clone()).await?,
        days: shown.collect(),
        first_day: words::day(days.from),
        last_day: words::day(later.plus_days(-1)),
        earlier: (days.until.is_none() && from > today).then(|| of_days(from.plus_days(-RANGE_DAYS_MAX).max(today))),
        later: days.until.is_none_or(|until| until >= later).then(|| of_days(later)),
        sites: page_of("sites", vec![]),
    };
    Ok(HtmlPage::ok(page).into_response())
}
