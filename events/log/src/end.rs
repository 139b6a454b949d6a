//! The end of the log, as this process knows it. A change wakes all watchers. It goes back only where the log has lost
//! events.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{history::SeenHistory, store::LogReader};

/// The pause between two polls while other processes append and something waits for it, and its maximum otherwise.
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// The number of watchers while nothing waits for the end: the log has one from which it makes the others.
const IDLE_WATCHERS: usize = 1;

/// Moves the end forward. True if it moved.
pub(crate) fn raise(end: &watch::Sender<u64>, to: u64) -> bool {
    end.send_if_modified(|end| {
        let further = to > *end;
        *end = to.max(*end);
        further
    })
}

/// Polls the end of a log that other processes also write, until this log is closed.
pub(crate) async fn follow(
    (reader, history): (Arc<dyn LogReader>, Arc<SeenHistory>),
    end: watch::Sender<u64>,
    mut closed: watch::Receiver<bool>,
) {
    let mut pause = PAUSE_MIN;
    loop {
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => return,
            () = tokio::time::sleep(pause) => {}
        }
        // Read before the query: an end below it is a loss, and not an answer that was overtaken.
        let (known, seen) = (*end.borrow(), history.seen());
        // A failed read is repeated after the pause; `Log::healthy` reports it.
        let moved = match reader.end().await {
            Ok(to) if to < known => {
                tracing::warn!(known, end = to, "the log has lost events that were stored");
                history.lost(seen);
                end.send_if_modified(|end| std::mem::replace(end, to) != to)
            }
            Ok(to) => raise(&end, to),
            Err(_) => false,
        };
        // Most processes of a distributed system do not wait for the end: they get events from Kafka, or only append.
        pause = match end.receiver_count() {
            ..=IDLE_WATCHERS => PAUSE_MAX,
            _ if moved => PAUSE_MIN,
            _ => (pause * 2).min(PAUSE_MAX),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;
    use event_core::{Raw, StreamName, envelope::Hash};

    use super::*;
    use crate::{
        page::{EventPage, StreamPage},
        port::{LogError, StreamEvent},
        store::EarlierOutcome,
    };

    /// A log to which others append an event between two polls.
    #[derive(Default)]
    struct GrowingLog(AtomicU64);

    #[async_trait]
    impl LogReader for GrowingLog {
        async fn end(&self) -> Result<u64, LogError> {
            Ok(self.0.fetch_add(1, Ordering::SeqCst) + 1)
        }

        async fn read_without(&self, _: &[&str], after: u64, _: u64) -> Result<EventPage, LogError> {
            Ok(EventPage { after, events: Vec::new() })
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

        async fn close(&self) {}
    }

    /// The number of polls in one second, with or without something that waits for the end.
    async fn polls(is_awaited: bool) -> u64 {
        let log = Arc::new(GrowingLog::default());
        let (end, of_log) = watch::channel(0);
        let (_open, closed) = watch::channel(false);
        let waits = is_awaited.then(|| of_log.clone());
        let following = follow((Arc::clone(&log) as Arc<dyn LogReader>, Arc::default()), end, closed);
        assert!(tokio::time::timeout(Duration::from_secs(1), following).await.is_err());
        drop(waits);
        log.0.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_for_which_nothing_waits_is_asked_for_rarely() {
        let (idle, awaited) = (polls(false).await, polls(true).await);
        assert!((15..=21).contains(&idle) && awaited > 10 * idle, "{idle} and {awaited} polls");
    }
}
