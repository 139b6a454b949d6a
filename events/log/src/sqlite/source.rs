//! The source of `copy`: a log file of a stopped server, read unchanged.

use std::path::Path;

use event_core::LogName;
use sqlx::{ConnectOptions, Row as _, SqliteConnection};

use super::{
    connecting::{explain, reading},
    lock::FileLock,
    rows, schema,
};
use crate::{
    copied::{CopiedRow, RememberedRow},
    port::LogError,
    store::LogIdentity,
};

pub(crate) struct SqliteSource {
    connection: SqliteConnection,
    pub identity: LogIdentity,
    /// Prevents a server from opening the log while this lives.
    _held: FileLock,
}

impl SqliteSource {
    pub async fn open(folder: &Path, name: LogName) -> Result<SqliteSource, LogError> {
        let file = folder.join(format!("{name}.db"));
        if !file.is_file() {
            return Err(LogError::Unusable(format!("{} is not there: the folder holds no log {name}", file.display())));
        }
        let held = FileLock::take(folder, name)?;
        let connected = reading(&file).connect().await;
        let mut connection =
            connected.map_err(|error| LogError::Unusable(format!("{}: {}", file.display(), explain(&error))))?;
        let identity = schema::existing(&mut connection, name).await;
        let identity = identity.map_err(|error| match error {
            LogError::Read(error) => LogError::Unusable(format!("{}: {}", file.display(), explain(&error))),
            LogError::Unusable(why) => LogError::Unusable(format!("{}: {why}", file.display())),
            other @ (LogError::Damaged { .. } | LogError::OtherHistory(_)) => other,
        })?;
        Ok(SqliteSource { connection, identity, _held: held })
    }

    /// The last position; 0 if there is none.
    pub async fn end(&mut self) -> Result<i64, LogError> {
        let row = sqlx::query(include_str!("../../sql/sqlite/end.sql")).fetch_optional(&mut self.connection).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
    }

    pub async fn remembered(&mut self, after: &[u8], limit: usize) -> Result<Vec<RememberedRow>, LogError> {
        let query = sqlx::query(include_str!("../../sql/sqlite/remembered_page.sql"));
        let query = query.bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query.fetch_all(&mut self.connection).await?.iter().map(rows::remembered).collect()
    }

    pub async fn rows(&mut self, after: i64, limit: usize) -> Result<Vec<CopiedRow>, LogError> {
        let query = sqlx::query(include_str!("../../sql/sqlite/page.sql"));
        let query = query.bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query.fetch_all(&mut self.connection).await?.iter().map(rows::whole).collect()
    }
}
