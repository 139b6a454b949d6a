//! The only writer of a log file: decides a batch on exact heads, and stores it in one transaction. After any failure
//! it reads from the file itself what was stored.
//!
//! Traps that this avoids: success answered but nothing stored (answers are made after the commit), a request cancelled
//! inside a transaction (requests take no part in it), a full disk, a torn write.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use event_core::{LogName, StreamName, Timestamp, envelope::Hash};
use lru::LruCache;
use sqlx::{Connection, Row as _, SqliteConnection, error::ErrorKind};

use super::{
    Checkpoints,
    connecting::explain,
    insert::Statements,
    lock::FileLock,
    outcomes::{hexadecimal, outcomes, remembered},
    rows,
};
use crate::{
    evaluate::{BatchInput, Head, Heads, Plan, Repeats, known_by},
    options::LogOptions,
    port::{LogError, Refused, limits},
    store::{Committed, LogWriter, Request},
};

/// The maximum number of attempts to read from the file what was stored, after a failure that leaves it open.
const ASK_MAX: usize = 50;
/// The pause between two attempts.
const ASK_PAUSE: Duration = Duration::from_millis(100);

/// The maximum number of old decisions that one statement removes.
const FORGET_MAX: i64 = 500;
/// The time between two removals of old decisions.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// The last event of a log; zeros if there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    pub position: u64,
    /// Microseconds.
    pub recorded_at: i64,
}

pub(super) struct SqliteWriter {
    /// `None` after a failure.
    connection: Option<SqliteConnection>,
    file: PathBuf,
    log: LogName,
    clock: fn() -> Timestamp,
    statements: Statements,
    /// Microseconds for which a decision without events is remembered.
    remember: i64,
    /// The time of the next removal of old decisions.
    forget_at: Instant,
    /// Exact, because no other process writes.
    heads: LruCache<StreamName, Head>,
    unsettled: Option<Unsettled>,
    last: Last,
    checkpoints: Checkpoints,
    /// Released after everything else is closed.
    held: FileLock,
}

/// A batch that failed, and the part of it that may have reached the disk.
struct BatchFailure {
    why: String,
    sent: Option<SubmittedBatch>,
}

/// A batch that is on disk, and not yet in the cache of heads.
struct Unsettled {
    read: Heads,
    moved: Heads,
    /// Rows that were written.
    rows: usize,
}

/// A batch that was sent to the disk.
struct SubmittedBatch {
    plan: Plan,
    repeats: Repeats,
    recorded_at: i64,
}

impl SqliteWriter {
    pub(super) fn new(
        connection: SqliteConnection,
        file: &Path,
        log: LogName,
        options: &LogOptions,
        last: Last,
        checkpoints: Checkpoints,
        held: FileLock,
    ) -> SqliteWriter {
        let heads_max = NonZeroUsize::new(options.heads_cached_max).unwrap_or(NonZeroUsize::MIN);
        SqliteWriter {
            connection: Some(connection),
            file: file.into(),
            log,
            clock: options.clock,
            statements: Statements::new(),
            remember: i64::try_from(options.remember.as_micros()).unwrap_or(i64::MAX),
            forget_at: Instant::now(),
            heads: LruCache::new(heads_max),
            unsettled: None,
            last,
            checkpoints,
            held,
        }
    }

    async fn attempt(&mut self, batch: &[Request]) -> Result<Committed, BatchFailure> {
        let unsent = |error: LogError| BatchFailure { why: explained(&error), sent: None };
        self.connect().await.map_err(unsent)?;
        let heads = self.heads_of(batch).await.map_err(unsent)?;
        let mut repeats = Repeats::new();
        let mut plan = self.plan(batch, &heads, &repeats);
        let doubtful = plan.doubtful_keys(batch);
        if !doubtful.is_empty() && !self.repeats(&doubtful).await.map_err(unsent)?.is_empty() {
            // A request that depends on a repeat is refused, and may be a repeat itself: so all keys are looked up.
            repeats = self.repeats(&keys_of(batch)).await.map_err(unsent)?;
            plan = self.plan(batch, &heads, &repeats);
        }
        let recorded_at = (self.clock)().micros().max(self.last.recorded_at);
        let mut stored = self.store(batch, &plan, recorded_at).await;
        if stored.as_ref().is_err_and(is_repeated_key) {
            // A request of this batch was stored before. The unique index does not say which one.
            self.rollback().await.map_err(unsent)?;
            repeats = self.repeats(&keys_of(batch)).await.map_err(unsent)?;
            plan = self.plan(batch, &heads, &repeats);
            stored = self.store(batch, &plan, recorded_at).await;
        }
        match stored {
            Ok(()) => Ok(self.committed(batch, plan, heads, &repeats, recorded_at)),
            Err(error) => {
                Err(BatchFailure { why: explain(&error), sent: Some(SubmittedBatch { plan, repeats, recorded_at }) })
            }
        }
    }

