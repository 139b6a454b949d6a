//! Finding a patient of the practice by the patient's id.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use event_core::SubjectId;
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use serde::Deserialize;

use super::practice::practice_of;
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<h1>Find a patient</h1>
<form action="/desk/patients" method="get">
{% call desk::field(errors, "subject", "The patient's id", "36 characters: digits, small letters and hyphens.", typed, "text", "30") %}{% endcall %}
<button class="nhsuk-button">Find the patient</button>
</form>
<p><a href="/desk/days">The day</a> has a link to each patient with an appointment.</p>
</div></div>
{% endblock %}"#
)]
struct PatientsPage {
    layout: Layout,
    typed: String,
    errors: FieldFaults,
}

#[derive(Deserialize)]
pub struct PatientForm {
    subject: Option<String>,
}

/// # Errors
/// If the visitor works for no practice.
pub async fn page(
    State(_): State<Pages>,
    visitor: Visitor,
    Query(form): Query<PatientForm>,
) -> Result<Response, PageError> {
    practice_of(&visitor)?;
    let mut errors = FieldFaults::none();
    let is_asked = form.subject.is_some();
    let typed = form.subject.unwrap_or_default();
    // An id has one spelling. A copy in capital letters, or with space around it, is the same id.
    let id = typed.trim().to_lowercase();
    match id.parse::<SubjectId>() {
        Ok(subject) => return Ok(Redirect::to(&format!("/desk/patients/{subject}")).into_response()),
        Err(_) if !is_asked => {}
        Err(_) if id.is_empty() => errors.add("subject", "Enter the patient's id"),
        Err(_) => errors.add("subject", "This is not a patient's id. Copy all of its 36 characters"),
    }
    let title = if errors.is_empty() { "Find a patient" } else { "Error: Find a patient" };
    let layout = Layout::of(&visitor, title);
    Ok(HtmlPage(errors.status(), PatientsPage { layout, typed, errors }).into_response())
}
