//! How followers get a log's events: in order, each exactly once, and by notification instead of polling. The feed from
//! the log itself is in `from_log.rs`; the feed from a broker is in another crate.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{EventPage, port::LogError};

/// The source of feeds for the followers of one log.
pub trait Feeds: Send + Sync {
    /// A feed of the events after a position, without the kinds that are passed over. `id` is the id of the event at
    /// `after`, which a follower remembers: another id there means another history.
    fn after(&self, after: u64, id: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed>;

    /// The number of the log's history (`Log::history`). Events that were read while it was another one are not the log's now.
    fn history(&self) -> u64;
}

/// The events of one log after a position.
#[async_trait]
pub trait Feed: Send {
    /// The next events, without the kinds that are passed over. The page follows the position at which the one before
    /// it ended. Waits until there is at least one event. Cancel-safe.
    ///
    /// # Errors
    /// When they cannot be read, or there is a hole. It can be called again.
    async fn next(&mut self) -> Result<EventPage, LogError>;
}
