//! Reading a view: rows together with the checkpoint that they belong to, from one snapshot.

use std::{marker::PhantomData, ops::Bound, sync::Arc, time::Duration};

use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};
use views::{Key, Projection};

use crate::{
    ViewsError,
    store::{Build, Store, unsigned},
    views::Kept,
};

/// Rows of one page.
pub const ROWS_MAX: usize = 501;
/// How often a read is tried again when a rebuild took its table away.
const TRIES_MAX: usize = 3;

/// What was read, and from which state of the view.
#[derive(Debug, Clone, PartialEq)]
pub struct Read<T> {
    pub value: T,
    /// The last event that is in the rows.
    pub position: u64,
    /// The read model has stopped: what it serves grows stale.
    pub stopped: bool,
}

/// Rows of one partition, in the order of their sort keys.
#[derive(Debug, Clone)]
pub struct Scan {
    pub partition: String,
    pub from: Bound<String>,
    pub until: Bound<String>,
    /// At most `ROWS_MAX`.
    pub limit: usize,
    pub backwards: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    Reached,
    Late,
}

/// Reads the live build of the read model `P`.
pub struct Reader<P> {
    pub(crate) store: Store,
    pub(crate) kept: Option<Arc<Kept>>,
    pub(crate) projection: PhantomData<fn() -> P>,
}

impl<P: Projection> Reader<P> {
    /// # Errors
    /// When the views cannot be read.
    pub async fn row(&self, key: &Key) -> Result<Read<Option<P::Row>>, ViewsError> {
        let kept = self.kept()?;
        if let Some(found) = kept.rows.find(kept.live_build(), key.clone()).await {
            return Ok(self.seen(found.position, found.row.as_deref().map(decoded::<P>).transpose()?));
        }
        let from = |table: String| {
            format!(
                "SELECT projection.position, row.row FROM projection \
                 LEFT JOIN {table} AS row ON row.partition = ? AND row.sort = ? \
                 WHERE projection.name = ? AND projection.version = ? AND projection.build = ?"
            )
        };
        let found = self
            .read(|build| {
                sqlx::query(AssertSqlSafe(from(build.table())))
                    .bind(&key.partition)
                    .bind(&key.sort)
                    .bind(build.name)
                    .bind(build.version)
                    .bind(build.build)
            })
            .await?;
        let position = position(&found)?;
        let row: Option<Vec<u8>> = found.first().map(|row| row.try_get(1)).transpose()?.flatten();
        Ok(self.seen(position, row.as_deref().map(decoded::<P>).transpose()?))
    }

    /// # Errors
    /// When the views cannot be read.
    pub async fn page(&self, scan: Scan) -> Result<Read<Vec<(String, P::Row)>>, ViewsError> {
        let (from, from_key) = bound(&scan.from, ">", "");
        // Keys are ASCII, so every key is below this one.
        let (until, until_key) = bound(&scan.until, "<", "\u{10FFFF}");
        let order = if scan.backwards { "DESC" } else { "ASC" };
        let limit = i64::try_from(scan.limit.min(ROWS_MAX)).unwrap_or_default();
        let query = |table: String| {
            format!(
                "SELECT projection.position, page.row, page.sort FROM projection LEFT JOIN \
                 (SELECT sort, row FROM {table} WHERE partition = ? AND sort {from} ? AND sort {until} ? \
                  ORDER BY sort {order} LIMIT ?) AS page \
                 WHERE projection.name = ? AND projection.version = ? AND projection.build = ? \
                 ORDER BY page.sort {order}"
            )
        };
        let found = self
            .read(|build| {
                sqlx::query(AssertSqlSafe(query(build.table())))
                    .bind(&scan.partition)
                    .bind(from_key)
                    .bind(until_key)
                    .bind(limit)
                    .bind(build.name)
                    .bind(build.version)
                    .bind(build.build)
            })
            .await?;
        let position = position(&found)?;
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            // Where the page is empty, the checkpoint stands alone.
            if let Some(bytes) = row.try_get::<Option<Vec<u8>>, _>(1)? {
                rows.push((row.try_get(2)?, decoded::<P>(&bytes)?));
            }
        }
        Ok(self.seen(position, rows))
    }

    /// Waits, woken, until the view has come to `position`. One that has stopped before it is late at once.
    pub async fn wait_for(&self, position: u64, at_most: Duration) -> Waited {
        let Some(kept) = &self.kept else { return Waited::Late };
        match tokio::time::timeout(at_most, kept.reaches(position)).await {
            Ok(waited) => waited,
            Err(_) => Waited::Late,
        }
    }

    /// Runs a query on the live build's table. A rebuild may take that table away between the two: then once more.
    async fn read<'q, F>(&self, query: F) -> Result<Vec<SqliteRow>, ViewsError>
    where
        F: Fn(&Build) -> sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    {
        let kept = self.kept()?;
        for _ in 1..TRIES_MAX {
            let build = kept.live_build();
            match query(&build).fetch_all(&self.store.readers).await {
                Ok(rows) if !rows.is_empty() => return Ok(rows),
                Err(error) if kept.live_build() == build => return Err(error.into()),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(query(&kept.live_build()).fetch_all(&self.store.readers).await?)
    }

    fn kept(&self) -> Result<&Arc<Kept>, ViewsError> {
        self.kept.as_ref().ok_or_else(|| ViewsError::Unknown(P::NAME.to_owned()))
    }

    fn seen<T>(&self, position: u64, value: T) -> Read<T> {
        let stopped = self.kept.as_ref().is_some_and(|kept| kept.stopped().is_some());
        Read { value, position, stopped }
    }
}

fn bound<'a>(bound: &'a Bound<String>, open: &'static str, none: &'a str) -> (String, &'a str) {
    match bound {
        Bound::Included(key) => (format!("{open}="), key),
        Bound::Excluded(key) => (open.to_owned(), key),
        Bound::Unbounded => (format!("{open}="), none),
    }
}

fn position(rows: &[SqliteRow]) -> Result<u64, ViewsError> {
    let row = rows.first().ok_or_else(|| ViewsError::Unusable("the view has no live build".into()))?;
    Ok(unsigned(row.try_get(0)?))
}

fn decoded<P: Projection>(row: &[u8]) -> Result<P::Row, ViewsError> {
    serde_json::from_slice(row).map_err(|cause| ViewsError::Row { name: P::NAME, cause })
}
