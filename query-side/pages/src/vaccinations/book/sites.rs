//! The answer of the programme, and the sites with free times: a vaccination is booked at any site that offers it.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use event_core::{LocalDate, OrganisationCode};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use programmes::Eligibility;
use queries::{
    appointments::{FreeSlot, RANGE_DAYS_MAX},
    practices::Site,
    registrations::SeeRegistration,
    vaccinations::ListVaccinationSites,
};
use query_engine::{QueryError, page::Paging};
use serde::Deserialize;
use vocabulary::time::LONDON;

use super::steps::{BookableDays, ChosenTime, NotOffered, ProgrammePath, VaccinationSteps};
use crate::{
    book::site_name,
    concerned::Concerned,
    layout::{Layout, filters},
    words,
};

/// The number of sites of a page, whose free times are looked up. The first page has the own practice, too.
const SITES_MAX: usize = 20;
/// The maximum number of searches at a site: each ends after 4,000 slots, of which most are of other services.
const SEARCHES_MAX: usize = 5;

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
<p>{% if is_part %}The sites of this page have{% else %}There is{% endif %} nothing free from {{ days.0 }} to {{ days.1 }}.</p>
{% else %}
<h2>Where?</h2>
<ul class="nhsuk-list nhsuk-list--border">
{% for site in sites %}
<li><a href="{{ site.address }}">{{ site.name }}</a><br>{{ site.place }}<br>First free: {{ site.first }}</li>
{% endfor %}
</ul>
{% endif %}
{% if let Some(beginning) = beginning %}<p><a href="{{ beginning }}">The first sites</a></p>{% endif %}
{% if let Some(more) = more %}<p><a href="{{ more }}">More sites</a></p>{% endif %}
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
    /// True if there are sites on other pages.
    is_part: bool,
    /// The address of the first sites, if these are others.
    beginning: Option<String>,
    /// The address of the next sites.
    more: Option<String>,
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
    /// The last site of the page before.
    beyond: Option<OrganisationCode>,
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
        is_part: false,
        beginning: None,
        more: None,
        earlier: None,
        later: None,
        questions: steps.address.clone(),
        vaccinations: format!("{}/vaccinations", concerned.base),
    };
    let Some(earliest) = earliest else { return Ok(HtmlPage::ok(page).into_response()) };
    let from = asked.from.unwrap_or(earliest).max(earliest);
    let days = steps.days(&pages, &visitor, from, first.as_ref()).await?;
    let address_beyond = |from: LocalDate, beyond: Option<OrganisationCode>| {
        let mut parameters = vec![("from", from.to_string())];
        parameters.extend(first.as_ref().map(|first| ("first", first.to_string())));
        parameters.extend(beyond.map(|beyond| ("beyond", beyond.to_string())));
        steps.page("sites", &parameters)
    };
    let address = |from: LocalDate| address_beyond(from, None);
    let (last, before) = (days.last_of_search(), days.from.plus_days(-RANGE_DAYS_MAX).max(earliest));
    page.earlier = (days.until.is_none() && days.from > earliest).then(|| address(before));
    page.later = days.until.is_none_or(|until| until > last).then(|| address(last.plus_days(1)));
    page.days = Some((words::day(days.from), words::day(last)));
    let search = SitesSearch { pages: &pages, visitor: &visitor, steps: &steps, days, first: first.as_ref() };
    page.beginning = asked.beyond.is_some().then(|| address(days.from));
    let found = search.page(&concerned, asked.beyond).await?;
    page.more = found.more.map(|beyond| address_beyond(days.from, Some(beyond)));
    page.is_part = page.beginning.is_some() || page.more.is_some();
    (page.sites, page.layout) = (found.sites, page.layout.stale(found.stale));
    Ok(HtmlPage::ok(page).into_response())
}

/// A search for free times on these days.
struct SitesSearch<'a> {
    pages: &'a Pages,
    visitor: &'a Visitor,
    steps: &'a VaccinationSteps,
    days: BookableDays,
    first: Option<&'a ChosenTime>,
}

/// The sites of one page.
#[derive(Default)]
struct SitesFound {
    sites: Vec<SiteWithRoom>,
    /// The last site that was looked at, if there are more.
    more: Option<OrganisationCode>,
    /// True if one of the answers may be old.
    stale: bool,
}

impl SitesSearch<'_> {
    /// The next sites of the programme that have a free time. The first page begins with the own practice.
    async fn page(&self, concerned: &Concerned, beyond: Option<OrganisationCode>) -> Result<SitesFound, PageError> {
        let mut found = SitesFound::default();
        let own = self.own_practice(concerned, &mut found).await?;
        let programme = self.steps.programme.programme.clone();
        let paging = Paging::of(SITES_MAX).beyond(beyond.as_ref().map(ToString::to_string));
        let list = self.pages.ask_for(self.visitor, &ListVaccinationSites { programme }, paging).await?;
        found.stale |= list.stale;
        let list = list.answer;
        found.more = list.next.and(list.items.last().map(|last| last.site.code.clone()));
        let is_other = |one: &Site| own.as_ref().is_none_or(|own| own.code != one.code);
        let still = list.items.into_iter().filter(|one| one.until >= self.days.from);
        let others: Vec<Site> = still.map(|one| one.site).filter(is_other).collect();
        for site in own.filter(|_| beyond.is_none()).into_iter().chain(others) {
            if let Some(free) = self.first_free(&site, &mut found).await? {
                found.sites.push(self.with_room(&site, &free));
            }
        }
        Ok(found)
    }

    /// `None` if the person is registered nowhere, or the visitor may not see where.
    async fn own_practice(&self, concerned: &Concerned, found: &mut SitesFound) -> Result<Option<Site>, PageError> {
        match self.pages.ask(self.visitor, &SeeRegistration { subject: concerned.subject }).await {
            Ok(registration) => {
                found.stale |= registration.stale;
                Ok(Some(registration.answer.practice))
            }
            Err(QueryError::Rejected(_)) => Ok(None),
            Err(QueryError::Gate(problem)) if problem.status() == StatusCode::FORBIDDEN => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// `None` if nothing is free there.
    async fn first_free(&self, site: &Site, found: &mut SitesFound) -> Result<Option<FreeSlot>, PageError> {
        let search = self.steps.search(site.code.clone(), self.days.from, self.days.last_of_search());
        let mut paging = Paging::of(1);
        for _ in 0..SEARCHES_MAX {
            let shown = match self.pages.ask_for(self.visitor, &search, paging.clone()).await {
                Ok(shown) => shown,
                // It is not among the practices yet.
                Err(QueryError::Rejected(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            found.stale |= shown.stale;
            let mut list = shown.answer;
            if let Some(free) = list.items.pop() {
                return Ok(Some(free));
            }
            let Some(following) = paging.following(&list) else { return Ok(None) };
            paging = following;
        }
        Ok(None)
    }

    fn with_room(&self, site: &Site, free: &FreeSlot) -> SiteWithRoom {
        let mut parameters = vec![("site", site.code.to_string()), ("day", LONDON.day(free.starts_at).to_string())];
        parameters.extend(self.first.map(|first| ("first", first.to_string())));
        SiteWithRoom {
            address: self.steps.page("times", &parameters),
            name: site_name(site),
            place: site.address.as_ref().map(ToString::to_string).unwrap_or_default(),
            first: words::date_and_time(free.starts_at),
        }
    }
}
