//! Conditional append by 64 clients, over many streams and on one hot stream, compared with a bare prepared insert.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytes::Bytes;
use event_core::{LogName, StreamName};
use event_log::{Append, Condition, Expected, Granted, Log, LogOptions, NewEvent, Provenance};
use uuid::Uuid;

use crate::{
    load::{self, Slice, median},
    results::Measured,
};

pub const CLIENTS: usize = 64;
/// The number of active streams, spread over the clients.
pub const STREAMS: usize = 50_000;
/// A hot stream is replaced by a fresh one before it is full.
const HOT_STREAM_EVENTS: u64 = 8_000;
/// About 155 bytes.
const DATA: &[u8] = br#"{"session":"A12345.9KTW3M0ZQ1BC","startsAt":"2026-03-30T09:00:00Z","by":"8f14e45f-ceea-467f-a9b5-0123456789ab","channel":"in-person","service":"gp"}"#;

fn provenance() -> Provenance {
    Provenance {
        actor: r#"{"id":"8f14e45f-ceea-467f-a9b5-0123456789ab","role":"patient","organisation":null,"level":"P9","issuer":"urn:frontdoor:demo"}"#
            .into(),
        acting_for: None,
        subject: "8f14e45f-ceea-467f-a9b5-0123456789ab".parse().ok(),
        correlation: None,
        causation: None,
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
    }
}

pub fn one_event(stream: &StreamName, revision: u64) -> Append {
    Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(revision) }],
        events: vec![NewEvent {
            stream: stream.clone(),
            id: Uuid::now_v7(),
            kind: "appointment.slot-taken.v1",
            data: Bytes::from_static(DATA),
        }],
        provenance: provenance(),
        idempotency: None,
        depends_on: Vec::new(),
        may_use_reserve: false,
    }
}

/// One client appends to its share of the streams in turn until the deadline, with known revisions.
async fn many_streams(
    log: Log,
    mut own: Vec<(StreamName, u64)>,
    deadline: Instant,
) -> anyhow::Result<(Vec<(StreamName, u64)>, Vec<(Instant, Duration)>)> {
    let mut answers = Vec::new();
    for turn in (0..own.len()).cycle() {
        let asked = Instant::now();
        if asked >= deadline {
            break;
        }
        let (stream, revision) = &mut own[turn];
        match log.append(one_event(stream, *revision)).await? {
            Granted::Stored(_) => *revision += 1,
            Granted::Repeated(_) | Granted::Remembered { .. } | Granted::Holds { .. } => {
                bail!("an append was not stored")
            }
        }
        answers.push((Instant::now(), asked.elapsed()));
    }
    Ok((own, answers))
}

pub type StreamShares = Vec<Vec<(StreamName, u64)>>;

/// Fresh streams, spread over the clients.
pub fn shares(clients: usize, streams: usize) -> StreamShares {
    let stream = |n: usize| (StreamName::of("bench", format!("{n:08}-{}", Uuid::new_v4())), 0);
    (0..clients).map(|client| (client..streams).step_by(clients).map(stream).collect()).collect()
}

/// # Errors
/// If the log fails.
pub async fn slice_of_many(log: &Log, shares: &mut StreamShares, time: Duration) -> anyhow::Result<Slice> {
    let deadline = Instant::now() + time;
    let (back, mut returned) = tokio::sync::mpsc::unbounded_channel();
    let clients = shares
        .drain(..)
        .map(|own| {
            let (log, back) = (log.clone(), back.clone());
            async move {
                let (own, answers) = many_streams(log, own, deadline).await?;
                back.send(own).context("the benchmark ended")?;
                Ok(answers)
            }
        })
        .collect();
    let slice = load::run(clients).await?;
    drop(back);
    while let Some(own) = returned.recv().await {
        shares.push(own);
    }
    Ok(slice)
}

/// The state of a hot stream that its clients share: the stream, and the next proposed revision.
struct Hot {
    stream: StreamName,
    revision: AtomicU64,
}

impl Hot {
    fn fresh() -> Arc<Hot> {
        Arc::new(Hot { stream: StreamName::of("bench", Uuid::new_v4()), revision: AtomicU64::new(0) })
    }
}

/// Uses a hot stream in the same way as the engine: each request depends on the previous one.
async fn slice_of_hot(log: &Log, time: Duration) -> anyhow::Result<Slice> {
    let deadline = Instant::now() + time;
    // Requests are submitted in the order of their revisions.
    let sequencer = Arc::new(tokio::sync::Mutex::new((Hot::fresh(), None)));
    let client = |log: Log| {
        let sequencer = sequencer.clone();
        async move {
            let mut answers = Vec::new();
            loop {
                let asked = Instant::now();
                if asked >= deadline {
                    return Ok(answers);
                }
                let submission = {
                    let mut sequencer = sequencer.lock().await;
                    if sequencer.0.revision.load(Ordering::Relaxed) >= HOT_STREAM_EVENTS {
                        *sequencer = (Hot::fresh(), None);
                    }
                    let revision = sequencer.0.revision.fetch_add(1, Ordering::Relaxed);
                    let mut append = one_event(&sequencer.0.stream, revision);
                    append.depends_on.extend(sequencer.1);
                    let submission = log.submit(append)?;
                    sequencer.1 = Some(submission.ticket);
                    submission
                };
                match submission.outcome.await {
                    Ok(Granted::Stored(_)) => {}
                    Ok(Granted::Repeated(_) | Granted::Remembered { .. } | Granted::Holds { .. }) => {
                        bail!("an append was not stored")
                    }
                    Err(refused) => return Err(refused.into()),
                }
                answers.push((Instant::now(), asked.elapsed()));
            }
        }
    };
    load::run((0..CLIENTS).map(|_| client(log.clone())).collect()).await
}

