//! Withdrawing a decision, after a warning: it is not the same as saying no.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use domain::organ_donation::WithdrawDecision;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::organ_donation::SeeOrganDonation;
use vocabulary::organ_donation::OrganDecision;

use super::decision::{DonorChoice, sentence};
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
<p>Registered now:</p>
<p class="frontdoor-typed"><strong>{{ stands }}</strong></p>
<div class="nhsuk-card nhsuk-card--warning"><div class="nhsuk-card__content">
<h2 class="nhsuk-card__heading"><span class="nhsuk-u-visually-hidden">Important: </span>Withdrawing is not saying no</h2>
<p>If you withdraw, no decision of yours is registered. The law then lets doctors consider that you agree to donate. This is called deemed consent.</p>
{% if says_no %}<p>You have said no. If you still do not want to donate, keep your decision.</p>
{% else %}<p>If you do not want to donate, register that you say no.</p>{% endif %}
</div></div>
{% if says_no %}
<p><a class="nhsuk-button" href="/donation">Keep my decision</a></p>
{% else %}
<form action="/donation/register" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button" name="choice" value="{{ no }}">Say no to donation instead</button>
</form>
{% endif %}
<form action="/donation/withdraw" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--warning">Withdraw my decision</button>
</form>
{% if !says_no %}<p><a href="/donation">Keep my decision</a></p>{% endif %}
</div></div>
{% endblock %}"#
)]
struct WithdrawPage {
    layout: Layout,
    stands: String,
    says_no: bool,
    no: &'static str,
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeeOrganDonation { subject: concerned.subject }).await?;
    let Some(decision) = found.answer.decision else { return Ok(Redirect::to("/donation").into_response()) };
    let shown = WithdrawPage {
        layout: Layout::of(&visitor, "Withdraw your decision?").back("/donation").stale(found.stale),
        stands: sentence(&decision),
        says_no: decision == OrganDecision::OptOut,
        no: DonorChoice::NoOrgans.field(),
    };
    Ok(HtmlPage::ok(shown).into_response())
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn withdraw(
    State(pages): State<Pages>,
    concerned: Concerned,
    form: PostedForm,
) -> Result<Response, PageError> {
    Ok(match pages.give(&form, &WithdrawDecision { subject: concerned.subject }).await {
        Ok(granted) => back_to("/donation?withdrawn", granted.position),
        Err(problem) => {
            let see = ("/donation".to_owned(), "See what is registered now".to_owned());
            let register = ("/donation/register".to_owned(), "Register a decision".to_owned());
            refusal::page(&form.visitor, problem, vec![see, register])
        }
    })
}
