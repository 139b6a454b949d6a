//! Keeping a symptom check that was made before signing in, or discarding what can be kept.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::symptom_checks::{
    claim_symptom_check::ClaimSymptomCheck,
    rejections::{CHECK_NOT_FOUND, RELEASE_WITHDRAWN, SESSION_CLOSED},
};
use event_core::Rejection;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use queries::symptom_checks::{NOT_FOR_CLINICAL_USE, pathway_title};

use super::{
    answer_line::address,
    claimable::{ClaimableCheck, ClaimableChecks},
};
use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
    random_id, refusal,
};

/// The address of the page.
pub const KEEP: &str = "/check-symptoms/keep";

/// The rejections of a check that stays as it is: every later claim of it is rejected, too.
const NEVER_KEPT: [&Rejection; 3] = [&CHECK_NOT_FOUND, &SESSION_CLOSED, &RELEASE_WITHDRAWN];

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "symptoms.html" as symptoms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<p>You answered questions on this device before you signed in. Keep them only if the answers are yours.</p>
{% for check in checks %}
<form action="/check-symptoms/keep" method="post">
<h2 class="nhsuk-heading-m">{{ check.title }}</h2>
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="check" value="{{ check.id }}">
<div class="nhsuk-form-group"><div class="nhsuk-checkboxes">
<div class="nhsuk-checkboxes__item"><input class="nhsuk-checkboxes__input" id="sharing-{{ loop.index }}" name="sharing" type="checkbox" value="yes"><label class="nhsuk-label nhsuk-checkboxes__label" for="sharing-{{ loop.index }}">My practice may see my answers (optional).</label></div>
</div></div>
<button class="nhsuk-button">Keep this symptom check<span class="nhsuk-u-visually-hidden">: {{ check.title }}</span></button>
</form>
{% endfor %}
<form action="/check-symptoms/discard" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--secondary">Do not keep anything</button>
</form>
{% call symptoms::safety(notice) %}{% endcall %}
</div></div>
{% endblock %}"#
)]
struct KeepPage {
    layout: Layout,
    checks: Vec<KeepLine>,
    notice: &'static str,
}

struct KeepLine {
    id: String,
    title: String,
}

impl KeepLine {
    fn of(claimable: &ClaimableCheck) -> KeepLine {
        KeepLine { id: claimable.check.to_string(), title: pathway_title(claimable.check.release()) }
    }
}

/// # Errors
/// If the visitor is not a patient, or the draft cannot be read.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, _: Concerned) -> Result<Response, PageError> {
    let claimable = ClaimableChecks::kept(&pages, &visitor).await?;
    if claimable.is_empty() {
        return Ok(see_other("/check-symptoms"));
    }
    let layout = Layout::of(&visitor, "Keep your symptom check").back("/check-symptoms");
    let checks = claimable.newest_first().map(KeepLine::of).collect();
    Ok(HtmlPage::ok(KeepPage { layout, checks, notice: NOT_FOR_CLINICAL_USE }).into_response())
}

/// # Errors
/// If the form is not one of this server's, or the draft cannot be read.
pub async fn keep(State(pages): State<Pages>, concerned: Concerned, form: PostedForm) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let claimable = ClaimableChecks::kept(&pages, visitor).await?;
    let number = random_id::of_form(&form.key).and_then(|number| number.parse().ok());
    // The form was sent twice: the check is in the list.
    let (Some(ClaimableCheck { check: from, code }), Some(number)) = (claimable.find(form.text("check")), number)
    else {
        return Ok(see_other("/check-symptoms"));
    };
    let command = ClaimSymptomCheck {
        subject: concerned.subject,
        from: from.clone(),
        code: code.clone(),
        number,
        consents_to_sharing: form.filled("sharing").is_some(),
    };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => {
            // It is kept, whatever becomes of the draft. The failure is in the process's log.
            let _ = claimable.without(&command.from).keep(&pages, visitor).await;
            back_to(&address(&command.number), granted.position)
        }
        Err(problem) => {
            if NEVER_KEPT.iter().any(|rejection| rejection.code == problem.code()) {
                claimable.without(&command.from).keep(&pages, visitor).await?;
            }
            let new = ("/check-symptoms/start".to_owned(), "Start a new symptom check".to_owned());
            refusal::page(
                visitor,
                problem,
                vec![new, ("/check-symptoms".to_owned(), "See your symptom checks".to_owned())],
            )
        }
    })
}

/// # Errors
/// If the form is not one of this server's, or the draft cannot be kept.
pub async fn discard(State(pages): State<Pages>, _: Concerned, form: PostedForm) -> Result<Response, PageError> {
    ClaimableChecks::default().keep(&pages, &form.visitor).await?;
    Ok(see_other("/check-symptoms"))
}
