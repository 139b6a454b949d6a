//! One request's look at the views and the log: how fresh it has to be, and how fresh it was.

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
    sources::Sources,
};

/// How long a request waits for the position that it asks for, over all views that it reads.
pub const WAIT_MAX: Duration = Duration::from_secs(2);

/// How a `LogPosition` of the log `care` is written: the only ones that a request can give.
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

/// What a request says about freshness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// The position in `care` that the answer should have seen.
    pub after: Option<u64>,
    /// Rather no answer than one from before `after`.
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

    /// What follows the row with this sort key; all of it where there is none.
    pub fn beyond(self, row: Option<String>, limit: usize) -> Scan {
        let Span { partition, mut from, mut until, backwards } = self;
        match row {
            None => {}
            // The clock has moved on since the cursor was given, and some bounds with it: those of now hold.
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

/// Refuses a position that the log does not have. The end that this process knows may be behind: behind what another
/// process appended, and behind what a reader was given a moment ago. So the log itself is asked before anything is
/// denied; where it cannot be asked, nothing is.
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
    sources: &'a Sources,
    /// The time by which a slot is in the future and a hold has expired.
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
        sources: &'a Sources,
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

    /// Fetches the keys of these subjects, which are all whose personal fields are shown; each may be named often.
    ///
    /// # Errors
    /// When a key does not come within `KEYS_WAIT_MAX`.
    pub async fn opener(&self, subjects: impl IntoIterator<Item = SubjectId>) -> Result<Opener<'a>, QueryError> {
        Opener::of(&*self.sources.keys, KEYS_WAIT_MAX, subjects).await
    }

    /// That the answer holds the log up to here.
    pub fn saw_log(&mut self, position: u64) {
        self.seen = Some(position);
    }

    pub async fn row<P: Projection>(&mut self, key: &Key) -> Result<Option<P::Row>, QueryError> {
        let reader = self.fresh::<P>().await;
        let read = reader.row(key).await?;
        Ok(self.saw(read))
    }

    /// Rows with their sort keys, in the order of the scan.
    pub async fn page<P: Projection>(&mut self, scan: Scan) -> Result<Vec<(String, P::Row)>, QueryError> {
        let reader = self.fresh::<P>().await;
        let read = reader.page(scan).await?;
        Ok(self.saw(read))
    }

    /// One page of the rows within `span`, from where the request's cursor goes on.
    pub async fn list<P: Projection>(&mut self, span: Span) -> Result<List<P::Row>, QueryError> {
        let limit = self.paging.limit;
        // One row more tells whether there is a next page.
        let scan = span.beyond(self.paging.beyond.clone(), limit + 1);
        let mut rows = self.page::<P>(scan).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(sort, _)| self.paging.cursor(sort));
        Ok(List { items: rows.into_iter().map(|(_, row)| row).collect(), next })
    }

    /// The reader of `P`, when it has come as far as is asked for, or when the time is over.
    async fn fresh<P: Projection>(&self) -> Reader<P> {
        let reader = self.sources.views.reader::<P>();
        if let Some(after) = self.wanted.after {
            let left = self.wait_until.saturating_duration_since(Instant::now());
            // Whether it was reached is told by the checkpoint that comes with the rows.
            let _ = reader.wait_for(after, left).await;
        }
        reader
    }

    fn saw<T>(&mut self, read: Read<T>) -> T {
        self.seen = Some(self.seen.map_or(read.position, |seen| seen.min(read.position)));
        self.stopped |= read.stopped;
        read.value
    }

    /// How far the oldest of the rows has come; `None`: no view was read.
    pub fn position(&self) -> Option<LogPosition> {
        self.seen.map(|position| LogPosition { log: LogName::Care, position })
    }

    /// Whether the answer is older than was asked for.
    pub fn late(&self) -> bool {
        self.wanted.after.zip(self.seen).is_some_and(|(after, seen)| seen < after)
    }

    /// Whether the answer may lack what has happened: it is late, or a view that it comes from has stopped.
    pub fn stale(&self) -> bool {
        self.late() || self.stopped
    }
}
