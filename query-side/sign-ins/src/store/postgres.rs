//! The table `sign_in` in the schema of the views, shared by any number of processes. Unlike the views, it waits for
//! the disk: a sign-in that was ended must not come back after a crash of the server.

use async_trait::async_trait;
use event_log::postgres::{
    DatabaseAddress,
    connections::{CALL_TIME_MAX, CONNECT_TIME_MAX, Connections, Statement, no_tls, within},
};
use sqlx::{Connection, PgConnection, Row, postgres::PgRow};

use super::port::{SealedDraft, SignIn, SignInStore};
use crate::error::SignInsError;

/// The number of connections. Every request of a page reads one row.
const CONNECTIONS_MAX: u32 = 5;
/// SQLSTATE of a table that does not exist, or its schema.
const MISSING: &str = "42P01";

pub struct PgSignIns {
    connections: Connections,
}

impl PgSignIns {
    pub async fn open(url: &str) -> Result<PgSignIns, SignInsError> {
        let address = DatabaseAddress::parse(url).map_err(SignInsError::Unusable)?;
        let settings = [
            ("search_path", "views"),
            ("synchronous_commit", "on"),
            ("default_transaction_isolation", "read committed"),
            ("jit", "off"),
            // Every statement here uses an index, whatever the size of the table was when the plan was made.
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            // Equal to `CALL_TIME_MAX`: the client has given up by then, and the server releases its locks.
            ("statement_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("tcp_keepalives_idle", "30"),
        ];
        let address = address.with("frontdoor-sign-ins", settings);
        let mut connection = within(CONNECT_TIME_MAX, address.connect()).await.map_err(unreachable)?;
        within(CALL_TIME_MAX, prepare(&mut connection)).await?;
        within(CALL_TIME_MAX, connection.close()).await?;
        Ok(PgSignIns { connections: Connections::new(address, CONNECTIONS_MAX) })
    }

    async fn fetch(&self, query: Statement) -> Result<Vec<PgRow>, SignInsError> {
        self.connections.fetch(query).await.map_err(fault)
    }

    async fn run(&self, query: Statement) -> Result<u64, SignInsError> {
        self.connections.run(query).await.map_err(fault)
    }
}

/// The reason for which there is no connection. A TLS error is permanent and is reported as such.
fn unreachable(error: sqlx::Error) -> SignInsError {
    no_tls(&error).map_or(SignInsError::Store(error), SignInsError::Unusable)
}

fn fault(error: sqlx::Error) -> SignInsError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code {
        Some(code) if code == MISSING => SignInsError::Lost(error),
        Some(_) | None => SignInsError::Store(error),
    }
}

