//! What can be asked of a log, and what it answers. One contract for every store (`contract`).

use std::borrow::Cow;

use bytes::Bytes;
use event_core::{StreamName, SubjectId, envelope::Hash};
use uuid::Uuid;

/// Limits of one append. What is beyond them is `Refused::Invalid`, before anything is written.
pub mod limits {
    /// Events of one request.
    pub const EVENTS_MAX: usize = 500;
    /// Conditions of one request.
    pub const CONDITIONS_MAX: usize = 600;
    /// Requests that one request may rest on.
    pub const RESTS_ON_MAX: usize = 1_000;
    /// Bytes of an outcome that is remembered.
    pub const OUTCOME_BYTES_MAX: usize = 4 * 1024;
    /// Bytes of one event's data.
    pub const DATA_BYTES_MAX: usize = 256 * 1024;
    /// Events of one stream in the log `care`; in `access` a stream has no limit.
    pub const STREAM_EVENTS_MAX: u64 = 10_000;
    /// The last events of a stream of `care`, for requests that give something up: a full stream must not keep anybody
    /// from withdrawing, cancelling or releasing.
    pub const STREAM_EVENTS_RESERVE: u64 = 500;
    /// Events of one page of a read.
    pub const PAGE_EVENTS_MAX: usize = 5_000;
    /// Bytes of data in one page of a read; a page always holds at least one event.
    pub const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
}

/// At which revision a stream has to be for an append to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Exactly this revision; 0 means that the stream must not exist.
    Revision(u64),
    /// Whatever it is. For events that nothing is decided on (the log `access`).
    Any,
}

/// A stream that was read for a decision, and the revision it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub stream: StreamName,
    pub expected: Expected,
}

/// An event that is to be stored.
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

/// The part of a stored event that a state is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    pub position: u64,
    pub revision: u64,
    pub kind: Cow<'static, str>,
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

/// What makes a request recognisable when it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Keyed hash of caller, command and Idempotency-Key (`Log::keyed_hash`).
    pub command_key: Hash,
    /// The key that an earlier version gave the same command. A request that is known by either is a repeat, which is
    /// found out in the transaction that stores the batch, so also where a process of that version stores it meanwhile.
    /// Never stored. `None`: no earlier version wrote to this log, and there is nothing more to look up.
    pub earlier_key: Option<Hash>,
    /// Keyed hash of the body: the same key with another body is `Refused::KeyReused`.
    pub request_hash: Hash,
    /// The decision, in the caller's own form (`limits::OUTCOME_BYTES_MAX`). Where the request has no events and its
    /// conditions hold, the log remembers it with the key for `LogOptions::remember`. `None`: a request without events
    /// is not remembered, and its key stays free.
    pub outcome: Option<Bytes>,
}

/// A request that was submitted: its place in the order of submission. Only those may be named whose outcome the
/// caller did not know when it submitted: the log remembers outcomes for a bounded time, and what it has forgotten counts
/// as not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// A request: stored whole, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// At most one for a stream. May be streams that are only read, and there may be no events at all: then the
    /// conditions alone are validated (a refusal, or "nothing new").
    pub conditions: Vec<Condition>,
    pub events: Vec<NewEvent>,
    pub provenance: Provenance,
    pub idempotency: Option<Idempotency>,
    /// Requests whose outcome was unknown when this one was decided on what they propose. Where one of them was not
    /// stored, this one is not either (`Refused::DependencyFailed`), even if its revisions happen to fit.
    pub depends_on: Vec<Ticket>,
    /// It gives something up: the reserve at a stream's end (`limits::STREAM_EVENTS_RESERVE`) is for it.
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

/// What became of a request that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// The events are on disk, at consecutive positions.
    Stored(Vec<Stored>),
    /// The same command was stored before; this is what was stored then.
    Repeated(Vec<Stored>),
    /// The same command was decided before and stored no event; this is the decision of that time.
    Remembered {
        /// What `Holds` said then.
        position: u64,
        outcome: Bytes,
    },
    /// There was nothing to store, and the conditions hold. The highest position of an event in the streams of the
    /// conditions (0 where they are all empty).
    Holds { position: u64 },
}

/// Why a request was not stored. All of it is final for this request; nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{stream} is at revision {actual}, not at {expected}")]
    Conflict { stream: StreamName, expected: u64, actual: u64 },
    #[error("a request on which this one rests was not stored")]
    DependencyFailed,
    #[error("this idempotency key was used for another request")]
    KeyReused,
    #[error("{stream} is full: it holds {} events at most", limits::STREAM_EVENTS_MAX)]
    StreamFull { stream: StreamName },
    #[error("this is no request that a log can store: {0}")]
    Invalid(String),
    /// Nothing was stored: the disk is full, a write failed, the queue is full, or the log is closing. Where a failing
    /// disk hides even whether it was stored, the text says so, and the same key, sent again, tells.
    #[error("the log cannot be written now: {0}")]
    Unavailable(String),
}

/// Why a log could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{0}")]
    Unusable(String),
    #[error("the log could not be read: {0}")]
    Read(#[from] sqlx::Error),
    /// What was read does not belong to this log's history, or lies beyond its end: it was restored to an older point, or
    /// is another lineage. Nobody goes on by himself.
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
