//! Pages of events, and how far each one is complete. A page is read in several statements, because a statement's whole
//! result is held in memory.

use event_core::{Raw, StreamName};

use crate::port::{LogError, StreamEvent, limits};

/// Rows of one statement (each of at most `limits::DATA_BYTES_MAX`). Rows are not streamed: waking up for each row
/// costs as much as reading it.
const STATEMENT_ROWS_MAX: usize = 500;

/// The events after one position and up to another, without the kinds that were passed over. The last event of the page
/// is always included, whatever its kind, so the page itself shows how far it is complete.
///
/// A page may end before the end of the requested range: `limits::PAGE_BYTES_MAX` also limits it. Continue after
/// `complete_until`, never after the requested position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The position that the page follows. Nothing between it and the first event is missing.
    pub after: u64,
    pub events: Vec<Raw>,
}

impl EventPage {
    /// The position up to which nothing is missing.
    pub fn complete_until(&self) -> u64 {
        self.events.last().map_or(self.after, |last| last.position)
    }

    /// The page without the kinds that a follower passes over, but with its last event.
    #[must_use]
    pub fn without(mut self, passed_over: &[&str]) -> EventPage {
        let last = self.complete_until();
        self.events.retain(|event| event.position == last || !passed_over.contains(&&*event.kind));
        self
    }
}

impl std::ops::Deref for EventPage {
    type Target = [Raw];

    fn deref(&self) -> &[Raw] {
        &self.events
    }
}

impl IntoIterator for EventPage {
    type Item = Raw;
    type IntoIter = std::vec::IntoIter<Raw>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

/// The events of one stream from a revision on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamPage {
    pub events: Vec<Raw>,
    /// True if the stream has more events after the page.
    pub goes_on: bool,
}

impl std::ops::Deref for StreamPage {
    type Target = [Raw];

    fn deref(&self) -> &[Raw] {
        &self.events
    }
}

impl IntoIterator for StreamPage {
    type Item = Raw;
    type IntoIter = std::vec::IntoIter<Raw>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

/// A page while it is being read.
pub(crate) struct PageBuilder {
    events: Vec<Raw>,
    limit: usize,
    bytes: usize,
    /// One event more than the page may have is requested, to find out if there is one.
    looks_beyond: bool,
    goes_on: bool,
    full: bool,
}

impl PageBuilder {
    pub fn new(limit: usize) -> PageBuilder {
        let (events, full) = (Vec::new(), limit == 0);
        PageBuilder { events, limit, bytes: 0, looks_beyond: false, goes_on: false, full }
    }

    /// A page that also finds out if more events follow it.
    pub fn looking_beyond(limit: usize) -> PageBuilder {
        PageBuilder { looks_beyond: true, ..PageBuilder::new(limit) }
    }

    /// The number of rows of the next statement; `None` when the page is full or there are no more.
    pub fn wanted(&self) -> Option<usize> {
        let rows_max = self.limit + usize::from(self.looks_beyond);
        (!self.full).then(|| (rows_max - self.events.len()).min(STATEMENT_ROWS_MAX))
    }

    pub fn last(&self) -> Option<&Raw> {
        self.events.last()
    }

    /// Adds the result of a statement that requested `wanted` rows.
    pub fn take(&mut self, wanted: usize, rows: impl Iterator<Item = Result<Raw, LogError>>) -> Result<(), LogError> {
        let before = self.events.len();
        for event in rows {
            let event = event?;
            self.bytes += event.data.len();
            let too_large = self.bytes > limits::PAGE_BYTES_MAX;
            // A page has at least one event.
            if !self.events.is_empty() && (too_large || self.events.len() == self.limit) {
                (self.full, self.goes_on) = (true, true);
                return Ok(());
            }
            self.events.push(event);
        }
        let has_enough = self.events.len() == self.limit && !self.looks_beyond;
        self.full = self.events.len() - before < wanted || has_enough;
        Ok(())
    }

    pub fn into_events(self) -> Vec<Raw> {
        self.events
    }

    pub fn into_stream_page(self) -> StreamPage {
        StreamPage { events: self.events, goes_on: self.goes_on }
    }
}

/// Whole streams while they are being read.
pub(crate) struct WholeStreams<'a> {
    streams: &'a [StreamName],
    events: Vec<Vec<StreamEvent>>,
}

impl<'a> WholeStreams<'a> {
    pub fn of(streams: &'a [StreamName]) -> WholeStreams<'a> {
        WholeStreams { streams, events: streams.iter().map(|_| Vec::new()).collect() }
    }

    /// Adds the next event of the stream at this place of the request.
    pub fn push(&mut self, place: u64, event: StreamEvent) -> Result<(), LogError> {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let Some((stream, events)) = self.streams.get(place).zip(self.events.get_mut(place)) else { return Ok(()) };
        if event.revision > limits::STREAM_EVENTS_MAX {
            return Err(LogError::Unusable(format!("{stream} is too long to be read at once")));
        }
        events.push(event);
        Ok(())
    }

    pub fn into_events(self) -> Vec<Vec<StreamEvent>> {
        self.events
    }
}

/// The error for the first missing position in `after + 1 ..= until`; `there` holds the existing positions.
pub(crate) fn hole(after: u64, until: u64, there: &[i64]) -> LogError {
    let hole = (after + 1..).zip(there).find(|(expected, found)| i64::try_from(*expected) != Ok(**found));
    let position = hole.map_or(after + 1 + there.len() as u64, |(expected, _)| expected);
    LogError::Damaged { position, why: format!("it is missing: there is a hole before {until}") }
}
