//! The performance of the log in PostgreSQL: alone, compared with a bare insert of the stored rows, with an old
//! snapshot held open, with two nodes, and after it has grown.

mod growth;
mod nodes;
mod raw;

use std::time::Duration;

use event_core::LogName;
use event_log::{Log, LogOptions};
use local::postgres::Database;
use sqlx::{Connection, PgConnection};

use self::raw::BarePostgres;
pub use self::{
    growth::growth,
    nodes::{node, two_nodes},
};
use crate::{
    append::{CLIENTS, STREAMS, shares, slice_of_many},
    load::{Slice, median},
    results::Measured,
};

/// Brings PostgreSQL into the state of a server that has run for a while: its maintenance after many inserts is done,
/// and there are segments of the write-ahead log to reuse.
///
/// # Errors
/// If the database fails.
pub async fn at_rest(database: &Database) -> anyhow::Result<()> {
    let mut owner = PgConnection::connect(&database.url("owner").await).await?;
    const SEGMENTS: &str =
        "CREATE TABLE filler AS SELECT repeat(md5(n::text), 50) FROM generate_series(1, 1000000) AS n";
    for statement in ["VACUUM ANALYZE care.event", SEGMENTS, "DROP TABLE filler", "CHECKPOINT"] {
        sqlx::raw_sql(statement).execute(&mut owner).await?;
    }
    Ok(())
}

/// Conditional append by 64 clients over 50,000 streams.
///
/// # Errors
/// If the database fails.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn append() -> anyhow::Result<Vec<Measured>> {
    /// Many short slices, so that other load on the machine affects both sides.
    const SLICES: usize = 12;
    const SLICE: Duration = Duration::from_secs(2);
    let (database, baseline) = (Database::new(), Database::new());
    let url = database.url("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
    let mut bare = BarePostgres::open(&url, &baseline.url("server").await, 0).await?;
    let mut shares = shares(CLIENTS, STREAMS);
    let (mut ours, mut theirs, mut all, mut statements) = (Vec::new(), Vec::new(), Slice::default(), 0);
    for slice in 1..=SLICES {
        eprintln!("append-postgres: slice {slice} of {SLICES}");
        let seen = slice_of_many(&log, &mut shares, SLICE).await?;
        ours.push(seen.rate());
        all.add(seen);
        let same = bare.slice().await?;
        theirs.push(same.rate);
        statements += same.statements;
    }
    log.close().await;
    let row = Measured::against("append-postgres-64-clients", median(ours), "events/s", median(theirs), 0.65);
    Ok(vec![row.note(format!(
        "{}; {} events; fsync on; the raw insert stores the same rows, as many a statement as the log did: {:.1} of \
         {CLIENTS} clients, each its own transaction",
        all.latency(),
        all.done,
        all.done as f64 / statements as f64
    ))])
}

/// The rate of appends at the end of a period with an open snapshot, compared with the rate before.
///
/// # Errors
/// If the database fails.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn old_snapshot() -> anyhow::Result<Vec<Measured>> {
    const ROUNDS: usize = 2;
    /// The number of slices on each side of a round.
    const SLICES: usize = 4;
    const SLICE: Duration = Duration::from_secs(1);
    /// Long enough for effects of an old snapshot: a row that each append updates lost 60 % within 35 s.
    const HELD_BEFORE: Duration = Duration::from_secs(32);
    let database = Database::new();
    let url = database.url("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
    let mut shares = shares(CLIENTS, STREAMS);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("old-snapshot: round {round} of {ROUNDS}, 40 s each");
        for _ in 0..SLICES {
            without.push(slice_of_many(&log, &mut shares, SLICE).await?.rate());
        }
        let mut holder = PgConnection::connect(&url).await?;
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM care.event")
            .execute(&mut holder)
            .await?;
        slice_of_many(&log, &mut shares, HELD_BEFORE).await?;
        for _ in 0..SLICES {
            with.push(slice_of_many(&log, &mut shares, SLICE).await?.rate());
        }
        sqlx::raw_sql("COMMIT").execute(&mut holder).await?;
    }
    log.close().await;
    let row = Measured::against("append-postgres-old-snapshot", median(with), "events/s", median(without), 0.85);
    Ok(vec![row.note("the last 4 s of 36 with a snapshot held open, beside the 4 s before it; 64 clients")])
}
