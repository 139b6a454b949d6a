//! The views' database on PostgreSQL, shared by any number of processes. Each change is one statement, so that nobody who
//! is cancelled leaves a transaction behind on a connection that others use. `synchronous_commit=off`: after a crash of the server the views are a moment
//! older, with the checkpoint that belongs to them; an owner who was further finds that out and looks where they are.

use std::{str::FromStr, time::Duration};

use async_trait::async_trait;
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Row,
    postgres::{PgArguments, PgConnectOptions, PgListener, PgPoolOptions},
    query::Query,
};
use uuid::Uuid;
use views::Key;

use super::{
    ABOVE_ALL_KEYS, Build, Checkpoint, Found, FoundPage, FoundRow, LEASE, Listener, Step, Store, Told, bound, signed,
    unsigned,
};
use crate::{
    ViewsError,
    fold::{Saved, Stop},
    reader::Scan,
};

/// In the order of their numbers; forward only.
const MIGRATIONS: [&str; 1] = [include_str!("../../sql/postgres/migrations/0001_views.sql")];
/// Connections that write and read.
const CONNECTIONS: u32 = 10;
/// How long somebody waits for a free connection.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The channel on which processes tell each other what they did.
const CHANNEL: &str = "frontdoor_views";
/// Who was not heard of for so long does not share in the work.
const ABSENT_AFTER: Duration = LEASE;

pub struct PgViews {
    pool: PgPool,
}

impl PgViews {
    pub async fn open(url: &str) -> Result<PgViews, ViewsError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| ViewsError::Unusable(format!("this is no address of a PostgreSQL database: {error}")))?;
        let settings = [
            ("search_path", "views"),
            ("synchronous_commit", "off"),
            ("jit", "off"),
            // Every statement here looks up by an index, whatever the table's size was when its plan was made.
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ];
        let options = options.application_name("frontdoor-views").options(settings);
        let mut connection = PgConnection::connect_with(&options).await.map_err(unreachable)?;
        migrate(&mut connection).await?;
        connection.close().await?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT_MAX);
        Ok(PgViews { pool: pool.connect_with(options).await? })
    }
}

/// Why there is no connection. What TLS refuses stays refused, and is told as what it is.
fn unreachable(error: sqlx::Error) -> ViewsError {
    if let sqlx::Error::Tls(why) = &error {
        return ViewsError::Unusable(format!("no TLS to PostgreSQL: {why}"));
    }
    // A certificate that is not accepted.
    if let sqlx::Error::Io(why) = &error
        && why.kind() == std::io::ErrorKind::InvalidData
    {
        return ViewsError::Unusable(format!("no TLS to PostgreSQL: {why}"));
    }
    error.into()
}

/// Makes or brings forward the schema `views`. Views can be made again, so whoever writes them makes their tables.
async fn migrate(connection: &mut PgConnection) -> Result<(), ViewsError> {
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('frontdoor migrate views'))").execute(&mut *transaction).await?;
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('views.migration') IS NOT NULL").fetch_one(&mut *transaction).await?;
    if !exists {
        sqlx::raw_sql("CREATE SCHEMA IF NOT EXISTS views; CREATE TABLE views.migration (number bigint PRIMARY KEY)")
            .execute(&mut *transaction)
            .await?;
    }
    let done: i64 =
        sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM migration").fetch_one(&mut *transaction).await?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        let known = MIGRATIONS.len();
        let why = format!("the views' schema has version {done}, and this binary knows {known}: use a newer binary");
        return Err(ViewsError::Unusable(why));
    }
    for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(done) {
        sqlx::raw_sql(migration).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO migration (number) VALUES ($1)").bind(number).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

type Asked = Query<'static, sqlx::Postgres, PgArguments>;

/// A statement about a build, whose name, version and build are its first three parameters.
fn about(build: &Build, statement: &'static str) -> Asked {
    sqlx::query(statement).bind(build.name).bind(i64::from(build.version)).bind(build.build)
}

/// The same, where the statement names the build's table.
fn on_table(build: &Build, statement: &str) -> Asked {
    let query = sqlx::query(AssertSqlSafe(statement.replace(":table", &build.table())));
    query.bind(build.name).bind(i64::from(build.version)).bind(build.build)
}

fn split<'a>(keys: impl Iterator<Item = &'a Key>) -> (Vec<String>, Vec<String>) {
    keys.map(|key| (key.partition.clone(), key.sort.clone())).unzip()
}

#[async_trait]
impl Store for PgViews {
    fn shared(&self) -> bool {
        true
    }

    async fn builds(&self, name: &str, version: u32) -> Result<Vec<Found>, ViewsError> {
        let query = sqlx::query(include_str!("../../sql/postgres/builds.sql"));
        let rows = query.bind(name).bind(i64::from(version)).fetch_all(&self.pool).await?;
        let found = |row: sqlx::postgres::PgRow| {
            let (stopped_at, why) = (row.try_get::<Option<i64>, _>(6)?, row.try_get::<Option<String>, _>(7)?);
            Ok(Found {
                build: row.try_get(0)?,
                live: row.try_get(1)?,
                checkpoint: Checkpoint {
                    position: unsigned(row.try_get(2)?),
                    event_id: row.try_get(3)?,
                    recorded_at: row.try_get(8)?,
                },
                lineage: row.try_get(4)?,
                owner: row.try_get(5)?,
                stopped: stopped_at.zip(why).map(|(at, why)| Stop { position: unsigned(at), why }),
            })
        };
        rows.into_iter().map(found).collect()
    }

