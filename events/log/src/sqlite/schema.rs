//! The file's schema: numbered, forward-only migrations, and the log's identity.

use event_core::LogName;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use uuid::Uuid;

use crate::{
    port::LogError,
    store::{LogIdentity, new_secret},
};

/// In the order of their numbers. `PRAGMA user_version` is the number of migrations that a file has had.
const MIGRATIONS: [&str; 6] = [
    include_str!("../../sql/sqlite/migrations/0001_event.sql"),
    include_str!("../../sql/sqlite/migrations/0002_event_stream_revision.sql"),
    include_str!("../../sql/sqlite/migrations/0003_event_command_key.sql"),
    include_str!("../../sql/sqlite/migrations/0004_log.sql"),
    include_str!("../../sql/sqlite/migrations/0005_remembered.sql"),
    include_str!("../../sql/sqlite/migrations/0006_remembered_decided_at.sql"),
];

/// The newest schema that this binary knows.
pub const SCHEMA_VERSION: usize = MIGRATIONS.len();

/// `PRAGMA application_id` of a log: "FDlg".
const APPLICATION: i64 = 0x4644_6c67;

/// Creates or upgrades the schema of a file, and reads the log's identity.
pub(super) async fn prepare(connection: &mut SqliteConnection, name: LogName) -> Result<LogIdentity, LogError> {
    let done = done_migrations(connection).await?;
    // The file keeps this mode; it is set before anything is written.
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for migration in &MIGRATIONS[done..] {
        sqlx::query(*migration).execute(&mut *transaction).await?;
    }
    if done < MIGRATIONS.len() {
        let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", MIGRATIONS.len());
        sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut *transaction).await?;
        sqlx::query(include_str!("../../sql/sqlite/make_identity.sql"))
            .bind(name.as_str())
            .bind(Uuid::new_v4().as_bytes().to_vec())
            .bind(new_secret().to_vec())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    identity(connection, name).await
}

/// The identity of a log that is only read.
pub(super) async fn existing(connection: &mut SqliteConnection, name: LogName) -> Result<LogIdentity, LogError> {
    if done_migrations(connection).await? < MIGRATIONS.len() {
        let why = "its schema is older than this binary: let a server of this version open it once";
        return Err(LogError::Unusable(why.into()));
    }
    identity(connection, name).await
}

/// The number of migrations that the file has had.
async fn done_migrations(connection: &mut SqliteConnection) -> Result<usize, LogError> {
    let version = number(connection, "PRAGMA user_version").await?;
    let application = number(connection, "PRAGMA application_id").await?;
    let objects = number(connection, include_str!("../../sql/sqlite/objects.sql")).await?;
    if application != APPLICATION && (objects > 0 || application != 0 || version != 0) {
        return Err(LogError::Unusable("this is a SQLite database, but not a log of Frontdoor".into()));
    }
    let known = MIGRATIONS.len();
    match usize::try_from(version) {
        Ok(done) if done <= known => Ok(done),
        _ => Err(LogError::Unusable(format!(
            "its schema has version {version}, and this binary knows {known} at most: use a newer binary"
        ))),
    }
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(connection).await
}

async fn identity(connection: &mut SqliteConnection, name: LogName) -> Result<LogIdentity, LogError> {
    let row = sqlx::query(include_str!("../../sql/sqlite/identity.sql")).fetch_optional(connection).await?;
    let row = row.ok_or_else(|| LogError::Unusable("the log has no identity: its table `log` is empty".into()))?;
    let stored: String = row.try_get(0)?;
    if stored != name.as_str() {
        return Err(LogError::Unusable(format!("this is the log {stored}, not {name}: was the file renamed?")));
    }
    let broken = || LogError::Unusable("the log's lineage or secret is damaged".into());
    let lineage = Uuid::from_slice(&row.try_get::<Vec<u8>, _>(1)?).map_err(|_| broken())?;
    let secret = row.try_get::<Vec<u8>, _>(2)?.try_into().map_err(|_| broken())?;
    Ok(LogIdentity { name, lineage, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of migrations in commit 8c949e3. Its files must still open.
    const FIRST_RELEASED: usize = 4;

    #[tokio::test]
    async fn a_file_of_an_earlier_schema_is_brought_forward_and_keeps_its_identity() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("opens");
        for migration in &MIGRATIONS[..FIRST_RELEASED] {
            sqlx::query(*migration).execute(&mut connection).await.expect("is made");
        }
        let lineage = Uuid::new_v4();
        let identity = sqlx::query(include_str!("../../sql/sqlite/make_identity.sql"));
        let identity = identity.bind("care").bind(lineage.as_bytes().to_vec()).bind(vec![7_u8; 32]);
        identity.execute(&mut connection).await.expect("is made");
        let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FIRST_RELEASED}");
        sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut connection).await.expect("is marked");

        let identity = prepare(&mut connection, LogName::Care).await.expect("opens");
        assert_eq!((identity.lineage, identity.secret), (lineage, [7; 32]));
        assert_eq!(done_migrations(&mut connection).await.expect("counted"), SCHEMA_VERSION);
        let remembered = number(&mut connection, "SELECT count(*) FROM remembered").await.expect("is there");
        assert_eq!(remembered, 0);
    }
}
