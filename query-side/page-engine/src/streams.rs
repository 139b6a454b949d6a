//! The open event streams of a process: their limit, and the looks that they share.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use tokio::sync::Semaphore;

use crate::look::Look;

/// The maximum number of open streams of a process. Each holds a connection.
const STREAMS_MAX: usize = 2_000;
/// The time for which a look is shared. It is shorter than the time between two looks without an event, so that these see
/// what the clock has changed.
const SHARED_FOR: Duration = Duration::from_secs(5);

/// The places of streams, and the newest look at each topic.
pub(crate) struct LiveStreams {
    pub places: Arc<Semaphore>,
    /// By topic and the end of the log at the time of the look: a look from before an event does not stand for one after it.
    looks: Cache<(Arc<str>, u64), Look>,
}

impl Default for LiveStreams {
    fn default() -> LiveStreams {
        let looks = Cache::builder().max_capacity(STREAMS_MAX as u64).time_to_live(SHARED_FOR).build();
        LiveStreams { places: Arc::new(Semaphore::new(STREAMS_MAX)), looks }
    }
}

impl LiveStreams {
    /// The look at this topic after the log had this end: that of another stream, or else this one. Streams that ask at the
    /// same time wait for one look. `None` if it fails.
    pub async fn shared(&self, topic: Arc<str>, end: u64, look: impl Future<Output = Option<Look>>) -> Option<Look> {
        self.looks.optionally_get_with((topic, end), look).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::look::Fingerprint;

    #[tokio::test]
    async fn streams_of_a_topic_look_once_for_each_end_of_the_log() {
        let (streams, looks) = (LiveStreams::default(), AtomicU64::new(0));
        let look = async || Fingerprint::of(&looks.fetch_add(1, Ordering::Relaxed)).map(Look::from);
        let shown = async |topic: &str, end| streams.shared(topic.into(), end, look()).await.map(|look| look.shown);
        let (first, second) = tokio::join!(shown("a", 1), shown("a", 1));
        assert!(first.is_some() && first == second);
        assert_ne!(shown("a", 2).await, first, "an event asks for a new look");
        assert_ne!(shown("b", 1).await, first, "another topic has its own");
        assert_eq!(looks.load(Ordering::Relaxed), 3);
        assert_eq!(streams.shared("c".into(), 1, async { None }).await.map(|look| look.shown), None);
        assert!(shown("c", 1).await.is_some(), "a failure is not shared with later streams");
    }
}