    async fn create(&self, build: &Build, lineage: Uuid, live: bool) -> Result<(), ViewsError> {
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {} (partition text COLLATE \"C\" NOT NULL, sort text COLLATE \"C\" NOT NULL, \
             row bytea NOT NULL, PRIMARY KEY (partition, sort)); \
             ALTER TABLE {} ALTER COLUMN row SET STORAGE MAIN",
            build.table(),
            build.table()
        );
        // Two who make the same table at once: one of them fails, and finds it made.
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(table.clone())).execute(&self.pool).await {
            tracing::debug!(%error, "a table was made by another process meanwhile");
            sqlx::raw_sql(AssertSqlSafe(table)).execute(&self.pool).await?;
        }
        let query = about(build, include_str!("../../sql/postgres/create.sql"));
        query.bind(live).bind(lineage).execute(&self.pool).await?;
        Ok(())
    }

    async fn forget(&self, build: &Build) -> Result<(), ViewsError> {
        let gone = "DELETE FROM projection WHERE name = $1 AND version = $2 AND build = $3";
        about(build, gone).execute(&self.pool).await?;
        let table = format!("DROP TABLE IF EXISTS {}", build.table());
        sqlx::raw_sql(AssertSqlSafe(table)).execute(&self.pool).await?;
        Ok(())
    }

    async fn take_over(&self, build: &Build, owner: &str) -> Result<i64, ViewsError> {
        let query = about(build, include_str!("../../sql/postgres/take_over.sql"));
        let row = query.bind(owner.to_owned()).bind(LEASE.as_secs_f64()).fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    async fn hold(&self, build: &Build, owner: &str) -> Result<Option<i64>, ViewsError> {
        let query = about(build, include_str!("../../sql/postgres/hold.sql"));
        let row = query.bind(owner.to_owned()).bind(LEASE.as_secs_f64()).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn renew(&self, build: &Build, epoch: i64) -> Result<bool, ViewsError> {
        let query = about(build, include_str!("../../sql/postgres/renew.sql"));
        let done = query.bind(epoch).bind(LEASE.as_secs_f64()).execute(&self.pool).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn release(&self, build: &Build, epoch: i64) -> Result<(), ViewsError> {
        about(build, include_str!("../../sql/postgres/release.sql")).bind(epoch).execute(&self.pool).await?;
        Ok(())
    }

    async fn attend(&self, owner: &str) -> Result<usize, ViewsError> {
        let query = sqlx::query_scalar(include_str!("../../sql/postgres/attend.sql"));
        let members: i64 = query.bind(owner).bind(ABSENT_AFTER.as_secs_f64()).fetch_one(&self.pool).await?;
        Ok(usize::try_from(members).unwrap_or(1))
    }

    async fn leave(&self, owner: &str) -> Result<(), ViewsError> {
        sqlx::query("DELETE FROM member WHERE name = $1").bind(owner).execute(&self.pool).await?;
        Ok(())
    }

    async fn stop(&self, build: &Build, epoch: i64, stop: Option<&Stop>) -> Result<(), ViewsError> {
        let at = stop.map(|stop| signed(stop.position)).transpose()?;
        let query = about(build, include_str!("../../sql/postgres/stop.sql")).bind(epoch).bind(at);
        query.bind(stop.map(|stop| stop.why.clone())).execute(&self.pool).await?;
        Ok(())
    }

    async fn load(&self, build: &Build, keys: &[Key]) -> Result<Vec<(Key, Vec<u8>)>, ViewsError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (partitions, sorts) = split(keys.iter());
        let statement = include_str!("../../sql/postgres/load.sql").replace(":table", &build.table());
        let query = sqlx::query(AssertSqlSafe(statement)).bind(partitions).bind(sorts);
        let rows = query.fetch_all(&self.pool).await?;
        let row = |row: sqlx::postgres::PgRow| {
            Ok((Key { partition: row.try_get(0)?, sort: row.try_get(1)? }, row.try_get(2)?))
        };
        rows.into_iter().map(row).collect()
    }

    async fn save(&self, build: &Build, epoch: i64, rows: &[Saved], step: Step) -> Result<(), ViewsError> {
        let (partitions, sorts) = split(rows.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key));
        let kept: Vec<Vec<u8>> = rows.iter().filter_map(|(_, row)| row.clone()).collect();
        let (gone_partitions, gone_sorts) = split(rows.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| key));
        let (position, Build { name, version, build: number }) = (step.to.position, build);
        let told = format!("{name} {version} {number} {position} {}", step.to.recorded_at);
        let query = on_table(build, include_str!("../../sql/postgres/save.sql"))
            .bind(epoch)
            .bind(signed(position)?)
            .bind(step.to.event_id)
            .bind(step.to.recorded_at)
            .bind(LEASE.as_secs_f64())
            .bind(signed(step.from)?)
            .bind(partitions)
            .bind(sorts)
            .bind(kept)
            .bind(gone_partitions)
            .bind(gone_sorts)
            .bind(told);
        match query.fetch_optional(&self.pool).await? {
            Some(_) => Ok(()),
            None => Err(ViewsError::Superseded(build.name)),
        }
    }

    /// By COPY, which takes a third of the time of a statement with arrays. On a connection of its own: whoever is
    /// cancelled takes it away with him, and its transaction.
    async fn fill(&self, build: &Build, epoch: i64, rows: &[Saved], _: Step) -> Result<(), ViewsError> {
        let mut connection = PgConnection::connect_with(&self.pool.connect_options()).await?;
        let mut transaction = connection.begin().await?;
        // Whoever takes the build over waits until these rows are there.
        let own = "SELECT FROM projection WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 FOR SHARE";
        if about(build, own).bind(epoch).fetch_optional(&mut *transaction).await?.is_none() {
            return Err(ViewsError::Superseded(build.name));
        }
        let statement = format!("COPY {} (partition, sort, row) FROM STDIN (FORMAT binary)", build.table());
        let mut copy = transaction.copy_in_raw(&statement).await?;
        copy.send(copied(rows)).await?;
        copy.finish().await?;
        transaction.commit().await?;
        Ok(connection.close().await?)
    }

    async fn replace(&self, old: &Build, new: &Build) -> Result<(), ViewsError> {
        about(new, include_str!("../../sql/postgres/replace.sql")).bind(old.build).execute(&self.pool).await?;
        Ok(())
    }

    async fn rows(&self, build: &Build, keys: &[&Key]) -> Result<Vec<(usize, FoundRow)>, sqlx::Error> {
        let (partitions, sorts) = split(keys.iter().copied());
        let query = on_table(build, include_str!("../../sql/postgres/rows.sql")).bind(partitions).bind(sorts);
        let row = |row: sqlx::postgres::PgRow| {
            let at = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
            Ok((at, FoundRow { position: unsigned(row.try_get(1)?), row: row.try_get(2)? }))
        };
        query.fetch_all(&self.pool).await?.into_iter().map(row).collect()
    }

    async fn page(&self, build: &Build, scan: &Scan) -> Result<Option<FoundPage>, sqlx::Error> {
        let (from, from_key) = bound(&scan.from, ">", "");
        let (until, until_key) = bound(&scan.until, "<", ABOVE_ALL_KEYS);
        let statement = include_str!("../../sql/postgres/page.sql")
            .replace(":from", &from)
            .replace(":until", &until)
            .replace(":order", if scan.backwards { "DESC" } else { "ASC" });
        let query = on_table(build, &statement).bind(scan.partition.clone()).bind(from_key.to_owned());
        let query = query.bind(until_key.to_owned()).bind(i64::try_from(scan.limit).unwrap_or(i64::MAX));
        let found = query.fetch_all(&self.pool).await?;
        let Some(first) = found.first() else { return Ok(None) };
        let mut page = FoundPage { position: unsigned(first.try_get(0)?), rows: Vec::with_capacity(found.len()) };
        for row in &found {
            // Where the page is empty, the checkpoint stands alone.
            if let Some(bytes) = row.try_get(1)? {
                page.rows.push((row.try_get(2)?, bytes));
            }
        }
        Ok(Some(page))
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, ViewsError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Box::new(Hearing(listener)))
    }
}

