//! The decision about organ donation that stands, the declaration about faith, the newest steps, and what can be done.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use event_core::Timestamp;
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::organ_donation::SeeOrganDonation;
use serde::Deserialize;
use vocabulary::organ_donation::OrganDecision;

use super::{
    decision::{DecisionWords, faith_sentence},
    history::DonorStep,
};
use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "donation.html" as donation %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(done) = done %}
<div class="nhsuk-panel" tabindex="-1" data-focus>
<h1 class="nhsuk-panel__heading">{{ done.0 }}</h1>
<div class="nhsuk-panel__body">{{ done.1 }}</div>
</div>
{% else %}
<h1>{{ layout.title }}</h1>
<p class="nhsuk-lede-text">After your death, your organs and tissue may save or change other people's lives. It is your choice.</p>
{% endif %}
<h2>Your decision</h2>
{% if let Some(words) = words %}
<dl class="nhsuk-summary-list">
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Decision</dt><dd class="nhsuk-summary-list__value">{{ words.decision }}</dd></div>
{% if !words.parts.is_empty() %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ words.parts_name }}</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{% for part in words.parts %}{% if !loop.first %}<br>{% endif %}{{ part }}{% endfor %}</dd></div>
{% endif %}
{% if let Some(when) = when %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Decided on</dt><dd class="nhsuk-summary-list__value">{{ when|on_day }}</dd></div>{% endif %}
</dl>
{% if is_appointed %}
<div class="nhsuk-inset-text"><p>This is complete when you and the people you named have signed a paper form. You cannot do that here.</p></div>
{% endif %}
<p>Tell your family what you have decided. They will be asked about it, and it helps them to know.</p>
<p><a class="nhsuk-button nhsuk-button--secondary" href="/donation/register">Change your decision</a></p>
<p><a href="/donation/withdraw">Withdraw your decision</a></p>
{% else %}
{% if let Some(notice) = notice %}<div class="nhsuk-inset-text"><p>{{ notice }}</p></div>{% endif %}
<p><a class="nhsuk-button" href="/donation/register">Register your decision</a></p>
{% endif %}
<h2>Your faith or beliefs</h2>
{% if let Some(faith) = faith %}
<p>{{ faith }}.</p>
<p><a href="/donation/faith">Change your answer about faith or beliefs</a></p>
{% else %}
<p>You have not said whether you want your faith or beliefs to be respected when donation is arranged.</p>
<p><a href="/donation/faith">Answer the question about faith or beliefs</a></p>
{% endif %}
{% if !steps.is_empty() %}
<h2>Your changes, newest first</h2>
{% call donation::steps(steps) %}{% endcall %}
{% if let Some(all) = all %}<p><a href="/donation/history">See all {{ all }} changes</a></p>{% endif %}
{% endif %}
</div></div>
{% endblock %}"#
)]
struct DonationPage {
    layout: Layout,
    done: Option<(&'static str, &'static str)>,
    words: Option<DecisionWords>,
    is_appointed: bool,
    when: Option<Timestamp>,
    notice: Option<&'static str>,
    faith: Option<&'static str>,
    steps: Vec<DonorStep>,
    /// The number of all steps, if the page shows only some.
    all: Option<u64>,
}

/// The command that led here.
#[derive(Deserialize)]
pub struct DonorCommand {
    registered: Option<String>,
    withdrawn: Option<String>,
    declared: Option<String>,
}

impl DonorCommand {
    /// The heading of the confirmation, and its text.
    fn confirmation(&self) -> Option<(&'static str, &'static str)> {
        let all = [
            (&self.registered, "Your decision is registered", "It holds until you change or withdraw it."),
            (&self.withdrawn, "Your decision is withdrawn", "No decision of yours is registered now."),
            (&self.declared, "Your answer is saved", "You can change it whenever you want."),
        ];
        all.into_iter().find(|(done, ..)| done.is_some()).map(|(_, heading, text)| (heading, text))
    }
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(done): Query<DonorCommand>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeeOrganDonation { subject: concerned.subject }).await?;
    let (done, donation) = (done.confirmation(), found.answer);
    let layout = Layout::of(&visitor, done.map_or("Organ donation", |(heading, _)| heading)).back("/");
    let shown = DonationPage {
        layout: layout.stale(found.stale),
        done,
        words: donation.decision.as_ref().map(DecisionWords::of),
        is_appointed: matches!(donation.decision, Some(OrganDecision::AppointedRepresentative { .. })),
        when: donation.decided_at,
        notice: donation.notice,
        faith: donation.faith.map(faith_sentence),
        all: (donation.steps > donation.history.len() as u64).then_some(donation.steps),
        steps: donation.history.iter().rev().map(DonorStep::of).collect(),
    };
    Ok(HtmlPage::ok(shown).into_response())
}
