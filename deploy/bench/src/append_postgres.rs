//! Conditional append by 64 clients on PostgreSQL, against a raw insert of the very rows that were stored.

use std::time::{Duration, Instant};

use event_log::{Log, LogOptions};
use local::postgres::Database;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;
use vocabulary::LogName;

use crate::{
    append::{CLIENTS, shares, slice_of_many},
    load::{Slice, median},
    results::Measured,
};

/// Many and short: what else runs on the machine meets both sides.
const SLICES: usize = 12;
const SLICE: Duration = Duration::from_secs(3);
/// Rows that are read, untimed, before they are inserted.
const ROWS_AHEAD: i64 = 64 * 1_024;

/// # Errors
/// When the database fails.
///
/// # Panics
/// Where no PostgreSQL can be started; it says what is missing.
pub async fn append() -> anyhow::Result<Vec<Measured>> {
    let (database, baseline) = (Database::new(), Database::new());
    let url = database.url("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
    let mut from = PgConnection::connect(&url).await?;
    let mut into = PgConnection::connect(&baseline.url("server").await).await?;
    let mut shares = shares();
    let (mut ours, mut theirs, mut all) = (Vec::new(), Vec::new(), Slice::default());
    let (mut copied, mut statements) = (0, 0);
    for slice in 1..=SLICES {
        eprintln!("append-postgres: slice {slice} of {SLICES}");
        let seen = slice_of_many(&log, &mut shares, SLICE).await?;
        ours.push(seen.rate());
        all.add(seen);
        let (rows, batches) = stored_after(&mut from, copied).await?;
        statements += batches;
        theirs.push(raw(&mut from, &mut into, &mut copied, rows.div_ceil(batches.max(1))).await?);
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

/// The rows after a position, and in how many statements they were stored.
async fn stored_after(from: &mut PgConnection, position: i64) -> anyhow::Result<(usize, usize)> {
    let counted = "SELECT count(*), count(DISTINCT xmin::text) FROM care.event WHERE position > $1";
    let (rows, statements): (i64, i64) = sqlx::query_as(counted).bind(position).fetch_one(from).await?;
    Ok((usize::try_from(rows)?, usize::try_from(statements)?))
}

/// Rows a second.
async fn raw(
    from: &mut PgConnection,
    into: &mut PgConnection,
    copied: &mut i64,
    rows_per_statement: usize,
) -> anyhow::Result<f64> {
    let (mut done, mut seconds) = (0, 0.0);
    loop {
        let rows = sqlx::query(
            "SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data FROM care.event \
             WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(*copied)
        .bind(ROWS_AHEAD)
        .fetch_all(&mut *from)
        .await?;
        let Some(last) = rows.last() else { return Ok(done as f64 / seconds) };
        *copied = last.try_get(0)?;
        done += rows.len();
        let batches = rows.chunks(rows_per_statement).map(Columns::of).collect::<Result<Vec<_>, _>>()?;
        let started = Instant::now();
        for batch in batches {
            batch.insert(into).await?;
        }
        seconds += started.elapsed().as_secs_f64();
    }
}

/// A statement's rows, a column each.
#[derive(Default)]
struct Columns {
    positions: Vec<i64>,
    streams: Vec<String>,
    revisions: Vec<i64>,
    ids: Vec<Uuid>,
    kinds: Vec<String>,
    times: Vec<i64>,
    keys: Vec<Option<Vec<u8>>>,
    metas: Vec<Vec<u8>>,
    data: Vec<Vec<u8>>,
}

impl Columns {
    fn of(rows: &[sqlx::postgres::PgRow]) -> Result<Columns, sqlx::Error> {
        let mut columns = Columns::default();
        for row in rows {
            columns.positions.push(row.try_get(0)?);
            columns.streams.push(row.try_get(1)?);
            columns.revisions.push(row.try_get(2)?);
            columns.ids.push(row.try_get(3)?);
            columns.kinds.push(row.try_get(4)?);
            columns.times.push(row.try_get(5)?);
            columns.keys.push(row.try_get(6)?);
            columns.metas.push(row.try_get(7)?);
            columns.data.push(row.try_get(8)?);
        }
        Ok(columns)
    }

    async fn insert(self, into: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO care.event (position, stream, revision, id, kind, recorded_at, command_key, meta, data) \
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::bigint[], \
             $7::bytea[], $8::bytea[], $9::bytea[])",
        )
        .bind(self.positions)
        .bind(self.streams)
        .bind(self.revisions)
        .bind(self.ids)
        .bind(self.kinds)
        .bind(self.times)
        .bind(self.keys)
        .bind(self.metas)
        .bind(self.data)
        .execute(into)
        .await?;
        Ok(())
    }
}
