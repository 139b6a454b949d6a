//! The settings of a connection to a log, and the errors of connecting.

use event_core::LogName;

use super::{address::DatabaseAddress, connections::no_tls};
use crate::port::LogError;

/// The settings of a session in the log's schema. Planning each batch again, or compiling it, would take longer than
/// the batch.
pub(super) fn connecting(url: &str, name: LogName) -> Result<DatabaseAddress, LogError> {
    let address = DatabaseAddress::parse(url).map_err(LogError::Unusable)?;
    let settings = [
        ("search_path", name.as_str()),
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
        // Every statement here uses an index. A plan that was made while the table was small would read the whole
        // table, and be kept: 3k events/s instead of tens of thousands.
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("idle_in_transaction_session_timeout", "10s"),
        // Answers are on disk, and each statement after the wait for the log's lock sees what was committed before it,
        // whatever the defaults of the role, the database or the URL are.
        ("synchronous_commit", "on"),
        ("default_transaction_isolation", "read committed"),
    ];
    Ok(address.with("frontdoor", settings))
}

/// The error of a failed connection. A TLS error is permanent, and is reported as such.
pub(super) fn unreachable(error: sqlx::Error) -> LogError {
    no_tls(&error).map_or(LogError::Read(error), LogError::Unusable)
}
