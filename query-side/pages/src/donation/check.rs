//! The check before a decision is registered, and the registering.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::organ_donation::{AmendDecision, RegisterDonor, rejections};
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use queries::organ_donation::SeeOrganDonation;

use super::decision::{DecisionWords, DonorAnswers, DonorChoice, sentence};
use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
    refusal,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<form action="/donation/register/check" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% if stands.is_some() %}<input type="hidden" name="stands" value="yes">{% endif %}
<dl class="nhsuk-summary-list">
{% if let Some(stands) = stands %}
<div class="nhsuk-summary-list__row nhsuk-summary-list__row--no-actions"><dt class="nhsuk-summary-list__key">Registered now</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{{ stands }}</dd></div>
{% endif %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Your {% if stands.is_some() %}new {% endif %}decision</dt><dd class="nhsuk-summary-list__value">{{ words.decision }}</dd>
<dd class="nhsuk-summary-list__actions"><a href="/donation/register">Change<span class="nhsuk-u-visually-hidden"> your decision</span></a></dd></div>
{% if !words.parts.is_empty() %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ words.parts_name }}</dt><dd class="nhsuk-summary-list__value frontdoor-typed">{% for part in words.parts %}{% if !loop.first %}<br>{% endif %}{{ part }}{% endfor %}</dd>
<dd class="nhsuk-summary-list__actions"><a href="{{ details }}">Change<span class="nhsuk-u-visually-hidden"> {{ words.parts_name|lower }}</span></a></dd></div>
{% endif %}
</dl>
{% if stands.is_some() %}<p>Your new decision takes the place of the one that is registered now.</p>{% endif %}
<button class="nhsuk-button">{% if stands.is_some() %}Change my decision{% else %}Register my decision{% endif %}</button>
</form>
<p><a href="/donation">{% if stands.is_some() %}Keep what is registered now{% else %}Leave without registering{% endif %}</a></p>
</div></div>
{% endblock %}"#
)]
struct DonorCheckPage {
    layout: Layout,
    words: DecisionWords,
    /// The decision that is registered now.
    stands: Option<String>,
    /// The address of the question that follows the choice.
    details: &'static str,
}

/// # Errors
/// If the visitor is not a patient, the draft cannot be read, or there is no answer to the question which decision stands.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let answers = DonorAnswers::kept(&pages, &visitor).await?;
    let decision = match answers.decision() {
        Ok(decision) => decision,
        Err(open) => return Ok(see_other(open.address())),
    };
    let found = pages.ask(&visitor, &SeeOrganDonation { subject: concerned.subject }).await?;
    let details = match answers.choice {
        Some(DonorChoice::SomeOrgans) => "/donation/register/organs",
        Some(DonorChoice::Representatives) => "/donation/register/representatives",
        Some(DonorChoice::AllOrgans | DonorChoice::NoOrgans) | None => "/donation/register",
    };
    let layout = Layout::of(&visitor, "Check your decision").back(details);
    let (words, stands) = (DecisionWords::of(&decision), found.answer.decision.as_ref().map(sentence));
    Ok(HtmlPage::ok(DonorCheckPage { layout, words, stands, details }).into_response())
}

/// Registers the decision, or amends the one that stood when the page was shown. The form says which of the two: the
/// same form sent twice is then the same command, although a decision stands the second time.
///
/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn confirm(
    State(pages): State<Pages>,
    concerned: Concerned,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, subject) = (&form.visitor, concerned.subject);
    let decision = match DonorAnswers::kept(&pages, visitor).await?.decision() {
        Ok(decision) => decision,
        Err(open) => return Ok(see_other(open.address())),
    };
    let given = match form.filled("stands") {
        Some(_) => pages.give(&form, &AmendDecision { subject, decision }).await,
        None => pages.give(&form, &RegisterDonor { subject, decision }).await,
    };
    Ok(match given {
        Ok(granted) => back_to("/donation?registered", granted.position),
        Err(problem) => refused(visitor, problem),
    })
}

/// Another window, or another app, may have changed meanwhile which decision stands.
fn refused(visitor: &Visitor, problem: Problem) -> Response {
    let see = ("/donation".to_owned(), "See what is registered now".to_owned());
    let again = ("/donation/register".to_owned(), "Choose your decision again".to_owned());
    if problem.code() == rejections::ALREADY_REGISTERED.code {
        let title = "You have registered another decision in the meantime";
        return refusal::titled(visitor, title, &problem, vec![see, again]);
    }
    if problem.code() == rejections::NOTHING_TO_AMEND.code {
        let title = "You have withdrawn your decision in the meantime";
        return refusal::titled(visitor, title, &problem, vec![see, again]);
    }
    refusal::page(visitor, problem, vec![see])
}
