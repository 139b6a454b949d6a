//! A log in a schema of a PostgreSQL database, written by any number of nodes. What is stored is decided under the log's
//! own lock, in the database; what a node remembers of the streams' heads only spares it a second round trip.

mod batch;
pub mod connections;
mod history;
pub mod leases;
mod outcomes;
mod reader;
mod rows;
mod schema;
mod send;
mod target;
mod writer;

use std::{str::FromStr, sync::Arc};

use event_core::LogName;
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};

pub use schema::{SCHEMA_VERSION, migrate};
pub(crate) use target::Target;

use self::connections::{CALL_TIME_MAX, CONNECT_TIME_MAX, Connections, within};
use crate::{
    history::SeenHistory,
    log::LogOptions,
    port::LogError,
    store::{LogReader, LogWriter, Opened},
};

/// Opens the log in the database at `postgres://…`, whose schema has been migrated.
///
/// # Errors
/// When it cannot be reached, has not been migrated, is newer than this binary, or is another log.
pub async fn open(url: &str, name: LogName, options: &LogOptions) -> Result<Opened, LogError> {
    // As long as `CALL_TIME_MAX`: then the client has given up, and the server releases its locks.
    let connecting = connecting(url, name)?.options([("statement_timeout", "10s"), ("tcp_keepalives_idle", "30")]);
    let mut connection = within(CONNECT_TIME_MAX, connecting.connect()).await.map_err(unreachable)?;
    let identity = tokio::time::timeout(CALL_TIME_MAX, schema::identity(&mut connection, name)).await;
    let identity = identity.map_err(|_| LogError::Read(connections::silent()))??;
    if let Some(expected) = options.lineage.filter(|expected| *expected != identity.lineage) {
        let why = format!("this log's lineage is {}, not {expected}: it holds another history", identity.lineage);
        return Err(LogError::Unusable(why));
    }
    let history = Arc::new(SeenHistory::default());
    let reading = Connections::compared(connecting.clone(), options.readers.max(1), Arc::clone(&history));
    let reading = Arc::new(reading);
    let leases = Arc::new(leases::PgLeases(Arc::clone(&reading)));
    let reader = Arc::new(reader::PgReader::new(reading, Arc::clone(&history), name));
    let end = reader.end().await?;
    within(CALL_TIME_MAX, connection.close()).await?;
    let writer: Box<dyn LogWriter> = Box::new(writer::PgWriter::new(connecting, Arc::clone(&history), name, options));
    Ok(Opened { identity, end, shared: true, history, writer, reader, leases, tasks: Vec::new() })
}

/// In the log's schema. A planner that plans each batch anew, or compiles it, takes longer than the batch.
fn connecting(url: &str, name: LogName) -> Result<PgConnectOptions, LogError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| LogError::Unusable(format!("this is no address of a PostgreSQL database: {error}")))?;
    let settings = [
        ("search_path", name.as_str()),
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
        // Every statement here looks up by an index. A plan that was made while the table was small would read all of
        // it, and be kept: 3k events/s instead of tens of thousands.
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("idle_in_transaction_session_timeout", "10s"),
        // What was answered is on disk, and each statement after the wait for the log's lock sees what was committed
        // before it, whatever the role, the database or the URL has as its default.
        ("synchronous_commit", "on"),
        ("default_transaction_isolation", "read committed"),
    ];
    Ok(options.application_name("frontdoor").options(settings).disable_statement_logging())
}

/// Why there is no connection. What TLS refuses stays refused, and is told as what it is.
fn unreachable(error: sqlx::Error) -> LogError {
    if let sqlx::Error::Tls(why) = &error {
        return LogError::Unusable(format!("no TLS to PostgreSQL: {why}"));
    }
    // A certificate that is not accepted.
    if let sqlx::Error::Io(why) = &error
        && why.kind() == std::io::ErrorKind::InvalidData
    {
        return LogError::Unusable(format!("no TLS to PostgreSQL: {why}"));
    }
    LogError::Read(error)
}
