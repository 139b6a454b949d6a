//! A log in one SQLite file, owned by one process: `DIR/care.db` or `DIR/access.db`.
//!
//! One connection writes, one checkpoints, a few read. Because only this process has the file open, the writer's cache
//! of the streams' heads is exact.

mod checkpoint;
mod connecting;
mod insert;
mod lock;
mod outcomes;
mod reader;
mod rows;
mod schema;
mod source;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use event_core::LogName;
use sqlx::sqlite::SqlitePoolOptions;

pub use checkpoint::Checkpoints;
pub use lock::FileLock;
pub use schema::SCHEMA_VERSION;
pub(crate) use source::SqliteSource;

pub use self::connecting::explain;
use self::connecting::{connect, reading, writing};
use crate::{
    history::SeenHistory,
    lease::Alone,
    options::LogOptions,
    port::LogError,
    store::{LogWriter, Opened},
};

/// How long a reader waits for a free connection.
const READER_WAIT_MAX: Duration = Duration::from_secs(10);

/// Opens the log in a folder, and creates both if they are missing.
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
    // The file cannot be replaced while it is open, because this process holds its lock.
    let history = Arc::new(SeenHistory::default());
    Ok(Opened { identity, end: last.position, shared: false, history, writer, reader, leases, tasks })
}
