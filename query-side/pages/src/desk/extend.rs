//! Letting a clinic session end later.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{ExtendSession, rejections};
use event_core::time::LocalTime;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::SessionId;

use super::{
    clinic::ClinicDetails,
    overlap,
    session_day::{SessionDay, see},
    session_form::{TIME_HINT, read_time, why},
};
use crate::{
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal, words,
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
<span class="nhsuk-caption-l">{{ day }}</span>
<h1>Extend this clinic session</h1>
{% if let Some(details) = details %}{% call desk::clinic(details) %}{% endcall %}
{% else %}<p>The list of this day does not show this session. It may be withdrawn.</p>{% endif %}
<p>The new slots have the same length as the slots there are, and can be booked at once.</p>
<form action="/desk/sessions/{{ session }}/extend?date={{ date }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call desk::field(errors, "until", "New end", TIME_HINT, typed, "time", "10") %}{% endcall %}
<button class="nhsuk-button">Extend this session</button>
</form>
<p><a href="/desk/sessions?date={{ date }}">Leave it as it is</a></p>
</div></div>
{% endblock %}"#
)]
struct ExtendSessionPage {
    layout: Layout,
    day: String,
    date: event_core::LocalDate,
    session: SessionId,
    details: Option<ClinicDetails>,
    typed: String,
    errors: FieldFaults,
}

/// # Errors
/// If the visitor may not see the day, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(session): Path<SessionId>,
    Query(on): Query<SessionDay>,
) -> Result<Response, PageError> {
    shown(&pages, &visitor, session, &on, String::new(), FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's.
pub async fn extend(
    State(pages): State<Pages>,
    Path(session): Path<SessionId>,
    Query(on): Query<SessionDay>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (visitor, typed) = (&form.visitor, form.text("until").to_owned());
    let mut errors = FieldFaults::none();
    let until: Option<LocalTime> = errors.read("until", read_time(&typed, "Enter the new end"));
    let Some(until) = until else { return shown(&pages, visitor, session, &on, typed, errors).await };
    let practitioner_day = see(&pages, visitor, &session).await?.as_ref().and_then(overlap::day_of);
    match pages.give(&form, &ExtendSession { session: session.clone(), until, practitioner_day }).await {
        Ok(granted) => Ok(back_to(&format!("{}&extended", on.address()), granted.position)),
        Err(problem) if problem.code() == rejections::SESSION_INVALID.code => {
            errors.add("until", why(&problem));
            shown(&pages, visitor, session, &on, typed, errors).await
        }
        Err(problem) => {
            if let Some(sentence) = overlap::sentence(&pages, visitor, &problem).await {
                errors.add("until", sentence);
                return shown(&pages, visitor, session, &on, typed, errors).await;
            }
            let sessions = (on.address(), "See the sessions of its day as they are now".to_owned());
            Ok(refusal::page(visitor, problem, vec![sessions]))
        }
    }
}

async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    session: SessionId,
    on: &SessionDay,
    typed: String,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let (details, stale) = on.find(pages, visitor, &session).await?;
    let title = if errors.is_empty() { "Extend this clinic session" } else { "Error: Extend this clinic session" };
    let layout = Layout::of(visitor, title).back(on.address()).stale(stale);
    let (status, day, date) = (errors.status(), words::day(on.date), on.date);
    Ok(HtmlPage(status, ExtendSessionPage { layout, day, date, session, details, typed, errors }).into_response())
}
