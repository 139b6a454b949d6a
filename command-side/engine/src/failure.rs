//! The three kinds of failure: unreadable (the body, the key), refused (the gate, the rules), broken (the log, a bug).
//! HTTP gives each its status (`http::problem`).

use event_core::{Class, Denied, Rejected};

/// A fault in what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where in the body: a JSON pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// What is wrong. It may quote the body, so it is answered and never logged.
    pub detail: String,
}

/// Why a command was not granted. No event was stored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    #[error("there is no command of this name")]
    UnknownCommand,
    #[error("the idempotency key is not 16 to 128 visible ASCII characters")]
    UnfitKey,
    /// The body is no such command.
    #[error("the body could not be read")]
    Unreadable(Fault),
    /// The body would be a command, were a text of it not longer than its limit.
    #[error("a text is longer than its limit")]
    TextTooLong(Fault),
    #[error("the gate: {0}")]
    Denied(#[from] Denied),
    #[error("the rules: {}", .0.rejection.code)]
    Rejected(Rejected),
    /// A rule said no when this command was first given. That was the decision, whatever the rule would say now.
    #[error("the rules, when it was first given: {}", .0.rejection.code)]
    RejectedBefore(Rejected),
    #[error("this idempotency key was used for another body")]
    KeyReused,
    /// A stream of the command holds as many events as a stream can.
    #[error("a stream is full")]
    StreamFull,
    /// What was read had changed when it was to be stored, more often than the engine tries.
    #[error("too many others change the same")]
    Contended,
    /// Too much waits to be decided.
    #[error("too many commands are waiting")]
    Overloaded,
    #[error("the log cannot be written or read now")]
    Unavailable,
    /// A bug, or an event that this binary cannot read. The cause is in the server's own log.
    #[error("something is broken on the server")]
    Broken,
}

impl Failure {
    /// For the metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Failure::UnknownCommand | Failure::UnfitKey | Failure::Unreadable(_) | Failure::TextTooLong(_) => {
                "unreadable"
            }
            Failure::Denied(_) => "denied",
            Failure::Rejected(rejected) => match rejected.rejection.class {
                Class::NotFound => "rejected-not-found",
                Class::Conflict => "rejected-conflict",
                Class::Gone => "rejected-gone",
                Class::Precondition => "rejected-precondition",
                Class::NotYours => "rejected-not-yours",
                Class::Rule => "rejected-rule",
            },
            Failure::StreamFull => "rejected-conflict",
            Failure::RejectedBefore(_) => "replayed",
            Failure::KeyReused => "key-reused",
            Failure::Contended => "contended",
            Failure::Overloaded => "overloaded",
            Failure::Unavailable => "unavailable",
            Failure::Broken => "broken",
        }
    }
}
