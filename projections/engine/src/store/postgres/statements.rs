//! Statements about read models and their builds.

use event_core::Key;
use event_log::postgres::connections::Statement;
use sqlx::AssertSqlSafe;

use crate::store::port::{Build, ModelKey};

/// A statement about a read model. Name and version are its first two parameters.
pub fn of_model(model: ModelKey, statement: &'static str) -> Statement {
    sqlx::query(statement).bind(model.name).bind(i64::from(model.version))
}

/// A statement about a build. Name, version and build are its first three parameters.
pub fn about(build: &Build, statement: &'static str) -> Statement {
    sqlx::query(statement).bind(build.name).bind(i64::from(build.version)).bind(build.build)
}

/// Like `about`, for a statement that contains the build's table.
pub fn on_table(build: &Build, statement: &str) -> Statement {
    let query = sqlx::query(AssertSqlSafe(statement.replace(":table", &build.table())));
    query.bind(build.name).bind(i64::from(build.version)).bind(build.build)
}

/// Keys as two columns.
pub fn split<'a>(keys: impl Iterator<Item = &'a Key>) -> (Vec<String>, Vec<String>) {
    keys.map(|key| (key.partition.clone(), key.sort.clone())).unzip()
}
