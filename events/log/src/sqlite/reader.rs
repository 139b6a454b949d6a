//! Reads, each one short statement: never a cursor that stays open, never a transaction that a cancelled caller could
//! leave behind in a pooled connection.

use async_trait::async_trait;
use futures::TryStreamExt;
use sqlx::{Sqlite, SqlitePool, query::Query, sqlite::SqliteArguments};
use vocabulary::{LogName, Raw, StreamName, envelope::Hash};

use super::{
    rows,
    writer::{hexadecimal, names, outcomes, signed},
};
use crate::{
    port::{LogError, limits},
    store::{Found, Reader},
};

pub(super) struct SqliteReader {
    pool: SqlitePool,
    log: LogName,
}

impl SqliteReader {
    pub(super) fn new(pool: SqlitePool, log: LogName) -> SqliteReader {
        SqliteReader { pool, log }
    }

    /// Where events are missing.
    async fn hole(&self, after: u64, until: u64) -> Result<LogError, LogError> {
        let query = sqlx::query_scalar(include_str!("../../sql/sqlite/positions.sql"));
        let there: Vec<i64> = query.bind(signed(after)).bind(signed(until)).fetch_all(&self.pool).await?;
        let position = (after + 1..).zip(&there).find(|(expected, found)| signed(*expected) != **found);
        let position = position.map_or(after + 1 + there.len() as u64, |(expected, _)| expected);
        Ok(LogError::Damaged { position, why: format!("it is missing: there is a hole before {until}") })
    }

    /// Events of a statement until a page is full; at least one.
    async fn page(&self, query: Query<'static, Sqlite, SqliteArguments>) -> Result<Vec<Raw>, LogError> {
        let mut rows = query.fetch(&self.pool);
        let mut events = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows.try_next().await? {
            let event = rows::event(&row, self.log)?;
            bytes += event.data.len();
            if bytes > limits::PAGE_BYTES_MAX && !events.is_empty() {
                break;
            }
            events.push(event);
        }
        Ok(events)
    }
}

#[async_trait]
impl Reader for SqliteReader {
    async fn read_stream(&self, stream: &StreamName, from_revision: u64, limit: usize) -> Result<Vec<Raw>, LogError> {
        let query = sqlx::query(include_str!("../../sql/sqlite/stream.sql"));
        self.page(query.bind(stream.to_string()).bind(signed(from_revision)).bind(signed(limit as u64))).await
    }

    async fn read_streams(&self, streams: &[StreamName]) -> Result<Vec<Vec<Raw>>, LogError> {
        let query = sqlx::query(include_str!("../../sql/sqlite/streams.sql"));
        // One more than there may be, so that a longer stream is noticed rather than cut.
        let query = query.bind(names(streams.iter())).bind(signed(limits::STREAM_EVENTS_MAX + 1));
        let mut rows = query.fetch(&self.pool);
        let mut read: Vec<Vec<Raw>> = streams.iter().map(|_| Vec::new()).collect();
        while let Some(row) = rows.try_next().await? {
            let event = rows::event(&row, self.log)?;
            if event.revision > limits::STREAM_EVENTS_MAX {
                return Err(LogError::Unusable(format!("{} is too long to be read at once", event.stream)));
            }
            let asked = usize::try_from(rows::number(&row, 9)?).unwrap_or(usize::MAX);
            if let Some(events) = read.get_mut(asked) {
                events.push(event);
            }
        }
        Ok(read)
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<Raw>, LogError> {
        let query = sqlx::query(include_str!("../../sql/sqlite/page.sql"));
        self.page(query.bind(signed(after)).bind(signed(limit as u64))).await
    }

    async fn read_without(&self, passed_over: &[&str], after: u64, until: u64) -> Result<Vec<Raw>, LogError> {
        let query = sqlx::query(include_str!("../../sql/sqlite/without.sql"));
        let query = query.bind(signed(after)).bind(signed(until)).bind(names(passed_over.iter()));
        let events = self.page(query).await?;
        if events.is_empty() { Err(self.hole(after, until).await?) } else { Ok(events) }
    }

    async fn find(&self, command_key: &Hash) -> Result<Option<Found>, LogError> {
        let mut connection = self.pool.acquire().await?;
        let mut found = outcomes(&mut connection, hexadecimal(std::iter::once(command_key))).await?;
        Ok(found.remove(command_key))
    }

    async fn healthy(&self) -> Result<(), LogError> {
        sqlx::query(include_str!("../../sql/sqlite/end.sql")).fetch_optional(&self.pool).await?;
        Ok(())
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
