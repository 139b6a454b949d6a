//! A page of events, read statement by statement: a statement's answer is in memory as a whole.

use vocabulary::Raw;

use crate::port::{LogError, limits};

/// Rows of one statement (at most so many times `limits::DATA_BYTES_MAX`). Not a stream of rows: to wake up for each
/// costs as much as to read it.
const STATEMENT_ROWS_MAX: usize = 500;

pub(crate) struct Page {
    pub events: Vec<Raw>,
    limit: usize,
    bytes: usize,
    full: bool,
}

impl Page {
    pub fn new(limit: usize) -> Page {
        Page { events: Vec::new(), limit, bytes: 0, full: limit == 0 }
    }

    /// Rows of the next statement; `None` when the page is full or there are no more.
    pub fn wanted(&self) -> Option<usize> {
        (!self.full).then(|| (self.limit - self.events.len()).min(STATEMENT_ROWS_MAX))
    }

    /// What a statement gave that was asked for `wanted` rows.
    pub fn take(&mut self, wanted: usize, rows: impl Iterator<Item = Result<Raw, LogError>>) -> Result<(), LogError> {
        let before = self.events.len();
        for event in rows {
            let event = event?;
            self.bytes += event.data.len();
            // One at least.
            if self.bytes > limits::PAGE_BYTES_MAX && !self.events.is_empty() {
                self.full = true;
                return Ok(());
            }
            self.events.push(event);
        }
        self.full = self.events.len() - before < wanted || self.events.len() == self.limit;
        Ok(())
    }
}

/// The first position that is missing in `after + 1 ..= until`, of which `there` are there.
pub(crate) fn hole(after: u64, until: u64, there: &[i64]) -> LogError {
    let hole = (after + 1..).zip(there).find(|(expected, found)| i64::try_from(*expected) != Ok(**found));
    let position = hole.map_or(after + 1 + there.len() as u64, |(expected, _)| expected);
    LogError::Damaged { position, why: format!("it is missing: there is a hole before {until}") }
}
