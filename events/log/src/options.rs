//! The limits and ports of a log.

use std::time::Duration;

use event_core::Timestamp;
use uuid::Uuid;

/// The default time for which a decision without events is remembered: 30 days.
pub const REMEMBER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Limits and ports of one log. `Default` has a server's values.
#[derive(Clone)]
pub struct LogOptions {
    /// Requests that may wait for their batch; one more is `Refused::Unavailable`.
    pub queue_max: usize,
    /// Requests of one batch.
    pub batch_requests_max: usize,
    /// Events after which a batch takes no further request.
    pub batch_events_max: usize,
    /// Heads of streams that are kept in memory (about 150 bytes each).
    pub heads_cached_max: usize,
    /// The number of connections for reads.
    pub readers: u32,
    /// Bytes of SQLite's write-ahead log beyond which the writer waits until it is emptied.
    pub wal_bytes_max: u64,
    /// The time for which a decision without events is remembered with its key, by the log's own time (`recorded_at`).
    pub remember: Duration,
    /// The lineage that the caller expects. A log of another lineage is refused.
    pub lineage: Option<Uuid>,
    /// The clock of `recorded_at`.
    pub clock: fn() -> Timestamp,
}

impl Default for LogOptions {
    fn default() -> Self {
        LogOptions {
            queue_max: 8_192,
            batch_requests_max: 1_024,
            batch_events_max: 4_096,
            heads_cached_max: 200_000,
            readers: 4,
            wal_bytes_max: 256 * 1024 * 1024,
            remember: REMEMBER,
            lineage: None,
            clock: || Timestamp::from_jiff(jiff::Timestamp::now()),
        }
    }
}
