//! The contact details of a patient, and the ways in which the patient wants to be told about messages.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use domain::contacts::{ChangeContact, SetPreferences};
use page_engine::{HtmlPage, PageError, Pages, PostedForm, Visitor, back_to};
use queries::contacts::{PersonContact, SeeContact};
use serde::Deserialize;
use vocabulary::contacts::{EmailAddress, PhoneNumber, Preferences};

use crate::{
    concerned::Concerned,
    errors::FieldFaults,
    layout::{Layout, filters},
    refusal,
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
{% if is_saved %}{% call desk::done("Your contact details and choices are saved.") %}{% endcall %}{% endif %}
<h1>{{ heading }}</h1>
<p>Your messages are always here. Choose how you are told that there is a new one. A notification never says what it is about.</p>
<form action="/contact" method="post">
{% call forms::hidden(layout) %}{% endcall %}
{% call desk::field(errors, "phone", "Mobile phone number (optional)", "For example, 07700 900123.", typed.phone, "tel", "20") %}{% endcall %}
{% call desk::field(errors, "email", "E-mail address (optional)", "", typed.email, "email", "30") %}{% endcall %}
<div class="nhsuk-form-group">
<fieldset class="nhsuk-fieldset">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m"><h2 class="nhsuk-fieldset__heading">Tell me about new messages by</h2></legend>
<div class="nhsuk-checkboxes">
{% for choice in typed.channels() %}
<div class="nhsuk-checkboxes__item">
<input class="nhsuk-checkboxes__input" id="{{ choice.0 }}" name="allowed" type="checkbox" value="{{ choice.0 }}"{% if choice.2 %} checked{% endif %}>
<label class="nhsuk-label nhsuk-checkboxes__label" for="{{ choice.0 }}">{{ choice.1 }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<div class="nhsuk-form-group">
<fieldset class="nhsuk-fieldset">
<legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m"><h2 class="nhsuk-fieldset__heading">Other choices</h2></legend>
<div class="nhsuk-checkboxes">
{% for choice in typed.others() %}
<div class="nhsuk-checkboxes__item">
<input class="nhsuk-checkboxes__input" id="{{ choice.0 }}" name="allowed" type="checkbox" value="{{ choice.0 }}"{% if choice.2 %} checked{% endif %}>
<label class="nhsuk-label nhsuk-checkboxes__label" for="{{ choice.0 }}">{{ choice.1 }}</label>
</div>
{% endfor %}
</div>
</fieldset>
</div>
<button class="nhsuk-button">Save</button>
</form>
</div></div>
{% endblock %}"#
)]
struct ContactPage {
    layout: Layout,
    heading: &'static str,
    is_saved: bool,
    typed: TypedContact,
    errors: FieldFaults,
}

/// The form as it was filled in.
struct TypedContact {
    phone: String,
    email: String,
    preferences: Preferences,
}

/// A box to tick: the value of its field, its label, and if it is ticked.
type TickBox = (&'static str, &'static str, bool);

impl TypedContact {
    fn of(contact: PersonContact) -> TypedContact {
        TypedContact {
            phone: contact.phone.map(String::from).unwrap_or_default(),
            email: contact.email.map(String::from).unwrap_or_default(),
            preferences: contact.preferences,
        }
    }

    fn posted(form: &PostedForm) -> TypedContact {
        let allowed = form.all("allowed");
        let is = |field| allowed.contains(&field);
        TypedContact {
            phone: form.text("phone").to_owned(),
            email: form.text("email").to_owned(),
            preferences: Preferences {
                push: is("push"),
                sms: is("sms"),
                email: is("by-email"),
                reminders: is("reminders"),
                research_opt_out: is("research"),
            },
        }
    }

    fn channels(&self) -> [TickBox; 3] {
        let allowed = self.preferences;
        [
            ("push", "A notification of the app", allowed.push),
            ("sms", "A text message to my phone", allowed.sms),
            ("by-email", "An e-mail", allowed.email),
        ]
    }

    fn others(&self) -> [TickBox; 2] {
        let allowed = self.preferences;
        [
            ("reminders", "Remind me of an appointment three days before it", allowed.reminders),
            ("research", "Do not use my data for research", allowed.research_opt_out),
        ]
    }
}

/// A number as people write it: with spaces, and in Britain with a 0 in front.
fn phone(typed: &str) -> Result<PhoneNumber, &'static str> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && !"-()".contains(*c)).collect();
    let international = match digits.strip_prefix('0') {
        Some(rest) if !rest.starts_with('0') => format!("+44{rest}"),
        Some(_) | None => digits,
    };
    international.parse().map_err(|_| "Enter a phone number, like 07700 900123 or +44 7700 900123")
}

fn email(typed: &str) -> Result<EmailAddress, &'static str> {
    typed.parse().map_err(|_| "Enter an e-mail address, like name@example.com")
}

#[derive(Deserialize)]
pub struct ContactDone {
    saved: Option<String>,
}

/// # Errors
/// If the visitor is not a patient, or the query fails.
pub async fn page(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Query(done): Query<ContactDone>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &SeeContact { subject: concerned.subject }).await?;
    let typed = TypedContact::of(found.answer);
    Ok(shown(&visitor, typed, done.saved.is_some(), found.stale, FieldFaults::none()))
}

/// # Errors
/// If the form is not one of this server's, or the visitor is not a patient.
pub async fn save(State(pages): State<Pages>, concerned: Concerned, form: PostedForm) -> Result<Response, PageError> {
    let (visitor, subject, typed) = (&form.visitor, concerned.subject, TypedContact::posted(&form));
    let mut errors = FieldFaults::none();
    let phone = form.filled("phone").and_then(|text| errors.read("phone", phone(text)));
    let email = form.filled("email").and_then(|text| errors.read("email", email(text)));
    if typed.preferences.sms && form.filled("phone").is_none() {
        errors.add("phone", "Enter a phone number for text messages");
    }
    if typed.preferences.email && form.filled("email").is_none() {
        errors.add("email", "Enter an e-mail address for e-mails");
    }
    if !errors.is_empty() {
        return Ok(shown(visitor, typed, false, false, errors));
    }
    let refused = |problem| {
        let ways = vec![("/contact".to_owned(), "See what is saved now".to_owned())];
        refusal::page(visitor, problem, ways)
    };
    if let Err(problem) = pages.give(&form, &ChangeContact { subject, phone, email }).await {
        return Ok(refused(problem));
    }
    let preferences = SetPreferences { subject, preferences: typed.preferences };
    Ok(match pages.give_with(&form, form.key_for("preferences"), &preferences).await {
        Ok(granted) => back_to("/contact?saved", granted.position),
        Err(problem) => refused(problem),
    })
}

fn shown(visitor: &Visitor, typed: TypedContact, is_saved: bool, is_stale: bool, errors: FieldFaults) -> Response {
    let heading = "How you are told about messages";
    let layout = Layout::of(visitor, errors.titled(heading)).back("/messages").stale(is_stale);
    let status = errors.status();
    HtmlPage(status, ContactPage { layout, heading, is_saved, typed, errors }).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_read_as_people_write_it() {
        for typed in ["07700 900123", "+44 7700 900123", "(07700) 900-123"] {
            assert_eq!(phone(typed).map(String::from), Ok("+447700900123".to_owned()), "{typed}");
        }
        for wrong in ["0044 7700 900123", "7700", "none"] {
            assert!(phone(wrong).is_err(), "{wrong}");
        }
    }
}