    fn plan(&self, batch: &[Request], heads: &Heads, repeats: &Repeats) -> Plan {
        let stream_events_max = match self.log {
            LogName::Care => limits::STREAM_EVENTS_MAX,
            LogName::Access => u64::MAX,
        };
        Plan::of(batch, &BatchInput { heads, repeats, end: self.last.position, history: 0, stream_events_max })
    }

    async fn store(&mut self, batch: &[Request], plan: &Plan, recorded_at: i64) -> Result<(), sqlx::Error> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        self.statements.store(connection, batch, plan, recorded_at).await
    }

    /// Makes the answers of a plan that is on disk.
    fn committed(
        &mut self,
        batch: &[Request],
        plan: Plan,
        heads: Heads,
        repeats: &Repeats,
        recorded_at: i64,
    ) -> Committed {
        let answers = plan.answers(batch, repeats);
        if let Some(row) = plan.rows.last() {
            self.last = Last { position: row.position, recorded_at };
        }
        self.unsettled =
            Some(Unsettled { rows: plan.rows.len() + plan.remembered.len(), read: heads, moved: plan.moved });
        Committed { answers, end: self.last.position }
    }

    /// The heads of the streams in the batch's conditions; heads that are not in memory are read in one statement.
    async fn heads_of(&mut self, batch: &[Request]) -> Result<Heads, LogError> {
        let mut heads = Heads::new();
        let mut missing = Vec::new();
        for condition in batch.iter().flat_map(|request| &request.append.conditions) {
            if heads.contains_key(&condition.stream) {
                continue;
            }
            let cached = self.heads.get(&condition.stream).copied();
            if cached.is_none() {
                missing.push(condition.stream.clone());
            }
            heads.insert(condition.stream.clone(), cached.unwrap_or_default());
        }
        let log = self.log.as_str();
        metrics::counter!("log_heads_hit_total", "log" => log).increment((heads.len() - missing.len()) as u64);
        metrics::counter!("log_heads_missed_total", "log" => log).increment(missing.len() as u64);
        if missing.is_empty() {
            return Ok(heads);
        }
        let query = sqlx::query(include_str!("../../sql/sqlite/heads.sql")).bind(names(missing.iter()));
        for row in query.fetch_all(self.connected()?).await? {
            let asked = usize::try_from(rows::number(&row, 0)?).ok().and_then(|at| missing.get(at));
            if let (Some(stream), Some(_)) = (asked, row.try_get_unchecked::<Option<i64>, _>(1)?) {
                let head = Head { revision: rows::number(&row, 1)?, position: rows::number(&row, 2)? };
                heads.insert(stream.clone(), head);
            }
        }
        Ok(heads)
    }

    async fn repeats(&mut self, keys: &[Hash]) -> Result<Repeats, LogError> {
        outcomes(self.connected()?, hexadecimal(keys.iter())).await
    }

    async fn rollback(&mut self) -> Result<(), LogError> {
        sqlx::query("ROLLBACK").execute(self.connected()?).await?;
        Ok(())
    }

    /// Removes old decisions, a limited number at a time.
    async fn forget_old(&mut self) {
        if Instant::now() < self.forget_at {
            return;
        }
        let before = self.last.recorded_at.saturating_sub(self.remember);
        let Some(connection) = &mut self.connection else { return };
        let query = sqlx::query(include_str!("../../sql/sqlite/forget.sql")).bind(before).bind(FORGET_MAX);
        match query.execute(connection).await {
            // There may be more: the next call continues.
            Ok(done) if done.rows_affected() >= FORGET_MAX.unsigned_abs() => {}
            Ok(_) => self.forget_at = Instant::now() + FORGET_EVERY,
            Err(error) => {
                tracing::warn!(log = self.log.as_str(), why = %explain(&error), "old decisions were not removed");
                self.forget_at = Instant::now() + FORGET_EVERY;
                self.forget().await;
            }
        }
    }

    fn connected(&mut self) -> Result<&mut SqliteConnection, LogError> {
        self.connection.as_mut().ok_or_else(|| LogError::Unusable("the log's file is not open".into()))
    }

    /// Opens a new connection after a failure, and reads the log's end from the file.
    async fn connect(&mut self) -> Result<(), LogError> {
        if self.connection.is_none() {
            let mut connection = super::connecting::connect(&self.file).await?;
            self.last = last_event(&mut connection).await?;
            self.connection = Some(connection);
        }
        Ok(())
    }

    /// Drops the data in memory that is no longer trusted: the transaction and the heads.
    async fn forget(&mut self) {
        self.heads.clear();
        if let Some(mut connection) = self.connection.take() {
            // There may be no transaction to roll back. Closing also rolls back.
            let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
            let _ = connection.close().await;
        }
    }

    /// Finds out if a batch that failed was stored.
    async fn recover(&mut self, batch: &[Request], failure: BatchFailure) -> Committed {
        tracing::error!(log = self.log.as_str(), why = %failure.why, requests = batch.len(), "a batch was not stored");
        let end = self.last.position;
        self.forget().await;
        let changes = |sent: &SubmittedBatch| !(sent.plan.rows.is_empty() && sent.plan.remembered.is_empty());
        let Some(sent) = failure.sent.filter(changes) else {
            return refused(batch, &failure.why, end);
        };
        match self.was_stored(end, batch, &sent).await {
            Ok(true) => {
                tracing::warn!(log = self.log.as_str(), "the batch was stored though its commit failed");
                let SubmittedBatch { plan, repeats, recorded_at } = sent;
                // The heads were dropped, and are read again when they are needed.
                self.committed(batch, plan, Heads::new(), &repeats, recorded_at)
            }
            Ok(false) => {
                // Frames of the failed commit must not be recovered after a crash.
                self.checkpoints.truncate().await;
                refused(batch, &failure.why, end)
            }
            Err(error) => {
                self.forget().await;
                let why = format!("{}; whether it was stored is not known ({})", failure.why, explained(&error));
                refused(batch, &why, end)
            }
        }
    }

    /// True if the file holds the batch. It holds all of it or nothing, because it was one transaction.
    async fn was_stored(&mut self, end: u64, batch: &[Request], sent: &SubmittedBatch) -> Result<bool, LogError> {
        let mut asked = 1;
        loop {
            match self.holds(end, batch, &sent.plan).await {
                Ok(holds) => return Ok(holds),
                Err(error) if asked == ASK_MAX => return Err(error),
                Err(_) => {}
            }
            asked += 1;
            self.forget().await;
            tokio::time::sleep(ASK_PAUSE).await;
        }
    }

    /// True if the first event of a plan, or the first remembered decision of one without events, is in the file.
    async fn holds(&mut self, end: u64, batch: &[Request], plan: &Plan) -> Result<bool, LogError> {
        self.connect().await?;
        let connection = self.connected()?;
        if let Some(row) = plan.rows.first() {
            let query = sqlx::query_scalar(include_str!("../../sql/sqlite/id_at.sql")).bind(signed(end + 1));
            let stored: Option<Vec<u8>> = query.fetch_optional(connection).await?;
            let id = batch[row.request].append.events[row.event].id;
            return Ok(stored.is_some_and(|stored| stored == id.as_bytes()));
        }
        let first = plan.remembered.first().and_then(|decided| batch[decided.request].append.idempotency.as_ref());
        let Some(first) = first else { return Ok(false) };
        let found = remembered(connection, &hexadecimal(std::iter::once(&first.command_key))).await?;
        Ok(!found.is_empty())
    }
}

