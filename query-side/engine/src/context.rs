//! The access of one request to the views and the log: the freshness that it asks for, and the freshness that it got.

use std::{borrow::Cow, ops::Bound, time::Duration};

use event_core::{Key, LogName, LogPosition, Projection, SubjectId, Timestamp};
use event_log::Log;
use projection_engine::{Read, Reader, Scan};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use tokio::time::Instant;

use crate::{
    error::QueryError,
    opener::{KEYS_WAIT_MAX, Opener},
    page::{List, Paging},
    parameters::{Faulty, Given},
    sources::QuerySources,
};

/// The maximum time that a request waits for the position that it asks for, over all views that it reads.
pub const WAIT_MAX: Duration = Duration::from_secs(2);

/// The form of a `LogPosition` of the log `care`, the only log that a request can name.
pub struct PositionInCare;

impl JsonSchema for PositionInCare {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PositionInCare".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^care:[0-9]{1,18}$"})
    }
}

/// The freshness that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// The position in `care` that the answer should include.
    pub after: Option<u64>,
    /// True if there is to be no answer rather than one from before `after`.
    pub strict: bool,
}

impl Freshness {
    /// Takes `after` and `strict` out of a request's parameters.
    ///
    /// # Errors
    /// When one is malformed, or `after` is of a log that no view follows.
    pub fn take(given: &mut Given<'_>) -> Result<Freshness, Faulty> {
        let strict = given.take::<bool>("strict")?.unwrap_or(false);
        let after = match given.take::<LogPosition>("after")? {
            None => None,
            Some(LogPosition { log: LogName::Care, position }) => Some(position),
            Some(LogPosition { log: LogName::Access, .. }) => {
                return Err(Faulty::new("after", "views follow the log care: it is like care:17"));
            }
        };
        Ok(Freshness { after, strict })
    }
}

/// Rows of one partition, between two sort keys.
#[derive(Debug, Clone)]
pub struct Span {
    pub partition: String,
    pub from: Bound<String>,
    pub until: Bound<String>,
    /// The greatest sort key first.
    pub backwards: bool,
}

impl Span {
    /// The whole partition, the smallest sort key first.
    pub fn whole(partition: impl Into<String>) -> Span {
        Span { partition: partition.into(), from: Bound::Unbounded, until: Bound::Unbounded, backwards: false }
    }

    /// A scan of the rows after the one with this sort key; of the whole span if there is none.
    pub fn beyond(self, row: Option<String>, limit: usize) -> Scan {
        let Span { partition, mut from, mut until, backwards } = self;
        match row {
            None => {}
            // Some bounds depend on the clock and may have moved since the cursor was given; the present ones apply.
            Some(row) if backwards && key(&until).is_none_or(|until| row.as_str() <= until) => {
                until = Bound::Excluded(row);
            }
            Some(row) if !backwards && key(&from).is_none_or(|from| row.as_str() >= from) => {
                from = Bound::Excluded(row);
            }
            Some(_) => {}
        }
        Scan { partition, from, until, limit, backwards }
    }
}

/// Refuses a position that the log does not have. The end known to this process may be behind: behind an append of
/// another process, or behind a position that a reader has just been given. So the store is read before a position is
/// refused; if it cannot be read, no position is refused.
pub async fn refuse_unknown(log: &Log, position: u64) -> Result<(), QueryError> {
    if position > log.end() && log.end_now().await.is_ok_and(|end| position > end) {
        return Err(QueryError::UnknownPosition);
    }
    Ok(())
}

fn key(bound: &Bound<String>) -> Option<&str> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(key),
        Bound::Unbounded => None,
    }
}

pub struct QueryContext<'a> {
    sources: &'a QuerySources,
    /// The time that decides if a slot is in the future and if a hold has expired.
    pub now: Timestamp,
    pub paging: Paging,
    wanted: Freshness,
    wait_until: Instant,
    seen: Option<u64>,
    stopped: bool,
    /// The path of the page of the log that follows this one.
    pub next_page: Option<String>,
}

