//! A patient's messages, newest first. Opening an unread one marks it as read, which is a command and therefore a form.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::messages::MarkRead;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::messages::{CountUnreadMessages, InboxMessage, ListMessages};
use query_engine::page::Paging;
use vocabulary::messages::MessageId;

use super::words::unread_words;
use crate::{
    appointment_card::place,
    concerned::Concerned,
    layout::{Layout, filters},
    refusal, words,
};

/// The number of messages that the page shows.
const MESSAGES_SHOWN: usize = 100;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
<h1>{{ layout.title }}</h1>
<p>{{ unread }}.</p>
{% if messages.is_empty() %}<p>There are no messages yet.</p>{% else %}
<ul class="nhsuk-list nhsuk-list--border">
{% for one in messages %}
<li>
{% if one.is_read %}
<a href="/messages/{{ one.id }}">{{ one.title }}</a>
{% else %}
<form class="frontdoor-inline" action="/messages/{{ one.id }}/open" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<button class="frontdoor-link"><strong>{{ one.title }}</strong></button>
</form>
<strong class="nhsuk-tag">Unread</strong>
{% endif %}
{% if one.is_replied %}<strong class="nhsuk-tag nhsuk-tag--grey">Replied</strong>{% endif %}
<br>{{ one.sender }}<br>{{ one.when }}
</li>
{% endfor %}
</ul>
{% if more %}<p>Earlier messages are kept, but are not shown here.</p>{% endif %}
{% endif %}
<p><a href="/contact">Choose how you are told about messages</a></p>
</div></div>
{% endblock %}"#
)]
struct InboxPage {
    layout: Layout,
    unread: String,
    messages: Vec<MessageLine>,
    more: bool,
}

/// A message in the list.
struct MessageLine {
    id: MessageId,
    title: String,
    sender: String,
    when: String,
    is_read: bool,
    is_replied: bool,
}

impl MessageLine {
    fn of(message: InboxMessage) -> MessageLine {
        MessageLine {
            sender: place(&message.sender),
            when: words::date_and_time(message.sent_at),
            title: message.title.unwrap_or_else(|| "This message was erased".to_owned()),
            is_read: message.is_read,
            is_replied: message.is_replied,
            id: message.message,
        }
    }
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    let subject = concerned.subject;
    let unread = pages.ask(&visitor, &CountUnreadMessages { subject }).await?;
    let found = pages.ask_for(&visitor, &ListMessages { subject }, Paging::of(MESSAGES_SHOWN)).await?;
    let layout = Layout::of(&visitor, "Your messages").back("/").stale(unread.stale || found.stale);
    let more = found.answer.next.is_some();
    let messages = found.answer.items.into_iter().map(MessageLine::of).collect();
    let unread = unread_words(unread.answer.unread);
    Ok(HtmlPage::ok(InboxPage { layout, unread, messages, more }).into_response())
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn open(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(message): Path<MessageId>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let command = MarkRead { subject: concerned.subject, message: message.clone() };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("/messages/{message}"), granted.position),
        Err(problem) => refusal::page(&form.visitor, problem, vec![("/messages".into(), "See your messages".into())]),
    })
}
