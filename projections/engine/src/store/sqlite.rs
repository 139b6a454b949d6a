//! The views' database on SQLite, one process's own. `synchronous=NORMAL` is enough: after a power cut the views are older,
//! with the checkpoint that belongs to them, and they go on from there.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use event_log::sqlite::Checkpoints;
use futures::future::join;
use sqlx::{
    Arguments, AssertSqlSafe, Connection, Row, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;
use views::Key;

use super::{
    ABOVE_ALL_KEYS, Build, Checkpoint, Found, FoundPage, FoundRow, Listener, Step, Store, Told, bound, signed, unsigned,
};
use crate::{
    ViewsError,
    fold::{Saved, Stop},
    reader::Scan,
};

/// Connections that read.
const READERS: u32 = 4;
/// Bytes of the write-ahead log past which writing waits until it is emptied.
const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How long a statement waits for a lock of another connection. Only checkpoints hold any for long.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// Rows of one INSERT statement. A power of two, so that few statements are prepared.
const INSERT_ROWS_MAX: usize = 256;
/// Keys of one query for touched rows.
const LOAD_KEYS_MAX: usize = 10_000;

struct Writer {
    connection: SqliteConnection,
    checkpoints: Checkpoints,
}

pub struct SqliteViews {
    /// SQLite has one writer; whoever waits for it waits here, in turn.
    writer: Mutex<Writer>,
    readers: SqlitePool,
}

impl SqliteViews {
    pub async fn open(file: &str) -> Result<SqliteViews, ViewsError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_MAX)
            .pragma("wal_autocheckpoint", "0")
            .statement_cache_capacity(64)
            .page_size(8_192);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::query(include_str!("../../sql/sqlite/projection.sql")).execute(&mut connection).await?;
        let checkpointing = SqliteConnection::connect_with(&options).await?;
        let checkpoints = Checkpoints::start(checkpointing, Path::new(file), "views", WAL_BYTES_MAX);
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(SqliteViews { writer: Mutex::new(Writer { connection, checkpoints }), readers })
    }

    async fn write(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().await
    }
}

#[async_trait]
impl Store for SqliteViews {
    fn shared(&self) -> bool {
        false
    }

    async fn builds(&self, name: &str, version: u32) -> Result<Vec<Found>, ViewsError> {
        let rows = sqlx::query(
            "SELECT build, live, position, event_id, lineage FROM projection WHERE name = ? AND version = ? ORDER BY build",
        )
        .bind(name)
        .bind(version)
        .fetch_all(&mut self.write().await.connection)
        .await?;
        let found = |row: SqliteRow| {
            Ok(Found {
                build: row.try_get(0)?,
                live: row.try_get(1)?,
                checkpoint: Checkpoint {
                    position: unsigned(row.try_get(2)?),
                    event_id: row.try_get(3)?,
                    recorded_at: 0,
                },
                lineage: row.try_get(4)?,
                owner: None,
                stopped: None,
            })
        };
        rows.into_iter().map(found).collect()
    }

    async fn create(&self, build: &Build, lineage: Uuid, live: bool) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        let table = format!(
            "CREATE TABLE {} (partition TEXT NOT NULL, sort TEXT NOT NULL, row BLOB NOT NULL, \
             PRIMARY KEY (partition, sort)) STRICT, WITHOUT ROWID",
            build.table()
        );
        sqlx::query(AssertSqlSafe(table)).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO projection (name, version, build, live, position, lineage, epoch) VALUES (?, ?, ?, ?, 0, ?, 0)")
            .bind(build.name)
            .bind(build.version)
            .bind(build.build)
            .bind(live)
            .bind(lineage)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn hold(&self, build: &Build, owner: &str) -> Result<Option<i64>, ViewsError> {
        self.take_over(build, owner).await.map(Some)
    }

    async fn renew(&self, _: &Build, _: i64) -> Result<bool, ViewsError> {
        Ok(true)
    }

    async fn release(&self, _: &Build, _: i64) -> Result<(), ViewsError> {
        Ok(())
    }

    async fn attend(&self, _: &str) -> Result<usize, ViewsError> {
        Ok(1)
    }

    async fn leave(&self, _: &str) -> Result<(), ViewsError> {
        Ok(())
    }

