//! The port behind a log: a database that stores batches and serves reads. Queueing, linger and tickets are not part of
//! it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use event_core::{
    LogName, Raw, StreamName,
    envelope::{Hash, Meta},
};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    history::SeenHistory,
    lease::Leases,
    page::{EventPage, StreamPage},
    port::{Append, Granted, LogError, Refused, Stored, StreamEvent},
};

/// The identity of a log, which is created with it and never changes.
#[derive(Clone)]
pub struct LogIdentity {
    pub name: LogName,
    /// Random. Another lineage means another history, whatever the positions are.
    pub lineage: Uuid,
    /// The key of every keyed hash of this log.
    pub secret: [u8; 32],
}

/// An open store.
pub struct Opened {
    pub identity: LogIdentity,
    /// The position of the last durable event.
    pub end: u64,
    /// True if other processes also write this log. They wake no watcher here, so its end is polled.
    pub shared: bool,
    /// The store raises its number when it finds that seen events are lost.
    pub history: Arc<SeenHistory>,
    pub writer: Box<dyn LogWriter>,
    pub reader: Arc<dyn LogReader>,
    pub leases: Arc<dyn Leases>,
    /// The store's own tasks: the sender of each lives as long as the task. When one ends, the log ends.
    pub tasks: Vec<watch::Receiver<()>>,
}

/// One request of a batch. Its limits have been checked.
pub struct Request {
    pub append: Append,
    /// True if a request of an earlier batch that this one depends on was not stored.
    pub unfounded: bool,
    /// The earlier requests of this batch that it depends on.
    pub depends_on: Vec<usize>,
    /// The number of the history that it was decided on, if it was decided on data in memory.
    pub history: Option<u64>,
}

/// The outcome of a batch.
pub struct Committed {
    /// One for each request, in the same order.
    pub answers: Vec<Result<Granted, Refused>>,
    /// The position of the last durable event.
    pub end: u64,
}

/// The one writer of a log.
#[async_trait]
pub trait LogWriter: Send {
    /// Decides the requests in order and stores those that are granted in one transaction. Its answers are durable;
    /// failures are reported in the answers.
    async fn commit(&mut self, batch: &[Request]) -> Committed;

    /// Work after a commit that no answer has to wait for. Called after each commit, before the next.
    async fn settle(&mut self);

    /// Closes the store, as the last call. After it another process may open the log.
    async fn close(self: Box<Self>);
}

/// Reads of a log; each is one short statement. Limits have been applied.
#[async_trait]
pub trait LogReader: Send + Sync {
    async fn read_stream(&self, stream: &StreamName, from_revision: u64, limit: usize) -> Result<StreamPage, LogError>;
    async fn read_streams(&self, streams: &[StreamName]) -> Result<Vec<Vec<StreamEvent>>, LogError>;
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<Raw>, LogError>;
    /// The events of `after + 1 ..= until`, without those of some kinds, but with the last one of the page.
    async fn read_without(&self, passed_over: &[&str], after: u64, until: u64) -> Result<EventPage, LogError>;
    async fn find(&self, command_key: &Hash) -> Result<Option<EarlierOutcome>, LogError>;
    /// The position of the last durable event, of any process.
    async fn end(&self) -> Result<u64, LogError>;
    /// Waits for the reads in progress, and refuses new ones. Called before the writer's `close`.
    async fn close(&self);
}

/// The outcome of an append that was stored, or only decided, before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierOutcome {
    /// `None` if the append was not a command.
    pub request_hash: Option<Hash>,
    /// Empty if the command stored nothing, and its decision is remembered.
    pub stored: Vec<Stored>,
    pub remembered: Option<Remembered>,
}

/// The decision of a command that stored nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    pub position: u64,
    pub outcome: Bytes,
}

impl EarlierOutcome {
    pub(crate) fn granted(&self) -> Granted {
        match &self.remembered {
            Some(Remembered { position, outcome }) => {
                Granted::Remembered { position: *position, outcome: outcome.clone() }
            }
            None => Granted::Repeated(self.stored.clone()),
        }
    }
}

/// 32 bytes that hold 256 bits of the operating system's randomness: the hash of 488 random bits.
pub(crate) fn new_secret() -> [u8; 32] {
    let mut hash = Sha256::new();
    for _ in 0..4 {
        hash.update(Uuid::new_v4().as_bytes());
    }
    hash.finalize().into()
}

/// The content of the column `meta`. Only the first event carries the data that identifies its request.
pub(crate) fn meta_of(append: &Append, first: bool) -> Meta {
    let provenance = &append.provenance;
    let first_id = append.events.first().map_or(Uuid::nil(), |event| event.id);
    Meta {
        actor: provenance.actor.clone(),
        acting_for: provenance.acting_for.clone(),
        subject: provenance.subject,
        correlation: provenance.correlation.unwrap_or(first_id),
        causation: provenance.causation,
        request_hash: append.idempotency.as_ref().filter(|_| first).map(|idempotency| idempotency.request_hash),
        trace: provenance.trace.clone(),
    }
}
