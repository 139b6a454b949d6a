//! The organs and tissue that a person wants to donate.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor};

use super::decision::{DonorAnswers, organ_boxes};
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
};

const HEADING: &str = "Which organs and tissue do you want to donate?";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<form action="/donation/register/organs" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset" aria-describedby="organ-hint{% if !errors.is_empty() %} organ-error{% endif %}">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--l"><h1 class="nhsuk-fieldset__heading">{{ heading }}</h1></legend>
<div class="nhsuk-hint" id="organ-hint">Choose all that you want to donate. What you do not choose will not be taken.</div>
{% call forms::message(errors, "organ") %}{% endcall %}
<div class="nhsuk-checkboxes">
{% for organ in organs %}
<div class="nhsuk-checkboxes__item">
<input class="nhsuk-checkboxes__input" id="{% if loop.first %}organ{% else %}organ-{{ loop.index }}{% endif %}" name="organ" type="checkbox" value="{{ organ.0 }}"{% if organ.2 %} checked{% endif %}>
<label class="nhsuk-label nhsuk-checkboxes__label" for="{% if loop.first %}organ{% else %}organ-{{ loop.index }}{% endif %}">{{ organ.1 }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Continue</button>
</form>
</div></div>
{% endblock %}"#
)]
struct OrgansPage {
    layout: Layout,
    heading: &'static str,
    organs: Vec<(&'static str, &'static str, bool)>,
    errors: FieldFaults,
}

/// # Errors
/// If the visitor is not a patient, or the draft cannot be read.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, _: Concerned) -> Result<Response, PageError> {
    let answers = DonorAnswers::kept(&pages, &visitor).await?;
    Ok(shown(&visitor, answers, FieldFaults::none()))
}

/// # Errors
/// If the visitor is not a patient, or the draft cannot be kept.
pub async fn choose(State(pages): State<Pages>, _: Concerned, form: PostedForm) -> Result<Response, PageError> {
    let answers = DonorAnswers::kept(&pages, &form.visitor).await?.with_organs(&form);
    match answers.decision() {
        Err(open) => Ok(shown(&form.visitor, answers, open.faults())),
        Ok(_) => answers.keep(&pages, &form.visitor).await,
    }
}

/// The question with these answers, and the faults in them.
fn shown(visitor: &Visitor, answers: DonorAnswers, errors: FieldFaults) -> Response {
    let layout = Layout::of(visitor, errors.titled(HEADING)).back("/donation/register");
    let organs = organ_boxes(&answers.organs);
    HtmlPage(errors.status(), OrgansPage { layout, heading: HEADING, organs, errors }).into_response()
}
