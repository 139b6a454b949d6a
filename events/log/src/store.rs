//! The port behind a log: a database that stores batches and reads. Queueing, linger and tickets are not its concern.

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

/// What a log knows itself by: made with it, and never changed.
#[derive(Clone)]
pub struct LogIdentity {
    pub name: LogName,
    /// Random. Another lineage is another history, whatever its positions say.
    pub lineage: Uuid,
    /// The key of every keyed hash of this log.
    pub secret: [u8; 32],
}

/// A store that is open.
pub struct Opened {
    pub identity: LogIdentity,
    /// The position of the last durable event.
    pub end: u64,
    /// Others write this log, too: they do not wake anybody here, so its end is asked for again and again.
    pub shared: bool,
    /// Raised by the store where what was seen of the log is lost.
    pub history: Arc<SeenHistory>,
    pub writer: Box<dyn LogWriter>,
    pub reader: Arc<dyn LogReader>,
    pub leases: Arc<dyn Leases>,
    /// The store's own tasks: the sender of each lives as long as the task. The end of one is the log's end.
    pub tasks: Vec<watch::Receiver<()>>,
}

/// One request of a batch. Its limits have been checked.
pub struct Request {
    pub append: Append,
    /// A request of an earlier batch on which this one rests was not stored.
    pub unfounded: bool,
    /// The earlier requests of this batch on which it rests.
    pub depends_on: Vec<usize>,
    /// The number of the history that it was decided on, where it was decided on what is held in memory.
    pub history: Option<u64>,
}

/// What became of a batch.
pub struct Committed {
    /// One for each request, in the same order.
    pub answers: Vec<Result<Granted, Refused>>,
    /// The position of the last durable event.
    pub end: u64,
}

/// The one writer of a log.
#[async_trait]
pub trait LogWriter: Send {
    /// Decides the requests in order and stores those that are granted in one transaction. What it answers is
    /// durable; whatever fails is in the answers.
    async fn commit(&mut self, batch: &[Request]) -> Committed;

    /// What there is to do after a commit that no answer has to wait for. Called after each, before the next.
    async fn settle(&mut self);

    /// The last thing that happens to a store: after it, another process may open the log.
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
    /// The position of the last durable event, whoever stored it.
    async fn end(&self) -> Result<u64, LogError>;
    /// Waits for the reads under way, and refuses more. Before the writer's.
    async fn close(&self);
}

/// What an append stored when it was first given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierOutcome {
    /// Absent where the append was no command.
    pub request_hash: Option<Hash>,
    /// Empty where the command stored nothing, and its decision is remembered.
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

/// What is packed into the column `meta`. What identifies a request is on its first event only.
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
