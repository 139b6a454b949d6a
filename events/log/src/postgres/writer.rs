//! The writer of one node. A batch is decided here on the heads as this node knows them, and sent in one round trip;
//! the database stores it only if all of them are correct. If they are not, it is decided again on the correct heads,
//! under the lock and in one transaction, so that no other node comes between.
//!
//! Traps that this avoids: a wrong refusal from a stale cache (a refusal is also sent); write skew (every head is
//! compared after the wait for the lock); success answered but nothing stored, and its opposite: after a lost
//! connection the batch is sent again, the lock waits for the old transaction, and the command keys show what it
//! stored.

use std::{
    collections::HashSet,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use event_core::{LogName, StreamName, Timestamp};
use lru::LruCache;
use sqlx::{Connection, PgConnection, Row as _};

use super::{
    address::DatabaseAddress,
    batch::{heads_of, keys_of, streams_of},
    connections::{CALL_TIME_MAX, CONNECT_TIME_MAX, silent, within},
    history::compare,
    outcomes::outcomes,
    rows::number,
    send::{Probes, names, send},
};
use crate::{
    evaluate::{BatchInput, Head, Heads, Plan, Repeats},
    history::SeenHistory,
    options::LogOptions,
    port::{Expected, Granted, LogError, Refused, limits},
    store::{Committed, LogWriter, Request},
};

/// The maximum number of attempts to send a batch to a database that has gone away.
const SEND_MAX: u32 = 50;
/// How long after its first failure a batch may be sent again; each attempt takes `CALL_TIME_MAX` at most. The client
/// has been answered before that the request took too long. Sending its key again gives the outcome.
const SEND_TIME_MAX: Duration = Duration::from_secs(20);
/// The wait before a batch is sent again.
const SEND_PAUSE: Duration = Duration::from_millis(100);

/// The maximum number of old decisions that one statement removes.
const FORGET_MAX: i64 = 500;
/// The time between two removals of old decisions.
const FORGET_EVERY: Duration = Duration::from_secs(60);

pub(super) struct PgWriter {
    connecting: DatabaseAddress,
    /// `None` before the first batch, and after a failure.
    connection: Option<PgConnection>,
    history: Arc<SeenHistory>,
    log: LogName,
    clock: fn() -> Timestamp,
    /// The heads as this node last saw them. Another node may have moved them since.
    heads: LruCache<StreamName, Head>,
    /// The number of the history in which they were seen.
    heads_history: u64,
    end: u64,
    /// Microseconds for which a decision without events is remembered.
    remember: i64,
    /// The time of the next removal of old decisions.
    forget_at: Instant,
}

/// The outcome of a batch that was stored, from which its answers are made.
struct BatchOutcome {
    plan: Plan,
    heads: Heads,
    repeats: Repeats,
    end: u64,
    /// The number of the history in which it was stored.
    history: u64,
}

impl PgWriter {
    pub(super) fn new(
        connecting: DatabaseAddress,
        history: Arc<SeenHistory>,
        log: LogName,
        options: &LogOptions,
    ) -> PgWriter {
        let heads_max = NonZeroUsize::new(options.heads_cached_max).unwrap_or(NonZeroUsize::MIN);
        let (clock, heads) = (options.clock, LruCache::new(heads_max));
        let remember = i64::try_from(options.remember.as_micros()).unwrap_or(i64::MAX);
        let (forget_at, heads_history) = (Instant::now(), history.number());
        PgWriter {
            connecting,
            connection: None,
            history,
            log,
            clock,
            heads,
            heads_history,
            end: 0,
            remember,
            forget_at,
        }
    }

    /// Stores a batch on the assumed heads, in one round trip; `None` if an assumption was wrong.
    async fn at_once(&mut self, batch: &[Request]) -> Result<Option<BatchOutcome>, LogError> {
        // Before the cache is read: a new connection empties it.
        self.connected().await?;
        let history = self.current_history();
        let (assumed, unseen) = self.assumed(batch).await?;
        let repeats = Repeats::new();
        let plan = self.plan(batch, &assumed, self.end, history);
        if !positions_are_known(batch, &plan, &unseen) {
            return Ok(None);
        }
        let probes = Probes::of(batch, &plan, &assumed, &unseen, self.end);
        let clock = self.now();
        let Some(stored) = send(self.connected().await?, batch, &plan, &probes, clock).await? else {
            return Ok(None);
        };
        let end = stored.base + plan.rows.len() as u64;
        if stored.base == self.end && probes.streams.is_empty() {
            return Ok(Some(BatchOutcome { plan, heads: assumed, repeats, end, history }));
        }
        // The same verdicts, at the actual positions.
        let mut heads = assumed.clone();
        probes.found(&stored.positions, &mut heads);
        let plan = self.plan(batch, &heads, stored.base, history);
        Ok(Some(BatchOutcome { plan, heads, repeats, end, history }))
    }

    /// The number of the log's history. Heads of an earlier one are dropped: a reader's new connection may find that
    /// the log has lost events while this connection continues.
    fn current_history(&mut self) -> u64 {
        let history = self.history.number();
        if history != self.heads_history {
            self.heads.clear();
            self.end = 0;
            self.heads_history = history;
        }
        history
    }

    /// Stores a batch on the actual heads, under the lock.
    async fn under_the_lock(&mut self, batch: &[Request]) -> Result<BatchOutcome, LogError> {
        let (clock, keys, stream_events_max) = (self.now(), keys_of(batch), self.full());
        let streams = streams_of(batch);
        self.connected().await?;
        let (history, known) = (Arc::clone(&self.history), self.end);
        let seen = history.seen();
        let mut transaction = self.connected().await?.begin().await?;
        let query = sqlx::query(include_str!("../../sql/postgres/look.sql")).bind(names(streams.iter()));
        let look = query.fetch_one(&mut *transaction).await?;
        let base = number(look.try_get(0)?)?;
        // Events that were stored before the query are missing.
        let is_lost = base < known || seen.last.is_some_and(|(position, _)| base < position);
        let heads = heads_of(streams, look.try_get(1)?, look.try_get(2)?)?;
        let repeats = outcomes(&mut transaction, &keys).await?;
        if is_lost {
            history.lost(seen);
        }
        let history = history.number();
        let plan =
            Plan::of(batch, &BatchInput { heads: &heads, repeats: &repeats, end: base, history, stream_events_max });
        // The lock is held already, and all heads and keys have been looked up.
        if send(&mut transaction, batch, &plan, &Probes::none(base), clock).await?.is_none() {
            return Err(LogError::Unusable("the heads of streams changed under the lock".into()));
        }
        transaction.commit().await?;
        if is_lost {
            self.heads.clear();
        }
        let end = base + plan.rows.len() as u64;
        Ok(BatchOutcome { plan, heads, repeats, end, history })
    }

    /// A plan of a batch without known repeats.
    fn plan(&self, batch: &[Request], heads: &Heads, end: u64, history: u64) -> Plan {
        let (repeats, stream_events_max) = (Repeats::new(), self.full());
        Plan::of(batch, &BatchInput { heads, repeats: &repeats, end, history, stream_events_max })
    }

    fn full(&self) -> u64 {
        match self.log {
            LogName::Care => limits::STREAM_EVENTS_MAX,
            LogName::Access => u64::MAX,
        }
    }

    fn now(&self) -> i64 {
        (self.clock)().micros()
    }

    /// The heads to decide on. A head that this node does not know is assumed to be at the revision that the first
    /// request expects; if that expects any revision, it is looked up. The second value: the streams with a last
    /// revision that this node has not seen. An empty stream need not be seen: its first revision can be given only
    /// once, and there is none before it.
    async fn assumed<'b>(&mut self, batch: &'b [Request]) -> Result<(Heads, HashSet<&'b StreamName>), LogError> {
        let mut heads = Heads::with_capacity(batch.len());
        let (mut unseen, mut unknown) = (HashSet::new(), Vec::new());
        for condition in batch.iter().flat_map(|request| &request.append.conditions) {
            if heads.contains_key(&condition.stream) {
                continue;
            }
            let head = match (self.heads.get(&condition.stream), condition.expected) {
                (Some(head), _) => *head,
                (None, Expected::Revision(revision)) => {
                    if revision > 0 {
                        unseen.insert(&condition.stream);
                    }
                    Head { revision, position: 0 }
                }
                (None, Expected::Any) => {
                    unknown.push(condition.stream.clone());
                    Head::default()
                }
            };
            heads.insert(condition.stream.clone(), head);
        }
        if !unknown.is_empty() {
            self.ask(&unknown, &mut heads).await?;
        }
        Ok((heads, unseen))
    }

    async fn ask(&mut self, unknown: &[StreamName], heads: &mut Heads) -> Result<(), LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/heads.sql")).bind(names(unknown.iter()));
        for row in query.fetch_all(self.connected().await?).await? {
            let asked = usize::try_from(row.try_get::<i64, _>(0)? - 1).ok().and_then(|at| unknown.get(at));
            if let Some(stream) = asked {
                let head = Head { revision: number(row.try_get(1)?)?, position: number(row.try_get(2)?)? };
                heads.insert(stream.clone(), head);
            }
        }
        Ok(())
    }

    async fn connected(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                // A new connection may lead to a standby that has taken over without the last commits.
                self.heads.clear();
                self.end = 0;
                within(CONNECT_TIME_MAX, self.connect()).await?
            }
        };
        Ok(self.connection.insert(connection))
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.connecting.connect().await?;
        compare(&mut connection, &self.history).await?;
        Ok(connection)
    }

    fn committed(&mut self, batch: &[Request], done: BatchOutcome) -> Committed {
        if let Some(last) = done.plan.rows.last() {
            self.history.saw(done.history, last.position, batch[last.request].append.events[last.event].id);
        }
        let answers = done.plan.answers(batch, &done.repeats);
        for (stream, head) in done.heads {
            let head = done.plan.moved.get(&stream).copied().unwrap_or(head);
            self.heads.put(stream, head);
        }
        self.end = done.end;
        Committed { answers, end: done.end }
    }

    fn refused(&self, batch: &[Request], why: &str) -> Committed {
        let answers = batch.iter().map(|_| Err(Refused::Unavailable(why.into()))).collect();
        Committed { answers, end: self.end }
    }
}

