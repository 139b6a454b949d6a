//! A log in one SQLite file, owned by one process: `DIR/care.db` or `DIR/access.db`.
//!
//! One connection writes, one checkpoints, a few read. Because the process holds the file alone, the writer's memory
//! of the streams' heads is exact.

mod checkpoint;
mod insert;
mod lock;
mod reader;
mod rows;
mod schema;
mod source;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use event_core::LogName;
use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};

pub use checkpoint::Checkpoints;
pub use lock::FileLock;
pub use schema::SCHEMA_VERSION;
pub(crate) use source::SqliteSource;

use crate::{
    history::SeenHistory,
    lease::Alone,
    log::LogOptions,
    port::LogError,
    store::{LogWriter, Opened},
};

/// How long a statement waits for a lock of another connection. Only checkpoints hold any for long.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// Rows that a reading connection may be ahead of its reader.
const ROWS_AHEAD_MAX: usize = 512;
/// Prepared statements of the writer: each power of two rows, in four forms, and the others.
const STATEMENTS_MAX: usize = 64;
/// The writer's page cache, in negative KiB as SQLite wants it. Each commit looks through it, so more is not faster.
const WRITER_CACHE: &str = "-8192";
/// A reader's page cache: a page of events is looked through twice.
const READER_CACHE: &str = "-8192";
/// A reader waits this long for a free connection.
const READER_WAIT_MAX: Duration = Duration::from_secs(10);

/// Opens the log in a folder, and makes both where they are missing.
///
/// # Errors
/// `LogError::Unusable` says which file, and what is wrong with it.
pub async fn open(folder: &Path, name: LogName, options: &LogOptions) -> Result<Opened, LogError> {
    let shown = folder.display();
    std::fs::create_dir_all(folder)
        .map_err(|error| LogError::Unusable(format!("the folder {shown} cannot be made: {error}")))?;
    let held = FileLock::take(folder, name)?;
    let file = folder.join(format!("{name}.db"));
    let opened = open_file(&file, name, options, held).await;
    opened.map_err(|error| match error {
        LogError::Read(error) => LogError::Unusable(format!("{}: {}", file.display(), explain(&error))),
        LogError::Unusable(why) => LogError::Unusable(format!("{}: {why}", file.display())),
        other @ (LogError::Damaged { .. } | LogError::OtherHistory(_)) => other,
    })
}

async fn open_file(file: &Path, name: LogName, options: &LogOptions, held: FileLock) -> Result<Opened, LogError> {
    let mut connection = connect(file).await?;
    let identity = schema::prepare(&mut connection, name).await?;
    if let Some(expected) = options.lineage.filter(|expected| *expected != identity.lineage) {
        let why = format!("this log's lineage is {}, not {expected}: it holds another history", identity.lineage);
        return Err(LogError::Unusable(why));
    }
    let last = writer::last_event(&mut connection).await?;
    let pool = SqlitePoolOptions::new().max_connections(options.readers.max(1)).acquire_timeout(READER_WAIT_MAX);
    let pool = pool.connect_with(reading(file)).await?;
    let checkpoints = Checkpoints::start(connect(file).await?, writing(file), name.as_str(), options.wal_bytes_max);
    let tasks = vec![checkpoints.running()];
    let writer = writer::SqliteWriter::new(connection, file, name, options, last, checkpoints, held);
    let writer: Box<dyn LogWriter> = Box::new(writer);
    let reader = Arc::new(reader::SqliteReader::new(pool, name));
    let milliseconds = u64::try_from((options.clock)().micros() / 1_000).unwrap_or_default();
    let leases = Arc::new(Alone::since(milliseconds));
    // The file cannot be exchanged for another one while it is open: its process holds the lock of it.
    let history = Arc::new(SeenHistory::default());
    Ok(Opened { identity, end: last.position, shared: false, history, writer, reader, leases, tasks })
}

/// A connection that writes: what it committed is on disk, and checkpoints are not its work.
async fn connect(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    writing(file).connect().await
}

fn writing(file: &Path) -> SqliteConnectOptions {
    let options = plain(file).create_if_missing(true).statement_cache_capacity(STATEMENTS_MAX);
    options.pragma("cache_size", WRITER_CACHE)
}

fn reading(file: &Path) -> SqliteConnectOptions {
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

/// SQLite's primary result codes that an operator can do something about.
fn explain(error: &sqlx::Error) -> String {
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
