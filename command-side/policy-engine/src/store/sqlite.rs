//! The tables in a file of their own, `policies.db` in the folder of the logs, used by a single process. Not in a log's
//! file: there each save would wait for the log's writer, and the log for it. `synchronous=NORMAL` is enough: what a power
//! cut takes back is done again, under the same idempotency keys.

use std::{
    fs::{OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use async_trait::async_trait;
use event_core::Timestamp;
use event_follow::Checkpoint;
use event_log::postgres::connections::silent;
use sqlx::{
    ConnectOptions, Connection, QueryBuilder, Row, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use super::port::{
    HeldReaction, OwnedPolicy, PendingReaction, PolicyHold, PolicyStore, ReactionId, Settled, awaiting, other_lineage,
};
use crate::PoliciesError;

/// The file's name.
const FILE: &str = "policies.db";
/// The file's mode.
const MODE: u32 = 0o600;
/// `PRAGMA application_id` of the file: "FDpo".
const APPLICATION: i64 = 0x4644_706f;
/// The newest schema that this binary knows.
const SCHEMA_VERSION: i64 = 1;
/// The time limit for the connection to become free.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The time limit for a statement to get a lock of the file. Only an operator's program can hold one.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// The number of commands that one statement inserts: a statement for each row takes several times as long.
const INSERTED_ROWS_MAX: usize = 100;

/// A single connection. It is dropped after any failure, because its state is unknown, and the next call opens another
/// one.
pub struct SqlitePolicies {
    options: SqliteConnectOptions,
    connection: Mutex<Option<SqliteConnection>>,
}

/// The connection on loan, and the place to which it is given back.
struct PoliciesLoan<'a> {
    place: MutexGuard<'a, Option<SqliteConnection>>,
    connection: SqliteConnection,
}

impl SqlitePolicies {
    pub async fn in_folder(folder: &Path) -> Result<SqlitePolicies, PoliciesError> {
        let file = folder.join(FILE);
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_MAX)
            .disable_statement_logging();
        private(&file).map_err(sqlx::Error::Io)?;
        let mut connection = options.connect().await?;
        prepare(&mut connection).await.map_err(|error| match error {
            PoliciesError::Unusable(why) => PoliciesError::Unusable(format!("{}: {why}", file.display())),
            error @ (PoliciesError::Unknown(_)
            | PoliciesError::Superseded
            | PoliciesError::Store(_)
            | PoliciesError::Log(_)) => error,
        })?;
        Ok(SqlitePolicies { options, connection: Mutex::new(Some(connection)) })
    }

    async fn lend(&self) -> Result<PoliciesLoan<'_>, PoliciesError> {
        let mut place = tokio::time::timeout(WAIT_MAX, self.connection.lock()).await.map_err(|_| silent())?;
        let connection = match place.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(PoliciesLoan { place, connection })
    }
}

/// Makes the file before SQLite would make it, so that no other account can read it at any time. SQLite gives the files
/// beside it the same mode.
fn private(file: &Path) -> io::Result<()> {
    let made = OpenOptions::new().append(true).create(true).mode(MODE).open(file)?;
    made.set_permissions(Permissions::from_mode(MODE))
}

impl PoliciesLoan<'_> {
    /// Gives the connection back if the call succeeded.
    fn settle<T>(mut self, answer: Result<T, PoliciesError>) -> Result<T, PoliciesError> {
        if answer.is_ok() {
            *self.place = Some(self.connection);
        }
        answer
    }
}

