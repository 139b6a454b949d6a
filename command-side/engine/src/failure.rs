//! The three kinds of failure: unreadable (the body, the key), refused (the gate, the rules), broken (the log, a bug).
//! Over HTTP, each becomes a problem.

use axum::response::{IntoResponse, Response};
use event_core::{Class, Denied, Rejected, Rejection};
use http_edge::{
    Fault, Problem,
    problem_catalogue::{
        CONTENDED, IDEMPOTENCY_KEY, INTERNAL, KEY_REUSED, LOG_UNAVAILABLE, MALFORMED, OVERLOADED, STREAM_FULL,
        TEXT_TOO_LONG, UNKNOWN_COMMAND,
    },
};

/// The time after which a client may repeat a command that met too many others, or a log that cannot be written.
const RETRY_AFTER_SECONDS: u32 = 1;

/// The answer to a command that would store personal data of an erased person.
pub(crate) static ERASED: Rejection = Rejection {
    code: "erased",
    class: Class::Gone,
    title: "This person's data was erased.",
    advice: "Nothing personal can be stored for this person any more.",
};

/// The reason why a command was not granted. No event was stored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    #[error("there is no command of this name")]
    UnknownCommand,
    #[error("the idempotency key is not 16 to 128 visible ASCII characters")]
    UnfitKey,
    /// The body is not a command of this name.
    #[error("the body could not be read")]
    Unreadable(Fault),
    /// The body has a text that is longer than its limit.
    #[error("a text is longer than its limit")]
    TextTooLong(Fault),
    #[error("the gate: {0}")]
    Denied(#[from] Denied),
    #[error("the rules: {}", .0.rejection.code)]
    Rejected(Rejected),
    /// A rule rejected this command when it was first given. That decision stands, whatever the rule would decide now.
    #[error("the rules, when it was first given: {}", .0.rejection.code)]
    RejectedBefore(Rejected),
    #[error("this idempotency key was used for another body")]
    KeyReused,
    /// The subject's keys were destroyed: no personal data can be stored for this person any more.
    #[error("the person's data was erased")]
    Erased,
    /// A stream of the command holds the maximum number of events.
    #[error("a stream is full")]
    StreamFull,
    /// The streams that were read had changed before the events were stored, more often than the engine tries.
    #[error("too many others change the same")]
    Contended,
    /// The queue of commands is full.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The log cannot be written or read, or keys of persons cannot be fetched.
    #[error("the log or a key cannot be used now")]
    Unavailable,
    /// A bug, or an event that this binary cannot read. The cause is in the server's own log.
    #[error("something is broken on the server")]
    Broken,
}

impl Failure {
    /// The outcome, as the metrics name it.
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
            Failure::Erased => "rejected-gone",
            Failure::RejectedBefore(_) => "replayed",
            Failure::KeyReused => "key-reused",
            Failure::Contended => "contended",
            Failure::Overloaded => "overloaded",
            Failure::Unavailable => "unavailable",
            Failure::Broken => "broken",
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        match failure {
            Failure::UnknownCommand => Problem::of(&UNKNOWN_COMMAND),
            Failure::UnfitKey => Problem::of(&IDEMPOTENCY_KEY),
            Failure::Unreadable(fault) => Problem::of(&MALFORMED).fault(fault.pointer, fault.detail),
            Failure::TextTooLong(fault) => Problem::of(&TEXT_TOO_LONG).fault(fault.pointer, fault.detail),
            Failure::Denied(denied) => denied.into(),
            Failure::Rejected(rejected) => rejected.into(),
            Failure::RejectedBefore(rejected) => Problem::from(rejected).replayed(),
            Failure::KeyReused => Problem::of(&KEY_REUSED),
            Failure::Erased => Rejected::from(&ERASED).into(),
            Failure::StreamFull => Problem::of(&STREAM_FULL),
            Failure::Contended => Problem::of(&CONTENDED).retry_after(RETRY_AFTER_SECONDS),
            Failure::Overloaded => Problem::of(&OVERLOADED).retry_after(RETRY_AFTER_SECONDS),
            Failure::Unavailable => Problem::of(&LOG_UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS),
            Failure::Broken => Problem::of(&INTERNAL),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
