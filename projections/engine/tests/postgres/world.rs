//! The views of a test are in a database that belongs to its folder.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use local::postgres::Database;
use sqlx::{Connection, PgConnection};

static DATABASES: LazyLock<Mutex<HashMap<PathBuf, Arc<Database>>>> = LazyLock::new(Mutex::default);

pub async fn views_url(folder: &Path) -> String {
    let database = {
        let mut databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(databases.entry(folder.to_owned()).or_default())
    };
    database.url("owner").await
}

pub async fn connect(folder: &Path) -> PgConnection {
    PgConnection::connect(&views_url(folder).await).await.expect("it connects")
}

/// Damages the rows of the practices while the views are open.
pub async fn damage_practices(folder: &Path) {
    let damage = "UPDATE views.view_practices_v1_b1 SET row = '\\x00'";
    sqlx::raw_sql(damage).execute(&mut connect(folder).await).await.expect("runs");
}

/// Removes later additions to the tables, and leaves an epoch that is high.
pub async fn as_8c949e3_wrote_them(folder: &Path) {
    let back = "SET search_path = views; DROP INDEX projection_live; DROP TABLE model; DROP SEQUENCE epoch; \
                DROP TABLE lease; ALTER TABLE projection ADD COLUMN owner text, \
                ADD COLUMN until timestamptz NOT NULL DEFAULT '-infinity'; \
                UPDATE projection SET epoch = 40; DELETE FROM migration WHERE number > 1";
    sqlx::raw_sql(back).execute(&mut connect(folder).await).await.expect("runs");
}
