//! The views' database on PostgreSQL, shared by any number of processes. It uses `synchronous_commit=off`: after a
//! crash of the server the most recent commits may be missing, but rows and checkpoint still match. An owner that was
//! further ahead detects the mismatch and reads the checkpoint again.

mod builds;
mod copy;
mod hearing;
mod save;
mod statements;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use event_core::Key;
use event_follow::{Checkpoint, HeldLease, Stop};
use event_log::{
    lease::Leases,
    postgres::{
        DatabaseAddress,
        connections::{self, CALL_TIME_MAX, CONNECT_TIME_MAX, Connections, no_tls, within},
        leases::{LEASE_TABLE, PgLeases},
    },
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use self::{
    copy::copied,
    hearing::Hearing,
    save::{advance_group, save_one},
    statements::{about, of_model, on_table, split},
};
use super::{
    group_save::GroupSave,
    port::{
        ABOVE_ALL_KEYS, Build, BuildRecord, Builds, CheckpointAdvance, FoundPage, FoundRow, LEASE, Listener, ModelKey,
        OwnedBuild, RowStore, SharedViews, bound, follow_role, rebuild_role, signed, unsigned,
    },
};
use crate::{ViewsError, fold::Saved, scan::Scan};

/// The number of connections for writing and reading.
const CONNECTIONS_MAX: u32 = 10;

/// The newest schema that this binary knows.
pub const SCHEMA_VERSION: usize = MIGRATIONS.len();
/// In the order of their numbers; forward only.
const MIGRATIONS: [&str; 4] = [
    include_str!("../../../sql/postgres/migrations/0001_views.sql"),
    include_str!("../../../sql/postgres/migrations/0002_ownership.sql"),
    LEASE_TABLE,
    include_str!("../../../sql/postgres/migrations/0004_leases.sql"),
];
/// The time limit for migrations, including the wait for another process that is migrating.
const MIGRATION_TIME_MAX: Duration = Duration::from_secs(30);
/// The time without a heartbeat after which a process no longer takes part in the work.
const ABSENT_AFTER: Duration = LEASE;

pub struct PgViews {
    connections: Arc<Connections>,
    /// Saves without rows take turns, so that those that wait become one statement.
    advances: GroupSave<()>,
}

impl PgViews {
    pub async fn open(url: &str) -> Result<PgViews, ViewsError> {
        let address = DatabaseAddress::parse(url).map_err(ViewsError::Unusable)?;
        let settings = [
            ("search_path", "views"),
            ("synchronous_commit", "off"),
            ("jit", "off"),
            // Every statement here uses an index, whatever the size of the table was when the plan was made.
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            // Equal to `CALL_TIME_MAX`: the client has given up by then, and the server releases its locks.
            ("statement_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("tcp_keepalives_idle", "30"),
        ];
        let address = address.with("frontdoor-views", settings);
        let mut connection = within(CONNECT_TIME_MAX, address.connect()).await.map_err(unreachable)?;
        migrate(&mut connection).await?;
        within(CALL_TIME_MAX, connection.close()).await?;
        let connections = Arc::new(Connections::new(address, CONNECTIONS_MAX));
        Ok(PgViews { connections, advances: GroupSave::new(()) })
    }
}

/// The reason for which there is no connection. A TLS error is permanent and is reported as such.
fn unreachable(error: sqlx::Error) -> ViewsError {
    no_tls(&error).map_or(ViewsError::Store(error), ViewsError::Unusable)
}

/// Creates or migrates the schema `views`. Views can be rebuilt, so each process that writes them may create their
/// tables.
async fn migrate(connection: &mut PgConnection) -> Result<(), ViewsError> {
    // Each statement also has the server's time limit.
    tokio::time::timeout(MIGRATION_TIME_MAX, migrated(connection)).await.map_err(|_| connections::silent())?
}

async fn migrated(connection: &mut PgConnection) -> Result<(), ViewsError> {
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('frontdoor migrate views'))").execute(&mut *transaction).await?;
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('views.migration') IS NOT NULL").fetch_one(&mut *transaction).await?;
    if !exists {
        sqlx::raw_sql("CREATE SCHEMA IF NOT EXISTS views; CREATE TABLE views.migration (number bigint PRIMARY KEY)")
            .execute(&mut *transaction)
            .await?;
    }
    let done: i64 =
        sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM migration").fetch_one(&mut *transaction).await?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        let why = format!("the views' schema has version {done}, and this binary knows {known}: use a newer binary");
        return Err(ViewsError::Unusable(why));
    }
    for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(done) {
        sqlx::raw_sql(migration).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO migration (number) VALUES ($1)").bind(number).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

fn found(row: &PgRow) -> Result<BuildRecord, sqlx::Error> {
    let (stopped_at, why) = (row.try_get::<Option<i64>, _>(6)?, row.try_get::<Option<String>, _>(7)?);
    let checkpoint =
        Checkpoint { position: unsigned(row.try_get(1)?), event_id: row.try_get(2)?, recorded_at: row.try_get(3)? };
    Ok(BuildRecord {
        build: row.try_get(0)?,
        checkpoint,
        lineage: row.try_get(4)?,
        owner: row.try_get(5)?,
        stopped: stopped_at.zip(why).map(|(at, why)| Stop { position: unsigned(at), why }),
    })
}

fn lease_epoch(lease: &HeldLease) -> Result<i64, ViewsError> {
    i64::try_from(lease.epoch())
        .map_err(|_| ViewsError::Unusable("a lease has had more owners than there can be".into()))
}

#[async_trait]
impl Builds for PgViews {
    async fn live(&self, model: ModelKey) -> Result<Option<BuildRecord>, ViewsError> {
        let query = of_model(model, include_str!("../../../sql/postgres/live.sql")).bind(follow_role(model));
        let rows = self.connections.fetch(query).await?;
        Ok(rows.first().map(found).transpose()?)
    }

    async fn ensure_live(&self, model: ModelKey, lineage: Uuid) -> Result<BuildRecord, ViewsError> {
        if let Some(found) = self.live(model).await? {
            return Ok(found);
        }
        within(CALL_TIME_MAX, builds::ensure_live(&self.connections, model, lineage)).await?;
        let found = self.live(model).await?;
        found.ok_or_else(|| ViewsError::Unusable(format!("{} has no live build", model.name)))
    }

    async fn claim(&self, build: &Build, lease: Option<&HeldLease>) -> Result<Option<OwnedBuild>, ViewsError> {
        let Some(lease) = lease else { return Ok(None) };
        let query = about(build, include_str!("../../../sql/postgres/claim.sql"));
        let rows = self
            .connections
            .fetch(query.bind(lease.role().to_owned()).bind(lease_epoch(lease)?).bind(lease.owner().to_owned()))
            .await?;
        let epoch = rows.first().map(|row| row.try_get(0)).transpose()?;
        Ok(epoch.map(|epoch| OwnedBuild { build: *build, epoch }))
    }

    async fn begin(&self, model: ModelKey, lineage: Uuid, lease: Option<&HeldLease>) -> Result<OwnedBuild, ViewsError> {
        let lease = lease.ok_or(ViewsError::Superseded(model.name))?;
        let begun = builds::begin(&self.connections, model, lineage, lease, lease_epoch(lease)?);
        within(CALL_TIME_MAX, begun).await?.ok_or(ViewsError::Superseded(model.name))
    }

    async fn is_filling(&self, build: OwnedBuild) -> Result<bool, ViewsError> {
        let query = about(
            &build.build,
            "SELECT FROM projection WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 AND NOT live",
        );
        Ok(!self.connections.fetch(query.bind(build.epoch)).await?.is_empty())
    }

    async fn replace(&self, new: OwnedBuild, old: Option<OwnedBuild>) -> Result<i64, ViewsError> {
        let replaced = within(CALL_TIME_MAX, builds::replace(&self.connections, new, old)).await?;
        replaced.ok_or(ViewsError::Superseded(new.build.name))
    }

    async fn discard(&self, build: OwnedBuild) -> Result<(), ViewsError> {
        let query = about(&build.build, include_str!("../../../sql/postgres/discard.sql"));
        self.connections.run(query.bind(build.epoch)).await?;
        Ok(within(CALL_TIME_MAX, builds::drop_orphans(&self.connections, build.build.key())).await?)
    }

    async fn clean_up(&self, model: ModelKey) -> Result<(), ViewsError> {
        let query = of_model(model, include_str!("../../../sql/postgres/clean_up.sql"));
        self.connections.run(query.bind(rebuild_role(model))).await?;
        Ok(within(CALL_TIME_MAX, builds::drop_orphans(&self.connections, model)).await?)
    }
}

#[async_trait]
impl SharedViews for PgViews {
    fn leases(&self) -> Arc<dyn Leases> {
        Arc::new(PgLeases(Arc::clone(&self.connections)))
    }

    async fn heartbeat(&self, owner: &str) -> Result<usize, ViewsError> {
        let query = sqlx::query(include_str!("../../../sql/postgres/heartbeat.sql")).bind(owner.to_owned());
        let rows = self.connections.fetch(query.bind(ABSENT_AFTER.as_secs_f64())).await?;
        let members: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose()?;
        Ok(members.and_then(|members| usize::try_from(members).ok()).unwrap_or(1))
    }

    async fn leave(&self, owner: &str) -> Result<(), ViewsError> {
        let query = sqlx::query("DELETE FROM member WHERE name = $1").bind(owner.to_owned());
        self.connections.run(query).await?;
        Ok(())
    }

    async fn stop(&self, build: OwnedBuild, stop: Option<&Stop>) -> Result<(), ViewsError> {
        let at = stop.map(|stop| signed(stop.position)).transpose()?;
        let query = about(&build.build, include_str!("../../../sql/postgres/stop.sql")).bind(build.epoch).bind(at);
        self.connections.run(query.bind(stop.map(|stop| stop.why.clone()))).await?;
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, ViewsError> {
        Ok(Box::new(Hearing::begin(&self.connections).await?))
    }
}

#[async_trait]
impl RowStore for PgViews {
    async fn load(&self, build: &Build, keys: &[Key]) -> Result<Vec<(Key, Vec<u8>)>, ViewsError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (partitions, sorts) = split(keys.iter());
        let statement = include_str!("../../../sql/postgres/load.sql").replace(":table", &build.table());
        let query = sqlx::query(AssertSqlSafe(statement)).bind(partitions).bind(sorts);
        let rows = self.connections.fetch(query).await?;
        let row = |row: PgRow| Ok((Key { partition: row.try_get(0)?, sort: row.try_get(1)? }, row.try_get(2)?));
        rows.into_iter().map(row).collect()
    }

    async fn save(
        &self,
        build: &Build,
        epoch: i64,
        rows: Vec<Saved>,
        step: CheckpointAdvance,
    ) -> Result<(), ViewsError> {
        if rows.is_empty() {
            let advance = |turn, group| advance_group(turn, Arc::clone(&self.connections), group);
            return self.advances.save((*build, epoch), rows, step, advance).await;
        }
        save_one(&self.connections, build, epoch, &rows, step).await
    }

    /// Uses COPY, which takes a third of the time of a statement with arrays.
    async fn fill(&self, build: &Build, epoch: i64, rows: Vec<Saved>, _: CheckpointAdvance) -> Result<(), ViewsError> {
        within(CALL_TIME_MAX, builds::fill(&self.connections, OwnedBuild { build: *build, epoch }, copied(&rows)))
            .await?
            .ok_or(ViewsError::Superseded(build.name))
    }

    async fn rows(&self, build: &Build, keys: &[&Key]) -> Result<Vec<(usize, FoundRow)>, sqlx::Error> {
        let (partitions, sorts) = split(keys.iter().copied());
        let query = on_table(build, include_str!("../../../sql/postgres/rows.sql")).bind(partitions).bind(sorts);
        let row = |row: PgRow| {
            let at = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
            Ok((at, FoundRow { position: unsigned(row.try_get(1)?), row: row.try_get(2)? }))
        };
        self.connections.fetch(query).await?.into_iter().map(row).collect()
    }

    async fn page(&self, build: &Build, scan: &Scan) -> Result<Option<FoundPage>, sqlx::Error> {
        let (from, from_key) = bound(&scan.from, ">", "");
        let (until, until_key) = bound(&scan.until, "<", ABOVE_ALL_KEYS);
        let statement = include_str!("../../../sql/postgres/page.sql")
            .replace(":from", &from)
            .replace(":until", &until)
            .replace(":order", if scan.backwards { "DESC" } else { "ASC" });
        let query = on_table(build, &statement).bind(scan.partition.clone()).bind(from_key.to_owned());
        let query = query.bind(until_key.to_owned()).bind(i64::try_from(scan.limit).unwrap_or(i64::MAX));
        let found = self.connections.fetch(query).await?;
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
