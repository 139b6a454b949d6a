//! The waiting lists that a person is on, and the times that are offered. An open page follows changes.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{Fingerprint, HtmlPage, PageError, Pages, Visitor};
use queries::appointments::ListWaiting;
use serde::Deserialize;

use crate::{
    concerned::Concerned,
    layout::{Layout, filters},
    waiting_card::WaitingCard,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if let Some(done) = done %}{% call desk::done(done) %}{% endcall %}{% endif %}
<h1>{{ layout.title }}</h1>
<p>A time that becomes free is offered to the first in line whom it suits, with a message, and is held for some minutes.</p>
<h2>{{ heading }}</h2>
<div data-part="waiting">
{% if waiting.is_empty() %}<p>There is nothing. You can join a waiting list where you book, if no time suits.</p>{% endif %}
{% for one in waiting %}{{ one|safe }}{% endfor %}
</div>
<p><a href="{{ base }}/book">Book an appointment</a></p>
<p><a href="{{ base }}/appointments">See all appointments</a></p>
</div></div>
{% endblock %}"#
)]
struct WaitingPage {
    layout: Layout,
    base: String,
    heading: &'static str,
    done: Option<&'static str>,
    waiting: Vec<WaitingCard>,
}

/// The step that was done just before.
#[derive(Deserialize)]
pub struct WaitingDone {
    joined: Option<String>,
    left: Option<String>,
    declined: Option<String>,
}

impl WaitingDone {
    fn sentence(&self) -> Option<&'static str> {
        let all = [
            (&self.joined, "You are on the waiting list. We send you a message when a time becomes free."),
            (&self.left, "You do not wait any more."),
            (&self.declined, "The time goes to the next in line."),
        ];
        all.into_iter().find(|(done, _)| done.is_some()).map(|(_, sentence)| sentence)
    }

    /// The same for the desk.
    fn sentence_of_desk(&self) -> Option<&'static str> {
        let all = [
            (&self.joined, "The patient is on the waiting list, and gets a message when a time becomes free."),
            (&self.left, "The patient does not wait any more."),
            (&self.declined, "The time goes to the next in line."),
        ];
        all.into_iter().find(|(done, _)| done.is_some()).map(|(_, sentence)| sentence)
    }
}

/// # Errors
/// If the visitor may not see the waiting lists of this patient, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(done): Query<WaitingDone>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &ListWaiting { subject: concerned.subject }).await?;
    let base = concerned.base.clone();
    let (title, heading, done) = if concerned.is_by_desk() {
        ("The patient's waiting lists", "The patient waits for", done.sentence_of_desk())
    } else {
        ("Your waiting lists", "You wait for", done.sentence())
    };
    let layout = Layout::of(&visitor, title)
        .back(format!("{base}/appointments"))
        .stale(found.stale)
        .live(format!("{base}/waiting/live"));
    let waiting = found.answer.items.iter().map(|entry| WaitingCard::of(&base, entry)).collect();
    Ok(HtmlPage::ok(WaitingPage { layout, base, heading, done, waiting }).into_response())
}

/// Tells an open page that what the person waits for has changed, or a time is offered or not any more.
///
/// # Errors
/// If the visitor may not see what this person waits for.
pub async fn live(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let query = ListWaiting { subject: concerned.subject };
    pages.ask(&visitor, &query).await?;
    let topic = format!("waiting {}", concerned.subject);
    let look = {
        let pages = pages.clone();
        move || {
            let (pages, visitor, query) = (pages.clone(), visitor.up_to_date(), query.clone());
            async move { Fingerprint::of(&pages.ask(&visitor, &query).await.ok()?.answer) }
        }
    };
    Ok(pages.live(Some(topic), look))
}
