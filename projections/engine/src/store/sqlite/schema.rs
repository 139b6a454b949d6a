//! The tables beside the rows. `user_version` counts the migrations; it is 0 in files from before it was used.

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::ViewsError;

/// The newest schema that this binary knows: the number of `MIGRATIONS`, which are in order and forward only.
pub const SCHEMA_VERSION: usize = MIGRATIONS.len();
const MIGRATIONS: [&str; 2] = [
    include_str!("../../../sql/sqlite/migrations/0001_projection.sql"),
    include_str!("../../../sql/sqlite/migrations/0002_ownership.sql"),
];

pub async fn prepare(connection: &mut SqliteConnection) -> Result<(), ViewsError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let done: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        let why = format!("the views' schema has version {done}, and this binary knows {known}: use a newer binary");
        return Err(ViewsError::Unusable(why));
    }
    if done < MIGRATIONS.len() {
        for migration in &MIGRATIONS[done..] {
            sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
        }
        let now = format!("PRAGMA user_version = {}", MIGRATIONS.len());
        sqlx::raw_sql(AssertSqlSafe(now)).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}
