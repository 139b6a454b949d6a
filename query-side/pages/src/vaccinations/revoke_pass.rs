//! Revoking a vaccination pass.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::vaccinations::revoke_pass::RevokePass;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};

use super::see_pass::PassPath;
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
<p>Verifiers refuse the pass as soon as they have the next list of revoked passes. This cannot be undone. The vaccination stays recorded, and you can get another pass.</p>
<form action="{{ address }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button">Revoke the pass</button>
</form>
</div></div>
{% endblock %}"#
)]
struct RevokePassPage {
    layout: Layout,
    address: String,
}

/// # Errors
/// If the visitor is not signed in.
pub async fn page(visitor: Visitor, concerned: Concerned, Path(path): Path<PassPath>) -> Result<Response, PageError> {
    let address = path.address(&concerned);
    let layout = Layout::of(&visitor, "Revoke a vaccination pass").back(address.clone());
    Ok(HtmlPage::ok(RevokePassPage { layout, address: format!("{address}/revoke") }).into_response())
}

/// # Errors
/// If the form is not one of this server's.
pub async fn revoke(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<PassPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let list = format!("{}/vaccinations", concerned.base);
    let command = RevokePass { subject: concerned.subject, pass: path.pass };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{list}?revoked"), granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, vec![(list, "See the vaccinations".to_owned())]),
    })
}
