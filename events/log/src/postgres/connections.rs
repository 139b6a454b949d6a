//! Connections to a database, for logs and for views, and how long each call on them may take. A connection on which a call failed,
//! came to its time limit, or was given up, is dropped: its state is unknown.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection, PgConnection, PgPool,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow, Postgres},
    query::Query,
};

use super::history::compare;
use crate::history::SeenHistory;

/// A statement and what is bound to it.
pub type Statement = Query<'static, Postgres, PgArguments>;

/// How long a call may take.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(10);
/// How long connecting may take, and waiting for a connection that is free.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a connection that was idle may take to answer before it is used.
const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// A pool of connections.
pub struct Connections {
    pool: PgPool,
    options: PgConnectOptions,
    silence: LastSilence,
}

/// When the database was last silent: connections from before that are not trusted.
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
    /// Nothing is connected yet.
    pub fn new(options: PgConnectOptions, connections_max: u32) -> Connections {
        let silence = LastSilence::default();
        let pool = pool_of(connections_max, silence.clone());
        Connections { pool: pool.connect_lazy_with(options.clone()), options, silence }
    }

    /// The same to a log, which each new connection compares with what was seen of it.
    pub(super) fn compared(options: PgConnectOptions, connections_max: u32, history: Arc<SeenHistory>) -> Connections {
        let silence = LastSilence::default();
        let pool = pool_of(connections_max, silence.clone()).after_connect(move |connection, _| {
            let history = Arc::clone(&history);
            Box::pin(async move { compare(connection, &history).await })
        });
        Connections { pool: pool.connect_lazy_with(options.clone()), options, silence }
    }

    /// All rows of a statement.
    ///
    /// # Errors
    /// What the database says, or that it did not answer within `CALL_TIME_MAX`.
    pub async fn fetch(&self, query: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut loan = self.borrow().await?;
        let rows = within(CALL_TIME_MAX, query.fetch_all(loan.connection()?)).await;
        self.settle(loan, rows)
    }

    /// Runs a statement; gives back how many rows it concerned.
    ///
    /// # Errors
    /// As `fetch`.
    pub async fn run(&self, query: Statement) -> Result<u64, sqlx::Error> {
        let mut loan = self.borrow().await?;
        let done = within(CALL_TIME_MAX, query.execute(loan.connection()?)).await;
        Ok(self.settle(loan, done)?.rows_affected())
    }

    /// A connection of its own, for a transaction. It ends with its user, and so does the transaction.
    ///
    /// # Errors
    /// What the database says, or that it did not answer within `CONNECT_TIME_MAX`.
    pub async fn alone(&self) -> Result<PgConnection, sqlx::Error> {
        within(CONNECT_TIME_MAX, PgConnection::connect_with(&self.options)).await
    }

    /// A pool of one connection.
    pub fn one(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIME_MAX);
        pool.connect_lazy_with(self.options.clone())
    }

    /// A connection for several statements, each of which the caller bounds in time.
    ///
    /// # Errors
    /// When none is free within `CONNECT_TIME_MAX`.
    pub async fn borrow(&self) -> Result<LentConnection, sqlx::Error> {
        Ok(LentConnection(Some(self.pool.acquire().await?)))
    }

    /// Waits for the statements under way, and takes no more.
    pub async fn close(&self) {
        // Who does not answer is not waited for: the process ends.
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

/// A connection that was idle is used after it has answered, and not where it may be silent.
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

/// A connection of the pool. If it is not given back it is dropped.
pub struct LentConnection(Option<PoolConnection<Postgres>>);

impl LentConnection {
    /// # Errors
    /// None while it is on loan.
    pub fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Gives it back to the pool: its last statement was answered.
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

/// The answer of a call, or that it did not come in time.
///
/// # Errors
/// The call's own, or `silent`.
pub async fn within<T>(
    time_max: Duration,
    call: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(time_max, call).await.unwrap_or_else(|_| Err(silent()))
}

/// The database did not answer in time.
pub fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"))
}

fn is_silent<T>(answer: &Result<T, sqlx::Error>) -> bool {
    matches!(answer, Err(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::TimedOut)
}