/// Inserts exactly the rows that the log just stored, in their order, into a table with the same indexes, by one
/// prepared statement in batches of the same size, without clients and conditions. Its pages are also written to the
/// database file within the measured time: by one checkpoint at the end of a slice, the cheapest way.
struct BareSqlite {
    connection: rusqlite::Connection,
    log: rusqlite::Connection,
    copied: i64,
}

/// position, stream, revision, id, kind, recorded_at, command_key, meta, data
type BareRow = (i64, String, i64, Vec<u8>, String, i64, Option<Vec<u8>>, Vec<u8>, Vec<u8>);

/// The number of rows that are read ahead, outside the measured time.
const BARE_ROWS_AHEAD: i64 = 64 * 1_024;

impl BareSqlite {
    fn open(folder: &Path) -> anyhow::Result<BareSqlite> {
        let file = folder.join("care.db");
        let log = rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let connection = rusqlite::Connection::open(folder.join("bare.db"))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "cache_size", -8192)?;
        for statement in schema_of(&log)? {
            connection.execute_batch(&statement)?;
        }
        Ok(BareSqlite { connection, log, copied: 0 })
    }

    /// The rate in rows per second.
    fn slice(&mut self, rows_per_batch: usize) -> anyhow::Result<f64> {
        let (mut done, mut seconds) = (0, 0.0);
        loop {
            let rows = self.next_rows()?;
            let Some(last) = rows.last() else { break };
            self.copied = last.0;
            done += rows.len();
            let started = Instant::now();
            for batch in rows.chunks(rows_per_batch) {
                self.insert(batch)?;
            }
            seconds += started.elapsed().as_secs_f64();
        }
        let started = Instant::now();
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(done as f64 / (seconds + started.elapsed().as_secs_f64()))
    }

    fn next_rows(&self) -> anyhow::Result<Vec<BareRow>> {
        let mut select = self.log.prepare_cached(
            "SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data FROM event \
             WHERE position > ? ORDER BY position LIMIT ?",
        )?;
        let rows = select.query_map([self.copied, BARE_ROWS_AHEAD], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
                row.get(8)?,
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn insert(&mut self, batch: &[BareRow]) -> anyhow::Result<()> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (position, stream, revision, id, kind, recorded_at, command_key, meta, data) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            for row in batch {
                insert.execute(rusqlite::params![row.0, row.1, row.2, row.3, row.4, row.5, row.6, row.7, row.8])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// The tables and indexes of the log, from the schema of its own file.
fn schema_of(log: &rusqlite::Connection) -> anyhow::Result<Vec<String>> {
    let mut statements =
        log.prepare("SELECT sql FROM sqlite_master WHERE tbl_name = 'event' AND sql IS NOT NULL ORDER BY rowid")?;
    let rows = statements.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

async fn open(folder: &Path) -> anyhow::Result<Log> {
    let url = format!("sqlite:{}", folder.display());
    Ok(Log::open(&url, LogName::Care, LogOptions::default()).await?)
}

/// Conditional append over many streams; each slice is followed by a slice of the bare loop.
///
/// # Errors
/// If the log or the files fail.
pub async fn many(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    const SLICES: usize = 12;
    const SLICE: Duration = Duration::from_secs(2);
    let log = open(folder).await?;
    let mut bare = BareSqlite::open(folder)?;
    let mut shares = shares(CLIENTS, STREAMS);
    let (mut ours, mut theirs, mut all) = (Vec::new(), Vec::new(), Slice::default());
    for slice in 1..=SLICES {
        eprintln!("append: slice {slice} of {SLICES}");
        let seen = slice_of_many(&log, &mut shares, SLICE).await?;
        ours.push(seen.rate());
        all.add(seen);
        theirs.push(tokio::task::block_in_place(|| bare.slice(CLIENTS))?);
    }
    log.close().await;
    let row = Measured::against("append-sqlite-64-clients", median(ours), "events/s", median(theirs), 0.60);
    Ok(vec![row.note(format!(
        "{}; {} events; the bare loop inserts the same rows, {CLIENTS} a batch",
        all.latency(),
        all.done
    ))])
}

/// One hot stream compared with many streams, in interleaved slices on one log.
///
/// # Errors
/// If the log or the files fail.
pub async fn hot(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    const SLICES: usize = 8;
    const SLICE: Duration = Duration::from_secs(2);
    let log = open(folder).await?;
    let mut shares = shares(CLIENTS, STREAMS);
    let (mut hot, mut many, mut all) = (Vec::new(), Vec::new(), Slice::default());
    for slice in 1..=SLICES {
        eprintln!("hot stream: slice {slice} of {SLICES}");
        let seen = slice_of_hot(&log, SLICE).await?;
        hot.push(seen.rate());
        all.add(seen);
        many.push(slice_of_many(&log, &mut shares, SLICE).await?.rate());
    }
    log.close().await;
    let row = Measured::against("append-hot-stream-64-clients", median(hot), "events/s", median(many), 0.60);
    Ok(vec![row.note(all.latency())])
}