#[async_trait]
impl LogWriter for PgWriter {
    async fn commit(&mut self, batch: &[Request]) -> Committed {
        // True if an earlier attempt may have stored it.
        let mut in_doubt = false;
        match in_time(self.at_once(batch)).await {
            Ok(Some(done)) => return self.committed(batch, done),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(log = self.log.as_str(), %error, "a batch failed and is sent again");
                self.connection = None;
                in_doubt = true;
            }
        }
        let mut why = String::new();
        let began = Instant::now();
        for sent in 0..SEND_MAX {
            if began.elapsed() > SEND_TIME_MAX {
                break;
            }
            if sent > 0 {
                tokio::time::sleep(SEND_PAUSE).await;
            }
            match in_time(self.under_the_lock(batch)).await {
                Ok(done) => {
                    let mut committed = self.committed(batch, done);
                    if in_doubt {
                        committed.answers.iter_mut().zip(batch).for_each(own_again);
                    }
                    return committed;
                }
                Err(error) => {
                    self.connection = None;
                    in_doubt = true;
                    why = error.to_string();
                    if !is_passing(&error) {
                        break;
                    }
                }
            }
        }
        tracing::error!(log = self.log.as_str(), why, requests = batch.len(), "a batch was not stored");
        self.refused(batch, &format!("{why}; whether it was stored is not known"))
    }

    async fn settle(&mut self) {
        if Instant::now() < self.forget_at {
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        let query = sqlx::query(include_str!("../../sql/postgres/forget.sql")).bind(self.remember).bind(FORGET_MAX);
        match within(CALL_TIME_MAX, query.execute(connection)).await {
            // There may be more: the next call continues.
            Ok(done) if done.rows_affected() >= FORGET_MAX.unsigned_abs() => {}
            Ok(_) => self.forget_at = Instant::now() + FORGET_EVERY,
            Err(error) => {
                tracing::warn!(log = self.log.as_str(), %error, "old decisions were not removed");
                self.forget_at = Instant::now() + FORGET_EVERY;
                self.connection = None;
            }
        }
    }

    async fn close(self: Box<Self>) {
        if let Some(connection) = self.connection {
            // A database that does not answer is not waited for.
            let _ = within(CALL_TIME_MAX, connection.close()).await;
        }
    }
}

