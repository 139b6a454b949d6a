//! The answer of the programme, and the sites with free times: a vaccination is booked at any site that offers it.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use event_core::LocalDate;
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use programmes::Eligibility;
use queries::{
    appointments::RANGE_DAYS_MAX,
    practices::{ListPractices, PracticeDetails},
};
use query_engine::page::Paging;
use serde::Deserialize;
use vocabulary::time::LONDON;

use super::steps::{BookableDays, ChosenTime, NotOffered, ProgrammePath, VaccinationSteps};
use crate::{
    book::site,
    concerned::Concerned,
    layout::{Layout, filters},
    words,
};

/// The number of sites whose free times are looked up. The own practice is among them.
const SITES_MAX: usize = 20;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<span class="nhsuk-caption-l">{{ programme }}</span>
{% if let Some(not) = not_offered %}
<h1>{{ not.heading }}</h1>
<p>{{ not.why }}</p>
<p>{{ not.advice }}</p>
{% else if let Some(can) = can %}
<h1>{{ can }}</h1>
{% else %}
<h1>{{ layout.title }}</h1>
{% endif %}
{% if let Some(days) = days %}
{% if sites.is_empty() %}
<p>There is nothing free from {{ days.0 }} to {{ days.1 }}.</p>
{% else %}
<h2>Where?</h2>
<ul class="nhsuk-list nhsuk-list--border">
{% for site in sites %}
<li><a href="{{ site.address }}">{{ site.name }}</a><br>{{ site.place }}<br>First free: {{ site.first }}</li>
{% endfor %}
</ul>
{% endif %}
{% if earlier.is_some() || later.is_some() %}
<nav aria-label="Other days"><ul class="nhsuk-list">
{% if let Some(earlier) = earlier %}<li><a href="{{ earlier }}">Earlier days</a></li>{% endif %}
{% if let Some(later) = later %}<li><a href="{{ later }}">Later days</a></li>{% endif %}
</ul></nav>
{% endif %}
{% endif %}
<p><a href="{{ questions }}">Change your answers</a></p>
<p><a href="{{ vaccinations }}">See the vaccinations</a></p>
</div></div>
{% endblock %}"#
)]
struct SitesPage {
    layout: Layout,
    programme: String,
    /// A sentence about the dose that the person can have.
    can: Option<String>,
    not_offered: Option<NotOffered>,
    /// The first and the last day of the search; `None` if the programme offers the person no day.
    days: Option<(String, String)>,
    sites: Vec<SiteWithRoom>,
    earlier: Option<String>,
    later: Option<String>,
    questions: String,
    vaccinations: String,
}

struct SiteWithRoom {
    address: String,
    name: String,
    place: String,
    /// The first free time.
    first: String,
}

#[derive(Deserialize)]
pub struct SitesAsked {
    from: Option<LocalDate>,
    /// The time of the first dose, if a second one is looked for.
    first: Option<String>,
}

/// # Errors
/// If the questions were not answered, or a query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<ProgrammePath>,
    Query(asked): Query<SitesAsked>,
) -> Result<Response, PageError> {
    let steps = VaccinationSteps::of(&pages, &visitor, &concerned, &path).await?;
    let (today, first) = (LONDON.day(pages.now()), asked.first.as_deref().and_then(ChosenTime::read));
    let answer = match first {
        Some(_) => None,
        None => steps.eligibility(&pages, &visitor, today, None).await?,
    };
    let earliest = match answer.as_ref().map(|answer| &answer.eligibility) {
        Some(Eligibility::NotYet { from, .. }) => Some(*from),
        Some(Eligibility::Not { .. }) => None,
        Some(Eligibility::Eligible { .. }) | None => Some(today),
    };
    let can = match answer.as_ref().map(|answer| &answer.eligibility) {
        Some(Eligibility::Eligible { dose, .. }) => Some(format!("You can have dose {dose}")),
        Some(Eligibility::NotYet { .. } | Eligibility::Not { .. }) | None => None,
    };
    let title = if first.is_some() { "Where for the second dose?" } else { "Where?" };
    let mut page = SitesPage {
        // The title has no answer, because browsers keep titles in their history.
        layout: Layout::of(&visitor, title).back(steps.address.clone()),
        programme: steps.programme.title.clone(),
        can,
        not_offered: answer.as_ref().and_then(NotOffered::of),
        days: None,
        sites: Vec::new(),
        earlier: None,
        later: None,
        questions: steps.address.clone(),
        vaccinations: format!("{}/vaccinations", concerned.base),
    };
    let Some(earliest) = earliest else { return Ok(HtmlPage::ok(page).into_response()) };
    let from = asked.from.unwrap_or(earliest).max(earliest);
    let days = steps.days(&pages, &visitor, from, first.as_ref()).await?;
    let address = |from: LocalDate| {
        let mut parameters = vec![("from", from.to_string())];
        parameters.extend(first.as_ref().map(|first| ("first", first.to_string())));
        steps.page("sites", &parameters)
    };
    let (last, before) = (days.last_of_search(), days.from.plus_days(-RANGE_DAYS_MAX).max(earliest));
    page.earlier = (days.until.is_none() && days.from > earliest).then(|| address(before));
    page.later = days.until.is_none_or(|until| until > last).then(|| address(last.plus_days(1)));
    page.days = Some((words::day(days.from), words::day(last)));
    page.sites = sites(&pages, &visitor, &concerned, &steps, days, first.as_ref()).await?;
    Ok(HtmlPage::ok(page).into_response())
}

/// The sites that have a free time on these days, the own practice first.
async fn sites(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    steps: &VaccinationSteps,
    days: BookableDays,
    first: Option<&ChosenTime>,
) -> Result<Vec<SiteWithRoom>, PageError> {
    let own = site(pages, visitor, concerned).await.ok().map(|own| own.code);
    let mut known = pages.ask_for(visitor, &ListPractices {}, Paging::of(SITES_MAX)).await?.answer.items;
    known.sort_by_key(|one| Some(&one.practice) != own.as_ref());
    let mut found = Vec::new();
    for PracticeDetails { practice, name, address, .. } in known {
        let search = steps.search(practice.clone(), days.from, days.last_of_search());
        let Some(free) = pages.ask_for(visitor, &search, Paging::of(1)).await?.answer.items.into_iter().next() else {
            continue;
        };
        let mut parameters = vec![("site", practice.to_string()), ("day", LONDON.day(free.starts_at).to_string())];
        parameters.extend(first.map(|first| ("first", first.to_string())));
        found.push(SiteWithRoom {
            address: steps.page("times", &parameters),
            name: name.to_string(),
            place: address.to_string(),
            first: words::date_and_time(free.starts_at),
        });
    }
    Ok(found)
}
