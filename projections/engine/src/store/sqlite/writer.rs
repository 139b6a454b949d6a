//! The single write connection. After any failure it is dropped, and the next call opens another one: SQLite may have
//! rolled back by itself (if the disk is full or fails), and the connection's view of its transaction is then wrong.

use event_log::sqlite::Checkpoints;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::ViewsError;

pub struct ViewsWriter {
    /// `None` after a failure, and while a call uses it: a cancelled call drops it.
    pub connection: Option<SqliteConnection>,
    pub options: SqliteConnectOptions,
    pub checkpoints: Checkpoints,
}

impl ViewsWriter {
    pub async fn lend(&mut self) -> Result<SqliteConnection, ViewsError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Ok(SqliteConnection::connect_with(&self.options).await?),
        }
    }

    /// Puts the connection back if the call succeeded.
    pub fn settle<T>(&mut self, connection: SqliteConnection, answer: Result<T, ViewsError>) -> Result<T, ViewsError> {
        if answer.is_ok() {
            self.connection = Some(connection);
        }
        answer
    }
}
