//! The newest events of a log, in memory. The followers in one process want each new event at the same moment, so it is read from the
//! database once and not by each of them.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use event_core::Raw;
use tokio::sync::Mutex;

use crate::{history::SeenHistory, page::EventPage, port::LogError, store::LogReader};

/// The maximum number of events that are kept.
const EVENTS_MAX: usize = 1_000;
/// The maximum size of their data in bytes.
const BYTES_MAX: usize = 4 * 1024 * 1024;

pub struct LogTail {
    reader: Arc<dyn LogReader>,
    history: Arc<SeenHistory>,
    kept: Mutex<NewestEvents>,
}

/// Events without a gap, the last of which is the newest that was read.
#[derive(Default)]
struct NewestEvents {
    /// The number of the history of which they are.
    history: u64,
    after: u64,
    events: VecDeque<Raw>,
    bytes: usize,
    /// The time at which the database failed to give the next events.
    failed_at: Option<Instant>,
}

impl LogTail {
    pub fn new(reader: Arc<dyn LogReader>, history: Arc<SeenHistory>) -> LogTail {
        LogTail { reader, history, kept: Mutex::default() }
    }

    /// The events after `after` up to `until`, which the log is known to hold, without these kinds. `None` if they are not all among
    /// the newest: they are to be read from the log then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read(&self, passed_over: &[&str], after: u64, until: u64) -> Result<Option<EventPage>, LogError> {
        if until.saturating_sub(after) > EVENTS_MAX as u64 {
            return Ok(None);
        }
        let asked_at = Instant::now();
        let mut kept = self.kept.lock().await;
        if kept.failed_at.is_some_and(|failed_at| failed_at > asked_at) {
            // Each of those that waited reads for itself, at the same time: one after the other, they would wait too long.
            return Ok(None);
        }
        let history = self.history.number();
        if kept.history != history || kept.until() < after {
            *kept = NewestEvents { history, after, ..NewestEvents::default() };
        }
        if kept.until() < until {
            match self.reader.read_without(&[], kept.until(), until).await {
                Ok(_) if self.history.number() != history => {
                    *kept = NewestEvents::default();
                    return Ok(None);
                }
                Ok(more) => kept.add(more),
                Err(error) => {
                    kept.failed_at = Some(Instant::now());
                    return Err(error);
                }
            }
        }
        Ok(kept.page(passed_over, after, until))
    }
}

impl NewestEvents {
    fn until(&self) -> u64 {
        self.events.back().map_or(self.after, |last| last.position)
    }

    /// Adds the page that follows, and forgets the oldest events beyond the limits.
    fn add(&mut self, page: EventPage) {
        for event in page {
            self.bytes += event.data.len();
            self.events.push_back(event);
        }
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.data.len();
            self.after = oldest.position;
        }
    }

    /// `None` if the first of these events is not kept.
    fn page(&self, passed_over: &[&str], after: u64, until: u64) -> Option<EventPage> {
        if after < self.after {
            return None;
        }
        let (first, end) = (self.place_after(after), self.place_after(until));
        let last = end.checked_sub(1).and_then(|last| self.events.get(last)).map(|event| event.position);
        let wanted = |event: &&Raw| Some(event.position) == last || !passed_over.contains(&&*event.kind);
        let events: Vec<Raw> = self.events.range(first..end.max(first)).filter(wanted).cloned().collect();
        Some(EventPage { after, events }).filter(|page| !page.is_empty())
    }

    /// The place of the first event after this position.
    fn place_after(&self, position: u64) -> usize {
        self.events.partition_point(|event| event.position <= position)
    }
}