async fn prepare(connection: &mut SqliteConnection) -> Result<(), PoliciesError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let number = async |transaction: &mut SqliteConnection, sql: &'static str| -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(sql).fetch_one(transaction).await
    };
    let application = number(&mut transaction, "PRAGMA application_id").await?;
    let version = number(&mut transaction, "PRAGMA user_version").await?;
    let objects = number(&mut transaction, "SELECT count(*) FROM sqlite_schema").await?;
    if application != APPLICATION && (objects > 0 || application != 0 || version != 0) {
        return Err(PoliciesError::Unusable("this is a SQLite database, but not one of policies".into()));
    }
    if version > SCHEMA_VERSION {
        let why = format!("its schema has version {version}, and this binary knows {SCHEMA_VERSION} at most");
        return Err(PoliciesError::Unusable(why));
    }
    sqlx::raw_sql(include_str!("../../sql/sqlite/schema.sql")).execute(&mut *transaction).await?;
    let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA_VERSION}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn pending(row: &SqliteRow) -> Result<PendingReaction, sqlx::Error> {
    Ok(PendingReaction {
        id: ReactionId { event: row.try_get(0)?, place: row.try_get(1)? },
        position: unsigned(row.try_get(2)?),
        correlation: row.try_get(3)?,
        command: row.try_get(4)?,
        body: row.try_get(5)?,
        next_at: Timestamp::from_micros(row.try_get(6)?),
        attempts: row.try_get(7)?,
        awaits: None,
    })
}

async fn claim(
    connection: &mut SqliteConnection,
    name: &'static str,
    lineage: Uuid,
    begin: Checkpoint,
) -> Result<(OwnedPolicy, Checkpoint), PoliciesError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let insert = sqlx::query(
        "INSERT INTO policy (name, lineage, epoch, position, event_id, recorded_at) VALUES (?1, ?2, 0, ?3, ?4, ?5) \
         ON CONFLICT (name) DO NOTHING",
    );
    let insert = insert.bind(name).bind(lineage).bind(signed(begin.position)).bind(begin.event_id);
    insert.bind(begin.recorded_at).execute(&mut *transaction).await?;
    let found = sqlx::query("SELECT lineage, position, event_id, recorded_at FROM policy WHERE name = ?1").bind(name);
    let found = found.fetch_one(&mut *transaction).await?;
    if found.try_get::<Uuid, _>(0)? != lineage {
        return Err(other_lineage(name));
    }
    let checkpoint = Checkpoint {
        position: unsigned(found.try_get(1)?),
        event_id: found.try_get(2)?,
        recorded_at: found.try_get(3)?,
    };
    let claim = sqlx::query_scalar("UPDATE policy SET epoch = epoch + 1 WHERE name = ?1 RETURNING epoch").bind(name);
    let epoch = claim.fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok((OwnedPolicy { name, epoch }, checkpoint))
}

async fn save(
    connection: &mut SqliteConnection,
    own: OwnedPolicy,
    from: u64,
    to: Checkpoint,
    reactions: &[PendingReaction],
) -> Result<(), PoliciesError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let advance = sqlx::query(
        "UPDATE policy SET position = ?4, event_id = ?5, recorded_at = ?6 WHERE name = ?1 AND epoch = ?2 AND position = ?3",
    );
    let advance = advance.bind(own.name).bind(own.epoch).bind(signed(from)).bind(signed(to.position));
    if advance.bind(to.event_id).bind(to.recorded_at).execute(&mut *transaction).await?.rows_affected() != 1 {
        return Err(PoliciesError::Superseded);
    }
    for some in reactions.chunks(INSERTED_ROWS_MAX) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO reaction (policy, event_id, place, position, correlation, command, body, state, next_at, attempts, why) ",
        );
        insert.push_values(some, |mut row, reaction| {
            row.push_bind(own.name).push_bind(reaction.id.event).push_bind(reaction.id.place);
            row.push_bind(signed(reaction.position)).push_bind(reaction.correlation).push_bind(&reaction.command);
            row.push_bind(&reaction.body)
                .push_bind(reaction.state())
                .push_bind(reaction.next_at.micros())
                .push("0, ''");
        });
        insert.push(" ON CONFLICT DO NOTHING");
        // A full statement is the same text each time, and is kept prepared.
        let is_full = some.len() == INSERTED_ROWS_MAX;
        insert.build().persistent(is_full).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

