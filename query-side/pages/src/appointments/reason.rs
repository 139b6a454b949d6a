//! Changing what the practice reads about an appointment.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::appointments::AmendAppointment;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::text::{Comment, Reason};

use super::see::AppointmentPath;
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "appointments.html" as appointments %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ when }}</span>
<h1>Change the reason</h1>
<form action="{{ address }}/reason" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="version" value="{{ typed.version }}">
{% call appointments::reasons(typed.reason, typed.comment, errors) %}{% endcall %}
<button class="nhsuk-button">Save</button>
</form>
</div></div>
{% endblock %}"#
)]
struct ReasonPage {
    layout: Layout,
    address: String,
    when: String,
    typed: Typed,
    errors: FieldFaults,
}

struct Typed {
    version: u32,
    reason: String,
    comment: String,
}

/// # Errors
/// If there is no such appointment, or the visitor may not see it.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &path.query(&concerned)).await?;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let typed = Typed {
        version: found.answer.version,
        reason: text(found.answer.reason.as_ref().map(Reason::as_str)),
        comment: text(found.answer.comment.as_ref().map(Comment::as_str)),
    };
    Ok(shown(&visitor, &concerned, &path, typed, FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's.
pub async fn amend(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, address) = (&form.visitor, path.address(&concerned.base));
    let mut errors = FieldFaults::none();
    let reason = form.filled("reason").map(|text| errors.read("reason", text.parse::<Reason>()));
    let comment = form.filled("comment").map(|text| errors.read("comment", text.parse::<Comment>()));
    let version = form.text("version").parse().unwrap_or_default();
    if !errors.is_empty() {
        let typed = Typed { version, reason: form.text("reason").into(), comment: form.text("comment").into() };
        return Ok(shown(visitor, &concerned, &path, typed, errors));
    }
    let command = AmendAppointment {
        patient: concerned.subject,
        session: path.session.clone(),
        starts_at: path.at,
        version,
        reason: reason.flatten(),
        comment: comment.flatten(),
    };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("{address}?amended"), granted.position),
        Err(problem) => {
            let ways = vec![(address.clone(), "See the appointment as it is now".to_owned())];
            refusal::page(visitor, problem, ways)
        }
    })
}

fn shown(
    visitor: &Visitor,
    concerned: &Concerned,
    path: &AppointmentPath,
    typed: Typed,
    errors: FieldFaults,
) -> Response {
    let address = path.address(&concerned.base);
    let layout = Layout::of(visitor, errors.titled("Change the reason")).back(address.clone());
    let (status, when) = (errors.status(), words::date_and_time(path.at));
    HtmlPage(status, ReasonPage { layout, address, when, typed, errors }).into_response()
}
