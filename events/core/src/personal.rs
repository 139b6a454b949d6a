//! Personal data inside events. A `Personal<T>` is open (just made by a command, or opened by whoever holds the key) or
//! closed (the text of the wire, carried on byte for byte). Which form that text has is known to the `Key` alone.
//!
//! Commands and answers carry the plain `T`; only events and the rows of views carry `Personal<T>`.

use std::{borrow::Cow, cell::RefCell, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _, ser::Error as _};

/// Which of a person's two keys seals a value: `Account` can be destroyed while the record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Account,
    Record,
}

/// A type of personal data, which names its key.
pub trait PersonalData: Serialize + DeserializeOwned + Clone {
    const KEY: KeyKind;
}

/// Why a closed value did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    #[error("the personal data is not in a form that this key opens")]
    Unreadable,
}

/// Seals and opens the personal fields of one event.
pub trait Key: Send + Sync {
    fn seal(&self, kind: KeyKind, plain: &[u8]) -> String;
    /// # Errors
    /// When the text is not of the form that this key makes.
    fn open(&self, kind: KeyKind, closed: &str) -> Result<Vec<u8>, CannotOpen>;
}

/// The form until the vault exists: `p0.` and the base64url of the value's JSON. It hides nothing, and is in one place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsealed;

const UNSEALED: &str = "p0.";

impl Key for Unsealed {
    fn seal(&self, _: KeyKind, plain: &[u8]) -> String {
        format!("{UNSEALED}{}", URL_SAFE_NO_PAD.encode(plain))
    }

    fn open(&self, _: KeyKind, closed: &str) -> Result<Vec<u8>, CannotOpen> {
        let text = closed.strip_prefix(UNSEALED).ok_or(CannotOpen::Unreadable)?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| CannotOpen::Unreadable)
    }
}

thread_local! {
    /// The key in whose scope this thread reads or writes an event.
    static SCOPE: RefCell<Option<Arc<dyn Key>>> = const { RefCell::new(None) };
}

/// Runs `work` with `key`: inside, `Personal` fields that are written are sealed and those that are read are opened.
/// Outside of any scope they are carried closed, and an open one cannot be written: plain text never leaks by omission.
pub fn with_key<R>(key: Arc<dyn Key>, work: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<dyn Key>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SCOPE.with_borrow_mut(|scope| *scope = self.0.take());
        }
    }
    let _restore = Restore(SCOPE.with_borrow_mut(|scope| scope.replace(key)));
    work()
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

    /// The value, where this was read or made in the scope of a key.
    pub fn get(&self) -> Option<&T> {
        match &self.0 {
            Form::Open(value) => Some(value),
            Form::Closed(_) => None,
        }
    }

    /// The value, opened with `key` if it is closed.
    ///
    /// # Errors
    /// When the key does not open it, or what it opens is no `T`.
    pub fn open(&self, key: &dyn Key) -> Result<T, CannotOpen> {
        match &self.0 {
            Form::Open(value) => Ok(value.clone()),
            Form::Closed(text) => open_with(key, text),
        }
    }
}

fn open_with<T: PersonalData>(key: &dyn Key, text: &str) -> Result<T, CannotOpen> {
    let plain = key.open(T::KEY, text)?;
    serde_json::from_slice(&plain).map_err(|_| CannotOpen::Unreadable)
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
                let key = SCOPE.with_borrow(Option::clone);
                let key = key.ok_or_else(|| S::Error::custom("an open personal value is written outside its event"))?;
                let plain = serde_json::to_vec(value).map_err(S::Error::custom)?;
                serializer.serialize_str(&key.seal(T::KEY, &plain))
            }
        }
    }
}

impl<'de, T: PersonalData> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        match SCOPE.with_borrow(Option::clone) {
            None => Ok(Personal(Form::Closed(text.into()))),
            Some(key) => open_with(key.as_ref(), &text).map(Personal::new).map_err(D::Error::custom),
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
    use super::*;

    crate::personal_text!(Reason, "Reason", 100, false, Record);

    fn reason() -> Personal<Reason> {
        Personal::new("a sore knee".parse().expect("valid"))
    }

    fn sealed() -> String {
        with_key(Arc::new(Unsealed), || serde_json::to_string(&reason())).expect("writes")
    }

    #[test]
    fn personal_data_prints_as_stars() {
        assert_eq!(format!("{:?}", reason()), "***");
    }

    #[test]
    fn an_open_value_is_not_written_without_a_key() {
        assert!(serde_json::to_string(&reason()).is_err());
    }

    #[test]
    fn a_closed_value_is_carried_byte_for_byte_by_those_without_a_key() {
        let wire = sealed();
        let carried: Personal<Reason> = serde_json::from_str(&wire).expect("reads");
        assert_eq!(carried.get(), None);
        assert_eq!(serde_json::to_string(&carried).expect("writes"), wire);
        assert_eq!(carried.open(&Unsealed).expect("opens").as_str(), "a sore knee");
    }

    #[test]
    fn within_a_key_a_value_is_read_open() {
        let opened: Personal<Reason> = with_key(Arc::new(Unsealed), || serde_json::from_str(&sealed())).expect("reads");
        assert_eq!(opened, reason());
    }

    #[test]
    fn a_text_of_another_form_does_not_open() {
        let other: Personal<Reason> = serde_json::from_str("\"p1.AAAA\"").expect("carried");
        assert_eq!(other.open(&Unsealed), Err(CannotOpen::Unreadable));
    }
}
