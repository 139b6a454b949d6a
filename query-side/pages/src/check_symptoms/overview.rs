//! The beginning: what a symptom check is, and the checks of the person.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::symptom_checks::{ListSymptomChecks, NOT_FOR_CLINICAL_USE, SymptomCheckStage, SymptomCheckSummary};
use query_engine::page::Paging;

use crate::{
    concerned::Concerned,
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
<p><a class="nhsuk-button" href="/check-symptoms/start">Start</a></p>
{% call symptoms::safety(notice) %}{% endcall %}
{% if !checks.is_empty() %}
<h2>Your symptom checks</h2>
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
    checks: Vec<CheckLine>,
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
/// If the visitor is not a patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let query = ListSymptomChecks { subject: concerned.subject };
    let found = pages.ask_for(&visitor, &query, Paging::of(LISTED_MAX)).await?;
    let layout = Layout::of(&visitor, "Check symptoms").back("/").stale(found.stale);
    let checks = found.answer.items.into_iter().map(CheckLine::of).collect();
    Ok(HtmlPage::ok(OverviewPage { layout, notice: NOT_FOR_CLINICAL_USE, checks }).into_response())
}
