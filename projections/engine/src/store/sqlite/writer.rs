//! The one connection that writes. After any failure it is dropped and the next call opens another one: SQLite may have
//! rolled back by itself (a full disk, a failing one), and what the connection believes of its transaction is then wrong.

use event_log::sqlite::Checkpoints;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::ViewsError;

pub struct ViewsWriter {
    /// `None` after a failure, and while it is lent: a call that is given up takes it away.
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

    /// Takes the connection back, if the call on it went well.
    pub fn settle<T>(&mut self, connection: SqliteConnection, answer: Result<T, ViewsError>) -> Result<T, ViewsError> {
        if answer.is_ok() {
            self.connection = Some(connection);
        }
        answer
    }
}