impl<'a> QueryContext<'a> {
    /// # Errors
    /// When the position that it asks for does not exist yet.
    pub(crate) async fn new(
        sources: &'a QuerySources,
        wanted: Freshness,
        paging: Paging,
    ) -> Result<QueryContext<'a>, QueryError> {
        if let Some(after) = wanted.after {
            refuse_unknown(&sources.log, after).await?;
        }
        Ok(QueryContext {
            sources,
            now: (sources.clock)(),
            paging,
            wanted,
            wait_until: Instant::now() + WAIT_MAX,
            seen: None,
            stopped: false,
            next_page: None,
        })
    }

    /// The log, for queries that read no view.
    pub fn log(&self) -> &'a Log {
        &self.sources.log
    }

    /// The value of this type that a service read from its file. `None` if this installation has no such file.
    pub fn service_value<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.sources.values.get()
    }

    /// Fetches the keys of these subjects: all those with personal fields in the answer; duplicates are allowed.
    ///
    /// # Errors
    /// When a key does not come within `KEYS_WAIT_MAX`.
    pub async fn opener(&self, subjects: impl IntoIterator<Item = SubjectId>) -> Result<Opener<'a>, QueryError> {
        Opener::of(&*self.sources.keys, KEYS_WAIT_MAX, subjects).await
    }

    /// Records that the answer includes the log up to this position.
    pub fn saw_log(&mut self, position: u64) {
        self.seen = Some(position);
    }

    pub async fn row<P: Projection>(&mut self, key: &Key) -> Result<Option<P::Row>, QueryError> {
        let reader = self.fresh::<P>().await;
        let read = reader.row(key).await?;
        Ok(self.saw(read))
    }

    /// The rows of these keys, in their order.
    pub async fn rows<P: Projection>(&mut self, keys: &[Key]) -> Result<Vec<Option<P::Row>>, QueryError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let reader = self.fresh::<P>().await;
        let read = reader.rows(keys).await?;
        Ok(self.saw(read))
    }

    /// Rows with their sort keys, in the order of the scan.
    pub async fn page<P: Projection>(&mut self, scan: Scan) -> Result<Vec<(String, P::Row)>, QueryError> {
        let reader = self.fresh::<P>().await;
        let read = reader.page(scan).await?;
        Ok(self.saw(read))
    }

    /// One page of the rows within `span`, continuing at the request's cursor.
    pub async fn list<P: Projection>(&mut self, span: Span) -> Result<List<P::Row>, QueryError> {
        let limit = self.paging.limit;
        // One additional row shows if there is a next page.
        let scan = span.beyond(self.paging.beyond.clone(), limit + 1);
        let mut rows = self.page::<P>(scan).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(sort, _)| self.paging.cursor(sort));
        Ok(List { items: rows.into_iter().map(|(_, row)| row).collect(), next })
    }

    /// The reader of `P`, after it has reached the position that was asked for or the time has run out.
    async fn fresh<P: Projection>(&self) -> Reader<P> {
        let reader = self.sources.views.reader::<P>();
        if let Some(after) = self.wanted.after {
            let left = self.wait_until.saturating_duration_since(Instant::now());
            // The result is not needed: the checkpoint that comes with the rows shows if the position was reached.
            let _ = reader.wait_for(after, left).await;
        }
        reader
    }

    fn saw<T>(&mut self, read: Read<T>) -> T {
        self.seen = Some(self.seen.map_or(read.position, |seen| seen.min(read.position)));
        self.stopped |= read.stopped;
        read.value
    }

    /// The lowest position of the rows that were read, or that of the log; `None` if nothing was read.
    pub fn position(&self) -> Option<LogPosition> {
        self.seen.map(|position| LogPosition { log: LogName::Care, position })
    }

    /// True if the answer is older than the request asked for.
    pub fn late(&self) -> bool {
        self.wanted.after.zip(self.seen).is_some_and(|(after, seen)| seen < after)
    }

    /// True if the answer may lack recent events: it is late, or a view that it comes from has stopped.
    pub fn stale(&self) -> bool {
        self.late() || self.stopped
    }
}
