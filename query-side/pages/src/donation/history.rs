//! Every step of a person's decision about organ donation, the newest first.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::organ_donation::{Change, ListOrganDonationHistory};
use query_engine::page::{ITEMS_MAX, Paging};

use super::decision::{faith_sentence, sentence};
use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "donation.html" as donation %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
{% if steps.is_empty() %}<p>You have not registered or declared anything yet.</p>{% else %}{% call donation::steps(steps) %}{% endcall %}{% endif %}
{% if more %}<p>Earlier steps are kept, but are not shown here.</p>{% endif %}
</div></div>
{% endblock %}"#
)]
struct DonorHistoryPage {
    layout: Layout,
    steps: Vec<DonorStep>,
    more: bool,
}

/// A step as people say it.
pub struct DonorStep {
    pub when: String,
    pub what: &'static str,
    /// The decision or the declaration; empty if there is none to show.
    pub detail: String,
}

impl DonorStep {
    pub fn of(change: &Change) -> DonorStep {
        let erased = || "It was erased and cannot be read any more".to_owned();
        let (at, what, detail) = match change {
            Change::Registered { at, decision } => {
                (at, "You registered a decision", decision.as_ref().map_or_else(erased, sentence))
            }
            Change::Amended { at, decision } => {
                (at, "You changed your decision", decision.as_ref().map_or_else(erased, sentence))
            }
            Change::Withdrawn { at } => (at, "You withdrew your decision", String::new()),
            Change::FaithDeclared { at, faith } => {
                let said = faith.map_or_else(erased, |faith| faith_sentence(faith).to_owned());
                (at, "You answered the question about faith or beliefs", said)
            }
        };
        DonorStep { when: words::date_and_time(*at), what, detail }
    }
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let history = ListOrganDonationHistory { subject: concerned.subject };
    let found = pages.ask_for(&visitor, &history, Paging::of(ITEMS_MAX)).await?;
    let layout = Layout::of(&visitor, "All that you decided about organ donation").back("/donation").stale(found.stale);
    let steps = found.answer.items.iter().map(DonorStep::of).collect();
    Ok(HtmlPage::ok(DonorHistoryPage { layout, steps, more: found.answer.next.is_some() }).into_response())
}
