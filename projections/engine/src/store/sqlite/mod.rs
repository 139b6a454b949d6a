//! The views' database on SQLite, used by a single process. `synchronous=NORMAL` is enough: after a power cut the most
//! recent commits may be missing, but rows and checkpoint still match, and following continues from there.

mod builds;
mod insert;
mod save;
mod schema;
mod writer;

pub use schema::SCHEMA_VERSION;

use std::time::Duration;

use async_trait::async_trait;
use event_core::Key;
use event_follow::HeldLease;
use event_log::sqlite::Checkpoints;
use sqlx::{
    AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use tokio::sync::{MutexGuard, watch};
use uuid::Uuid;

use self::{save::save_group, writer::ViewsWriter};
use super::{
    group_save::GroupSave,
    port::{
        ABOVE_ALL_KEYS, Build, BuildRecord, Builds, CheckpointAdvance, FoundPage, FoundRow, ModelKey, OwnedBuild,
        RowStore, bound, unsigned,
    },
};
use crate::{ViewsError, fold::Saved, scan::Scan};

/// The number of connections for reading.
const READERS: u32 = 4;
/// The time limit for a reader to get a free connection.
const READER_WAIT_MAX: Duration = Duration::from_secs(5);
/// The size of the write-ahead log at which writing waits until it has been emptied.
const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The time limit for a statement to get a lock that another connection holds. Only checkpoints hold one for long.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// The prepared statements that each connection keeps. Each build needs eleven (INSERT of 1 to 256 rows, DELETE, load), and each
/// size of a group one.
const STATEMENTS_MAX: usize = 512;
/// The maximum number of keys of one query for touched rows.
const LOAD_KEYS_MAX: usize = 10_000;

pub struct SqliteViews {
    saves: GroupSave<ViewsWriter>,
    readers: SqlitePool,
    /// Closed when the checkpointing task ends.
    checkpointing: watch::Receiver<()>,
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
            .statement_cache_capacity(STATEMENTS_MAX)
            .page_size(8_192);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        schema::prepare(&mut connection).await?;
        let connected = SqliteConnection::connect_with(&options).await?;
        let checkpoints = Checkpoints::start(connected, options.clone(), "views", WAL_BYTES_MAX);
        let reading = options.clone().read_only(true);
        let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(READER_WAIT_MAX);
        let readers = readers.connect_with(reading).await?;
        let checkpointing = checkpoints.running();
        let saves = GroupSave::new(ViewsWriter { connection: Some(connection), options, checkpoints });
        Ok(SqliteViews { saves, readers, checkpointing })
    }

    /// A receiver that is closed when the checkpointing task ends.
    pub fn checkpointing(&self) -> watch::Receiver<()> {
        self.checkpointing.clone()
    }

    /// SQLite has a single writer, so writers wait for this lock in turn.
    async fn write(&self) -> MutexGuard<'_, ViewsWriter> {
        self.saves.writer.lock().await
    }
}

#[async_trait]
impl Builds for SqliteViews {
    async fn live(&self, model: ModelKey) -> Result<Option<BuildRecord>, ViewsError> {
        builds::live(&mut *self.readers.acquire().await?, model).await
    }

    async fn ensure_live(&self, model: ModelKey, lineage: Uuid) -> Result<BuildRecord, ViewsError> {
        let mut writer = self.write().await;
        let mut connection = writer.lend().await?;
        let ensured = builds::ensure_live(&mut connection, model, lineage).await;
        writer.settle(connection, ensured)
    }

    async fn claim(&self, build: &Build, _: Option<&HeldLease>) -> Result<Option<OwnedBuild>, ViewsError> {
        let mut writer = self.write().await;
        let mut connection = writer.lend().await?;
        let claimed = builds::claim(&mut connection, build).await;
        writer.settle(connection, claimed)
    }

    async fn is_filling(&self, build: OwnedBuild) -> Result<bool, ViewsError> {
        builds::is_filling(&mut *self.readers.acquire().await?, build).await
    }

    async fn begin(&self, model: ModelKey, lineage: Uuid, _: Option<&HeldLease>) -> Result<OwnedBuild, ViewsError> {
        let mut writer = self.write().await;
        let mut connection = writer.lend().await?;
        let begun = builds::begin(&mut connection, model, lineage).await;
        writer.settle(connection, begun)
    }

    async fn replace(&self, new: OwnedBuild, old: Option<OwnedBuild>) -> Result<i64, ViewsError> {
        let mut writer = self.write().await;
        let mut connection = writer.lend().await?;
        let replaced = builds::replace(&mut connection, new, old).await;
        writer.settle(connection, replaced)
    }

    async fn discard(&self, build: OwnedBuild) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut connection = writer.lend().await?;
        let discarded = builds::discard(&mut connection, build).await;
        writer.settle(connection, discarded)
    }

    async fn clean_up(&self, model: ModelKey) -> Result<(), ViewsError> {
        let mut writer = self.write().await;
        let mut connection = writer.lend().await?;
        let cleaned = builds::clean_up(&mut connection, model).await;
        writer.settle(connection, cleaned)
    }
}

#[async_trait]
impl RowStore for SqliteViews {
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
            let mut writer = self.write().await;
            let mut connection = writer.lend().await?;
            let found = sqlx::query(AssertSqlSafe(query)).bind(wanted).fetch_all(&mut connection).await;
            for row in writer.settle(connection, found.map_err(ViewsError::from))? {
                rows.push((Key { partition: row.try_get(0)?, sort: row.try_get(1)? }, row.try_get(2)?));
            }
        }
        Ok(rows)
    }

    async fn save(
        &self,
        build: &Build,
        epoch: i64,
        rows: Vec<Saved>,
        step: CheckpointAdvance,
    ) -> Result<(), ViewsError> {
        self.saves.save((*build, epoch), rows, step, save_group).await
    }

    async fn rows(&self, build: &Build, keys: &[&Key]) -> Result<Vec<(usize, FoundRow)>, sqlx::Error> {
        let pairs: Vec<_> = keys.iter().map(|key| [&key.partition, &key.sort]).collect();
        let wanted = serde_json::to_string(&pairs).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let query = format!(
            "SELECT asked.key, projection.position, row.row FROM projection CROSS JOIN json_each(?1) AS asked \
             LEFT JOIN {} AS row ON row.partition = asked.value ->> 0 AND row.sort = asked.value ->> 1 \
             WHERE projection.name = ?2 AND projection.version = ?3 AND projection.build = ?4 AND projection.live",
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
             WHERE projection.name = ? AND projection.version = ? AND projection.build = ? AND projection.live \
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
            // If the page is empty, the only row contains just the checkpoint.
            if let Some(bytes) = row.try_get(1)? {
                page.rows.push((row.try_get(2)?, bytes));
            }
        }
        Ok(Some(page))
    }
}
