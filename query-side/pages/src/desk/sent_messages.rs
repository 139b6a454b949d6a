//! The messages that the practice wrote, newest first, each with what became of it.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use page_engine::{HtmlPage, PageError, Pages, Visitor};
use queries::messages::{ListSentMessages, MessageState, SentSummary};
use query_engine::page::Paging;
use serde::Deserialize;

use super::practice::practice_of;
use crate::{
    layout::{Layout, filters},
    messages::reply_words,
    words,
};

/// The number of messages that the page shows.
const MESSAGES_SHOWN: usize = 100;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% if is_sent %}{% call desk::done("The message is sent.") %}{% endcall %}{% endif %}
<h1>{{ layout.title }}</h1>
{% if messages.is_empty() %}<p>The practice has not written any message yet. <a href="/desk/patients">Find a patient</a> to write one.</p>{% else %}
<ul class="nhsuk-list nhsuk-list--border">
{% for one in messages %}
<li><a href="{{ one.address }}">{{ one.title }}</a> <strong class="nhsuk-tag nhsuk-tag--grey">{{ one.state }}</strong><br>{{ one.when }}{% if !one.reply.is_empty() %}<br>Reply: <span class="frontdoor-typed">{{ one.reply }}</span>{% endif %}</li>
{% endfor %}
</ul>
{% if more %}<p>Earlier messages are kept, but are not shown here.</p>{% endif %}
{% endif %}
</div></div>
{% endblock %}"#
)]
struct SentMessagesPage {
    layout: Layout,
    is_sent: bool,
    messages: Vec<SentLine>,
    more: bool,
}

/// A message in the list.
struct SentLine {
    address: String,
    title: String,
    when: String,
    state: &'static str,
    reply: String,
}

impl SentLine {
    fn of(message: &SentSummary) -> SentLine {
        SentLine {
            address: format!("/desk/patients/{}/messages/{}", message.patient, message.message),
            title: message.title.as_ref().map_or("This message was erased", |title| title.as_str()).to_owned(),
            when: words::date_and_time(message.sent_at),
            state: match message.state {
                MessageState::Sent => "Sent",
                MessageState::Notified => "Notified",
                MessageState::Delivered => "Notification arrived",
                MessageState::Read => "Read",
                MessageState::Replied => "Replied",
            },
            reply: message.reply.as_ref().map(reply_words).unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub struct MessageDone {
    sent: Option<String>,
}

/// # Errors
/// If the visitor works for no practice, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    Query(done): Query<MessageDone>,
) -> Result<Response, PageError> {
    let list = ListSentMessages { practice: practice_of(&visitor)? };
    let found = pages.ask_for(&visitor, &list, Paging::of(MESSAGES_SHOWN)).await?;
    let layout = Layout::of(&visitor, "Messages to patients").stale(found.stale);
    let (more, messages) = (found.answer.next.is_some(), found.answer.items.iter().map(SentLine::of).collect());
    Ok(HtmlPage::ok(SentMessagesPage { layout, is_sent: done.sent.is_some(), messages, more }).into_response())
}
