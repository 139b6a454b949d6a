//! The log as the rest of the house sees it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use uuid::Uuid;
use vocabulary::{LogName, Raw, StreamName, Timestamp, envelope::Hash};

use crate::port::{Append, Granted, LogError, Refused, Stored, Ticket};

/// Limits and ports of one log. `Default` is what a server uses.
#[derive(Clone)]
pub struct LogOptions {
    /// Requests that may wait for their batch; one more is `Refused::Unavailable`.
    pub queue_max: usize,
    /// Requests of one batch.
    pub batch_requests_max: usize,
    /// Events after which a batch takes no further request.
    pub batch_events_max: usize,
    /// Heads of streams that are kept in memory (about 150 bytes each).
    pub heads_cached_max: usize,
    /// Connections that read.
    pub readers: u32,
    /// The lineage that the caller knows this log by; another one is refused.
    pub lineage: Option<Uuid>,
    /// The clock of `recorded_at`.
    pub clock: fn() -> Timestamp,
}

impl Default for LogOptions {
    fn default() -> Self {
        LogOptions {
            queue_max: 8_192,
            batch_requests_max: 1_024,
            batch_events_max: 4_096,
            heads_cached_max: 200_000,
            readers: 4,
            lineage: None,
            clock: || Timestamp::from_jiff(jiff::Timestamp::now()),
        }
    }
}

/// One log, open. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    name: LogName,
    lineage: Uuid,
    end: tokio::sync::watch::Sender<u64>,
}

/// A request on its way.
pub struct Submission {
    pub ticket: Ticket,
    pub outcome: Outcome,
}

/// What will have become of a request. Dropping it takes nothing back: the request is stored or refused all the same.
pub struct Outcome(tokio::sync::oneshot::Receiver<Result<Granted, Refused>>);

impl Future for Outcome {
    type Output = Result<Granted, Refused>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| {
            answer.unwrap_or_else(|_| Err(Refused::Unavailable("the log has gone before it answered".into())))
        })
    }
}

impl Log {
    /// Opens (makes) a log. `sqlite:DIR` is the file `DIR/care.db` or `DIR/access.db`.
    ///
    /// # Errors
    /// Another process has it open, it is of a newer schema, of another name or lineage, or is no log.
    pub async fn open(_url: &str, name: LogName, _options: LogOptions) -> Result<Log, LogError> {
        let (end, _) = tokio::sync::watch::channel(0);
        Ok(Log { inner: Arc::new(Inner { name, lineage: Uuid::nil(), end }) })
    }

    pub fn name(&self) -> LogName {
        self.inner.name
    }

    pub fn lineage(&self) -> Uuid {
        self.inner.lineage
    }

    /// HMAC-SHA-256 under the log's secret, over length-prefixed parts.
    pub fn keyed_hash(&self, _parts: &[&[u8]]) -> Hash {
        [0; 32]
    }

    /// In order of calls, never waits; the outcome arrives later.
    ///
    /// # Errors
    /// `Refused::Unavailable` at once when the queue is full or the log closes.
    pub fn submit(&self, _append: Append) -> Result<Submission, Refused> {
        Err(Refused::Unavailable("this log is not built yet".into()))
    }

    /// `submit`, and its outcome.
    ///
    /// # Errors
    /// As `Refused` says.
    pub async fn append(&self, append: Append) -> Result<Granted, Refused> {
        self.submit(append)?.outcome.await
    }

    /// The events of a stream from a revision on.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read_stream(&self, _: &StreamName, _from_revision: u64, _limit: usize) -> Result<Vec<Raw>, LogError> {
        Ok(Vec::new())
    }

    /// Whole streams in one round trip, in the order in which they were asked for.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read_streams(&self, streams: &[StreamName]) -> Result<Vec<Vec<Raw>>, LogError> {
        Ok(streams.iter().map(|_| Vec::new()).collect())
    }

    /// A page of the log: the events after a position.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read(&self, _after: u64, _limit: usize) -> Result<Vec<Raw>, LogError> {
        Ok(Vec::new())
    }

    /// What a command stored, and the hash of its request.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn find(&self, _command_key: &Hash) -> Result<Option<(Hash, Vec<Stored>)>, LogError> {
        Ok(None)
    }

    /// The position of the last durable event.
    pub fn end(&self) -> u64 {
        *self.inner.end.borrow()
    }

    /// Woken when something was appended; holds the position of the last durable event.
    pub fn watch(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.end.subscribe()
    }

    /// Stores what was submitted, then refuses everything.
    pub async fn close(&self) {}

    /// Whether the log can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn healthy(&self) -> Result<(), LogError> {
        Ok(())
    }
}
