//! Choosing, changing and clearing the nominated pharmacy.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::prescriptions::{ClearPharmacy, NominatePharmacy};
use event_core::OrganisationCode;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::prescriptions::{ListPharmacies, SeeNominatedPharmacy};
use query_engine::page::Paging;

use super::medicine_words::place;
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
};

/// The number of pharmacies that the page offers.
const OFFERED_MAX: usize = 100;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>Your pharmacy</h1>
<form action="/prescriptions/pharmacy" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if !errors.is_empty() %} aria-describedby="pharmacy-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">Where should your prescriptions go?</legend>
{% call forms::message(errors, "pharmacy") %}{% endcall %}
<div class="nhsuk-radios">
{% for choice in choices %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}pharmacy{% else %}pharmacy-{{ loop.index }}{% endif %}" name="pharmacy" type="radio" value="{{ choice.0 }}"{% if choice.2 %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}pharmacy{% else %}pharmacy-{{ loop.index }}{% endif %}">{{ choice.1 }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Save your pharmacy</button>
</form>
{% if is_nominated %}
<form action="/prescriptions/pharmacy/clear" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--secondary">Have no pharmacy for all requests</button>
</form>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct PharmacyPage {
    layout: Layout,
    /// The code of each pharmacy, its name and address, and if it is the nominated one.
    choices: Vec<(String, String, bool)>,
    is_nominated: bool,
    errors: FieldFaults,
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    shown(&pages, &visitor, &concerned, FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn nominate(
    State(pages): State<Pages>,
    concerned: Concerned,
    form: PostedForm,
) -> Result<Response, PageError> {
    let Ok(pharmacy) = form.text("pharmacy").parse::<OrganisationCode>() else {
        let errors = FieldFaults::one("pharmacy", "Choose a pharmacy");
        return shown(&pages, &form.visitor, &concerned, errors).await;
    };
    let command = NominatePharmacy { patient: concerned.subject, pharmacy };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to("/prescriptions?nominated", granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, ways()),
    })
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn clear(State(pages): State<Pages>, concerned: Concerned, form: PostedForm) -> Result<Response, PageError> {
    Ok(match pages.give(&form, &ClearPharmacy { patient: concerned.subject }).await {
        Ok(granted) => back_to("/prescriptions?cleared", granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, ways()),
    })
}

fn ways() -> Vec<refusal::WayOn> {
    vec![("/prescriptions".to_owned(), "See your repeat prescriptions".to_owned())]
}

async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    concerned: &Concerned,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let nominated = pages.ask(visitor, &SeeNominatedPharmacy { subject: concerned.subject }).await?;
    let known = pages.ask_for(visitor, &ListPharmacies {}, Paging::of(OFFERED_MAX)).await?;
    let own = nominated.answer.pharmacy.map(|own| own.code);
    let choice = |known: &queries::prescriptions::PharmacyPlace| {
        (known.code.to_string(), place(known), own.as_ref() == Some(&known.code))
    };
    let page = PharmacyPage {
        layout: Layout::of(visitor, errors.titled("Your pharmacy")).back("/prescriptions").stale(nominated.stale),
        choices: known.answer.items.iter().map(choice).collect(),
        is_nominated: own.is_some(),
        errors,
    };
    Ok(HtmlPage(page.errors.status(), page).into_response())
}
