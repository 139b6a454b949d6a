//! The table in a file of its own, `sign-ins.db` beside the views, used by a single process. It has no other content,
//! so a damaged file is simply replaced. `synchronous=NORMAL` is enough except for ending a sign-in.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use event_log::postgres::connections::{CALL_TIME_MAX, CONNECT_TIME_MAX, silent, within};
use sqlx::{
    ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard};

use super::port::{SealedDraft, SignIn, SignInStore};
use crate::error::SignInsError;

/// The file's name.
const FILE: &str = "sign-ins.db";
/// What SQLite adds to the name for the files beside it.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// The file's mode. SQLite gives the files beside it the same.
const MODE: u32 = 0o600;
/// The time limit for the connection to become free.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The time limit for a statement to get a lock of the file. Only an operator's program can hold one.
const BUSY_MAX: Duration = Duration::from_secs(5);
/// Primary result codes of a table that is missing or has another form, a damaged file, and a file of another kind.
const LOST: [u32; 3] = [1, 11, 26];

/// A single connection: a read by primary key takes some microseconds, and a write waits for no disk. It is dropped
/// after any failure, because its state is unknown, and the next call opens another one.
pub struct SqliteSignIns {
    file: PathBuf,
    connection: Mutex<Option<SqliteConnection>>,
}

/// The connection on loan, and the place to which it is given back.
struct SignInsLoan<'a> {
    place: MutexGuard<'a, Option<SqliteConnection>>,
    connection: SqliteConnection,
}

impl SqliteSignIns {
    /// The sign-ins beside the views' file.
    pub async fn beside(views: &str) -> Result<SqliteSignIns, SignInsError> {
        let file = Path::new(views).with_file_name(FILE);
        if file == Path::new(views) {
            return Err(SignInsError::Unusable(format!("{FILE} is the name of the file with the sign-ins")));
        }
        let connection = Mutex::new(Some(opened(&file).await?));
        Ok(SqliteSignIns { file, connection })
    }

    async fn lend(&self) -> Result<SignInsLoan<'_>, SignInsError> {
        let mut place = tokio::time::timeout(WAIT_MAX, self.connection.lock()).await.map_err(|_| silent())?;
        let connection = match place.take() {
            Some(connection) => connection,
            None => opened(&self.file).await?,
        };
        Ok(SignInsLoan { place, connection })
    }
}

impl SignInsLoan<'_> {
    /// Gives the connection back if the call succeeded.
    fn settle<T>(mut self, answer: Result<T, sqlx::Error>) -> Result<T, SignInsError> {
        match answer {
            Ok(answer) => {
                *self.place = Some(self.connection);
                Ok(answer)
            }
            Err(error) => Err(fault(error)),
        }
    }
}

fn fault(error: sqlx::Error) -> SignInsError {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code {
        Some(code) if LOST.contains(&(code & 0xff)) => SignInsError::Lost(error),
        Some(_) | None => SignInsError::Store(error),
    }
}

/// Opens the file, and replaces it if it is damaged.
async fn opened(file: &Path) -> Result<SqliteConnection, SignInsError> {
    match within(CONNECT_TIME_MAX, connect(file)).await.map_err(fault) {
        Err(SignInsError::Lost(error)) => {
            tracing::warn!(%error, file = %file.display(), "the sign-ins are damaged: all of them end");
            remove(file).map_err(sqlx::Error::Io)?;
            within(CONNECT_TIME_MAX, connect(file)).await.map_err(fault)
        }
        connected => connected,
    }
}

async fn connect(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    // Made before SQLite would make it, so that no other account can read it at any time.
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(MODE)
        .open(file)?
        .set_permissions(Permissions::from_mode(MODE))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_MAX)
        // The names in ended sign-ins do not stay in free pages of the file.
        .pragma("secure_delete", "ON");
    let mut connection = options.connect().await?;
    sqlx::raw_sql(include_str!("../../sql/sqlite.sql")).execute(&mut connection).await?;
    Ok(connection)
}

fn remove(file: &Path) -> io::Result<()> {
    for ending in BESIDE {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(name) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, sign_in: &SignIn, per_caller_max: u32) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("INSERT INTO sign_in (token_hash, caller_hash, account, begun_at, seen_at) VALUES (?, ?, ?, ?, ?)")
        .bind(&sign_in.token_hash)
        .bind(&sign_in.caller_hash)
        .bind(&sign_in.account)
        .bind(sign_in.begun_at)
        .bind(sign_in.seen_at)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "DELETE FROM sign_in WHERE token_hash IN (SELECT token_hash FROM sign_in \
         WHERE caller_hash = ? AND token_hash <> ? ORDER BY begun_at DESC, token_hash LIMIT -1 OFFSET ?)",
    )
    .bind(&sign_in.caller_hash)
    .bind(&sign_in.token_hash)
    .bind(i64::from(per_caller_max) - 1)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