async fn settle(
    connection: &mut SqliteConnection,
    policy: &str,
    results: &[(ReactionId, Settled)],
) -> Result<(), PoliciesError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for (id, settled) in results {
        let of = |sql: &'static str| sqlx::query(sql).bind(policy.to_owned()).bind(id.event).bind(id.place);
        let row = match settled {
            Settled::Done => of("DELETE FROM reaction WHERE policy = ?1 AND event_id = ?2 AND place = ?3"),
            Settled::Again { at, attempts, why } => of("UPDATE reaction SET next_at = ?4, attempts = ?5, why = ?6 \
                 WHERE policy = ?1 AND event_id = ?2 AND place = ?3 AND state = 'waiting'")
            .bind(at.micros())
            .bind(*attempts)
            .bind(why.clone()),
            Settled::Held { hold, at, why } => {
                of("UPDATE reaction SET next_at = ?4, attempts = attempts + 1, why = ?5, \
                 state = ?6 WHERE policy = ?1 AND event_id = ?2 AND place = ?3 AND state = 'waiting'")
                .bind(at.micros())
                .bind(why.clone())
                .bind(hold.as_str())
            }
        };
        row.execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

#[async_trait]
impl PolicyStore for SqlitePolicies {
    async fn claim(
        &self,
        name: &'static str,
        _: i64,
        lineage: Uuid,
        begin: Checkpoint,
    ) -> Result<Option<(OwnedPolicy, Checkpoint)>, PoliciesError> {
        let mut loan = self.lend().await?;
        let claimed = claim(&mut loan.connection, name, lineage, begin).await;
        loan.settle(claimed.map(Some))
    }

    async fn save(
        &self,
        own: OwnedPolicy,
        from: u64,
        to: Checkpoint,
        reactions: &[PendingReaction],
    ) -> Result<(), PoliciesError> {
        let mut loan = self.lend().await?;
        let saved = save(&mut loan.connection, own, from, to, reactions).await;
        loan.settle(saved)
    }

    async fn due(&self, policy: &str, now: Timestamp, rows_max: u32) -> Result<Vec<PendingReaction>, PoliciesError> {
        let mut loan = self.lend().await?;
        let due = sqlx::query(
            "SELECT event_id, place, position, correlation, command, body, next_at, attempts FROM reaction \
             WHERE policy = ?1 AND state = 'waiting' AND next_at <= ?2 ORDER BY next_at, position, place LIMIT ?3",
        );
        let rows = due.bind(policy).bind(now.micros()).bind(rows_max).fetch_all(&mut loan.connection).await;
        let rows = rows.and_then(|rows| rows.iter().map(pending).collect());
        loan.settle(rows.map_err(PoliciesError::from))
    }

    async fn next_at(&self, policy: &str) -> Result<Option<Timestamp>, PoliciesError> {
        let mut loan = self.lend().await?;
        let next = sqlx::query_scalar("SELECT min(next_at) FROM reaction WHERE policy = ?1 AND state = 'waiting'");
        let next: Result<Option<i64>, sqlx::Error> = next.bind(policy).fetch_one(&mut loan.connection).await;
        loan.settle(next.map(|next| next.map(Timestamp::from_micros)).map_err(PoliciesError::from))
    }

    async fn release(
        &self,
        policy: &str,
        name: &str,
        before: u64,
        now: Timestamp,
        rows_max: u32,
    ) -> Result<u64, PoliciesError> {
        let mut loan = self.lend().await?;
        let release = sqlx::query(
            "UPDATE reaction SET state = 'waiting', next_at = ?3 WHERE (policy, event_id, place) IN \
             (SELECT policy, event_id, place FROM reaction WHERE policy = ?1 AND state = ?2 AND position < ?5 \
             ORDER BY next_at, position, place LIMIT ?4)",
        );
        let release = release.bind(policy).bind(awaiting(name)).bind(now.micros()).bind(rows_max).bind(signed(before));
        let done = release.execute(&mut loan.connection).await;
        loan.settle(done.map(|done| done.rows_affected()).map_err(PoliciesError::from))
    }

    async fn settle(&self, policy: &str, results: &[(ReactionId, Settled)]) -> Result<(), PoliciesError> {
        let mut loan = self.lend().await?;
        let settled = settle(&mut loan.connection, policy, results).await;
        loan.settle(settled)
    }

    async fn count(&self, policy: &str, hold: Option<PolicyHold>, count_max: u32) -> Result<u64, PoliciesError> {
        let mut loan = self.lend().await?;
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT 1 FROM reaction WHERE policy = ?1 AND state = ?2 LIMIT ?3)",
        );
        let count = count.bind(policy).bind(hold.map_or("waiting", PolicyHold::as_str)).bind(count_max);
        let count: Result<i64, sqlx::Error> = count.fetch_one(&mut loan.connection).await;
        loan.settle(count.map(unsigned).map_err(PoliciesError::from))
    }

    async fn held(&self, policy: &str, hold: PolicyHold, rows_max: u32) -> Result<Vec<HeldReaction>, PoliciesError> {
        let mut loan = self.lend().await?;
        let held = sqlx::query(
            "SELECT policy, event_id, place, position, command, attempts, next_at, why FROM reaction \
             WHERE policy = ?1 AND state = ?2 ORDER BY next_at, position, place LIMIT ?3",
        );
        let rows = held.bind(policy).bind(hold.as_str()).bind(rows_max).fetch_all(&mut loan.connection).await;
        let rows = rows.and_then(|rows| rows.iter().map(held_row).collect());
        loan.settle(rows.map_err(PoliciesError::from))
    }

    async fn retry(&self, policy: &str, one: Option<ReactionId>, now: Timestamp) -> Result<u64, PoliciesError> {
        let mut loan = self.lend().await?;
        let retry = sqlx::query(
            "UPDATE reaction SET state = 'waiting', next_at = ?4, attempts = 0 WHERE policy = ?1 AND state = 'parked' \
             AND (?2 IS NULL OR (event_id = ?2 AND place = ?3))",
        );
        let retry = retry.bind(policy).bind(one.map(|id| id.event)).bind(one.map(|id| id.place)).bind(now.micros());
        let done = retry.execute(&mut loan.connection).await;
        loan.settle(done.map(|done| done.rows_affected()).map_err(PoliciesError::from))
    }

    async fn discard(
        &self,
        policy: &str,
        one: Option<ReactionId>,
        now: Timestamp,
        why: &str,
    ) -> Result<u64, PoliciesError> {
        let mut loan = self.lend().await?;
        let discard = sqlx::query(
            "UPDATE reaction SET state = 'discarded', next_at = ?4, why = ?5 WHERE policy = ?1 AND state = 'parked' \
             AND (?2 IS NULL OR (event_id = ?2 AND place = ?3))",
        );
        let discard = discard.bind(policy).bind(one.map(|id| id.event)).bind(one.map(|id| id.place));
        let done = discard.bind(now.micros()).bind(why).execute(&mut loan.connection).await;
        loan.settle(done.map(|done| done.rows_affected()).map_err(PoliciesError::from))
    }

    async fn sweep(&self, policy: &str, before: Timestamp, rows_max: u32) -> Result<u64, PoliciesError> {
        let mut loan = self.lend().await?;
        let sweep = sqlx::query(
            "DELETE FROM reaction WHERE (policy, event_id, place) IN (SELECT policy, event_id, place FROM reaction \
             WHERE policy = ?1 AND state IN ('refused', 'discarded', 'delivered') AND next_at <= ?2 LIMIT ?3)",
        );
        let done = sweep.bind(policy).bind(before.micros()).bind(rows_max).execute(&mut loan.connection).await;
        loan.settle(done.map(|done| done.rows_affected()).map_err(PoliciesError::from))
    }
}

fn held_row(row: &SqliteRow) -> Result<HeldReaction, sqlx::Error> {
    Ok(HeldReaction {
        policy: row.try_get(0)?,
        id: ReactionId { event: row.try_get(1)?, place: row.try_get(2)? },
        position: unsigned(row.try_get(3)?),
        command: row.try_get(4)?,
        attempts: row.try_get(5)?,
        since: Timestamp::from_micros(row.try_get(6)?),
        why: row.try_get(7)?,
    })
}
