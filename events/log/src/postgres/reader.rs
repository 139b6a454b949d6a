//! Reads, each in one short statement: no cursor stays open, and a cancelled caller cannot leave a transaction behind
//! in a pooled connection.

use std::sync::Arc;

use async_trait::async_trait;
use event_core::{LogName, Raw, StreamName, envelope::Hash};
use sqlx::Row as _;
use uuid::Uuid;

use super::{
    connections::{CALL_TIME_MAX, Connections, Statement, silent},
    outcomes::outcomes,
    rows::{self, number, signed},
    send::names,
};
use crate::{
    history::SeenHistory,
    page::{EventPage, PageBuilder, StreamPage, WholeStreams, hole},
    port::{LogError, StreamEvent, limits},
    store::{EarlierOutcome, LogReader},
};

pub(super) struct PgReader {
    connections: Arc<Connections>,
    history: Arc<SeenHistory>,
    log: LogName,
}

impl PgReader {
    pub(super) fn new(connections: Arc<Connections>, history: Arc<SeenHistory>, log: LogName) -> PgReader {
        PgReader { connections, history, log }
    }

    /// Refuses a range with a hole in it.
    async fn complete(&self, after: u64, until: u64) -> Result<(), LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/count.sql"));
        let counted = self.connections.fetch(query.bind(signed(after)).bind(signed(until))).await?;
        let there: i64 = counted.first().map_or(Ok(0), |row| row.try_get(0))?;
        if there == signed(until - after) {
            return Ok(());
        }
        let query = sqlx::query(include_str!("../../sql/postgres/positions.sql"));
        let rows = self.connections.fetch(query.bind(signed(after)).bind(signed(until))).await?;
        let there: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Err(hole(after, until, &there))
    }

    /// Reads a page in several statements. The query gets the last event that was read, and its own limit.
    async fn page<F>(&self, mut page: PageBuilder, query: F) -> Result<PageBuilder, LogError>
    where
        F: Fn(Option<&Raw>, i64) -> Statement + Send + Sync,
    {
        let history = self.history.number();
        while let Some(wanted) = page.wanted() {
            let rows = self.connections.fetch(query(page.last(), signed(wanted as u64))).await?;
            page.take(wanted, rows.iter().map(|row| rows::event(row, self.log)))?;
        }
        self.saw(history, page.last());
        Ok(page)
    }

    fn saw(&self, history: u64, last: Option<&Raw>) {
        if let Some(last) = last {
            self.history.saw(history, last.position, last.id);
        }
    }
}

#[async_trait]
impl LogReader for PgReader {
    async fn read_stream(&self, stream: &StreamName, from_revision: u64, limit: usize) -> Result<StreamPage, LogError> {
        let query = |last: Option<&Raw>, rows| {
            let from = last.map_or(from_revision, |last| last.revision + 1);
            let query = sqlx::query(include_str!("../../sql/postgres/stream.sql"));
            query.bind(stream.to_string()).bind(signed(from)).bind(rows)
        };
        Ok(self.page(PageBuilder::looking_beyond(limit), query).await?.into_stream_page())
    }

    async fn read_streams(&self, streams: &[StreamName]) -> Result<Vec<Vec<StreamEvent>>, LogError> {
        let query = sqlx::query(include_str!("../../sql/postgres/streams.sql"));
        // One more than allowed, so that a longer stream is noticed instead of being cut.
        let query = query.bind(names(streams.iter())).bind(signed(limits::STREAM_EVENTS_MAX + 1));
        let history = self.history.number();
        let mut read = WholeStreams::of(streams);
        let mut last = None;
        for row in &self.connections.fetch(query).await? {
            let event = rows::stream_event(row)?;
            last = last.max(Some((event.position, row.try_get::<Uuid, _>(2)?)));
            read.push(number(row.try_get(6)?)?, event)?;
        }
        if let Some((position, id)) = last {
            self.history.saw(history, position, id);
        }
        Ok(read.into_events())
    }

    async fn read(&self, after: u64, limit: usize) -> Result<Vec<Raw>, LogError> {
        let query = |last: Option<&Raw>, rows| {
            let after = last.map_or(after, |last| last.position);
            sqlx::query(include_str!("../../sql/postgres/page.sql")).bind(signed(after)).bind(rows)
        };
        Ok(self.page(PageBuilder::new(limit), query).await?.into_events())
    }

    async fn read_without(&self, passed_over: &[&str], after: u64, until: u64) -> Result<EventPage, LogError> {
        self.complete(after, until).await?;
        let kinds = names(passed_over.iter());
        let query = |last: Option<&Raw>, rows| {
            let after = last.map_or(after, |last| last.position);
            let query = sqlx::query(include_str!("../../sql/postgres/without.sql"));
            query.bind(signed(after)).bind(signed(until)).bind(kinds.clone()).bind(rows)
        };
        let limit = usize::try_from(until - after).unwrap_or(usize::MAX);
        Ok(EventPage { after, events: self.page(PageBuilder::new(limit), query).await?.into_events() })
    }

    async fn find(&self, command_key: &Hash) -> Result<Option<EarlierOutcome>, LogError> {
        let mut loan = self.connections.borrow().await?;
        let asked = outcomes(loan.connection()?, std::slice::from_ref(command_key));
        let mut found = tokio::time::timeout(CALL_TIME_MAX, asked).await.map_err(|_| LogError::Read(silent()))??;
        loan.give_back();
        Ok(found.remove(command_key))
    }

    async fn end(&self) -> Result<u64, LogError> {
        let rows = self.connections.fetch(sqlx::query(include_str!("../../sql/postgres/end.sql"))).await?;
        let end: Option<i64> = rows.first().map_or(Ok(None), |row| row.try_get(0))?;
        Ok(number(end.unwrap_or_default())?)
    }

    async fn close(&self) {
        self.connections.close().await;
    }
}
