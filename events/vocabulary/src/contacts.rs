//! Contacts: the contact details of a person, and the ways in which the person wants to be notified. Stream
//! `contact-<subject>`.

use std::{fmt, str::FromStr};

use event_core::{
    Malformed, Personal, Service, SubjectId, Timestamp, events,
    personal::{KeyKind, PersonalData},
    text_id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub static SERVICE: Service = Service { name: "contacts", categories: &[ContactEvent::ABOUT] };

events! {
    /// The events of a person's contact details and preferences.
    ContactEvent of SERVICE as "contact" on "contact" by (subject) {
        Changed(ContactChanged) = "contact.changed.v1",
        PreferencesSet(PreferencesSet) = "contact.preferences-set.v1",
    }
}

/// The contact details of a person were changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactChanged {
    pub subject: SubjectId,
    pub details: Personal<ContactDetails>,
    pub changed_at: Timestamp,
}

/// A person said in which ways they want to be notified, and if their data may be used for research.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreferencesSet {
    pub subject: SubjectId,
    pub preferences: Preferences,
    pub set_at: Timestamp,
}

/// The contact details of a person. A detail that is absent is not known.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactDetails {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
}

impl PersonalData for ContactDetails {
    const KEY: KeyKind = KeyKind::Account;
}

impl fmt::Debug for ContactDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The consents of a person. Without an event there is no consent, and no opt-out from research.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Notifications of the app.
    pub push: bool,
    /// Text messages to the phone number.
    pub sms: bool,
    pub email: bool,
    /// Reminders of appointments, by the ways above.
    pub reminders: bool,
    /// True if the person's data must not be used for research. Exports leave such a person out.
    pub research_opt_out: bool,
}

/// The way in which a notification reaches a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotificationChannel {
    Push,
    Sms,
    Email,
}

impl Preferences {
    pub fn allow(&self, channel: NotificationChannel) -> bool {
        match channel {
            NotificationChannel::Push => self.push,
            NotificationChannel::Sms => self.sms,
            NotificationChannel::Email => self.email,
        }
    }
}

/// A phone number in international form (E.164): `+` and 8 to 15 digits, like `+447700900123`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Box<str>);

text_id!(PhoneNumber, "PhoneNumber", "^[+][1-9][0-9]{7,14}$");

impl PhoneNumber {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for PhoneNumber {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let digits = text.strip_prefix('+').unwrap_or_default().as_bytes();
        if (8..=15).contains(&digits.len()) && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit) {
            Ok(PhoneNumber(text.into()))
        } else {
            Err(Malformed("a phone number is + and 8 to 15 digits, like +447700900123".into()))
        }
    }
}

/// An e-mail address: 1 to 64 characters, `@`, and a domain of 2 to 5 parts of 1 to 50 characters each. Only the forms
/// that people use are accepted, not all that RFC 5322 allows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(Box<str>);

text_id!(EmailAddress, "EmailAddress", "^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,50}([.][A-Za-z0-9-]{1,50}){1,4}$");

impl EmailAddress {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for EmailAddress {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let part = |part: &str, most: usize, also: &[u8]| {
            (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
        };
        let (local, domain) = text.split_once('@').unwrap_or_default();
        let labels: Vec<&str> = domain.split('.').collect();
        if part(local, 64, b"._%+'-")
            && (2..=5).contains(&labels.len())
            && labels.iter().all(|label| part(label, 50, b"-"))
        {
            Ok(EmailAddress(text.into()))
        } else {
            Err(Malformed("an e-mail address is like alice@example.com".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_in_international_form() {
        for right in ["+447700900123", "+12025550123", "+49301234"] {
            assert!(right.parse::<PhoneNumber>().is_ok(), "{right}");
        }
        for wrong in ["", "+", "07700900123", "+0447700900123", "+44 7700 900123", "+1234567", "+1234567890123456"] {
            assert!(wrong.parse::<PhoneNumber>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_email_address_has_a_name_and_a_domain() {
        for right in ["alice@example.com", "o'neill+a.b@mail.example.co.uk", "a@b.c"] {
            assert!(right.parse::<EmailAddress>().is_ok(), "{right}");
        }
        for wrong in ["", "alice", "alice@", "@example.com", "alice@example", "a@b@example.com", "a b@example.com"] {
            assert!(wrong.parse::<EmailAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn contact_details_are_never_in_a_log() {
        let details = ContactDetails { phone: "+447700900123".parse().ok(), email: "alice@example.com".parse().ok() };
        assert_eq!(format!("{details:?} {:?} {:?}", details.phone, details.email), "*** Some(***) Some(***)");
    }
}
