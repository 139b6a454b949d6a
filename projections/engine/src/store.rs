//! The views' database on SQLite: a table for each build of each read model, and the checkpoints beside them. Rows and
//! checkpoint are written in one transaction. `synchronous=NORMAL` is enough: after a power cut the views are older, with
//! the checkpoint that belongs to them, and they go on from there.

use std::{path::Path, sync::Arc, time::Duration};

use event_log::{LogError, sqlite::Checkpoints};
use futures::future::join;
use sqlx::{
    Arguments, AssertSqlSafe, Connection, Row, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;
use views::Key;

use crate::{ViewsError, fold::Saved};

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

/// One build of a read model: its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    pub name: &'static str,
    pub version: u32,
    pub build: i64,
}

impl Build {
    pub fn table(&self) -> String {
        format!("view_{}_v{}_b{}", self.name, self.version, self.build)
    }
}

/// A build's place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    pub position: u64,
    pub event_id: Option<Uuid>,
}

/// A build as it stands in the database.
pub struct Found {
    pub build: i64,
    pub live: bool,
    pub checkpoint: Checkpoint,
    pub lineage: Uuid,
}

pub struct Writer {
    connection: SqliteConnection,
    checkpoints: Checkpoints,
}

#[derive(Clone)]
pub struct Store {
    /// SQLite has one writer; whoever waits for it waits here, in turn.
    writer: Arc<Mutex<Writer>>,
    pub readers: SqlitePool,
}

impl Store {
    pub async fn open(url: &str) -> Result<Store, ViewsError> {
        let file = url
            .strip_prefix("sqlite:")
            .ok_or_else(|| ViewsError::Unusable(format!("views at {url}: only sqlite:FILE is known to this build")))?;
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
        sqlx::query(include_str!("../sql/sqlite/projection.sql")).execute(&mut connection).await?;
        let checkpointing = SqliteConnection::connect_with(&options).await?;
        let checkpoints = Checkpoints::start(checkpointing, Path::new(file), "views", WAL_BYTES_MAX);
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Store { writer: Arc::new(Mutex::new(Writer { connection, checkpoints })), readers })
    }

    async fn write(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().await
    }

    pub async fn builds(&self, name: &str, version: u32) -> Result<Vec<Found>, ViewsError> {
        let rows = sqlx::query(
            "SELECT build, live, position, event_id, lineage FROM projection WHERE name = ? AND version = ? ORDER BY build",
        )
        .bind(name)
        .bind(version)
        .fetch_all(&mut self.write().await.connection)
        .await?;
        let found = |row: sqlx::sqlite::SqliteRow| {
            Ok(Found {
                build: row.try_get(0)?,
                live: row.try_get(1)?,
                checkpoint: Checkpoint { position: unsigned(row.try_get(2)?), event_id: row.try_get(3)? },
                lineage: row.try_get(4)?,
            })
        };
        rows.into_iter().map(found).collect()
    }

    /// Makes an empty build at position 0.
    pub async fn create(&self, build: &Build, lineage: Uuid, live: bool) -> Result<(), ViewsError> {
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

    pub async fn drop(&self, build: &Build) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        forget(&mut transaction, build).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes a build over: what its earlier owner still writes is refused from now on.
    pub async fn take_over(&self, build: &Build) -> Result<i64, ViewsError> {
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

    /// The stored rows of these keys.
    pub async fn load(&self, build: &Build, keys: &[Key]) -> Result<Vec<(Key, Vec<u8>)>, ViewsError> {
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

    /// Rows and checkpoint in one transaction, if the build is still this owner's.
    pub async fn save(&self, build: &Build, epoch: i64, rows: &[Saved], to: Checkpoint) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        advance(&mut transaction, build, epoch, to).await?;
        put_rows(&mut transaction, build, rows).await?;
        transaction.commit().await?;
        writer.checkpoints.committed(rows.len()).await;
        Ok(())
    }

    /// Makes `new` the build that is read instead of `old`, which stays until it is dropped: readers may be in it.
    pub async fn replace(&self, old: &Build, new: &Build) -> Result<(), ViewsError> {
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
}

async fn forget(transaction: &mut Transaction<'_, Sqlite>, build: &Build) -> Result<(), ViewsError> {
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
    to: Checkpoint,
) -> Result<(), ViewsError> {
    let done = sqlx::query(include_str!("../sql/sqlite/advance.sql"))
        .bind(signed(to.position)?)
        .bind(to.event_id)
        .bind(build.name)
        .bind(build.version)
        .bind(build.build)
        .bind(epoch)
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

/// Positions are far below 2^63.
fn signed(position: u64) -> Result<i64, ViewsError> {
    i64::try_from(position).map_err(|_| LogError::Damaged { position, why: "no log is as long as that".into() }.into())
}

pub fn unsigned(position: i64) -> u64 {
    u64::try_from(position).unwrap_or_default()
}
