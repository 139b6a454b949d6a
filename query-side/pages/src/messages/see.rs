//! One message. A patient replies to it; the practice's desk sees its receipts and the reply.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::messages::ReplyToMessage;
use event_core::strictness::strictly;
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::messages::{MessageReceipt, MessageThread, SeeMessage};
use serde::Deserialize;
use vocabulary::{
    contacts::NotificationChannel,
    messages::{MessageId, MessageKind, MessageReply, ReplyOffer, ReplyText, SystemFacts},
};

use super::words::reply_words;
use crate::{
    appointment_card::place,
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
    waiting_card::offer_address,
    words,
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">{{ sender }}, {{ when }}</span>
<h1>{{ heading }}</h1>
<p class="frontdoor-typed">{{ text }}</p>
{% if let Some(offer) = offer %}<p><a class="nhsuk-button" href="{{ offer }}">See this time</a></p>{% endif %}
{% if let Some((address, words)) = about && !is_by_desk %}<p><a href="{{ address }}">{{ words }}</a></p>{% endif %}
{% if let Some(reply) = reply %}
<h2>{% if is_by_desk %}The patient's reply{% else %}Your reply{% endif %}</h2>
<div class="nhsuk-inset-text"><p class="frontdoor-typed">{{ reply.0 }}</p><p>{{ reply.1 }}</p></div>
{% else if !is_by_desk %}
{% match form %}
{% when ReplyForm::Nothing %}
{% when ReplyForm::Words with (keywords) %}
<form action="/messages/{{ id }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="kind" value="keyword">
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<fieldset class="nhsuk-fieldset"{% if !errors.is_empty() %} aria-describedby="reply-error"{% endif %}>
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m"><h2 class="nhsuk-fieldset__heading">Your reply</h2></legend>
{% call forms::message(errors, "reply") %}{% endcall %}
<div class="nhsuk-radios">
{% for keyword in keywords %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="{% if loop.first %}reply{% else %}reply-{{ loop.index }}{% endif %}" name="reply" type="radio" value="{{ keyword }}">
<label class="nhsuk-label nhsuk-radios__label" for="{% if loop.first %}reply{% else %}reply-{{ loop.index }}{% endif %}">{{ keyword }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Send my reply</button>
</form>
{% when ReplyForm::OwnWords with (typed) %}
<form action="/messages/{{ id }}" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="kind" value="free-text">
<div class="nhsuk-form-group{% if !errors.is_empty() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label nhsuk-label--m" for="reply">Your reply</label>
<div class="nhsuk-hint" id="reply-hint">You can reply once, with at most {{ ReplyText::CHARACTERS_MAX }} characters. It is not read at once: telephone your practice if it is urgent.</div>
{% call forms::message(errors, "reply") %}{% endcall %}
<textarea class="nhsuk-textarea" id="reply" name="reply" rows="5" aria-describedby="reply-hint{% if !errors.is_empty() %} reply-error{% endif %}">
{{ typed }}</textarea>
</div>
<button class="nhsuk-button">Send my reply</button>
</form>
{% endmatch %}
{% endif %}
{% if is_by_desk %}
<h2>What became of it</h2>
<dl class="nhsuk-summary-list">
{% for receipt in receipts %}<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">{{ receipt.0 }}</dt><dd class="nhsuk-summary-list__value">{{ receipt.1 }}</dd></div>
{% endfor %}
<div class="nhsuk-summary-list__row"><dt class="nhsuk-summary-list__key">Read</dt><dd class="nhsuk-summary-list__value">{{ read }}</dd></div>
</dl>
{% else %}
<p><a href="/messages">See all messages</a></p>
{% endif %}
</div></div>
{% endblock %}"#
)]
struct MessagePage {
    layout: Layout,
    id: MessageId,
    heading: String,
    sender: String,
    when: String,
    text: String,
    /// The page about what a message of the system tells, and the words of the link.
    about: Option<(&'static str, &'static str)>,
    /// The address of the offer that the message is about.
    offer: Option<String>,
    is_by_desk: bool,
    form: ReplyForm,
    /// The reply, and its time.
    reply: Option<(String, String)>,
    receipts: Vec<(&'static str, String)>,
    read: String,
    errors: FieldFaults,
}

/// The form for the reply that the message offers.
enum ReplyForm {
    Nothing,
    Words(Vec<String>),
    /// With the text that was typed.
    OwnWords(String),
}

/// The message in the address. The desk's addresses also have the patient, which `Concerned` reads.
#[derive(Deserialize)]
pub struct MessagePath {
    message: MessageId,
}

/// # Errors
/// If there is no such message, or the visitor may not see it.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<MessagePath>,
) -> Result<Response, PageError> {
    shown(&pages, &visitor, concerned, path.message, String::new(), FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn reply(
    State(pages): State<Pages>,
    concerned: Concerned,
    Path(path): Path<MessagePath>,
    form: PostedForm,
) -> Result<Response, PageError> {
    let (message, typed) = (path.message, form.text("reply"));
    let mut errors = FieldFaults::none();
    let reply = if typed.is_empty() {
        errors.add("reply", if form.text("kind") == "keyword" { "Choose a reply" } else { "Write a reply" });
        None
    } else if form.text("kind") == "keyword" {
        errors.read("reply", typed.parse()).map(|keyword| MessageReply::Keyword { keyword })
    } else {
        let text = strictly(|| typed.parse::<ReplyText>());
        errors.read("reply", text).map(|text| MessageReply::FreeText { text })
    };
    let Some(reply) = reply else {
        return shown(&pages, &form.visitor, concerned, message, typed.to_owned(), errors).await;
    };
    let command = ReplyToMessage { subject: concerned.subject, message: message.clone(), reply };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to(&format!("/messages/{message}"), granted.position),
        Err(problem) => {
            let ways = vec![(format!("/messages/{message}"), "See the message".to_owned())];
            refusal::page(&form.visitor, problem, ways)
        }
    })
}

async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    concerned: Concerned,
    message: MessageId,
    typed: String,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let found = pages.ask(visitor, &SeeMessage { subject: concerned.subject, message }).await?;
    let is_by_desk = concerned.is_by_desk();
    let back = if is_by_desk { "/desk/messages" } else { "/messages" };
    // The title has nothing of the message, because browsers keep titles in their history.
    let layout = Layout::of(visitor, errors.titled("Message")).back(back).stale(found.stale);
    let (status, thread) = (errors.status(), found.answer);
    let page = MessagePage {
        layout,
        is_by_desk,
        sender: place(&thread.sender),
        when: words::date_and_time(thread.sent_at),
        about: about(thread.kind),
        offer: thread.facts.as_ref().filter(|_| !is_by_desk).and_then(offer_of),
        form: form_of(&thread, typed),
        reply: thread.replied_at.map(|at| {
            let words = thread.reply.as_ref().map_or_else(|| ERASED.to_owned(), reply_words);
            (words, words::date_and_time(at))
        }),
        receipts: thread.receipts.iter().map(receipt).collect(),
        read: thread.read_at.map_or_else(|| "Not yet".to_owned(), words::date_and_time),
        heading: thread.title.unwrap_or_else(|| ERASED.to_owned()),
        text: thread.text.unwrap_or_else(|| ERASED.to_owned()),
        id: thread.message,
        errors,
    };
    Ok(HtmlPage(status, page).into_response())
}

