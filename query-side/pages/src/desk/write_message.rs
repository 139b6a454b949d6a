//! Writing a message to a patient of the practice.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::messages::{SendMessage, message::KEYWORDS_MAX};
use event_core::{Malformed, strictness::strictly};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::registrations::SeeRegistration;
use vocabulary::{
    messages::{MessageBody, MessageRequestId, MessageTitle, ReplyOffer},
    text::PersonName,
};

use super::practice::practice_of;
use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    random_id::twelve_digits,
    refusal,
};

const HEADING: &str = "Write a message";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}
{% import "forms.html" as forms %}
{% import "desk.html" as desk %}
{% block main %}
<div class="nhsuk-grid-row"><div class="nhsuk-grid-column-two-thirds">
{% call forms::summary(errors) %}{% endcall %}
<span class="nhsuk-caption-l">To {{ name }}</span>
<h1>{{ heading }}</h1>
<form action="{{ base }}/messages/new" method="post">
{% call forms::hidden(layout) %}{% endcall %}
<input type="hidden" name="request" value="{{ typed.request }}">
{% call desk::field(errors, "title", "Title", "The patient sees it in the list of messages.", typed.title, "text", "30") %}{% endcall %}
<div class="nhsuk-form-group{% if errors.of("body").is_some() %} nhsuk-form-group--error{% endif %}">
<label class="nhsuk-label nhsuk-label--s" for="body">Message</label>
<div class="nhsuk-hint" id="body-hint">At most {{ MessageBody::CHARACTERS_MAX }} characters. Notifications never contain it.</div>
{% call forms::message(errors, "body") %}{% endcall %}
<textarea class="nhsuk-textarea" id="body" name="body" rows="8" aria-describedby="body-hint{% if errors.of("body").is_some() %} body-error{% endif %}">
{{ typed.body }}</textarea>
</div>
<div class="nhsuk-form-group">
<fieldset class="nhsuk-fieldset">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">Reply</legend>
<div class="nhsuk-radios">
{% for choice in typed.offers() %}
<div class="nhsuk-radios__item">
<input class="nhsuk-radios__input" id="offer-{{ choice.0 }}" name="offer" type="radio" value="{{ choice.0 }}"{% if choice.2 %} checked{% endif %}>
<label class="nhsuk-label nhsuk-radios__label" for="offer-{{ choice.0 }}">{{ choice.1 }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
{% call desk::field(errors, "keywords", "Words to choose from", "One to six words of capital letters and digits with spaces between, like YES NO.", typed.keywords, "text", "30") %}{% endcall %}
<button class="nhsuk-button">Send the message</button>
</form>
</div></div>
{% endblock %}"#
)]
struct WritePage {
    layout: Layout,
    base: String,
    name: String,
    heading: &'static str,
    typed: TypedMessage,
    errors: FieldFaults,
}

const NO_REPLY: &str = "none";
const KEYWORDS: &str = "keywords";
const FREE_TEXT: &str = "free-text";

/// The replies that a message can offer, as their fields say it.
const OFFERS: [(&str, &str); 3] = [
    (NO_REPLY, "The patient cannot reply"),
    (KEYWORDS, "The patient chooses one of the words below"),
    (FREE_TEXT, "The patient replies once in their own words"),
];

/// The message as it was typed.
struct TypedMessage {
    /// The form keeps it, so that sending the form twice sends one message.
    request: String,
    title: String,
    body: String,
    offer: String,
    keywords: String,
}

impl TypedMessage {
    fn new() -> TypedMessage {
        TypedMessage {
            request: twelve_digits(),
            title: String::new(),
            body: String::new(),
            offer: NO_REPLY.to_owned(),
            keywords: String::new(),
        }
    }

    fn posted(form: &PostedForm) -> TypedMessage {
        let text = |name| form.text(name).to_owned();
        TypedMessage {
            request: text("request"),
            title: text("title"),
            body: text("body"),
            offer: text("offer"),
            keywords: text("keywords"),
        }
    }

    /// The offers: the value of each field, its label, and if it is chosen.
    fn offers(&self) -> [(&'static str, &'static str, bool); 3] {
        OFFERS.map(|(offer, label)| (offer, label, self.offer == offer))
    }

    fn read(&self) -> Result<(MessageRequestId, MessageTitle, MessageBody, ReplyOffer), FieldFaults> {
        let mut faults = FieldFaults::none();
        let request = faults.read("title", self.request.parse().map_err(|_| "Load the page again".to_owned()));
        let title =
            faults.read("title", strictly(|| self.title.parse()).map_err(|fault| said(&self.title, "a title", fault)));
        let body =
            faults.read("body", strictly(|| self.body.parse()).map_err(|fault| said(&self.body, "a message", fault)));
        let offer = faults.read("keywords", self.offered());
        match (request, title, body, offer) {
            (Some(request), Some(title), Some(body), Some(offer)) => Ok((request, title, body, offer)),
            _ => Err(faults),
        }
    }

