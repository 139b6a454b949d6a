//! The log as other crates use it.

use std::{
    future::Future,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use event_core::{LogName, Raw, StreamName, envelope::Hash};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::{
    end,
    group_commit::{GroupCommit, Queued},
    history::SeenHistory,
    lease::Leases,
    options::LogOptions,
    page::{EventPage, StreamPage},
    port::{Append, Granted, LogError, Refused, Stored, StreamEvent, Ticket, limits},
    postgres,
    shared_feed::SharedFeed,
    sqlite,
    store::{LogIdentity, LogReader, Opened},
    validate::validate,
    write_fault::WriteFault,
};

/// An open log. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    inner: Arc<LogInner>,
}

struct LogInner {
    identity: LogIdentity,
    door: Mutex<Door>,
    reader: Arc<dyn LogReader>,
    leases: Arc<dyn Leases>,
    history: Arc<SeenHistory>,
    shared_feed: SharedFeed,
    end: watch::Receiver<u64>,
    fault: watch::Receiver<Option<WriteFault>>,
    /// True when the store is closed.
    drained: watch::Receiver<bool>,
    /// The sender of each lives as long as a task that the log cannot run without: the tasks of the store, and the one
    /// that follows the end of a shared log.
    tasks: Vec<watch::Receiver<()>>,
}

/// The entry for requests. One lock covers both fields, so that tickets are places in the queue.
struct Door {
    /// `None` once the log is closing.
    queue: Option<mpsc::Sender<Queued>>,
    next_ticket: u64,
}

/// A request that was submitted.
pub struct Submission {
    pub ticket: Ticket,
    pub outcome: PendingOutcome,
}

/// The outcome of a request. Dropping it cancels nothing: the request is stored or refused all the same.
pub struct PendingOutcome(oneshot::Receiver<Result<Granted, Refused>>);

impl Future for PendingOutcome {
    type Output = Result<Granted, Refused>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let gone = |_| Err(Refused::Unavailable("the log stopped; whether this was stored is not known".into()));
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or_else(gone))
    }
}

