//! Connections to a log's file, and their errors, explained for an operator.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};

/// How long a statement waits for a lock of another connection. Only checkpoints hold a lock for long.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// Rows that a reading connection may be ahead of its reader.
const ROWS_AHEAD_MAX: usize = 512;
/// Prepared statements of the writer: each power of two rows, in four forms, and the others.
const STATEMENTS_MAX: usize = 64;
/// The writer's page cache, in negative KiB as SQLite requires. Each commit scans it, so a larger one is not faster.
const WRITER_CACHE: &str = "-8192";
/// A reader's page cache: a page of events is read twice.
const READER_CACHE: &str = "-8192";
/// A connection for writing: its commits are on disk, and it runs no checkpoints.
pub(super) async fn connect(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    writing(file).connect().await
}

pub(super) fn writing(file: &Path) -> SqliteConnectOptions {
    let options = plain(file).create_if_missing(true).statement_cache_capacity(STATEMENTS_MAX);
    options.pragma("cache_size", WRITER_CACHE)
}

pub(super) fn reading(file: &Path) -> SqliteConnectOptions {
    plain(file).read_only(true).row_buffer_size(ROWS_AHEAD_MAX).pragma("cache_size", READER_CACHE)
}

fn plain(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(BUSY_MAX)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging()
}

/// The explanation of SQLite's primary result codes that an operator can act on.
pub fn explain(error: &sqlx::Error) -> String {
    match primary_code(error) {
        Some(13) => "the disk is full".into(),
        Some(10) => format!("the disk failed ({error})"),
        Some(11) => format!("the file is damaged ({error}); restore it from a backup"),
        Some(26) => "this file is not a SQLite database".into(),
        Some(8) => "the file cannot be written: it, or its folder, is read-only".into(),
        Some(14) => format!("the file cannot be opened ({error})"),
        Some(_) | None => error.to_string(),
    }
}

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}
