//! The API of a log: requests and answers. One contract for every store (`contract`).

use std::borrow::Cow;

use bytes::Bytes;
use event_core::{StreamName, SubjectId, envelope::Hash};
use uuid::Uuid;

/// Limits of requests and reads. An append beyond them is `Refused::Invalid`, before anything is written.
pub mod limits {
    /// Events of one request.
    pub const EVENTS_MAX: usize = 500;
    /// Conditions of one request.
    pub const CONDITIONS_MAX: usize = 600;
    /// Requests that one request may depend on.
    pub const RESTS_ON_MAX: usize = 1_000;
    /// Bytes of a remembered outcome.
    pub const OUTCOME_BYTES_MAX: usize = 4 * 1024;
    /// Bytes of one event's data.
    pub const DATA_BYTES_MAX: usize = 256 * 1024;
    /// Events of one stream in the log `care`; in `access` a stream has no limit.
    pub const STREAM_EVENTS_MAX: u64 = 10_000;
    /// The last events of a stream of `care`, reserved for requests that give something up: a full stream must not
    /// prevent withdrawing, cancelling or releasing.
    pub const STREAM_EVENTS_RESERVE: u64 = 500;
    /// Events of one page of a read.
    pub const PAGE_EVENTS_MAX: usize = 5_000;
    /// Bytes of data in one page of a read; a page always holds at least one event.
    pub const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
}

/// The revision that a stream must have for an append to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Exactly this revision; 0 means that the stream must not exist.
    Revision(u64),
    /// Any revision. For events that no decision depends on (the log `access`).
    Any,
}

/// A stream that was read for a decision, and the revision it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub stream: StreamName,
    pub expected: Expected,
}

/// An event to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// A stream for which the request has a condition.
    pub stream: StreamName,
    /// UUIDv7, new.
    pub id: Uuid,
    pub kind: &'static str,
    /// The exact bytes that are stored, sent and hashed.
    pub data: Bytes,
}

/// The part of a stored event that is folded into a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    pub position: u64,
    pub revision: u64,
    pub kind: Cow<'static, str>,
    /// The person with the keys that open the personal fields of the data.
    pub subject: Option<SubjectId>,
    pub data: Box<[u8]>,
}

/// The part of the envelope that all events of a request share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// JSON of `event_core::Actor`.
    pub actor: Box<str>,
    pub acting_for: Option<StreamName>,
    pub subject: Option<SubjectId>,
    /// `None`: the id of the request's first event.
    pub correlation: Option<Uuid>,
    pub causation: Option<Uuid>,
    /// W3C `traceparent`.
    pub trace: Option<Box<str>>,
}

impl Provenance {
    /// Of a caller that acts for itself: without subject, correlation, causation and trace. `actor` is the JSON of
    /// `event_core::Actor`.
    pub fn by(actor: impl Into<Box<str>>) -> Provenance {
        Provenance {
            actor: actor.into(),
            acting_for: None,
            subject: None,
            correlation: None,
            causation: None,
            trace: None,
        }
    }
}

/// The keys and hashes that make a repeated request recognisable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Keyed hash of caller, command and Idempotency-Key (`Log::keyed_hash`).
    pub command_key: Hash,
    /// The key that an earlier version gave the same command. A request that is known by either key is a repeat. The
    /// transaction that stores the batch checks this, so it also holds while a process of that version stores the
    /// request. Never stored. `None`: no earlier version wrote to this log, and no other key is looked up.
    pub earlier_key: Option<Hash>,
    /// Keyed hash of the body: the same key with another body is `Refused::KeyReused`.
    pub request_hash: Hash,
    /// The decision, in the caller's own form (`limits::OUTCOME_BYTES_MAX`). If the request has no events and its
    /// conditions hold, the log remembers it with the key for `LogOptions::remember`. `None`: a request without events
    /// is not remembered, and its key stays free.
    pub outcome: Option<Bytes>,
}

/// The place of a submitted request in the order of submission. A request may only depend on tickets that were still
/// pending when it was submitted. Outcomes are kept for a limited time; an older ticket counts as not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// A request: stored whole, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// At most one per stream. Streams may be only read, and there may be no events at all: then only the conditions
    /// are checked (a refusal, or "nothing new").
    pub conditions: Vec<Condition>,
    pub events: Vec<NewEvent>,
    pub provenance: Provenance,
    pub idempotency: Option<Idempotency>,
    /// The pending requests with proposed events that this request was decided on. If one of them is not stored, this
    /// one is not stored either (`Refused::DependencyFailed`), even if its revisions match.
    pub depends_on: Vec<Ticket>,
    /// True if it gives something up, and may use the reserve at a stream's end (`limits::STREAM_EVENTS_RESERVE`).
    pub may_use_reserve: bool,
}

/// One stored event of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: Uuid,
    pub kind: Cow<'static, str>,
    pub stream: StreamName,
    pub revision: u64,
    pub position: u64,
}

/// The outcome of a request that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// The events are on disk, at consecutive positions.
    Stored(Vec<Stored>),
    /// The same command was stored before; these are the events that were stored then.
    Repeated(Vec<Stored>),
    /// The same command was decided before and stored no event; this is the earlier decision.
    Remembered {
        /// The position that `Holds` had then.
        position: u64,
        outcome: Bytes,
    },
    /// There was nothing to store, and the conditions hold. `position` is the highest position in the streams of the
    /// conditions, or 0 if they are all empty.
    Holds { position: u64 },
}

/// The reason why a request was not stored. It is final for this request, and nothing of the request was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{stream} is at revision {actual}, not at {expected}")]
    Conflict { stream: StreamName, expected: u64, actual: u64 },
    #[error("a request that this one depends on was not stored")]
    DependencyFailed,
    #[error("this idempotency key was used for another request")]
    KeyReused,
    #[error("{stream} is full: it holds {} events at most", limits::STREAM_EVENTS_MAX)]
    StreamFull { stream: StreamName },
    #[error("the log cannot store this request: {0}")]
    Invalid(String),
    /// Nothing was stored: the disk is full, a write failed, the queue is full, or the log is closing. If a failing
    /// disk leaves open whether it was stored, the text says so, and sending the same key again gives the outcome.
    #[error("the log cannot be written now: {0}")]
    Unavailable(String),
}

/// The reason why a log could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{0}")]
    Unusable(String),
    #[error("the log could not be read: {0}")]
    Read(#[from] sqlx::Error),
    /// The data does not belong to this log's history, or lies beyond its end: the log was restored to an older point,
    /// or has another lineage. No reader continues by itself.
    #[error("{0}")]
    OtherHistory(String),
    #[error("event {position} of the log is damaged: {why}")]
    Damaged { position: u64, why: String },
}

impl LogError {
    /// True if any other read would fail, too: the log does not answer, or has another history.
    pub fn is_general(&self) -> bool {
        match self {
            LogError::OtherHistory(_) => true,
            LogError::Read(error) => {
                !matches!(error, sqlx::Error::Database(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. })
            }
            LogError::Damaged { .. } | LogError::Unusable(_) => false,
        }
    }
}
