//! Reads, each in one short statement: no cursor stays open, and a cancelled caller cannot leave a transaction behind
//! in a pooled connection.

use async_trait::async_trait;
use event_core::{LogName, Raw, StreamName, envelope::Hash};
use sqlx::{Sqlite, SqlitePool, query::Query, sqlite::SqliteArguments};

use super::{
    outcomes::{hexadecimal, outcomes},
    rows,
    writer::{names, signed},
};
use crate::{
    page::{EventPage, PageBuilder, StreamPage, WholeStreams, hole},
    port::{LogError, StreamEvent, limits},
    store::{EarlierOutcome, LogReader},
};

pub(super) struct SqliteReader {
    pool: SqlitePool,
    log: LogName,
}

impl SqliteReader {
    pub(super) fn new(pool: SqlitePool, log: LogName) -> SqliteReader {
        SqliteReader { pool, log }
    }

    /// Refuses a range with a hole in it.
    async fn complete(&self, after: u64, until: u64) -> Result<(), LogError> {
        let query = sqlx::query_scalar(include_str!("../../sql/sqlite/count.sql"));
        let there: i64 = query.bind(signed(after)).bind(signed(until)).fetch_one(&self.pool).await?;
        if there == signed(until - after) {
            return Ok(());
        }
        let query = sqlx::query_scalar(include_str!("../../sql/sqlite/positions.sql"));
        let there: Vec<i64> = query.bind(signed(after)).bind(signed(until)).fetch_all(&self.pool).await?;
        Err(hole(after, until, &there))
    }

    /// Reads the events of a query in several statements, until the page is full. The query gets the last event that
    /// was read, and its own limit.
    async fn page<F>(&self, mut page: PageBuilder, query: F) -> Result<PageBuilder, LogError>
    where
        F: Fn(Option<&Raw>, i64) -> Query<'static, Sqlite, SqliteArguments> + Send + Sync,
    {
        while let Some(wanted) = page.wanted() {
            let rows = query(page.last(), signed(wanted as u64)).fetch_all(&self.pool).await?;
            page.take(wanted, rows.iter().map(|row| rows::event(row, self.log)))?;
        }
        Ok(page)
    }
}

#[async_trait]
impl LogReader for SqliteReader {
    async fn read_stream(&self, stream: &StreamName, from_revision: u64, limit: usize) -> Result<StreamPage, LogError> {
        let query = |last: Option<&Raw>, rows| {
            let from = last.map_or(from_revision, |last| last.revision + 1);
            let query = sqlx::query(include_str!("../../sql/sqlite/stream.sql"));
            query.bind(stream.to_string()).bind(signed(from)).bind(rows)
        };
        Ok(self.page(PageBuilder::looking_beyond(limit), query).await?.into_stream_page())
    }

    async fn read_streams(&self, streams: &[StreamName]) -> Result<Vec<Vec<StreamEvent>>, LogError> {
        let query = sqlx::query(include_str!("../../sql/sqlite/streams.sql"));
        // One more than allowed, so that a longer stream is noticed instead of being cut.
        let query = query.bind(names(streams.iter())).bind(signed(limits::STREAM_EVENTS_MAX + 1));
        let mut read = WholeStreams::of(streams);
        for row in &query.fetch_all(&self.pool).await? {
            read.push(rows::number(row, 5)?, rows::stream_event(row)?)?;
        }
        Ok(read.into_events())
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<Raw>, LogError> {
        let query = |last: Option<&Raw>, rows| {
            let after = last.map_or(after, |last| last.position);
            sqlx::query(include_str!("../../sql/sqlite/page.sql")).bind(signed(after)).bind(rows)
        };
        Ok(self.page(PageBuilder::new(limit), query).await?.into_events())
    }

    async fn read_without(&self, passed_over: &[&str], after: u64, until: u64) -> Result<EventPage, LogError> {
        self.complete(after, until).await?;
        let kinds = names(passed_over.iter());
        let query = |last: Option<&Raw>, rows| {
            let after = last.map_or(after, |last| last.position);
            let query = sqlx::query(include_str!("../../sql/sqlite/without.sql"));
            query.bind(signed(after)).bind(signed(until)).bind(kinds.clone()).bind(rows)
        };
        let limit = usize::try_from(until - after).unwrap_or(usize::MAX);
        Ok(EventPage { after, events: self.page(PageBuilder::new(limit), query).await?.into_events() })
    }

    async fn find(&self, command_key: &Hash) -> Result<Option<EarlierOutcome>, LogError> {
        let mut connection = self.pool.acquire().await?;
        let mut found = outcomes(&mut connection, hexadecimal(std::iter::once(command_key))).await?;
        Ok(found.remove(command_key))
    }

    async fn end(&self) -> Result<u64, LogError> {
        let row = sqlx::query(include_str!("../../sql/sqlite/end.sql")).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| rows::number(&row, 0)).transpose()?.unwrap_or_default())
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