    async fn stop(&self, _: &Build, _: i64, _: Option<&Stop>) -> Result<(), ViewsError> {
        Ok(())
    }

    async fn forget(&self, build: &Build) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        forget_build(&mut transaction, build).await?;
        Ok(transaction.commit().await?)
    }

    async fn take_over(&self, build: &Build, _: &str) -> Result<i64, ViewsError> {
        let row = sqlx::query(
            "UPDATE projection SET epoch = epoch + 1 WHERE name = ? AND version = ? AND build = ? RETURNING epoch",
        )
        .bind(build.name)
        .bind(build.version)
        .bind(build.build)
        .fetch_one(&mut self.write().await.connection)
        .await?;
        Ok(row.try_get(0)?)
    }

    async fn load(&self, build: &Build, keys: &[Key]) -> Result<Vec<(Key, Vec<u8>)>, ViewsError> {
        let mut rows = Vec::with_capacity(keys.len());
        for keys in keys.chunks(LOAD_KEYS_MAX) {
            let pairs: Vec<_> = keys.iter().map(|key| [&key.partition, &key.sort]).collect();
            let wanted = serde_json::to_string(&pairs).map_err(|cause| ViewsError::Row { name: build.name, cause })?;
            let query = format!(
                "SELECT row.partition, row.sort, row.row FROM json_each(?) AS wanted CROSS JOIN {} AS row \
                 ON row.partition = wanted.value ->> 0 AND row.sort = wanted.value ->> 1",
                build.table()
            );
            let found =
                sqlx::query(AssertSqlSafe(query)).bind(wanted).fetch_all(&mut self.write().await.connection).await?;
            for row in found {
                rows.push((Key { partition: row.try_get(0)?, sort: row.try_get(1)? }, row.try_get(2)?));
            }
        }
        Ok(rows)
    }

    async fn save(&self, build: &Build, epoch: i64, rows: &[Saved], step: Step) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        advance(&mut transaction, build, epoch, step).await?;
        put_rows(&mut transaction, build, rows).await?;
        transaction.commit().await?;
        writer.checkpoints.committed(rows.len()).await;
        Ok(())
    }

    async fn replace(&self, old: &Build, new: &Build) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE projection SET live = (build = ?) WHERE name = ? AND version = ? AND build IN (?, ?)")
            .bind(new.build)
            .bind(new.name)
            .bind(new.version)
            .bind(old.build)
            .bind(new.build)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn rows(&self, build: &Build, keys: &[&Key]) -> Result<Vec<(usize, FoundRow)>, sqlx::Error> {
        let pairs: Vec<_> = keys.iter().map(|key| [&key.partition, &key.sort]).collect();
        let wanted = serde_json::to_string(&pairs).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let query = format!(
            "SELECT asked.key, projection.position, row.row FROM projection CROSS JOIN json_each(?1) AS asked \
             LEFT JOIN {} AS row ON row.partition = asked.value ->> 0 AND row.sort = asked.value ->> 1 \
             WHERE projection.name = ?2 AND projection.version = ?3 AND projection.build = ?4",
            build.table()
        );
        let query = sqlx::query(AssertSqlSafe(query)).bind(wanted).bind(build.name).bind(build.version);
        let found = query.bind(build.build).fetch_all(&self.readers).await?;
        let row = |row: SqliteRow| {
            let at = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
            Ok((at, FoundRow { position: unsigned(row.try_get(1)?), row: row.try_get(2)? }))
        };
        found.into_iter().map(row).collect()
    }

    async fn page(&self, build: &Build, scan: &Scan) -> Result<Option<FoundPage>, sqlx::Error> {
        let (from, from_key) = bound(&scan.from, ">", "");
        let (until, until_key) = bound(&scan.until, "<", ABOVE_ALL_KEYS);
        let order = if scan.backwards { "DESC" } else { "ASC" };
        let query = format!(
            "SELECT projection.position, page.row, page.sort FROM projection LEFT JOIN \
             (SELECT sort, row FROM {} WHERE partition = ? AND sort {from} ? AND sort {until} ? \
              ORDER BY sort {order} LIMIT ?) AS page \
             WHERE projection.name = ? AND projection.version = ? AND projection.build = ? \
             ORDER BY page.sort {order}",
            build.table()
        );
        let query = sqlx::query(AssertSqlSafe(query)).bind(&scan.partition).bind(from_key).bind(until_key);
        let query = query.bind(i64::try_from(scan.limit).unwrap_or(i64::MAX));
        let query = query.bind(build.name).bind(build.version).bind(build.build);
        let found = query.fetch_all(&self.readers).await?;
        let Some(first) = found.first() else { return Ok(None) };
        let mut page = FoundPage { position: unsigned(first.try_get(0)?), rows: Vec::with_capacity(found.len()) };
        for row in &found {
            // Where the page is empty, the checkpoint stands alone.
            if let Some(bytes) = row.try_get(1)? {
                page.rows.push((row.try_get(2)?, bytes));
            }
        }
        Ok(Some(page))
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, ViewsError> {
        Ok(Box::new(Silence))
    }
}

