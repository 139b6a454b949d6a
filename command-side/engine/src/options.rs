//! The limits and ports of an engine.

use std::{sync::Arc, time::Duration};

use event_core::{
    Timestamp,
    personal::{SubjectKeyRing, Unsealed},
};

/// Limits and ports of an engine. `Default` is what a server without a vault uses.
#[derive(Clone)]
pub struct EngineOptions {
    /// Commands that may wait to be decided; one more is `Failure::Overloaded`.
    pub queue_max: usize,
    /// Commands whose missing states are loaded in one read.
    pub batch_max: usize,
    /// Commands whose outcome may be unknown at once. Smaller than the log's queue, so that the log refuses none.
    pub in_flight_max: usize,
    /// Streams whose state is kept in memory: a few KiB each as a rule, and bounded, as streams are.
    pub states_max: usize,
    /// How often a command is decided again when what it was decided on was not so.
    pub decisions_again_max: u32,
    /// The keys of persons. Queries on the same log need a ring that opens what this one seals.
    pub keys: Arc<dyn SubjectKeyRing>,
    /// The time that one fetch of keys may take. A command waits for two at most, one for its states and one for its own
    /// events, and is `Failure::Unavailable` then.
    pub keys_wait_max: Duration,
    /// A command has one time: when it is taken out of the queue.
    pub clock: fn() -> Timestamp,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            queue_max: 8_192,
            batch_max: 256,
            in_flight_max: 4_096,
            states_max: 20_000,
            decisions_again_max: 3,
            keys: Arc::new(Unsealed),
            keys_wait_max: Duration::from_secs(5),
            clock: || Timestamp::from_jiff(jiff::Timestamp::now()),
        }
    }
}
