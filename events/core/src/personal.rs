//! Personal data inside events. A `Personal<T>` is open (just made by a command, or opened with the person's key) or
//! closed (the text of the wire, passed on byte for byte). Only a key ring interprets that text.
//!
//! A personal field belongs to the subject in its event's envelope. Commands and answers carry the plain `T`; only events
//! and the rows of views carry `Personal<T>`.

mod key_ring;
mod scope;

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _, ser::Error as _};

pub use key_ring::{CannotOpen, CannotSeal, KeyKind, KeysUnreachable, SubjectKeyRing, Unsealed};
pub use scope::{KeysMissing, OpeningScope, opening, sealing};

use crate::ids::SubjectId;

/// A type of personal data, with the kind of key that seals it.
pub trait PersonalData: Serialize + DeserializeOwned + Clone {
    const KEY: KeyKind;
}

/// A personal value of an event: open, or closed. It prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(Form<T>);

#[derive(Clone, PartialEq, Eq)]
enum Form<T> {
    Open(T),
    Closed(Box<str>),
}

impl<T: PersonalData> Personal<T> {
    pub fn new(value: T) -> Personal<T> {
        Personal(Form::Open(value))
    }

    /// The value, if it was made by a command or opened with its key. `None` in rows, and if the person's data was
    /// erased: a rule treats both as an unknown value.
    pub fn get(&self) -> Option<&T> {
        match &self.0 {
            Form::Open(value) => Some(value),
            Form::Closed(_) => None,
        }
    }

    /// The value, opened with this subject's key if it is closed.
    ///
    /// # Errors
    /// Those of the key ring; also `Damaged` if the opened text is not a `T`.
    pub fn open(&self, keys: &dyn SubjectKeyRing, subject: SubjectId) -> Result<T, CannotOpen> {
        match &self.0 {
            Form::Open(value) => Ok(value.clone()),
            Form::Closed(text) => read(&keys.open(subject, T::KEY, text)?),
        }
    }
}

fn read<T: PersonalData>(plain: &[u8]) -> Result<T, CannotOpen> {
    // The error of serde_json would quote the text.
    serde_json::from_slice(plain).map_err(|_| CannotOpen::Damaged)
}

impl<T: PersonalData> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Personal::new(value)
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T: PersonalData> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Closed(text) => serializer.serialize_str(text),
            Form::Open(value) => {
                let plain = serde_json::to_vec(value).map_err(S::Error::custom)?;
                serializer.serialize_str(&scope::seal(T::KEY, &plain).map_err(S::Error::custom)?)
            }
        }
    }
}

impl<'de, T: PersonalData> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        match scope::open(T::KEY, &text).map_err(D::Error::custom)? {
            None => Ok(Personal(Form::Closed(text.into()))),
            Some(plain) => read(&plain).map(Personal::new).map_err(D::Error::custom),
        }
    }
}

impl<T> JsonSchema for Personal<T> {
    fn schema_name() -> Cow<'static, str> {
        "Personal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "Personal data, closed: an opaque text."})
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::testing::{RecordingKeyRing, now, person};

    crate::personal_text!(Reason, "Reason", 100, false, Record);

    const EVENT: Uuid = Uuid::from_u128(1);

    fn reason() -> Personal<Reason> {
        Personal::new("a sore knee".parse().expect("valid"))
    }

    fn unsealed() -> Arc<dyn SubjectKeyRing> {
        Arc::new(Unsealed)
    }

    fn sealed_by(keys: &Arc<dyn SubjectKeyRing>, subject: u8) -> String {
        let written = sealing(keys, Some(person(subject)), EVENT, || serde_json::to_string(&reason()));
        written.expect("the key is at hand").expect("writes")
    }

    fn opened_by(keys: &Arc<dyn SubjectKeyRing>, subject: u8, wire: &str) -> Result<Personal<Reason>, KeysMissing> {
        opening(keys, |scope| {
            scope.event_of(Some(person(subject)));
            serde_json::from_str(wire).expect("reads")
        })
    }