/// True if the positions that are remembered with decisions are known before the database is asked: they are the
/// positions of the conditions' heads.
fn positions_are_known(batch: &[Request], plan: &Plan, unseen: &HashSet<&StreamName>) -> bool {
    let mut conditions = plan.remembered.iter().flat_map(|decided| &batch[decided.request].append.conditions);
    conditions.all(|condition| match condition.expected {
        Expected::Revision(_) => !unseen.contains(&condition.stream),
        Expected::Any => false,
    })
}

/// A batch that is sent again finds what its first attempt stored, by the events' ids or the outcome. That is not a
/// repeat.
fn own_again((answer, request): (&mut Result<Granted, Refused>, &Request)) {
    let outcome = request.append.idempotency.as_ref().and_then(|idempotency| idempotency.outcome.as_ref());
    if let Ok(Granted::Remembered { position, outcome: remembered }) = answer
        && outcome == Some(remembered)
    {
        *answer = Ok(Granted::Holds { position: *position });
    } else if let Ok(Granted::Repeated(stored)) = answer
        && stored.iter().map(|stored| stored.id).eq(request.append.events.iter().map(|event| event.id))
    {
        *answer = Ok(Granted::Stored(std::mem::take(stored)));
    }
}

/// The result of an attempt. After `CALL_TIME_MAX` its connection is not used again, and the outcome of the batch
/// is in doubt.
async fn in_time<T>(sending: impl Future<Output = Result<T, LogError>>) -> Result<T, LogError> {
    tokio::time::timeout(CALL_TIME_MAX, sending).await.unwrap_or_else(|_| Err(LogError::Read(silent())))
}

/// True if sending the same batch again may succeed.
fn is_passing(error: &LogError) -> bool {
    match error {
        LogError::Read(sqlx::Error::Database(error)) => {
            // Class 08, connections; 57, an operator's shutdown or a time limit; 40, a deadlock or a failed
            // serialisation; 25P03, a transaction that was idle for too long.
            error.code().is_some_and(|code| ["08", "57", "40", "25P03"].iter().any(|class| code.starts_with(class)))
        }
        LogError::Read(_) => true,
        LogError::Unusable(_) | LogError::OtherHistory(_) | LogError::Damaged { .. } => false,
    }
}
