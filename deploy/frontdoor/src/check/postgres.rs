//! The logs and the views in PostgreSQL, read by short statements as of the start of the check: the system may
//! continue.

use anyhow::{Context, bail};
use event_log::postgres::DatabaseAddress;
use sqlx::PgConnection;

/// The maximum number of events of one statement.
pub const PAGE_EVENTS: i64 = 2_000;

/// A log's table, up to its end when the check began.
pub struct PgLog {
    pub connection: PgConnection,
    pub log: &'static str,
    pub lineage: uuid::Uuid,
    pub end: i64,
}

impl PgLog {
    /// # Errors
    /// If the database cannot be read, or does not contain such a log.
    pub async fn open(url: &str, log: &'static str) -> anyhow::Result<PgLog> {
        let mut connection = connected(url).await.context("the log's database cannot be opened")?;
        let schema = sqlx::AssertSqlSafe(format!("SET search_path = {log}"));
        sqlx::query(schema).execute(&mut connection).await?;
        known_version(&mut connection, log, event_log::postgres::SCHEMA_VERSION).await?;
        let lineage = sqlx::query_scalar("SELECT lineage FROM log").fetch_one(&mut connection).await;
        let lineage = lineage.with_context(|| format!("there is no log {log}"))?;
        let end = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM event").fetch_one(&mut connection).await?;
        Ok(PgLog { connection, log, lineage, end })
    }
}

/// Rejects a schema that is newer than this binary, because it may contain data that this binary cannot check. A schema
/// without a version does not belong to Frontdoor, which the next statement reports.
async fn known_version(connection: &mut PgConnection, schema: &str, known: usize) -> anyhow::Result<()> {
    let version =
        sqlx::query_scalar("SELECT coalesce(max(number), 0)::bigint FROM migration").fetch_one(connection).await;
    match version.map(|version: i64| usize::try_from(version)) {
        Ok(Ok(version)) if version > known => {
            bail!(
                "the schema {schema} has version {version}, and this binary knows {known} at most: use a newer binary"
            )
        }
        _ => Ok(()),
    }
}

/// A connection with the password of the URL, or of the file that it names.
async fn connected(url: &str) -> anyhow::Result<PgConnection> {
    Ok(DatabaseAddress::parse(url).map_err(anyhow::Error::msg)?.connect().await?)
}

/// The views, in one snapshot: the rows of every read model match their checkpoints.
///
/// # Errors
/// If the database cannot be read.
pub async fn views(url: &str) -> anyhow::Result<PgConnection> {
    let mut connection = connected(url).await.context("the views' database cannot be opened")?;
    sqlx::raw_sql("SET search_path = views").execute(&mut connection).await?;
    known_version(&mut connection, "views", projection_engine::SCHEMA_VERSION_POSTGRES).await?;
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut connection).await?;
    Ok(connection)
}
