//! A log in a schema of a PostgreSQL database, written by any number of nodes. The database decides under the log's own
//! lock what is stored; the heads of streams that a node caches only save a second round trip.

mod address;
mod batch;
mod connecting;
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

use std::sync::Arc;

use event_core::LogName;
use sqlx::Connection;

pub use address::{DatabaseAddress, PASSWORD_FILE};
pub use schema::{SCHEMA_VERSION, migrate};
pub(crate) use target::Target;

use self::{
    connecting::{connecting, unreachable},
    connections::{CALL_TIME_MAX, CONNECT_TIME_MAX, Connections, within},
};
use crate::{
    history::SeenHistory,
    options::LogOptions,
    port::LogError,
    store::{LogReader, LogWriter, Opened},
};

/// Opens the log in the database at `postgres://…`. Its schema must have been migrated.
///
/// # Errors
/// When it cannot be reached, has not been migrated, is newer than this binary, or is another log.
pub async fn open(url: &str, name: LogName, options: &LogOptions) -> Result<Opened, LogError> {
    // As long as `CALL_TIME_MAX`: when the client has given up, the server releases its locks.
    let connecting = connecting(url, name)?;
    let connecting = connecting.with("frontdoor", [("statement_timeout", "10s"), ("tcp_keepalives_idle", "30")]);
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
