//! Cancelling a request, after a check.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::prescriptions::CancelRequest;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::prescriptions::RepeatRequestId;

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
<p>Your practice will not look at it. You can request the medicines again.</p>
<form action="/prescriptions/requests/{{ request }}/cancel" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--warning">Cancel the request</button>
</form>
<p><a href="/prescriptions">Keep it</a></p>
</div></div>
{% endblock %}"#
)]
struct CancelRequestPage {
    layout: Layout,
    request: RepeatRequestId,
}

/// # Errors
/// If the visitor is not a patient.
pub async fn page(
    State(_): State<Pages>,
    visitor: Visitor,
    _: Concerned,
    Path(request): Path<RepeatRequestId>,
) -> Result<Response, PageError> {
    let layout = Layout::of(&visitor, "Cancel this request?").back("/prescriptions");
    Ok(HtmlPage::ok(CancelRequestPage { layout, request }).into_response())
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn cancel(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(request): Path<RepeatRequestId>,
    form: PostedForm,
) -> Result<Response, PageError> {
    Ok(match pages.give(&form, &CancelRequest { patient: concerned.subject, request }).await {
        Ok(granted) => back_to("/prescriptions?cancelled", granted.position),
        Err(problem) => {
            let see = ("/prescriptions".to_owned(), "See how far it is".to_owned());
            refusal::page(&form.visitor, problem, vec![see])
        }
    })
}
