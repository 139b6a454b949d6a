//! The target of `copy`: a migrated log in PostgreSQL, opened as the logs' owner.
//!
//! While it is being filled, its row in `log` has another name, so that no server opens an incomplete history.

use std::time::{Duration, Instant};

use event_core::LogName;
use sqlx::{Connection, PgConnection, PgTransaction, postgres::PgRow};

use super::{
    connecting::{connecting, unreachable},
    rows, schema,
};
use crate::{
    copied::{CopiedRow, RememberedRow},
    port::LogError,
    store::LogIdentity,
};

/// How long the sessions of a server that has just ended, or of a copy that was killed, may take to disappear.
const GONE_TIME_MAX: Duration = Duration::from_secs(5);
const GONE_PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Target {
    connection: PgConnection,
    identity: LogIdentity,
    /// True if it holds a copy that was not finished.
    unfinished: bool,
}

impl Target {
    pub async fn open(url: &str, name: LogName) -> Result<Target, LogError> {
        let connecting = connecting(url, name)?;
        let server = connecting.application().to_owned();
        let patience = format!("{}s", GONE_TIME_MAX.as_secs());
        let connection = connecting.with("frontdoor log copy", [("lock_timeout", &patience)]).connect().await;
        let mut connection = connection.map_err(unreachable)?;
        let (stored, identity) = schema::stored(&mut connection, name).await?;
        let unfinished = stored == schema::unfinished(name);
        if !unfinished && stored != name.as_str() {
            return Err(schema::renamed(&stored, name));
        }
        let locked = sqlx::query(include_str!("../../sql/postgres/copier.sql")).execute(&mut connection).await;
        locked.map_err(|error| match code(&error).as_deref() {
            Some("55P03") => LogError::Unusable("another copy into this database is under way".into()),
            Some(_) | None => error.into(),
        })?;
        no_servers(&mut connection, &server).await?;
        Ok(Target { connection, identity, unfinished })
    }

    /// The last position; 0 if there is none.
    pub async fn end(&mut self) -> Result<i64, LogError> {
        let end = sqlx::query_scalar(include_str!("../../sql/postgres/end.sql"));
        Ok(end.fetch_optional(&mut self.connection).await?.unwrap_or_default())
    }

    /// Checks that a log with this identity may be copied here, where `there` events exist already.
    pub async fn takes(&mut self, source: &LogIdentity, there: i64) -> Result<(), LogError> {
        let same = self.identity.lineage == source.lineage && self.identity.secret == source.secret;
        if same {
            return Ok(());
        }
        let lineage = self.identity.lineage;
        let refused = |why: &str| Err(LogError::Unusable(format!("the target's lineage is {lineage}: {why}")));
        if self.unfinished {
            return refused("it is an unfinished copy of another log");
        }
        if there > 0 {
            return refused("it has events of another history");
        }
        let leased = sqlx::query_scalar(include_str!("../../sql/postgres/leased.sql"));
        if leased.fetch_one(&mut self.connection).await? {
            return refused("a server has worked with it; a log is copied into a database that was just migrated");
        }
        Ok(())
    }

    /// Marks the target as incomplete: until `finish` no server opens it.
    pub async fn begin(&mut self, source: &LogIdentity, there: i64) -> Result<(), LogError> {
        self.rename(source, &schema::unfinished(source.name), there).await
    }

    /// Marks the target as complete.
    pub async fn finish(&mut self, source: &LogIdentity, end: i64) -> Result<(), LogError> {
        self.rename(source, source.name.as_str(), end).await
    }

    async fn rename(&mut self, source: &LogIdentity, name: &str, end: i64) -> Result<(), LogError> {
        let mut transaction = at(&mut self.connection, end).await?;
        let query = sqlx::query(include_str!("../../sql/postgres/set_identity.sql"));
        let query = query.bind(name).bind(source.lineage).bind(source.secret.as_slice());
        query.execute(&mut *transaction).await.map_err(|error| owner_only(error.into()))?;
        Ok(transaction.commit().await?)
    }