/// The page about what a message of this kind tells, and the words of the link.
fn about(kind: MessageKind) -> Option<(&'static str, &'static str)> {
    match kind {
        MessageKind::FromPractice => None,
        MessageKind::AppointmentBooked
        | MessageKind::AppointmentMoved
        | MessageKind::AppointmentCancelled
        | MessageKind::AppointmentOrphaned
        | MessageKind::AppointmentReminder
        | MessageKind::WaitingListOffer => Some(("/appointments", "See your appointments")),
        MessageKind::PrescriptionApproved | MessageKind::PrescriptionRejected | MessageKind::PrescriptionReady => {
            Some(("/prescriptions", "See your requests"))
        }
        MessageKind::SymptomCheckFlagged => Some(("/check-symptoms", "See your symptom checks")),
        MessageKind::VaccineRecalled => Some(("/vaccinations", "See your vaccinations")),
    }
}

const ERASED: &str = "This was erased and cannot be read any more";

fn form_of(thread: &MessageThread, typed: String) -> ReplyForm {
    match &thread.replies {
        None | Some(ReplyOffer::None) => ReplyForm::Nothing,
        Some(ReplyOffer::Keywords { keywords }) => ReplyForm::Words(keywords.iter().map(ToString::to_string).collect()),
        Some(ReplyOffer::FreeText) => ReplyForm::OwnWords(typed),
    }
}

/// The address of the offer that a message with these facts is about.
fn offer_of(facts: &SystemFacts) -> Option<String> {
    match facts {
        SystemFacts::WaitingListOffer { session, starts_at, .. } => Some(offer_address("", session, *starts_at)),
        SystemFacts::AppointmentBooked { .. }
        | SystemFacts::AppointmentMoved { .. }
        | SystemFacts::AppointmentCancelled { .. }
        | SystemFacts::AppointmentOrphaned { .. }
        | SystemFacts::AppointmentReminder { .. }
        | SystemFacts::PrescriptionApproved { .. }
        | SystemFacts::PrescriptionRejected { .. }
        | SystemFacts::PrescriptionReady { .. }
        | SystemFacts::SymptomCheckFlagged { .. }
        | SystemFacts::VaccineRecalled { .. } => None,
    }
}

/// A notification: its channel, and how far it came.
fn receipt(receipt: &MessageReceipt) -> (&'static str, String) {
    let channel = match receipt.channel {
        NotificationChannel::Push => "Notification of the app",
        NotificationChannel::Sms => "Text message",
        NotificationChannel::Email => "E-mail",
    };
    let state = match (receipt.delivered_at, receipt.notified_at) {
        (Some(at), _) => format!("Arrived on {}", words::date_and_time(at)),
        (None, Some(at)) => format!("Sent on {}", words::date_and_time(at)),
        (None, None) => format!("To be sent since {}", words::date_and_time(receipt.requested_at)),
    };
    (channel, state)
}
