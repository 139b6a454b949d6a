//! Withdrawing a clinic session, after a check.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{WithdrawSession, rejections};
use http_edge::Problem;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use vocabulary::SessionId;

use super::{clinic::ClinicDetails, session_day::SessionDay};
use crate::{
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
<span class="nhsuk-caption-l">{{ day }}</span>
<h1>{{ layout.title }}</h1>
{% if let Some(details) = details %}{% call desk::clinic(details) %}{% endcall %}
{% else %}<p>The list of this day does not show this session. It may be withdrawn already.</p>{% endif %}
<p>Its slots cannot be booked any more, and holds on them end. A session is withdrawn for good: to offer the time again, publish a new one.</p>
<form action="/desk/sessions/{{ session }}/withdraw?date={{ date }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="nhsuk-button nhsuk-button--warning">Withdraw this session</button>
</form>
<p><a href="/desk/sessions?date={{ date }}">Keep it</a></p>
</div></div>
{% endblock %}"#
)]
struct WithdrawSessionPage {
    layout: Layout,
    day: String,
    date: event_core::LocalDate,
    session: SessionId,
    details: Option<ClinicDetails>,
}

/// # Errors
/// If the visitor may not see the day, or there is no answer.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(session): Path<SessionId>,
    Query(on): Query<SessionDay>,
) -> Result<Response, PageError> {
    let (details, stale) = on.find(&pages, &visitor, &session).await?;
    let layout = Layout::of(&visitor, "Withdraw this clinic session?").back(on.address()).stale(stale);
    let shown = WithdrawSessionPage { layout, day: words::day(on.date), date: on.date, session, details };
    Ok(HtmlPage::ok(shown).into_response())
}

/// # Errors
/// If the form is not one of this server's.
pub async fn withdraw(
    State(pages): State<Pages>,
    Path(session): Path<SessionId>,
    Query(on): Query<SessionDay>,
    form: PostedForm,
) -> Result<Response, PageError> {
    Ok(match pages.give(&form, &WithdrawSession { session, affected: None }).await {
        Ok(granted) => back_to(&format!("{}&withdrawn", on.address()), granted.position),
        Err(problem) => refused(&form.visitor, &on, problem),
    })
}

fn refused(visitor: &Visitor, on: &SessionDay, problem: Problem) -> Response {
    let sessions = (on.address(), "Keep the session, and see the sessions of its day".to_owned());
    let bookings = problem.member("bookings").and_then(serde_json::Value::as_u64);
    match bookings.filter(|_| problem.code() == rejections::BOOKINGS_AFFECTED.code) {
        Some(bookings) => {
            let title = format!("{} in this session", words::count(bookings, "place is booked", "places are booked"));
            let day =
                (format!("/desk/days/{}", on.date), "See the day, and move or cancel the appointments".to_owned());
            refusal::titled(visitor, &title, &problem, vec![day, sessions])
        }
        None => refusal::page(visitor, problem, vec![sessions]),
    }
}