impl Log {
    /// Opens a log. `sqlite:DIR` is the file `DIR/care.db` or `DIR/access.db`, created if it is missing; `postgres://…`
    /// is the schema `care` or `access` of a database that has been migrated (`postgres::migrate`).
    ///
    /// # Errors
    /// When another process has it open, it has a newer schema, another name or another lineage, or it is not a log.
    pub async fn open(url: &str, name: LogName, options: LogOptions) -> Result<Log, LogError> {
        let folder = url.strip_prefix("sqlite:").filter(|folder| !folder.is_empty());
        let opened = match folder {
            Some(folder) => sqlite::open(Path::new(folder), name, &options).await?,
            None if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                postgres::open(url, name, &options).await?
            }
            // The message leaves out the address, which may hold a password.
            None => return Err(LogError::Unusable("a log is sqlite:DIR or postgres://…".into())),
        };
        Ok(Log::start(opened, &options))
    }

    /// A log on an open store.
    pub fn start(opened: Opened, options: &LogOptions) -> Log {
        let (queue, waiting) = mpsc::channel(options.queue_max.max(1));
        let (end_sender, end) = watch::channel(opened.end);
        let (fault_sender, fault) = watch::channel(None);
        let (drained_sender, drained) = watch::channel(false);
        let identity = opened.identity.clone();
        let (reader, leases) = (Arc::clone(&opened.reader), Arc::clone(&opened.leases));
        let history = Arc::clone(&opened.history);
        let mut tasks = opened.tasks.clone();
        if opened.shared {
            let (ended, following) = watch::channel(());
            let asked = (Arc::clone(&opened.reader), Arc::clone(&history));
            let follow = end::follow(asked, end_sender.clone(), drained.clone());
            tokio::spawn(async move {
                follow.await;
                drop(ended);
            });
            tasks.push(following);
        }
        let group_commit = GroupCommit::new(waiting, opened, end_sender, fault_sender, options);
        tokio::spawn(async move {
            group_commit.run().await;
            drained_sender.send_replace(true);
        });
        let door = Mutex::new(Door { queue: Some(queue), next_ticket: 0 });
        let shared_feed = SharedFeed::default();
        Log {
            inner: Arc::new(LogInner {
                identity,
                door,
                reader,
                leases,
                history,
                shared_feed,
                end,
                fault,
                drained,
                tasks,
            }),
        }
    }

    pub fn name(&self) -> LogName {
        self.inner.identity.name
    }

    pub fn lineage(&self) -> Uuid {
        self.inner.identity.lineage
    }

    /// HMAC-SHA-256 under the log's secret, over the parts, each after its length (u32, big-endian).
    pub fn keyed_hash(&self, parts: &[&[u8]]) -> Hash {
        // HMAC takes keys of any length, so this key is never refused.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.inner.identity.secret) else { return [0; 32] };
        for part in parts {
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Submits a request, in the order of calls. Never waits; the outcome arrives later.
    ///
    /// # Errors
    /// `Refused::Invalid` for a request beyond the limits; `Refused::Unavailable` at once when the queue is full or the
    /// log is closing.
    pub fn submit(&self, append: Append) -> Result<Submission, Refused> {
        self.submit_of(None, append)
    }

    /// Submits a request that was decided on data in the caller's memory, read while `history` had this number. If the
    /// log has another history when the request is stored, the outcome is `Refused::DependencyFailed`, even if its
    /// revisions match.
    ///
    /// # Errors
    /// As `submit`.
    pub fn submit_read_in(&self, history: u64, append: Append) -> Result<Submission, Refused> {
        self.submit_of(Some(history), append)
    }

    fn submit_of(&self, history: Option<u64>, append: Append) -> Result<Submission, Refused> {
        validate(&append, self.name())?;
        let (answer, outcome) = oneshot::channel();
        let mut door = self.inner.door.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = Ticket(door.next_ticket);
        if append.depends_on.iter().any(|earlier| *earlier >= ticket) {
            return Err(Refused::Invalid("a request depends on one that was not submitted before it".into()));
        }
        let queue = door.queue.as_ref().ok_or_else(|| Refused::Unavailable("the log is closing".into()))?;
        queue.try_send(Queued { append, history, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Unavailable("too many requests are waiting".into()),
            mpsc::error::TrySendError::Closed(_) => Refused::Unavailable("the log has stopped".into()),
        })?;
        door.next_ticket += 1;
        Ok(Submission { ticket, outcome: PendingOutcome(outcome) })
    }

    /// Submits a request and waits for its outcome.
    ///
    /// # Errors
    /// See `Refused`.
    pub async fn append(&self, append: Append) -> Result<Granted, Refused> {
        self.submit(append)?.outcome.await
    }

    /// A page of a stream: its events from a revision on (`limits::PAGE_EVENTS_MAX`, `limits::PAGE_BYTES_MAX`), and
    /// whether there are more.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read_stream(
        &self,
        stream: &StreamName,
        from_revision: u64,
        limit: usize,
    ) -> Result<StreamPage, LogError> {
        self.inner.reader.read_stream(stream, from_revision, limit.min(limits::PAGE_EVENTS_MAX)).await
    }

    /// Whole streams in one round trip, in the requested order, for folding states: of the envelope only the subject is
    /// read. No byte limit applies.
    ///
    /// # Errors
    /// When the log cannot be read, or a stream has more than `limits::STREAM_EVENTS_MAX` events (`access` only).
    pub async fn read_streams(&self, streams: &[StreamName]) -> Result<Vec<Vec<StreamEvent>>, LogError> {
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        self.inner.reader.read_streams(streams).await
    }

    /// A page of the log: the events after a position (`limits::PAGE_EVENTS_MAX`, `limits::PAGE_BYTES_MAX`). It ends
    /// with its last event, which may be earlier than requested.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read(&self, after: u64, limit: usize) -> Result<Vec<Raw>, LogError> {
        self.inner.reader.read(after, limit.min(limits::PAGE_EVENTS_MAX)).await
    }

    /// A page of the log without some kinds of events, but always with its last event: `complete_until` says how far it
    /// goes. For followers that do not need all kinds.
    ///
    /// # Errors
    /// When the log cannot be read, or an event of any kind is missing.
    pub async fn read_without(&self, passed_over: &[&str], after: u64, limit: usize) -> Result<EventPage, LogError> {
        let until = after.saturating_add(limit as u64).min(self.end());
        self.read_range(passed_over, after, until).await
    }

    /// Reads as `read_without` does, up to a position that the log is known to hold. The page may end earlier; see
    /// `complete_until`.
    ///
    /// # Errors
    /// When the log cannot be read, or an event of any kind is missing.
    pub async fn read_range(&self, passed_over: &[&str], after: u64, until: u64) -> Result<EventPage, LogError> {
        let until = until.min(after.saturating_add(limits::PAGE_EVENTS_MAX as u64));
        if until <= after {
            return Ok(EventPage { after, events: Vec::new() });
        }
        self.inner.reader.read_without(passed_over, after, until).await
    }

    /// The events that a command stored, and the hash of its request. The list is empty if only the command's decision
    /// is remembered.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn find(&self, command_key: &Hash) -> Result<Option<(Hash, Vec<Stored>)>, LogError> {
        let found = self.inner.reader.find(command_key).await?;
        Ok(found.and_then(|found| Some((found.request_hash?, found.stored))))
    }

    pub(crate) fn shared_feed(&self) -> &SharedFeed {
        &self.inner.shared_feed
    }

    /// The number of the log's history, which grows when events that this process has seen are found to be lost: the
    /// database was restored to an earlier point, or a standby took over without the last transactions. Data in memory
    /// that was read while it had another number is no longer valid.
    pub fn history(&self) -> u64 {
        self.inner.history.number()
    }

    /// The position of the last durable event. It goes back only when `history` grows.
    pub fn end(&self) -> u64 {
        *self.inner.end.borrow()
    }

    /// A watch on the position of the last durable event. It wakes when events have been appended.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.inner.end.clone()
    }

    /// Stores the requests that were submitted, and refuses new ones. When it returns, another process can open the
    /// log.
    pub async fn close(&self) {
        self.inner.door.lock().unwrap_or_else(PoisonError::into_inner).queue.take();
        // An error means that the group commit is gone, and the store with it.
        let _ = self.inner.drained.clone().wait_for(|drained| *drained).await;
    }

    /// The position of the last durable event, read from the store now: `end` may lag behind appends of other
    /// processes.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn end_now(&self) -> Result<u64, LogError> {
        self.inner.reader.end().await
    }

    /// The fault, if the last batch with anything to write could not be written.
    pub fn write_fault(&self) -> Option<WriteFault> {
        self.inner.fault.borrow().clone()
    }

    /// The leases for work that only one process may do for this log.
    pub fn leases(&self) -> Arc<dyn Leases> {
        Arc::clone(&self.inner.leases)
    }

    /// Waits until a task of this log has ended: the writer, a task of its store, or the one that follows the end of a
    /// shared log. They end when the log is closed. An earlier end is a bug: the log then no longer stores events or
    /// reports its end.
    pub async fn ended(&self) {
        let mut drained = self.inner.drained.clone();
        let written = async move { drop(drained.wait_for(|drained| *drained).await) };
        let tasks = self.inner.tasks.clone().into_iter().map(|mut running| {
            // Nothing is ever sent: an error means that the task is gone.
            Box::pin(async move { while running.changed().await.is_ok() {} })
        });
        let tasks: Vec<_> = tasks.collect();
        if tasks.is_empty() {
            return written.await;
        }
        tokio::select! {
            () = written => {}
            _ = futures::future::select_all(tasks) => {}
        }
    }

    /// Checks that the log can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn healthy(&self) -> Result<(), LogError> {
        self.inner.reader.end().await.map(drop)
    }
}
