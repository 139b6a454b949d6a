//! The views of a test are in a SQLite file in its folder.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

pub async fn views_url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("views.db").display())
}

/// Runs SQL on the file of the views while they are open.
pub async fn run(folder: &Path, sql: &'static str) {
    let file = SqliteConnectOptions::new().filename(folder.join("views.db"));
    let mut connection = file.connect().await.expect("opens");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("runs");
    connection.close().await.expect("closes");
}

/// Damages the rows of the practices while the views are open.
pub async fn damage_practices(folder: &Path) {
    run(folder, "UPDATE view_practices_v1_b1 SET row = x'00'").await;
}

/// Removes later additions to the tables, and leaves an epoch that is high.
pub async fn as_8c949e3_wrote_them(folder: &Path) {
    let back = "DROP INDEX projection_live; DROP TABLE model; DROP TABLE epoch; \
                ALTER TABLE projection DROP COLUMN recorded_at; UPDATE projection SET epoch = 40; PRAGMA user_version = 0";
    run(folder, back).await;
}
