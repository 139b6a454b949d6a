//! Pages of events, and how far each one is complete. A page is read statement by statement: a statement's answer is in
//! memory as a whole.

use event_core::{Raw, StreamName};

use crate::port::{LogError, StreamEvent, limits};

/// Rows of one statement (at most so many times `limits::DATA_BYTES_MAX`). Not a stream of rows: to wake up for each
/// costs as much as to read it.
const STATEMENT_ROWS_MAX: usize = 500;

/// The events after one position, and up to another one, without those of the kinds that were passed over. The last
/// event of the page is always there, of whatever kind, so the page itself says how far it is complete.
///
/// A page may end before the range that was asked for: `limits::PAGE_BYTES_MAX` bounds it, too. Read on after
/// `complete_until`, and never after the position that was hoped for.
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

    /// The page without the kinds that a follower has no use for, but with its last event.
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
    /// The stream goes on after the last event of the page.
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
    /// One event more is asked for than the page may have, to learn whether there is one.
    looks_beyond: bool,
    goes_on: bool,
    full: bool,
}

impl PageBuilder {
    pub fn new(limit: usize) -> PageBuilder {
        let (events, full) = (Vec::new(), limit == 0);
        PageBuilder { events, limit, bytes: 0, looks_beyond: false, goes_on: false, full }
    }

    /// A page that tells whether there is more behind it.
    pub fn looking_beyond(limit: usize) -> PageBuilder {
        PageBuilder { looks_beyond: true, ..PageBuilder::new(limit) }
    }

    /// Rows of the next statement; `None` when the page is full or there are no more.
    pub fn wanted(&self) -> Option<usize> {
        let rows_max = self.limit + usize::from(self.looks_beyond);
        (!self.full).then(|| (rows_max - self.events.len()).min(STATEMENT_ROWS_MAX))
    }

    pub fn last(&self) -> Option<&Raw> {
        self.events.last()
    }

    /// What a statement gave that was asked for `wanted` rows.
    pub fn take(&mut self, wanted: usize, rows: impl Iterator<Item = Result<Raw, LogError>>) -> Result<(), LogError> {
        let before = self.events.len();
        for event in rows {
            let event = event?;
            self.bytes += event.data.len();
            let too_large = self.bytes > limits::PAGE_BYTES_MAX;
            // One at least.
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

    /// The next event of the stream that was asked for at this place.
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

/// The first position that is missing in `after + 1 ..= until`, of which `there` are there.
pub(crate) fn hole(after: u64, until: u64, there: &[i64]) -> LogError {
    let hole = (after + 1..).zip(there).find(|(expected, found)| i64::try_from(*expected) != Ok(**found));
    let position = hole.map_or(after + 1 + there.len() as u64, |(expected, _)| expected);
    LogError::Damaged { position, why: format!("it is missing: there is a hole before {until}") }
}
