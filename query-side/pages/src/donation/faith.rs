//! The declaration about faith or beliefs. It is apart from the decision.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::organ_donation::DeclareFaith;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::organ_donation::SeeOrganDonation;
use vocabulary::organ_donation::FaithDeclaration;

use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
};

const HEADING: &str = "Do you want your faith or beliefs to be respected when donation is arranged?";

/// The answers, as their fields say it.
const ANSWERS: [(&str, FaithDeclaration, &str); 3] = [
    ("yes", FaithDeclaration::Yes, "Yes"),
    ("no", FaithDeclaration::No, "No"),
    ("not-said", FaithDeclaration::PreferNotToSay, "I prefer not to say"),
];

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<form action="/donation/faith" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset" aria-describedby="faith-hint{% if !errors.is_empty() %} faith-error{% endif %}">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--l"><h1 class="nhsuk-fieldset__heading">{{ heading }}</h1></legend>
<div class="nhsuk-hint" id="faith-hint">If you say yes, staff will talk with your family about how to do this. Your answer does not decide whether you donate.</div>
{% call forms::message(errors, "faith") %}{% endcall %}
<div class="nhsuk-radios">
{% for answer in answers %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}faith{% else %}faith-{{ loop.index }}{% endif %}" name="faith" type="radio" value="{{ answer.0 }}"{% if self.is_declared(&answer.1) %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}faith{% else %}faith-{{ loop.index }}{% endif %}">{{ answer.2 }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Save</button>
</form>
</div></div>
{% endblock %}"#
)]
struct FaithPage {
    layout: Layout,
    heading: &'static str,
    answers: [(&'static str, FaithDeclaration, &'static str); 3],
    declared: Option<FaithDeclaration>,
    errors: FieldFaults,
}

impl FaithPage {
    fn is_declared(&self, faith: &FaithDeclaration) -> bool {
        self.declared.as_ref() == Some(faith)
    }
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeeOrganDonation { subject: concerned.subject }).await?;
    Ok(shown(&visitor, found.answer.faith, FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn declare(
    State(pages): State<Pages>,
    concerned: Concerned,
    form: PostedForm,
) -> Result<Response, PageError> {
    let Some((_, faith, _)) = ANSWERS.into_iter().find(|(field, ..)| *field == form.text("faith")) else {
        return Ok(shown(&form.visitor, None, FieldFaults::one("faith", "Choose an answer")));
    };
    Ok(match pages.give(&form, &DeclareFaith { subject: concerned.subject, faith }).await {
        Ok(granted) => back_to("/donation?declared", granted.position),
        Err(problem) => {
            refusal::page(&form.visitor, problem, vec![("/donation".into(), "See what is registered now".into())])
        }
    })
}

fn shown(visitor: &Visitor, declared: Option<FaithDeclaration>, errors: FieldFaults) -> Response {
    let layout = Layout::of(visitor, errors.titled(HEADING)).back("/donation");
    HtmlPage(errors.status(), FaithPage { layout, heading: HEADING, answers: ANSWERS, declared, errors })
        .into_response()
}
