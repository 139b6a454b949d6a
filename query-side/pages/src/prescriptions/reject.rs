//! Rejecting a request, with a reason for the patient.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::prescriptions::RejectRequest;
use event_core::SubjectId;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::prescriptions::{RefusalReason, RepeatRequestId};

use super::queue::{address, ways};
use crate::{
    desk::practice_of,
    errors::FieldFaults,
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
{% call forms::summary(errors) %}{% endcall %}
<h1>Reject this request?</h1>
<form action="{{ address }}/reject" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label nhsuk-label--m" for="reason">The reason</label>
<div class="nhsuk-hint" id="reason-hint">The patient reads it. Say what comes next. At most {{ RefusalReason::CHARACTERS_MAX }} characters.</div>
{% call forms::message(errors, "reason") %}{% endcall %}
<textarea class="nhsuk-textarea" id="reason" name="reason" rows="4" aria-describedby="reason-hint{% if !errors.is_empty() %} reason-error{% endif %}">
{{ reason }}</textarea>
</div>
<button class="nhsuk-button nhsuk-button--warning">Reject the request</button>
</form>
<p><a href="/desk/prescriptions">Do not reject it</a></p>
</div></div>
{% endblock %}"#
)]
struct RejectPage {
    layout: Layout,
    address: String,
    reason: String,
    errors: FieldFaults,
}

fn shown(visitor: &Visitor, address: String, reason: String, errors: FieldFaults) -> Response {
    let layout = Layout::of(visitor, errors.titled("Reject this request?")).back("/desk/prescriptions");
    HtmlPage(errors.status(), RejectPage { layout, address, reason, errors }).into_response()
}

/// # Errors
/// If the visitor works for no practice.
pub async fn page(
    State(_): State<Pages>,
    visitor: Visitor,
    Path((patient, request)): Path<(SubjectId, RepeatRequestId)>,
) -> Result<Response, PageError> {
    practice_of(&visitor)?;
    Ok(shown(&visitor, address(patient, &request), String::new(), FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's, or the visitor works for no practice.
pub async fn reject(
    State(pages): State<Pages>,
    Path((patient, request)): Path<(SubjectId, RepeatRequestId)>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let practice = practice_of(&form.visitor)?;
    let typed = form.text("reason").to_owned();
    let Ok(reason) = typed.parse::<RefusalReason>() else {
        let errors = FieldFaults::one("reason", format!("Enter 1 to {} characters", RefusalReason::CHARACTERS_MAX));
        return Ok(shown(&form.visitor, address(patient, &request), typed, errors));
    };
    Ok(match pages.give(&form, &RejectRequest { patient, practice, request, reason }).await {
        Ok(granted) => back_to("/desk/prescriptions?rejected", granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, ways()),
    })
}
