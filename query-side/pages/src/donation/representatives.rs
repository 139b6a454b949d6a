//! The people that decide in a person's place: one or two names.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor};
use vocabulary::text::PersonName;

use super::decision::{DonorAnswers, NAME_FIELDS};
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
};

const HEADING: &str = "Who should decide for you?";
const LABELS: [&str; 2] = ["Full name of the first person", "Full name of the second person (optional)"];

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>{{ heading }}</h1>
<p>Name one or two people. After your death, they will be asked whether your organs and tissue should be donated.</p>
<p>Ask them first. You and they also have to sign a paper form.</p>
<form action="/donation/register/representatives" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% for name in names %}
<div class="nhsuk-form-group{% if errors.of(name.field).is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label nhsuk-label--s" for="{{ name.field }}">{{ name.label }}</label>
<div class="nhsuk-hint" id="{{ name.field }}-hint">At most {{ most }} characters</div>
{% call forms::message(errors, name.field) %}{% endcall %}
<input class="nhsuk-input" id="{{ name.field }}" name="{{ name.field }}" type="text" autocomplete="off" spellcheck="false" value="{{ name.typed }}" aria-describedby="{{ name.field }}-hint{% if errors.of(name.field).is_some() %} {{ name.field }}-error{% endif %}">
</div>
{% endfor %}
<button class="nhsuk-button">Continue</button>
</form>
</div></div>
{% endblock %}"#
)]
struct RepresentativesPage {
    layout: Layout,
    heading: &'static str,
    names: Vec<NameField>,
    most: usize,
    errors: FieldFaults,
}

/// A field for a name, with its content.
struct NameField {
    field: &'static str,
    label: &'static str,
    typed: String,
}

/// # Errors
/// If the visitor is not a patient, or the draft cannot be read.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, _: Concerned) -> Result<Response, PageError> {
    let answers = DonorAnswers::kept(&pages, &visitor).await?;
    Ok(shown(&visitor, answers, FieldFaults::none()))
}

/// # Errors
/// If the visitor is not a patient, or the draft cannot be kept.
pub async fn name(State(pages): State<Pages>, _: Concerned, form: PostedForm) -> Result<Response, PageError> {
    let answers = DonorAnswers::kept(&pages, &form.visitor).await?.with_names(&form);
    match answers.decision() {
        Err(open) => Ok(shown(&form.visitor, answers, open.faults())),
        Ok(_) => answers.keep(&pages, &form.visitor).await,
    }
}

/// The question with these answers, and the faults in them.
fn shown(visitor: &Visitor, answers: DonorAnswers, errors: FieldFaults) -> Response {
    let layout = Layout::of(visitor, errors.titled(HEADING)).back("/donation/register");
    let fields = NAME_FIELDS.into_iter().zip(LABELS).zip(answers.names);
    let names = fields.map(|((field, label), typed)| NameField { field, label, typed }).collect();
    let most = PersonName::CHARACTERS_MAX;
    HtmlPage(errors.status(), RepresentativesPage { layout, heading: HEADING, names, most, errors }).into_response()
}
