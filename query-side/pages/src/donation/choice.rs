//! The first question about a decision: all organs, some, none, or representatives.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor};

use super::decision::{DonorAnswers, DonorChoice, OpenQuestion};
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
};

const HEADING: &str = "What is your decision about organ donation?";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<form action="/donation/register" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset" aria-describedby="choice-hint{% if !errors.is_empty() %} choice-error{% endif %}">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--l"><h1 class="nhsuk-fieldset__heading">{{ heading }}</h1></legend>
<div class="nhsuk-hint" id="choice-hint">It is for the time after your death. You can change it whenever you want.</div>
{% call forms::message(errors, "choice") %}{% endcall %}
<div class="nhsuk-radios">
{% for choice in choices %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}choice{% else %}choice-{{ loop.index }}{% endif %}" name="choice" type="radio" value="{{ choice.field() }}"{% if self.is_chosen(choice) %} checked{% endif %} aria-describedby="choice-{{ loop.index }}-hint">
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}choice{% else %}choice-{{ loop.index }}{% endif %}">{{ choice.label() }}</label>
<div class="nhsuk-hint nhsuk-radios__hint" id="choice-{{ loop.index }}-hint">{{ choice.hint() }}</div>
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
struct ChoicePage {
    layout: Layout,
    heading: &'static str,
    choices: [DonorChoice; 4],
    chosen: Option<DonorChoice>,
    errors: FieldFaults,
}

impl ChoicePage {
    fn is_chosen(&self, choice: &DonorChoice) -> bool {
        self.chosen.as_ref() == Some(choice)
    }
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
    let answers = DonorAnswers::kept(&pages, &form.visitor).await?.with_choice(&form);
    match answers.decision() {
        Err(OpenQuestion::Choice(faults)) => Ok(shown(&form.visitor, answers, faults)),
        _ => answers.keep(&pages, &form.visitor).await,
    }
}

/// The question with these answers, and the faults in them.
fn shown(visitor: &Visitor, answers: DonorAnswers, errors: FieldFaults) -> Response {
    let layout = Layout::of(visitor, errors.titled(HEADING)).back("/donation");
    let shown = ChoicePage { layout, heading: HEADING, choices: DonorChoice::ALL, chosen: answers.choice, errors };
    HtmlPage(shown.errors.status(), shown).into_response()
}