/// Rows in COPY's binary form: a signature, flags, and each row as the number of its columns, and each column as its
/// length and its bytes.
fn copied(rows: &[Saved]) -> Vec<u8> {
    let kept =
        || rows.iter().filter_map(|(key, row)| Some([key.partition.as_bytes(), key.sort.as_bytes(), row.as_ref()?]));
    let bytes: usize = kept().flatten().map(|column| column.len() + 6).sum();
    let mut copied = Vec::with_capacity(bytes + 32);
    copied.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    for columns in kept() {
        copied.extend_from_slice(&3_i16.to_be_bytes());
        for column in columns {
            // No row comes near 2 GiB.
            copied.extend_from_slice(&i32::try_from(column.len()).unwrap_or(i32::MAX).to_be_bytes());
            copied.extend_from_slice(column);
        }
    }
    copied.extend_from_slice(&(-1_i16).to_be_bytes());
    copied
}

struct Hearing(PgListener);

#[async_trait]
impl Listener for Hearing {
    async fn next(&mut self) -> Result<Option<Told>, ViewsError> {
        // `None`: the connection was lost, and what was told meanwhile with it.
        let Some(notification) = self.0.try_recv().await? else { return Ok(None) };
        Ok(Some(told(notification.payload()).unwrap_or(Told::Changed)))
    }
}

fn told(payload: &str) -> Option<Told> {
    let mut words = payload.split(' ');
    let name = words.next()?.to_owned();
    let (version, build) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (position, recorded_at) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Told::Advanced { name, version, build, position, recorded_at })
}
