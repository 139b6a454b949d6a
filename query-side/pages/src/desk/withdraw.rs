//! Withdrawing a clinic session, after a look at the patients who have booked it.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::appointments::{
    WithdrawSession,
    rejections::{BOOKINGS_AFFECTED, BOOKINGS_CHANGED},
};
use event_core::LocalDate;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to, see_other};
use serde::Deserialize;
use vocabulary::SessionId;

use super::{
    bookings::{BookingLine, SeenBookings, of_session},
    clinic::ClinicDetails,
    session_day::SessionDay,
};
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
{% call desk::changes(changes) %}{% endcall %}
{% if let Some(details) = details %}{% call desk::clinic(details) %}{% endcall %}
{% else %}<p>The list of this day does not show this session. It may be withdrawn already.</p>{% endif %}
<p>Its slots cannot be booked any more, and holds on them end. A session is withdrawn for good: to offer the time again, publish a new one.</p>
{% if !ending.is_empty() %}
<h2>{{ count }} will not take place</h2>
<p>Each patient below gets a message that says so, and can book again.</p>
{% call desk::bookings(ending) %}{% endcall %}
{% endif %}
{% if !begun.is_empty() %}
<h2>These have begun, and stay as they are</h2>
{% call desk::bookings(begun) %}{% endcall %}
{% endif %}
<form action="/desk/sessions/{{ session }}/withdraw?date={{ date }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% if let Some(version) = version %}<input type="hidden" name="affected" value="{{ version }}">{% endif %}
<button class="nhsuk-button nhsuk-button--warning">Withdraw this session</button>
</form>
<p><a href="/desk/sessions?date={{ date }}">Keep it</a></p>
</div></div>
{% endblock %}"#
)]
struct WithdrawSessionPage {
    layout: Layout,
    day: String,
    date: LocalDate,
    session: SessionId,
    details: Option<ClinicDetails>,
    changes: Vec<String>,
    count: String,
    ending: Vec<BookingLine>,
    begun: Vec<BookingLine>,
    /// The version of the list that the page shows; absent if the session has no bookings.
    version: Option<String>,
}

/// The session's day, and whether a withdrawal was refused because its bookings had changed.
#[derive(Deserialize)]
pub struct WithdrawOn {
    date: LocalDate,
    changed: Option<String>,
}

/// # Errors
/// If the visitor may not see the day, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Path(session): Path<SessionId>,
    Query(of): Query<WithdrawOn>,
) -> Result<Response, PageError> {
    let on = SessionDay { date: of.date };
    let (details, stale) = on.find(&pages, &visitor, &session).await?;
    let list = of_session(&pages, &visitor, of.date, &session).await?;
    let changes = match of.changed {
        Some(_) => SeenBookings::changes(&pages, &visitor, &list).await?,
        None => {
            SeenBookings::keep(&pages, &visitor, &list).await?;
            Vec::new()
        }
    };
    let (ending, begun): (Vec<_>, Vec<_>) = list.bookings.iter().partition(|booking| booking.is_coming);
    let lines = |bookings: Vec<_>| bookings.into_iter().map(BookingLine::of).collect();
    let shown = WithdrawSessionPage {
        layout: Layout::of(&visitor, "Withdraw this clinic session?").back(on.address()).stale(stale),
        day: words::day(of.date),
        date: of.date,
        session,
        details,
        changes,
        count: words::count(ending.len() as u64, "appointment", "appointments"),
        ending: lines(ending),
        begun: lines(begun),
        version: (!list.bookings.is_empty()).then(|| list.version.to_string()),
    };
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
    let affected = form.text("affected").parse().ok();
    Ok(match pages.give(&form, &WithdrawSession { session: session.clone(), affected }).await {
        Ok(granted) => back_to(&format!("{}&withdrawn", on.address()), granted.position),
        Err(problem) if [BOOKINGS_AFFECTED.code, BOOKINGS_CHANGED.code].contains(&problem.code()) => {
            see_other(&format!("/desk/sessions/{session}/withdraw?date={}&changed", on.date))
        }
        Err(problem) => {
            let sessions = (on.address(), "Keep the session, and see the sessions of its day".to_owned());
            refusal::page(&form.visitor, problem, vec![sessions])
        }
    })
}