    #[test]
    fn personal_data_prints_as_stars() {
        assert_eq!(format!("{:?}", reason()), "***");
    }

    #[test]
    fn an_open_value_is_not_written_outside_an_event_or_without_a_subject() {
        assert!(serde_json::to_string(&reason()).is_err());
        let written = sealing(&unsealed(), None, EVENT, || serde_json::to_string(&reason()));
        assert!(written.expect("no key refused").is_err());
        let written = opening(&unsealed(), |scope| {
            scope.event_of(Some(person(1)));
            serde_json::to_string(&reason())
        });
        assert!(written.expect("no key is missing").is_err(), "a scope for reading writes nothing open");
    }

    #[test]
    fn a_closed_value_is_carried_byte_for_byte_by_those_without_a_key() {
        let wire = sealed_by(&unsealed(), 1);
        assert_eq!(wire, r#""p0.ImEgc29yZSBrbmVlIg""#);
        let carried: Personal<Reason> = serde_json::from_str(&wire).expect("reads");
        assert_eq!(carried.get(), None);
        assert_eq!(serde_json::to_string(&carried).expect("writes"), wire);
        assert_eq!(carried.open(&Unsealed, person(1)).expect("opens").as_str(), "a sore knee");
    }

    #[test]
    fn within_a_key_a_value_is_read_open() {
        assert_eq!(opened_by(&unsealed(), 1, &sealed_by(&unsealed(), 1)), Ok(reason()));
    }

    #[test]
    fn a_value_in_an_event_without_a_subject_is_not_read() {
        let wire = sealed_by(&unsealed(), 1);
        let read = opening(&unsealed(), |_| serde_json::from_str::<Personal<Reason>>(&wire).is_err());
        assert_eq!(read, Ok(true));
    }

    #[test]
    fn a_text_of_another_form_does_not_open() {
        let other: Personal<Reason> = serde_json::from_str("\"p1.AAAA\"").expect("carried");
        assert_eq!(other.open(&Unsealed, person(1)), Err(CannotOpen::Damaged));
        let wrong_type: Personal<Reason> = serde_json::from_str("\"p0.MTc\"").expect("carried");
        assert_eq!(wrong_type.open(&Unsealed, person(1)), Err(CannotOpen::Damaged));
    }

    #[test]
    fn a_subject_whose_key_is_not_at_hand_is_named_once_and_a_refused_seal_is_told() {
        let ring = Arc::new(RecordingKeyRing::default());
        let keys: Arc<dyn SubjectKeyRing> = ring.clone();
        let written = sealing(&keys, Some(person(1)), EVENT, || serde_json::to_string(&reason()));
        assert_eq!(written.map(|_| ()), Err(CannotSeal::Unreachable));
        now(keys.prefetch(&[person(1)])).expect("reachable");
        let wire = format!("[{0},{0}]", sealed_by(&keys, 1));
        ring.forget_all();
        let read = opening(&keys, |scope| {
            scope.event_of(Some(person(1)));
            serde_json::from_str::<Vec<Personal<Reason>>>(&wire).expect("carried closed")
        });
        assert_eq!(read, Err(KeysMissing(vec![person(1)])));
    }

    #[test]
    fn an_erased_persons_value_is_read_closed_and_carried_on() {
        let ring = Arc::new(RecordingKeyRing::default());
        let keys: Arc<dyn SubjectKeyRing> = ring.clone();
        now(keys.prefetch(&[person(1)])).expect("reachable");
        let wire = sealed_by(&keys, 1);
        ring.erase(person(1));
        let read = opened_by(&keys, 1, &wire).expect("no key is missing");
        assert_eq!(read.get(), None);
        assert_eq!(serde_json::to_string(&read).expect("writes"), wire);
    }
}
