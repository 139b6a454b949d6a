//! The end of the log, as this process knows it. A change wakes all watchers. It goes back only where the log has lost
//! events.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{history::SeenHistory, store::LogReader};

/// The pause between two polls while other processes append, and its maximum while they do not.
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(50);

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
        pause = if moved { PAUSE_MIN } else { (pause * 2).min(PAUSE_MAX) };
    }
}