#[async_trait]
impl LogWriter for SqliteWriter {
    async fn commit(&mut self, batch: &[Request]) -> Committed {
        match self.attempt(batch).await {
            Ok(committed) => committed,
            Err(failure) => self.recover(batch, failure).await,
        }
    }

    async fn settle(&mut self) {
        let Some(Unsettled { read, moved, rows }) = self.unsettled.take() else { return };
        for (stream, head) in read {
            let head = moved.get(&stream).copied().unwrap_or(head);
            self.heads.put(stream, head);
        }
        if rows > 0 {
            self.checkpoints.committed(rows).await;
        }
        self.forget_old().await;
    }

    async fn close(self: Box<Self>) {
        if let Some(connection) = self.connection {
            let _ = connection.close().await;
        }
        self.checkpoints.close().await;
        drop(self.held);
    }
}

pub(super) async fn last_event(connection: &mut SqliteConnection) -> Result<Last, LogError> {
    let row = sqlx::query(include_str!("../../sql/sqlite/end.sql")).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(Last::default()) };
    Ok(Last { position: rows::number(&row, 0)?, recorded_at: row.try_get_unchecked(1)? })
}

fn keys_of(batch: &[Request]) -> Vec<Hash> {
    batch.iter().flat_map(|request| known_by(&request.append)).collect()
}

fn refused(batch: &[Request], why: &str, end: u64) -> Committed {
    let answers = batch.iter().map(|_| Err(Refused::Unavailable(why.into()))).collect();
    Committed { answers, end }
}

fn is_repeated_key(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    let (unique, null) = (error.is_unique_violation(), error.kind() == ErrorKind::NotNullViolation);
    // The second case: `insert.sql` found a command with a remembered decision.
    (unique && error.message().ends_with("event.command_key")) || (null && error.message().ends_with("event.data"))
}

fn explained(error: &LogError) -> String {
    match error {
        LogError::Read(error) => explain(error),
        LogError::Unusable(_) | LogError::OtherHistory(_) | LogError::Damaged { .. } => error.to_string(),
    }
}

/// A JSON array of names of streams or of kinds. Their characters need no escapes.
pub(super) fn names(names: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(","))
}

/// SQLite's integers end at 2^63; no position or revision comes near.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