/// Creates the table if it is missing. The lock is the one under which the views make their schema: without it, two
/// processes that start at the same time would both create it, and one would fail.
async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('frontdoor migrate views'))").execute(&mut *transaction).await?;
    let query = sqlx::query("SELECT to_regclass('views.sign_in') IS NOT NULL, to_regnamespace('views') IS NOT NULL");
    let there = query.fetch_one(&mut *transaction).await?;
    if !there.try_get::<bool, _>(0)? {
        // Only if it is missing, because PostgreSQL asks for the right to create it even if it exists.
        if !there.try_get::<bool, _>(1)? {
            sqlx::raw_sql("CREATE SCHEMA views").execute(&mut *transaction).await?;
        }
        sqlx::raw_sql(include_str!("../../sql/postgres.sql")).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

#[async_trait]
impl SignInStore for PgSignIns {
    /// Two statements, because the second has to see the rows that other processes have inserted meanwhile. Rows are
    /// locked in one order, so that two of these do not wait for each other.
    async fn insert(&self, sign_in: &SignIn, per_caller_max: u32) -> Result<(), SignInsError> {
        let insert = sqlx::query(
            "INSERT INTO sign_in (token_hash, caller_hash, account, begun_at, seen_at) VALUES ($1, $2, $3, $4, $5)",
        );
        let insert = insert.bind(sign_in.token_hash.clone()).bind(sign_in.caller_hash.clone());
        let insert = insert.bind(sign_in.account.clone()).bind(sign_in.begun_at).bind(sign_in.seen_at);
        self.run(insert).await?;
        let trim = sqlx::query(
            "DELETE FROM sign_in WHERE token_hash IN (SELECT token_hash FROM sign_in \
             WHERE caller_hash = $1 AND token_hash <> $2 ORDER BY begun_at DESC, token_hash OFFSET $3 FOR UPDATE)",
        );
        let trim = trim.bind(sign_in.caller_hash.clone()).bind(sign_in.token_hash.clone());
        self.run(trim.bind(i64::from(per_caller_max) - 1)).await?;
        Ok(())
    }

    async fn find(&self, token_hash: &[u8]) -> Result<Option<SignIn>, SignInsError> {
        let query = sqlx::query(
            "SELECT token_hash, caller_hash, account, begun_at, seen_at FROM sign_in WHERE token_hash = $1",
        );
        let rows = self.fetch(query.bind(token_hash.to_vec())).await?;
        let sign_in = |row: &PgRow| -> Result<SignIn, sqlx::Error> {
            Ok(SignIn {
                token_hash: row.try_get(0)?,
                caller_hash: row.try_get(1)?,
                account: row.try_get(2)?,
                begun_at: row.try_get(3)?,
                seen_at: row.try_get(4)?,
            })
        };
        // A row that does not read is no sign-in.
        Ok(rows.first().and_then(|row| sign_in(row).ok()))
    }

    async fn seen(&self, token_hash: &[u8], now: i64, unless_after: i64) -> Result<(), SignInsError> {
        let query = sqlx::query("UPDATE sign_in SET seen_at = $2 WHERE token_hash = $1 AND seen_at <= $3");
        self.run(query.bind(token_hash.to_vec()).bind(now).bind(unless_after)).await?;
        Ok(())
    }

    async fn keep(&self, draft: &SealedDraft, drafts_max: u32) -> Result<(), SignInsError> {
        let insert = sqlx::query(
            "INSERT INTO sign_in_draft (token_hash, name, sealed, kept_at) \
             SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM sign_in WHERE token_hash = $1) \
             ON CONFLICT (token_hash, name) DO UPDATE SET sealed = excluded.sealed, kept_at = excluded.kept_at",
        );
        let insert = insert.bind(draft.token_hash.clone()).bind(draft.name.clone());
        self.run(insert.bind(draft.sealed.clone()).bind(draft.kept_at)).await?;
        let trim = sqlx::query(
            "DELETE FROM sign_in_draft WHERE token_hash = $1 AND name IN (SELECT name FROM sign_in_draft \
             WHERE token_hash = $1 ORDER BY kept_at DESC, name OFFSET $2)",
        );
        self.run(trim.bind(draft.token_hash.clone()).bind(i64::from(drafts_max))).await?;
        Ok(())
    }

    async fn kept(&self, token_hash: &[u8], name: &str) -> Result<Option<Vec<u8>>, SignInsError> {
        let query = sqlx::query("SELECT sealed FROM sign_in_draft WHERE token_hash = $1 AND name = $2");
        let rows = self.fetch(query.bind(token_hash.to_vec()).bind(name.to_owned())).await?;
        Ok(rows.first().and_then(|row| row.try_get(0).ok()))
    }

    async fn end(&self, token_hash: &[u8]) -> Result<(), SignInsError> {
        self.run(sqlx::query("DELETE FROM sign_in WHERE token_hash = $1").bind(token_hash.to_vec())).await?;
        self.run(sqlx::query("DELETE FROM sign_in_draft WHERE token_hash = $1").bind(token_hash.to_vec())).await?;
        Ok(())
    }

    /// Rows that another process deletes at this moment are left to it.
    async fn sweep(&self, seen_until: i64, rows_max: u32) -> Result<u64, SignInsError> {
        let query = sqlx::query(
            "DELETE FROM sign_in WHERE token_hash IN (SELECT token_hash FROM sign_in \
             WHERE seen_at <= $1 ORDER BY seen_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        );
        let deleted = self.run(query.bind(seen_until).bind(i64::from(rows_max))).await?;
        let drafts = sqlx::query(
            "DELETE FROM sign_in_draft WHERE (token_hash, name) IN (SELECT token_hash, name FROM sign_in_draft \
             WHERE kept_at <= $1 ORDER BY kept_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        );
        self.run(drafts.bind(seen_until).bind(i64::from(rows_max))).await?;
        Ok(deleted)
    }

    async fn restore(&self) -> Result<(), SignInsError> {
        let mut connection = self.connections.alone().await?;
        within(CALL_TIME_MAX, prepare(&mut connection)).await?;
        Ok(within(CALL_TIME_MAX, connection.close()).await?)
    }
}
