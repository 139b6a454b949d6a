//! The bare insert as the baseline of the log: exactly the rows that it stored, in their order, into a table with the
//! same indexes, with as many rows per statement as in the log, each statement in its own transaction, on one
//! connection.

use std::time::Instant;

use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

/// The number of rows that are read ahead, outside the measured time.
const ROWS_AHEAD: i64 = 64 * 1_024;

/// The rows that the log stored since the last slice, and the rate of a bare insert of the same rows.
pub struct Same {
    pub statements: usize,
    /// In rows per second.
    pub rate: f64,
}

pub struct BarePostgres {
    from: PgConnection,
    into: PgConnection,
    copied: i64,
}

impl BarePostgres {
    /// Copies the rows that are stored after this position.
    ///
    /// # Errors
    /// If a database cannot be reached.
    pub async fn open(from: &str, into: &str, copied: i64) -> anyhow::Result<BarePostgres> {
        Ok(BarePostgres { from: PgConnection::connect(from).await?, into: PgConnection::connect(into).await?, copied })
    }

    /// # Errors
    /// If a database fails.
    pub async fn slice(&mut self) -> anyhow::Result<Same> {
        let counted = "SELECT count(*), count(DISTINCT xmin::text) FROM care.event WHERE position > $1";
        let (rows, statements): (i64, i64) =
            sqlx::query_as(counted).bind(self.copied).fetch_one(&mut self.from).await?;
        let (rows, statements) = (usize::try_from(rows)?, usize::try_from(statements)?);
        let per_statement = rows.div_ceil(statements.max(1)).max(1);
        let (mut done, mut seconds) = (0, 0.0);
        while done < rows {
            let page = sqlx::query(
                "SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data FROM care.event \
                 WHERE position > $1 ORDER BY position LIMIT $2",
            );
            let page = page.bind(self.copied).bind(ROWS_AHEAD).fetch_all(&mut self.from).await?;
            let Some(last) = page.last() else { break };
            self.copied = last.try_get(0)?;
            done += page.len();
            let batches = page.chunks(per_statement).map(RawColumns::of).collect::<Result<Vec<_>, _>>()?;
            let started = Instant::now();
            for batch in batches {
                batch.insert(&mut self.into).await?;
            }
            seconds += started.elapsed().as_secs_f64();
        }
        Ok(Same { statements, rate: done as f64 / seconds })
    }
}

/// The rows of a statement, by column.
#[derive(Default)]
struct RawColumns {
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

impl RawColumns {
    fn of(rows: &[sqlx::postgres::PgRow]) -> Result<RawColumns, sqlx::Error> {
        let mut columns = RawColumns::default();
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