async fn keep(connection: &mut SqliteConnection, draft: &SealedDraft, drafts_max: u32) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO sign_in_draft (token_hash, name, sealed, kept_at) \
         SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM sign_in WHERE token_hash = ?1) \
         ON CONFLICT (token_hash, name) DO UPDATE SET sealed = excluded.sealed, kept_at = excluded.kept_at",
    )
    .bind(&draft.token_hash)
    .bind(&draft.name)
    .bind(&draft.sealed)
    .bind(draft.kept_at)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "DELETE FROM sign_in_draft WHERE token_hash = ?1 AND name IN (SELECT name FROM sign_in_draft \
         WHERE token_hash = ?1 ORDER BY kept_at DESC, name LIMIT -1 OFFSET ?2)",
    )
    .bind(&draft.token_hash)
    .bind(i64::from(drafts_max))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// With `synchronous=NORMAL` a power cut could bring the sign-in back.
async fn end(connection: &mut SqliteConnection, token_hash: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
    for delete in ["DELETE FROM sign_in WHERE token_hash = ?", "DELETE FROM sign_in_draft WHERE token_hash = ?"] {
        sqlx::query(delete).bind(token_hash).execute(&mut *connection).await?;
    }
    sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await?;
    Ok(())
}

#[async_trait]
impl SignInStore for SqliteSignIns {
    async fn insert(&self, sign_in: &SignIn, per_caller_max: u32) -> Result<(), SignInsError> {
        let mut loan = self.lend().await?;
        let inserted = within(CALL_TIME_MAX, insert(&mut loan.connection, sign_in, per_caller_max)).await;
        loan.settle(inserted)
    }

    async fn find(&self, token_hash: &[u8]) -> Result<Option<SignIn>, SignInsError> {
        let mut loan = self.lend().await?;
        let query =
            sqlx::query("SELECT token_hash, caller_hash, account, begun_at, seen_at FROM sign_in WHERE token_hash = ?");
        let found = within(CALL_TIME_MAX, query.bind(token_hash).fetch_optional(&mut loan.connection)).await;
        let sign_in = |row: SqliteRow| -> Result<SignIn, sqlx::Error> {
            Ok(SignIn {
                token_hash: row.try_get(0)?,
                caller_hash: row.try_get(1)?,
                account: row.try_get(2)?,
                begun_at: row.try_get(3)?,
                seen_at: row.try_get(4)?,
            })
        };
        // A row that does not read is no sign-in.
        Ok(loan.settle(found)?.and_then(|row| sign_in(row).ok()))
    }

    async fn seen(&self, token_hash: &[u8], now: i64, unless_after: i64) -> Result<(), SignInsError> {
        let mut loan = self.lend().await?;
        let query = sqlx::query("UPDATE sign_in SET seen_at = ? WHERE token_hash = ? AND seen_at <= ?");
        let query = query.bind(now).bind(token_hash).bind(unless_after);
        let done = within(CALL_TIME_MAX, query.execute(&mut loan.connection)).await;
        loan.settle(done)?;
        Ok(())
    }

    async fn keep(&self, draft: &SealedDraft, drafts_max: u32) -> Result<(), SignInsError> {
        let mut loan = self.lend().await?;
        let kept = within(CALL_TIME_MAX, keep(&mut loan.connection, draft, drafts_max)).await;
        loan.settle(kept)
    }

    async fn kept(&self, token_hash: &[u8], name: &str) -> Result<Option<Vec<u8>>, SignInsError> {
        let mut loan = self.lend().await?;
        let query = sqlx::query("SELECT sealed FROM sign_in_draft WHERE token_hash = ? AND name = ?");
        let found = within(CALL_TIME_MAX, query.bind(token_hash).bind(name).fetch_optional(&mut loan.connection)).await;
        Ok(loan.settle(found)?.and_then(|row: SqliteRow| row.try_get(0).ok()))
    }

    async fn end(&self, token_hash: &[u8]) -> Result<(), SignInsError> {
        let mut loan = self.lend().await?;
        let ended = within(CALL_TIME_MAX, end(&mut loan.connection, token_hash)).await;
        loan.settle(ended)
    }

    async fn sweep(&self, seen_until: i64, rows_max: u32) -> Result<u64, SignInsError> {
        let mut loan = self.lend().await?;
        let query = sqlx::query(
            "DELETE FROM sign_in WHERE token_hash IN \
             (SELECT token_hash FROM sign_in WHERE seen_at <= ? ORDER BY seen_at LIMIT ?)",
        );
        let query = query.bind(seen_until).bind(rows_max);
        let drafts = sqlx::query(
            "DELETE FROM sign_in_draft WHERE (token_hash, name) IN \
             (SELECT token_hash, name FROM sign_in_draft WHERE kept_at <= ? ORDER BY kept_at LIMIT ?)",
        );
        let drafts = drafts.bind(seen_until).bind(rows_max);
        let done = within(CALL_TIME_MAX, async {
            drafts.execute(&mut loan.connection).await?;
            query.execute(&mut loan.connection).await
        });
        let done = done.await;
        Ok(loan.settle(done)?.rows_affected())
    }

    async fn restore(&self) -> Result<(), SignInsError> {
        let mut place = tokio::time::timeout(WAIT_MAX, self.connection.lock()).await.map_err(|_| silent())?;
        if let Some(connection) = place.take() {
            // It cannot be used again, whatever closing it says.
            let _ = within(CALL_TIME_MAX, connection.close()).await;
        }
        remove(&self.file).map_err(sqlx::Error::Io)?;
        *place = Some(opened(&self.file).await?);
        Ok(())
    }
}
