//! Rejections: the negative answers of the rules. Each is data, so that the API can list and explain it.

use serde_json::{Map, Value};

/// The class of a rejection. The HTTP layer maps it to a status; this crate does not depend on HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The thing that the command names does not exist.
    NotFound,
    /// The command conflicts with the present state.
    Conflict,
    /// The thing existed and has ended.
    Gone,
    /// The command names another version than the present one.
    Precondition,
    /// The thing does not belong to the caller.
    NotYours,
    /// A rule does not allow it.
    Rule,
}

/// One way in which a command is rejected. There is one constant for each, next to the rules of its service.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Kebab-case, unique: `slot-taken`. It never changes.
    pub code: &'static str,
    pub class: Class,
    /// One sentence that tells the user why the command is refused.
    pub title: &'static str,
    /// The remedy.
    pub advice: &'static str,
}

/// A rejection with details of this case, such as a limit or the earliest date. Never personal.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    pub rejection: &'static Rejection,
    pub details: Map<String, Value>,
}

impl Rejection {
    /// This rejection, with one detail of the case.
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
