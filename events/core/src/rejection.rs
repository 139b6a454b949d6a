//! Rejections: the answers of the rules that say no. Each is data, so that the API can list and explain it.

use serde_json::{Map, Value};

/// The class of a rejection. HTTP gives each its status; nothing here knows HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The thing that the command names does not exist.
    NotFound,
    /// It does not fit what already is.
    Conflict,
    /// It was there and has ended.
    Gone,
    /// The caller has seen another version.
    Precondition,
    /// It is not the caller's.
    NotYours,
    /// A rule does not allow it.
    Rule,
}

/// One way in which a command is rejected. There is one constant for each, beside the rules of its service.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Kebab-case, unique: `slot-taken`. It never changes.
    pub code: &'static str,
    pub class: Class,
    /// One sentence for the person whose wish is refused.
    pub title: &'static str,
    /// The remedy.
    pub advice: &'static str,
}

/// A rejection, with what the caller may want to know about this case (a limit, the earliest date). Never personal.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    pub rejection: &'static Rejection,
    pub details: Map<String, Value>,
}

impl Rejection {
    /// This rejection, with one fact about the case.
    pub fn with(&'static self, name: &str, value: impl Into<Value>) -> Rejected {
        Rejected::from(self).with(name, value)
    }
}

impl Rejected {
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Rejected {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl From<&'static Rejection> for Rejected {
    fn from(rejection: &'static Rejection) -> Rejected {
        Rejected { rejection, details: Map::new() }
    }
}
