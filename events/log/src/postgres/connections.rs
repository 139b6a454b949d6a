//! Connections to a database, for logs and for views, and the time limits of calls on them. A connection is dropped
//! after a call that failed, exceeded its time limit or was cancelled, because its state is unknown.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection, PgConnection, PgPool,
    pool::PoolConnection,
    postgres::{PgArguments, PgPoolOptions, PgRow, Postgres},
    query::Query,
};

use super::{address::DatabaseAddress, history::compare};
use crate::history::SeenHistory;

/// A statement and the values bound to it.
pub type Statement = Query<'static, Postgres, PgArguments>;

/// How long a call may take.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(10);
/// How long connecting may take, and waiting for a free connection.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a password is used before its file is read again. Passwords are changed by hand or by a vault, a few times a year.
const PASSWORD_TIME_MAX: Duration = Duration::from_secs(1);
/// How long an idle connection may take to answer before it is used.
const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// The reason why TLS failed, if TLS is the cause of this error. Such an error is permanent.
pub fn no_tls(error: &sqlx::Error) -> Option<String> {
    if let sqlx::Error::Tls(why) = error {
        return Some(format!("no TLS to PostgreSQL: {why}"));
    }
    // The certificate was not accepted.
    if let sqlx::Error::Io(why) = error
        && why.kind() == io::ErrorKind::InvalidData
    {
        return Some(format!("no TLS to PostgreSQL: {why}"));
    }
    None
}

/// A pool of connections.
pub struct Connections {
    pool: PgPool,
    address: DatabaseAddress,
    silence: LastSilence,
    /// The time of the last look at the password file; `None` before the first one. Absent without such a file.
    password_seen: Option<tokio::sync::Mutex<Option<Instant>>>,
}

/// The time when the database was last silent: older connections are not trusted.
#[derive(Clone, Default)]
struct LastSilence(Arc<Mutex<Option<Instant>>>);

impl LastSilence {
    fn noticed(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn covers(&self, age: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() <= age)
    }
}

impl Connections {
    /// A pool that has not connected yet.
    pub fn new(address: DatabaseAddress, connections_max: u32) -> Connections {
        let silence = LastSilence::default();
        let pool = pool_of(connections_max, silence.clone());
        Connections::of(pool, address, silence)
    }

    fn of(pool: PgPoolOptions, address: DatabaseAddress, silence: LastSilence) -> Connections {
        let (options, has_password_file) = address.without_password();
        let password_seen = has_password_file.then(tokio::sync::Mutex::default);
        Connections { pool: pool.connect_lazy_with(options), address, silence, password_seen }
    }

    /// The same for a log: each new connection compares the log with the events that were seen of it.
    pub(super) fn compared(address: DatabaseAddress, connections_max: u32, history: Arc<SeenHistory>) -> Connections {
        let silence = LastSilence::default();
        let pool = pool_of(connections_max, silence.clone()).after_connect(move |connection, _| {
            let history = Arc::clone(&history);
            Box::pin(async move { compare(connection, &history).await })
        });
        Connections::of(pool, address, silence)
    }

    /// All rows of a statement.
    ///
    /// # Errors
    /// The database's error, or that it did not answer within `CALL_TIME_MAX`.
    pub async fn fetch(&self, query: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut loan = self.borrow().await?;
        let rows = within(CALL_TIME_MAX, query.fetch_all(loan.connection()?)).await;
        self.settle(loan, rows)
    }

    /// Runs a statement; returns the number of rows that it affected.
    ///
    /// # Errors
    /// As `fetch`.
    pub async fn run(&self, query: Statement) -> Result<u64, sqlx::Error> {
        let mut loan = self.borrow().await?;
        let done = within(CALL_TIME_MAX, query.execute(loan.connection()?)).await;
        Ok(self.settle(loan, done)?.rows_affected())
    }

    /// A separate connection, for a transaction. When it is dropped, the transaction ends, too.
    ///
    /// # Errors
    /// The database's error, or that it did not answer within `CONNECT_TIME_MAX`.
    pub async fn alone(&self) -> Result<PgConnection, sqlx::Error> {
        within(CONNECT_TIME_MAX, self.address.connect()).await
    }

    /// A pool of one connection.
    ///
    /// # Errors
    /// If the password file cannot be read.
    pub async fn one(&self) -> Result<PgPool, sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIME_MAX);
        Ok(pool.connect_lazy_with(self.address.current().await?))
    }

    /// A connection for several statements. The caller limits the time of each.
    ///
    /// # Errors
    /// When none is free within `CONNECT_TIME_MAX`.
    pub async fn borrow(&self) -> Result<LentConnection, sqlx::Error> {
        self.renew_password().await;
        Ok(LentConnection(Some(self.pool.acquire().await?)))
    }

    /// Tells the pool the password of this moment, because it makes its connections by itself. While the file cannot be read, the pool
    /// keeps the password that it has: open connections go on.
    async fn renew_password(&self) {
        let Some(seen) = &self.password_seen else { return };
        let mut seen = seen.lock().await;
        if seen.is_some_and(|seen| seen.elapsed() <= PASSWORD_TIME_MAX) {
            return;
        }
        match within(CONNECT_TIME_MAX, self.address.current()).await {
            Ok(options) => self.pool.set_connect_options(options),
            Err(error) => tracing::warn!(%error, "a password file cannot be read"),
        }
        *seen = Some(Instant::now());
    }

    /// Waits for the statements in progress, and accepts no more.
    pub async fn close(&self) {
        // A database that does not answer is not waited for: the process is ending.
        drop(tokio::time::timeout(CALL_TIME_MAX, self.pool.close()).await);
    }

    /// Only a connection that answered is given back.
    fn settle<T>(&self, mut loan: LentConnection, answer: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        match &answer {
            Ok(_) | Err(sqlx::Error::Database(_)) => drop(loan.0.take()),
            Err(_) if is_silent(&answer) => self.silence.noticed(),
            Err(_) => {}
        }
        answer
    }
}

/// An idle connection is used only after it has answered, and not if it may be silent.
fn pool_of(connections_max: u32, silence: LastSilence) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(CONNECT_TIME_MAX)
        .test_before_acquire(false)
        .before_acquire(move |connection, idle| {
            let silence = silence.clone();
            Box::pin(async move {
                if silence.covers(idle.age) {
                    return Ok(false);
                }
                let answered = within(PING_TIME_MAX, connection.ping()).await;
                if is_silent(&answered) {
                    silence.noticed();
                }
                answered.map(|()| true)
            })
        })
}

/// A connection of the pool. It is dropped if it is not given back.
pub struct LentConnection(Option<PoolConnection<Postgres>>);

impl LentConnection {
    /// # Errors
    /// None while it is on loan.
    pub fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Gives it back to the pool. Its last statement must have been answered.
    pub fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for LentConnection {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// The answer of a call, within a time limit.
///
/// # Errors
/// The call's own, or `silent`.
pub async fn within<T>(
    time_max: Duration,
    call: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(time_max, call).await.unwrap_or_else(|_| Err(silent()))
}

/// The error for a database that did not answer in time.
pub fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"))
}

fn is_silent<T>(answer: &Result<T, sqlx::Error>) -> bool {
    matches!(answer, Err(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::TimedOut)
}
