//! The beginning: what a symptom check is, and the checks of the person. A visitor that is not signed in may start without an account.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{Guest, HtmlPage, PageError, Pages};
use queries::symptom_checks::{ListSymptomChecks, NOT_FOR_CLINICAL_USE, SymptomCheckStage, SymptomCheckSummary};
use query_engine::page::Paging;
use serde::Deserialize;

use super::{checker::Checker, claimable::ClaimableChecks};
use crate::{
    layout::{Layout, filters},
    words,
};

/// The number of checks that the page lists, the newest first.
const LISTED_MAX: usize = 20;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>Check symptoms</h1>
<p class="nhsuk-lede-text">Answer some questions, and find out where to get help and how soon.</p>
<p>It takes about 5 minutes. You can stop, and go on later.</p>
{% if can_keep %}<div class="nhsuk-inset-text"><p>You checked symptoms before you signed in. <a href="/check-symptoms/keep">Keep or discard the answers</a>.</p></div>{% endif %}
<p><a class="nhsuk-button" href="/check-symptoms/start">Start</a></p>
{% call symptoms::safety(notice) %}{% endcall %}
{% if !checks.is_empty() %}
<h2>Your symptom checks</h2>
{% call symptoms::unkept(layout.is_anonymous) %}{% endcall %}
<ul class="nhsuk-list nhsuk-list--border">
{% for check in checks %}
<li><a href="/check-symptoms/{{ check.number }}">{{ check.title }}, {{ check.when }}</a><br>{{ check.state }}</li>
{% endfor %}
</ul>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct OverviewPage {
    layout: Layout,
    notice: &'static str,
    /// True if checks from before the sign-in can be kept.
    can_keep: bool,
    checks: Vec<CheckLine>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>Check symptoms</h1>
{% if has_ended %}<div class="nhsuk-inset-text"><p>Your visit ended because you did not use this service for a while. Your answers are not shown any more.</p></div>{% endif %}
<p class="nhsuk-lede-text">Answer some questions, and find out where to get help and how soon.</p>
<p>It takes about 5 minutes. You do not need an account. If you sign in afterwards, you can keep your answers and book what is advised.</p>
<form action="/check-symptoms/without-account" method="post">
<button class="nhsuk-button">Start without signing in</button>
</form>
<p><a href="/sign-in?next=%2Fcheck-symptoms">Sign in first</a></p>
{% call symptoms::safety(notice) %}{% endcall %}
</div></div>
{% endblock %}"#
)]
struct OpenOverviewPage {
    layout: Layout,
    /// True after a visit without an account.
    has_ended: bool,
    notice: &'static str,
}

/// How the visitor came here.
#[derive(Deserialize)]
pub struct Arrival {
    /// There after a visit without an account has ended.
    ended: Option<String>,
}

struct CheckLine {
    number: String,
    title: String,
    when: String,
    state: &'static str,
}

impl CheckLine {
    fn of(check: SymptomCheckSummary) -> CheckLine {
        let state = match check.stage {
            SymptomCheckStage::Open | SymptomCheckStage::Abandoned | SymptomCheckStage::Disposed
                if check.is_withdrawn =>
            {
                "Withdrawn: do not rely on it"
            }
            SymptomCheckStage::Open => "Not finished",
            SymptomCheckStage::Abandoned => "Stopped. You can go on with it",
            SymptomCheckStage::Disposed => "Finished. See the advice",
        };
        CheckLine {
            number: check.check.number().to_string(),
            title: check.title,
            when: words::date_and_time(check.started_at),
            state,
        }
    }
}

/// # Errors
/// If the visitor is of the staff, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    Query(arrival): Query<Arrival>,
    Guest(visitor): Guest,
) -> Result<Response, PageError> {
    let Some(visitor) = visitor else {
        let (layout, has_ended) = (Layout::open("Check symptoms").back("/"), arrival.ended.is_some());
        return Ok(HtmlPage::ok(OpenOverviewPage { layout, has_ended, notice: NOT_FOR_CLINICAL_USE }).into_response());
    };
    let checker = Checker::of(&visitor)?;
    let query = ListSymptomChecks { subject: checker.subject };
    let found = pages.ask_for(&visitor, &query, Paging::of(LISTED_MAX)).await?;
    let can_keep = !checker.is_anonymous && !ClaimableChecks::kept(&pages, &visitor).await?.is_empty();
    let layout = Layout::of(&visitor, "Check symptoms").back("/").stale(found.stale);
    let checks = found.answer.items.into_iter().map(CheckLine::of).collect();
    Ok(HtmlPage::ok(OverviewPage { layout, notice: NOT_FOR_CLINICAL_USE, can_keep, checks }).into_response())
}