    /// Stores rows after the position `after`, in one transaction.
    pub async fn insert(&mut self, after: i64, rows: Vec<CopiedRow>) -> Result<(), LogError> {
        let mut transaction = at(&mut self.connection, after).await?;
        let mut columns = RowColumns::default();
        rows.into_iter().for_each(|row| columns.push(row));
        let query = sqlx::query(include_str!("../../sql/postgres/insert.sql"))
            .bind(columns.positions)
            .bind(columns.streams)
            .bind(columns.revisions)
            .bind(columns.ids)
            .bind(columns.kinds)
            .bind(columns.recorded_at)
            .bind(columns.keys)
            .bind(columns.metas)
            .bind(columns.data);
        query.execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes the decisions that an earlier run has copied, if the log ends at this position.
    pub async fn forget_remembered(&mut self, end: i64) -> Result<(), LogError> {
        let mut transaction = at(&mut self.connection, end).await?;
        sqlx::query("DELETE FROM remembered").execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Stores remembered decisions, in one transaction.
    pub async fn remember(&mut self, end: i64, rows: &[RememberedRow]) -> Result<(), LogError> {
        let mut transaction = at(&mut self.connection, end).await?;
        let query = sqlx::query(include_str!("../../sql/postgres/insert_remembered.sql"))
            .bind(rows.iter().map(|row| row.command_key.as_slice()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.request_hash.as_slice()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.decided_at).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.outcome.as_slice()).collect::<Vec<_>>());
        query.execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    pub async fn remembered(&mut self, after: &[u8], limit: usize) -> Result<Vec<RememberedRow>, LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/remembered_page.sql"));
        let query = query.bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<PgRow> = query.fetch_all(&mut self.connection).await?;
        rows.iter().map(rows::remembered).collect()
    }

    pub async fn rows(&mut self, after: i64, limit: usize) -> Result<Vec<CopiedRow>, LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/page.sql"));
        let query = query.bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<PgRow> = query.fetch_all(&mut self.connection).await?;
        rows.iter().map(rows::whole).collect()
    }
}

/// Rows, as one list per column.
#[derive(Default)]
struct RowColumns {
    positions: Vec<i64>,
    streams: Vec<String>,
    revisions: Vec<i64>,
    ids: Vec<uuid::Uuid>,
    kinds: Vec<String>,
    recorded_at: Vec<i64>,
    keys: Vec<Option<Vec<u8>>>,
    metas: Vec<Vec<u8>>,
    data: Vec<Vec<u8>>,
}

impl RowColumns {
    fn push(&mut self, row: CopiedRow) {
        self.positions.push(row.position);
        self.streams.push(row.stream);
        self.revisions.push(row.revision);
        self.ids.push(row.id);
        self.kinds.push(row.kind);
        self.recorded_at.push(row.recorded_at);
        self.keys.push(row.command_key);
        self.metas.push(row.meta);
        self.data.push(row.data);
    }
}

/// A transaction under the log's lock, after a check that the log ends at this position.
async fn at(connection: &mut PgConnection, end: i64) -> Result<PgTransaction<'_>, LogError> {
    let mut transaction = connection.begin().await?;
    sqlx::query(include_str!("../../sql/postgres/lock.sql")).execute(&mut *transaction).await?;
    let query = sqlx::query_scalar(include_str!("../../sql/postgres/end.sql"));
    let found: i64 = query.fetch_optional(&mut *transaction).await?.unwrap_or_default();
    if found == end {
        return Ok(transaction);
    }
    Err(LogError::Unusable(format!("the target ends at {found} and not at {end}: another process writes to it")))
}

async fn no_servers(connection: &mut PgConnection, server: &str) -> Result<(), LogError> {
    let since = Instant::now();
    loop {
        let query = sqlx::query_scalar(include_str!("../../sql/postgres/servers.sql")).bind(server);
        let sessions: i64 = query.fetch_one(&mut *connection).await?;
        if sessions == 0 {
            return Ok(());
        }
        if since.elapsed() > GONE_TIME_MAX {
            let why = format!("a server is connected to the target ({sessions} sessions): stop it first");
            return Err(LogError::Unusable(why));
        }
        tokio::time::sleep(GONE_PAUSE).await;
    }
}

fn owner_only(error: LogError) -> LogError {
    match &error {
        LogError::Read(inner) if code(inner).as_deref() == Some("42501") => {
            LogError::Unusable("this role may not copy: use the role that owns the logs, as for migrate".into())
        }
        LogError::Read(_) | LogError::Unusable(_) | LogError::OtherHistory(_) | LogError::Damaged { .. } => error,
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(String::from)
}
