//! The cost of size: the same 50,000 active streams in a log of 10^5 events and in one of 10^7, and all streams of the
//! large log active, compared with a bare insert into a table of the same size.

use std::time::{Duration, Instant};

use anyhow::bail;
use event_core::{LogName, StreamName};
use event_log::{Granted, Log, LogOptions};
use local::postgres::Database;
use sqlx::{Connection, PgConnection};

use super::{at_rest, raw::BarePostgres};
use crate::{
    append::{CLIENTS, STREAMS, StreamShares, one_event, slice_of_many},
    load::median,
    results::Measured,
};

const ROUNDS: usize = 5;
const SLICE: Duration = Duration::from_secs(3);
/// The number of events of each stream of the large log after it has been filled.
const EVENTS_OF_A_STREAM: usize = 10;
/// The number of rows of one statement that fills a log.
const FILL_ROWS: u64 = 500_000;

/// # Errors
/// If the database fails.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn growth(events: u64) -> anyhow::Result<Vec<Measured>> {
    let streams = usize::try_from(events)? / EVENTS_OF_A_STREAM;
    if streams < STREAMS {
        bail!("--events is at least {}", STREAMS * EVENTS_OF_A_STREAM);
    }
    let large = Database::new();
    fill(&large, events, streams).await?;
    eprintln!("growth: a copy of it is made");
    let baseline = large.copied().await;
    let url = large.url("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
    let mut active = shares_of(STREAMS, EVENTS_OF_A_STREAM as u64);
    // Every active stream gets an event in both logs before anything is measured.
    once(&log, &mut active).await?;
    let (mut at_large, mut at_small) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("growth: the same streams, round {round} of {ROUNDS}");
        at_large.push(slice_of_many(&log, &mut active, SLICE).await?.rate());
        at_small.push(small().await?);
    }
    let end = i64::try_from(log.end())?;
    let mut bare = BarePostgres::open(&url, &baseline.url("server").await, end).await?;
    let mut all = spread(streams, active);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("growth: all streams, round {round} of {ROUNDS}");
        ours.push(slice_of_many(&log, &mut all, SLICE).await?.rate());
        theirs.push(bare.slice().await?.rate);
    }
    log.close().await;
    let same = format!("{CLIENTS} clients, the same {STREAMS} streams, at {events} events beside 100000");
    let every = format!("at {events} events, appends to any of {streams} streams, beside a raw insert at that size");
    Ok(vec![
        Measured::against("growth-same-streams", median(at_large), "events/s", median(at_small), 0.85).note(same),
        Measured::against("growth-all-streams", median(ours), "events/s", median(theirs), 0.65).note(every),
    ])
}

/// The rate in a log of 10^5 events.
async fn small() -> anyhow::Result<f64> {
    let database = Database::new();
    fill(&database, STREAMS as u64, STREAMS).await?;
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await?;
    let mut active = shares_of(STREAMS, 1);
    once(&log, &mut active).await?;
    let rate = slice_of_many(&log, &mut active, SLICE).await?.rate();
    log.close().await;
    Ok(rate)
}

fn stream(n: usize) -> StreamName {
    StreamName::of("bench", format!("{n:08}"))
}

/// The first `streams` streams, all at one revision, spread over the clients.
fn shares_of(streams: usize, revision: u64) -> StreamShares {
    (0..CLIENTS).map(|client| (client..streams).step_by(CLIENTS).map(|n| (stream(n), revision)).collect()).collect()
}

/// All streams in an order that does not follow their names.
fn spread(streams: usize, active: StreamShares) -> StreamShares {
    let mut known: Vec<_> = active.into_iter().flatten().collect();
    known.extend((STREAMS..streams).map(|n| (stream(n), EVENTS_OF_A_STREAM as u64)));
    fastrand::shuffle(&mut known);
    let share = known.len().div_ceil(CLIENTS);
    known.chunks(share).map(<[_]>::to_vec).collect()
}

/// Appends an event to each stream.
async fn once(log: &Log, shares: &mut StreamShares) -> anyhow::Result<()> {
    let clients = std::mem::take(shares).into_iter().map(|mut own| {
        let log = log.clone();
        tokio::spawn(async move {
            for (stream, revision) in &mut own {
                match log.append(one_event(stream, *revision)).await? {
                    Granted::Stored(_) => *revision += 1,
                    Granted::Repeated(_) | Granted::Remembered { .. } | Granted::Holds { .. } => {
                        bail!("an append was not stored")
                    }
                }
            }
            Ok(own)
        })
    });
    for client in clients.collect::<Vec<_>>() {
        shares.push(client.await??);
    }
    Ok(())
}

/// Fills an empty log by SQL, as its owner: `events` events, over the streams in turn. Indexes are created at the end.
async fn fill(database: &Database, events: u64, streams: usize) -> anyhow::Result<()> {
    let started = Instant::now();
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await?;
    // One real event, which provides the envelope and the data for the others.
    log.append(one_event(&stream(0), 0)).await?;
    log.close().await;
    let mut owner = PgConnection::connect(&database.url("owner").await).await?;
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'care' AND tablename = 'event' \
         AND indexname <> 'event_pkey'",
    )
    .fetch_all(&mut owner)
    .await?;
    for (name, _) in &indexes {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP INDEX care.{name}"))).execute(&mut owner).await?;
    }
    let mut from = 2;
    while from <= events {
        let until = (from + FILL_ROWS - 1).min(events);
        sqlx::query(
            "INSERT INTO care.event SELECT n, 'bench-' || lpad(((n - 1) % $3)::text, 8, '0'), 1 + (n - 1) / $3, \
             gen_random_uuid(), kind, recorded_at, decode(lpad(to_hex(n), 32, '0'), 'hex'), meta, data \
             FROM generate_series($1, $2) AS n, care.event AS first WHERE first.position = 1",
        )
        .bind(i64::try_from(from)?)
        .bind(i64::try_from(until)?)
        .bind(i64::try_from(streams)?)
        .execute(&mut owner)
        .await?;
        if events > FILL_ROWS {
            let seconds = started.elapsed().as_secs_f64();
            let left = seconds / until as f64 * (events - until) as f64;
            eprintln!("growth: {until} of {events} events are there; {left:.0} s left, and then the indexes");
        }
        from = until + 1;
    }
    for (_, definition) in indexes {
        sqlx::raw_sql(sqlx::AssertSqlSafe(definition)).execute(&mut owner).await?;
    }
    at_rest(database).await
}