    fn offered(&self) -> Result<ReplyOffer, String> {
        match self.offer.as_str() {
            KEYWORDS => {
                let words = self.keywords.split([' ', ',']).filter(|word| !word.is_empty());
                let keywords = words.map(|word| word.to_uppercase().parse()).collect::<Result<Vec<_>, Malformed>>();
                let keywords =
                    keywords.map_err(|_| "Use words of letters and digits, with spaces between".to_owned())?;
                let mut different = keywords.clone();
                different.sort_unstable();
                different.dedup();
                if (1..=KEYWORDS_MAX).contains(&keywords.len()) && different.len() == keywords.len() {
                    Ok(ReplyOffer::Keywords { keywords })
                } else {
                    Err(format!("Enter from 1 to {KEYWORDS_MAX} different words"))
                }
            }
            FREE_TEXT => Ok(ReplyOffer::FreeText),
            _ => Ok(ReplyOffer::None),
        }
    }
}

/// The fault of a text.
fn said(typed: &str, what: &str, fault: Malformed) -> String {
    if typed.is_empty() { format!("Enter {what}") } else { fault.to_string() }
}

/// # Errors
/// If the visitor may not see this patient, or the query fails.
pub async fn page(State(pages): State<Pages>, visitor: Visitor, concerned: Concerned) -> Result<Response, PageError> {
    shown(&pages, &visitor, concerned, TypedMessage::new(), FieldFaults::none()).await
}

/// # Errors
/// If the form is not one of this server's, or the visitor works for no practice.
pub async fn send(State(pages): State<Pages>, concerned: Concerned, form: PostedForm) -> Result<Response, PageError> {
    let (visitor, typed) = (&form.visitor, TypedMessage::posted(&form));
    let sender = practice_of(visitor)?;
    let (request, title, body, replies) = match typed.read() {
        Ok(read) => read,
        Err(faults) => return shown(&pages, visitor, concerned, typed, faults).await,
    };
    let command = SendMessage { sender, request, patient: concerned.subject, title, body, replies };
    Ok(match pages.give(&form, &command).await {
        Ok(granted) => back_to("/desk/messages?sent", granted.position),
        Err(problem) => {
            let ways = vec![(concerned.base, "See the patient".to_owned())];
            refusal::page(visitor, problem, ways)
        }
    })
}

async fn shown(
    pages: &Pages,
    visitor: &Visitor,
    concerned: Concerned,
    typed: TypedMessage,
    errors: FieldFaults,
) -> Result<Response, PageError> {
    let found = pages.ask(visitor, &SeeRegistration { subject: concerned.subject }).await?;
    let name =
        found.answer.name.as_ref().map_or_else(|| "a patient".to_owned(), |name: &PersonName| name.as_str().to_owned());
    let base = concerned.base;
    let layout = Layout::of(visitor, errors.titled(HEADING)).back(base.clone()).stale(found.stale);
    let status = errors.status();
    Ok(HtmlPage(status, WritePage { layout, base, name, heading: HEADING, typed, errors }).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(offer: &str, keywords: &str) -> TypedMessage {
        let text = |text: &str| text.to_owned();
        TypedMessage {
            title: text("Title"),
            body: text("Body"),
            offer: text(offer),
            keywords: text(keywords),
            ..TypedMessage::new()
        }
    }

    #[test]
    fn keywords_are_read_as_people_write_them() {
        let (_, _, _, offer) = typed(KEYWORDS, "yes, no").read().expect("it reads");
        let words = ["YES", "NO"].map(|word| word.parse().expect("a keyword")).to_vec();
        assert!(offer == ReplyOffer::Keywords { keywords: words });
        for wrong in ["", "YES YES", "1 2 3 4 5 6 7", "YES?"] {
            let faults = typed(KEYWORDS, wrong).read().expect_err(wrong);
            assert!(faults.of("keywords").is_some(), "{wrong}");
        }
        assert!(typed(NO_REPLY, "YES?").read().is_ok());
    }

    #[test]
    fn a_message_has_a_title_and_a_text() {
        let empty = TypedMessage { title: String::new(), body: String::new(), ..typed(NO_REPLY, "") };
        let faults = empty.read().expect_err("nothing was typed");
        assert_eq!((faults.of("title"), faults.of("body")), (Some("Enter a title"), Some("Enter a message")));
    }
}