/// There is no other process that could tell anything.
struct Silence;

#[async_trait]
impl Listener for Silence {
    async fn next(&mut self) -> Result<Option<Told>, ViewsError> {
        std::future::pending().await
    }
}

async fn forget_build(transaction: &mut Transaction<'_, Sqlite>, build: &Build) -> Result<(), ViewsError> {
    sqlx::query(AssertSqlSafe(format!("DROP TABLE IF EXISTS {}", build.table()))).execute(&mut **transaction).await?;
    sqlx::query("DELETE FROM projection WHERE name = ? AND version = ? AND build = ?")
        .bind(build.name)
        .bind(build.version)
        .bind(build.build)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn advance(
    transaction: &mut Transaction<'_, Sqlite>,
    build: &Build,
    epoch: i64,
    step: Step,
) -> Result<(), ViewsError> {
    let done = sqlx::query(include_str!("../../sql/sqlite/advance.sql"))
        .bind(signed(step.to.position)?)
        .bind(step.to.event_id)
        .bind(build.name)
        .bind(build.version)
        .bind(build.build)
        .bind(epoch)
        .bind(signed(step.from)?)
        .execute(&mut **transaction)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(ViewsError::Superseded(build.name)) }
}

async fn put_rows(transaction: &mut Transaction<'_, Sqlite>, build: &Build, rows: &[Saved]) -> Result<(), ViewsError> {
    let table = build.table();
    let kept: Vec<_> = rows.iter().filter_map(|(key, row)| Some((key, row.as_deref()?))).collect();
    let mut statements = Inserts { table: &table, rows: &kept };
    let mut ready = statements.next();
    while let Some(insert) = ready {
        let (sql, arguments) = insert?;
        // The database's thread is at work on this one while the next is made.
        let run = sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut **transaction);
        let (done, next) = join(run, async { statements.next() }).await;
        done?;
        ready = next;
    }
    for (key, _) in rows.iter().filter(|(_, row)| row.is_none()) {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE partition = ? AND sort = ?")))
            .bind(&key.partition)
            .bind(&key.sort)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Many rows in few statements, each of a power of two rows, so that few different ones are ever prepared.
struct Inserts<'a> {
    table: &'a str,
    rows: &'a [(&'a Key, &'a [u8])],
}

impl Iterator for Inserts<'_> {
    type Item = Result<(String, SqliteArguments), sqlx::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let size = 1 << self.rows.len().min(INSERT_ROWS_MAX).checked_ilog2()?;
        let (chunk, rest) = self.rows.split_at(size);
        self.rows = rest;
        let values = vec!["(?, ?, ?)"; size].join(", ");
        let insert = format!("INSERT OR REPLACE INTO {} (partition, sort, row) VALUES {values}", self.table);
        Some(arguments(chunk).map(|arguments| (insert, arguments)).map_err(sqlx::Error::Encode))
    }
}

fn arguments(rows: &[(&Key, &[u8])]) -> Result<SqliteArguments, sqlx::error::BoxDynError> {
    let mut arguments = SqliteArguments::default();
    for (key, row) in rows {
        arguments.add(&key.partition)?;
        arguments.add(&key.sort)?;
        arguments.add(*row)?;
    }
    Ok(arguments)
}
