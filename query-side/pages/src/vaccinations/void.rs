//! Voiding the record of a dose.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::vaccinations::VoidDose;
use event_core::strictness::strictly;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::vaccinations::{DoseId, DoseReason};

use super::ask_pass::DosePath;
use crate::{
    concerned::Concerned,
    desk::practice_of,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
};

const HEADING: &str = "Void the record of a dose";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>{{ HEADING }}</h1>
<p>Do this if the dose was not given, or not to this person. The record is kept and does not count any more.</p>
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call desk::field(errors, "reason", "Reason", "The person can read it.", reason, "text", "30") %}{% endcall %}
<button class="nhsuk-button">Void the record</button>
</form>
</div></div>
{% endblock %}"#
)]
struct VoidPage {
    layout: Layout,
    address: String,
    reason: String,
    errors: FieldFaults,
}

/// # Errors
/// If the visitor works for no organisation.
pub async fn page(
    visitor: Visitor,
    concerned: Concerned,
    Path(DosePath { dose }): Path<DosePath>,
) -> Result<Response, PageError> {
    practice_of(&visitor)?;
    Ok(shown(&visitor, &concerned, &dose, String::new(), FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's, or the visitor works for no organisation.
pub async fn void(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(DosePath { dose }): Path<DosePath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let visitor = &form.visitor;
    let typed = form.text("reason").to_owned();
    let reason: Result<DoseReason, _> = strictly(|| typed.parse());
    let Ok(reason) = reason else {
        let fault = format!("Enter the reason in 1 to {} visible characters", DoseReason::CHARACTERS_MAX);
        return Ok(shown(visitor, &concerned, &dose, typed, FieldFaults::one("reason", fault)));
    };
    let list = format!("{}/vaccinations", concerned.base);
    let command = VoidDose { subject: concerned.subject, dose, site: practice_of(visitor)?, reason };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{list}?voided"), granted.position),
        Err(problem) => refusal::page(visitor, problem, vec![(list, "See the vaccinations".to_owned())]),
    })
}

fn shown(visitor: &Visitor, concerned: &Concerned, dose: &DoseId, reason: String, errors: FieldFaults) -> Response {
    let list = format!("{}/vaccinations", concerned.base);
    let layout = Layout::of(visitor, errors.titled(HEADING)).back(list.clone());
    let page = VoidPage { layout, address: format!("{list}/{dose}/void"), reason, errors };
    HtmlPage(page.errors.status(), page).into_response()
}
