//! Carers: the people that look after a patient without being paid, so that the practice knows its contacts. A carer
//! gets no permissions; acting for a patient is another service. Stream `carers-<subject>`.

use std::{fmt, str::FromStr, sync::Arc};

use event_core::{
    Malformed, Personal, Service, SubjectId, Timestamp, events,
    personal::{KeyKind, PersonalData},
    text_id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::PersonName;

pub static SERVICE: Service = Service { name: "carers", categories: &[CarerEvent::ABOUT] };

events! {
    /// The events of a person's carers.
    CarerEvent of SERVICE as "carer" on "carers" by (subject) {
        Registered(CarerRegistered) = "carer.registered.v1",
        Removed(CarerRemoved) = "carer.removed.v1",
    }
}

/// A person named a carer that looks after them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CarerRegistered {
    pub subject: SubjectId,
    pub carer: CarerId,
    pub details: Personal<CarerDetails>,
    pub registered_at: Timestamp,
}

/// A person's carer no longer looks after them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CarerRemoved {
    pub subject: SubjectId,
    pub carer: CarerId,
    pub removed_at: Timestamp,
}

/// Identifies a carer among the carers of one person: 12 characters of Crockford base32, chosen by the app that
/// registers the carer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CarerId(Arc<str>);

text_id!(CarerId, "CarerId", "^[0-9A-HJKMNP-TV-Z]{12}$");

impl fmt::Display for CarerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CarerId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let crockford = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
        if text.len() == 12 && text.bytes().all(crockford) {
            Ok(CarerId(text.into()))
        } else {
            Err(Malformed("a carer's id is 12 characters of Crockford base32, upper case".into()))
        }
    }
}

/// The details of a carer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CarerDetails {
    pub name: PersonName,
    pub relationship: CarerRelationship,
}

impl PersonalData for CarerDetails {
    const KEY: KeyKind = KeyKind::Record;
}

impl fmt::Debug for CarerDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The relationship of a carer to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CarerRelationship {
    Partner,
    Parent,
    Child,
    Relative,
    Friend,
    Neighbour,
    Other,
}
