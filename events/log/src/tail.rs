//! The newest events of a log, in memory. The followers in one process want each new event at the same moment, so it is read from the
//! database once and not by each of them.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use event_core::Raw;
use tokio::{sync::Mutex, time::timeout};

use crate::{history::SeenHistory, page::EventPage, port::LogError, store::LogReader};

/// The maximum number of events that are kept.
const EVENTS_MAX: usize = 1_000;
/// The maximum size of their data in bytes.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The time for which a follower waits for another one that reads: the time limit of one call to a database.
const WAIT_MAX: Duration = Duration::from_secs(10);

pub struct LogTail {
    reader: Arc<dyn LogReader>,
    history: Arc<SeenHistory>,
    kept: Mutex<NewestEvents>,
}

/// Consecutive events, from the one after `after` on.
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

    /// The events after `after` up to `until`, which the log is known to hold, without these kinds. `None` if they are
    /// to be read from the log: they are not all among the newest, or another follower could not read them just now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read(&self, passed_over: &[&str], after: u64, until: u64) -> Result<Option<EventPage>, LogError> {
        if until.saturating_sub(after) > EVENTS_MAX as u64 {
            return Ok(None);
        }
        let asked_at = Instant::now();
        let Ok(mut kept) = timeout(WAIT_MAX, self.kept.lock()).await else { return Ok(None) };
        let history = self.history.number();
        if kept.history != history || kept.until() < after {
            *kept = NewestEvents { history, after, ..NewestEvents::default() };
        }
        if after < kept.after {
            return Ok(None);
        }
        if kept.until() < until {
            if kept.failed_at.is_some_and(|failed_at| failed_at > asked_at) {
                // Each of those that waited reads for itself, at the same time: one after the other, they would wait too long.
                return Ok(None);
            }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use async_trait::async_trait;
    use event_core::{StreamName, envelope::Hash, testing::recorded};
    use futures::future::join_all;

    use super::*;
    use crate::{page::StreamPage, port::StreamEvent, store::EarlierOutcome};

    /// A database that counts how often it is asked for new events, and answers after others have had the time to ask, too.
    #[derive(Default)]
    struct CountedReader {
        reads: AtomicUsize,
        is_gone: AtomicBool,
        /// The size of the data of each event.
        size: AtomicUsize,
        /// The number of the history that it reads, which is the revision of its events.
        history: Arc<SeenHistory>,
        /// Loses the history in the middle of the next read.
        loses: AtomicBool,
    }

    const OTHER: &str = "test.other.v1";

    fn event(position: u64, size: usize, revision: u64) -> Raw {
        let kind = if position.is_multiple_of(2) { "test.happened.v1" } else { OTHER };
        Raw { revision, ..recorded(position, kind, vec![b'x'; size].into()) }
    }

    #[async_trait]
    impl LogReader for CountedReader {
        async fn read_without(&self, _: &[&str], after: u64, until: u64) -> Result<EventPage, LogError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            if self.is_gone.load(Ordering::SeqCst) {
                return Err(LogError::Unusable("it does not answer".into()));
            }
            let (size, history) = (self.size.load(Ordering::SeqCst), self.history.number());
            if self.loses.swap(false, Ordering::SeqCst) {
                self.history.lost(self.history.seen());
            }
            Ok(EventPage {
                after,
                events: (after + 1..=until).map(|position| event(position, size, history)).collect(),
            })
        }

        async fn read_stream(&self, _: &StreamName, _: u64, _: usize) -> Result<StreamPage, LogError> {
            Ok(StreamPage::default())
        }

        async fn read_streams(&self, _: &[StreamName]) -> Result<Vec<Vec<StreamEvent>>, LogError> {
            Ok(Vec::new())
        }

        async fn read(&self, _: u64, _: usize) -> Result<Vec<Raw>, LogError> {
            Ok(Vec::new())
        }

        async fn find(&self, _: &Hash) -> Result<Option<EarlierOutcome>, LogError> {
            Ok(None)
        }

        async fn end(&self) -> Result<u64, LogError> {
            Ok(0)
        }

        async fn close(&self) {}
    }

    fn tail() -> (LogTail, Arc<CountedReader>, Arc<SeenHistory>) {
        let history = Arc::new(SeenHistory::default());
        let reader = Arc::new(CountedReader { history: Arc::clone(&history), ..CountedReader::default() });
        (LogTail::new(Arc::clone(&reader) as Arc<dyn LogReader>, Arc::clone(&history)), reader, history)
    }

    fn positions(page: &EventPage) -> Vec<u64> {
        page.iter().map(|event| event.position).collect()
    }

    async fn read(tail: &LogTail, passed_over: &[&str], after: u64, until: u64) -> Option<Vec<u64>> {
        tail.read(passed_over, after, until).await.expect("readable").map(|page| positions(&page))
    }

    #[tokio::test]
    async fn followers_that_want_the_same_events_read_them_once() {
        let (tail, reader, _) = tail();
        let all = join_all((0..36).map(|_| tail.read(&[], 0, 4))).await;
        assert!(
            all.into_iter().all(|page| page.expect("readable").is_some_and(|page| positions(&page) == [1, 2, 3, 4]))
        );
        assert_eq!(reader.reads.load(Ordering::SeqCst), 1);
        assert_eq!(read(&tail, &[OTHER], 0, 4).await, Some(vec![2, 4]));
        assert_eq!(read(&tail, &[OTHER], 0, 3).await, Some(vec![2, 3]), "the last one, whatever its kind");
        assert_eq!(reader.reads.load(Ordering::SeqCst), 1);
        assert_eq!(read(&tail, &[OTHER], 2, 5).await, Some(vec![4, 5]));
        assert_eq!(reader.reads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn the_newest_events_are_kept_and_older_ones_are_read_from_the_log() {
        let (tail, _, _) = tail();
        let most = EVENTS_MAX as u64;
        assert_eq!(read(&tail, &[], 0, most + 1).await, None, "more than are kept");
        for until in [most, 2 * most] {
            assert_eq!(read(&tail, &[], until - most, until).await.map(|page| page.len()), Some(EVENTS_MAX));
        }
        assert_eq!(read(&tail, &[], most - 1, 2 * most - 1).await, None, "the first is not kept any more");
        // A position beyond the events in memory replaces them.
        assert_eq!(read(&tail, &[], 9 * most, 9 * most + 2).await, Some(vec![9 * most + 1, 9 * most + 2]));
    }

    #[tokio::test]
    async fn the_events_that_are_kept_have_a_limited_size() {
        let (tail, reader, _) = tail();
        reader.size.store(BYTES_MAX / 10, Ordering::SeqCst);
        assert_eq!(read(&tail, &[], 0, 8).await.map(|page| page.len()), Some(8));
        assert_eq!(read(&tail, &[], 8, 16).await, Some((9..=16).collect()));
        let kept = tail.kept.lock().await;
        assert_eq!((kept.events.len(), kept.after, kept.bytes), (10, 6, 10 * (BYTES_MAX / 10)));
        drop(kept);
        let before = reader.reads.load(Ordering::SeqCst);
        assert_eq!(read(&tail, &[], 5, 17).await, None, "one is not kept");
        assert_eq!(reader.reads.load(Ordering::SeqCst), before, "so nothing is read in vain");
    }

    /// The trap: a database that does not answer in time would be asked by one follower after the other.
    #[tokio::test]
    async fn after_a_fault_those_that_waited_are_not_asked_to_wait_in_turn() {
        let (tail, reader, _) = tail();
        reader.is_gone.store(true, Ordering::SeqCst);
        let all = join_all((0..36).map(|_| tail.read(&[], 0, 4))).await;
        assert_eq!(all.iter().filter(|read| read.is_err()).count(), 1);
        assert_eq!(all.iter().filter(|read| matches!(read, Ok(None))).count(), 35);
        assert_eq!(reader.reads.load(Ordering::SeqCst), 1);
        reader.is_gone.store(false, Ordering::SeqCst);
        assert_eq!(read(&tail, &[], 0, 4).await, Some(vec![1, 2, 3, 4]));
    }

    #[tokio::test]
    async fn events_of_a_history_that_was_lost_are_not_given() {
        let (tail, reader, history) = tail();
        let revisions = async || {
            let page = tail.read(&[], 0, 4).await.expect("readable");
            page.map(|page| page.iter().map(|event| event.revision).collect::<Vec<u64>>())
        };
        assert_eq!(revisions().await, Some(vec![0; 4]));
        history.lost(history.seen());
        assert_eq!(revisions().await, Some(vec![1; 4]));
        history.lost(history.seen());
        reader.loses.store(true, Ordering::SeqCst);
        assert_eq!(revisions().await, None, "it was lost during the read");
        assert_eq!(revisions().await, Some(vec![3; 4]));
    }
}
