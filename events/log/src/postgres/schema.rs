//! The schema of a log, under the log's own name: numbered, forward-only migrations, which the owner runs and a server
//! only checks; and the log's identity.

use event_core::LogName;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use uuid::Uuid;

use super::{
    connecting::{connecting, unreachable},
    connections::{CONNECT_TIME_MAX, within},
};
use crate::{
    port::LogError,
    store::{LogIdentity, new_secret},
};

/// In the order of their numbers.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../sql/postgres/migrations/0001_log.sql"),
    include_str!("../../sql/postgres/migrations/0002_append.sql"),
    include_str!("../../sql/postgres/migrations/0003_lease.sql"),
    include_str!("../../sql/postgres/migrations/0004_append.sql"),
    include_str!("../../sql/postgres/migrations/0005_remembered.sql"),
];
/// The newest schema that this binary knows.
pub const SCHEMA_VERSION: usize = MIGRATIONS.len();
/// The permissions of a server's role: it adds to the log, changes nothing, and deletes only decisions that have been
/// remembered for long enough.
const GRANTS: &str = include_str!("../../sql/postgres/grants.sql");

/// Creates or upgrades the schema of a log, as its owner. `server`: the role of the servers, if it is not the owner.
///
/// # Errors
/// When the database is newer than this binary, or refuses a statement.
pub async fn migrate(url: &str, name: LogName, server: Option<&str>) -> Result<(), LogError> {
    let connecting = connecting(url, name)?;
    let connection = within(CONNECT_TIME_MAX, connecting.connect()).await;
    let mut connection = connection.map_err(unreachable)?;
    let mut transaction = connection.begin().await?;
    // Migrations that run at the same time wait for each other.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('frontdoor migrate'))").execute(&mut *transaction).await?;
    let schema = format!(
        "CREATE SCHEMA IF NOT EXISTS {name}; \
         CREATE TABLE IF NOT EXISTS {name}.migration (number integer PRIMARY KEY, done_at timestamptz NOT NULL DEFAULT now())"
    );
    sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut *transaction).await?;
    let done = done_migrations(&mut transaction).await?;
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        let number = i32::try_from(at + 1).unwrap_or(i32::MAX);
        sqlx::query("INSERT INTO migration (number) VALUES ($1)").bind(number).execute(&mut *transaction).await?;
    }
    sqlx::query(include_str!("../../sql/postgres/make_identity.sql"))
        .bind(name.as_str())
        .bind(Uuid::new_v4())
        .bind(new_secret().as_slice())
        .execute(&mut *transaction)
        .await?;
    if let Some(server) = server {
        let role = format!("\"{}\"", server.replace('"', "\"\""));
        let grants = GRANTS.replace(":schema", name.as_str()).replace(":server", &role);
        sqlx::raw_sql(AssertSqlSafe(grants)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(connection.close().await?)
}

/// The number of migrations that the schema has had.
async fn done_migrations(connection: &mut PgConnection) -> Result<usize, LogError> {
    let done: Option<i32> = sqlx::query_scalar("SELECT max(number) FROM migration").fetch_one(connection).await?;
    let (done, known) = (done.unwrap_or_default(), MIGRATIONS.len());
    match usize::try_from(done) {
        Ok(done) if done <= known => Ok(done),
        _ => Err(LogError::Unusable(format!(
            "its schema has version {done}, and this binary knows {known} at most: use a newer binary"
        ))),
    }
}

/// The identity of the log, after a check that a server can work with the schema.
pub(super) async fn identity(connection: &mut PgConnection, name: LogName) -> Result<LogIdentity, LogError> {
    let (stored, identity) = stored(connection, name).await?;
    if stored == unfinished(name) {
        let why = "a copy into it is not finished: `frontdoor log copy` goes on where it was stopped";
        return Err(LogError::Unusable(why.into()));
    }
    if stored != name.as_str() {
        return Err(renamed(&stored, name));
    }
    Ok(identity)
}

/// The name that is stored in the schema, and the rest of its identity.
pub(super) async fn stored(connection: &mut PgConnection, name: LogName) -> Result<(String, LogIdentity), LogError> {
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('migration') IS NOT NULL").fetch_one(&mut *connection).await?;
    if !exists || done_migrations(connection).await? < MIGRATIONS.len() {
        let why = format!(
            "the schema {name} is missing, or older than this binary: it has to be migrated first, with `frontdoor migrate`"
        );
        return Err(LogError::Unusable(why));
    }
    let row = sqlx::query(include_str!("../../sql/postgres/identity.sql")).fetch_one(connection).await?;
    let secret = row.try_get::<Vec<u8>, _>(2)?.try_into();
    let secret = secret.map_err(|_| LogError::Unusable("the log's secret is damaged".into()))?;
    Ok((row.try_get(0)?, LogIdentity { name, lineage: row.try_get(1)?, secret }))
}

/// The name of a log that is being copied.
pub(super) fn unfinished(name: LogName) -> String {
    format!("{name}, not whole")
}

pub(super) fn renamed(stored: &str, name: LogName) -> LogError {
    LogError::Unusable(format!("this is the log {stored}, not {name}: was the schema renamed?"))
}
