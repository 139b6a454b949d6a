//! The limits and ports of an engine.

use std::{sync::Arc, time::Duration};

use event_core::{
    Timestamp,
    personal::{SubjectKeyRing, Unsealed},
};

/// Limits and ports of an engine. `Default` is for a server without a vault.
#[derive(Clone)]
pub struct EngineOptions {
    /// The maximum number of commands that wait to be decided; one more fails with `Failure::Overloaded`.
    pub queue_max: usize,
    /// The maximum number of commands that are decided in one turn, and of streams that are loaded in one read.
    pub batch_max: usize,
    /// The maximum number of commands with an unknown outcome. Smaller than the log's queue, so that the log refuses
    /// none.
    pub in_flight_max: usize,
    /// The number of states in memory: a few KiB each as a rule, and bounded, because streams are.
    pub states_max: usize,
    /// The number of times that a command is decided again when the state that it was decided on turned out to be
    /// wrong.
    pub decisions_again_max: u32,
    /// The keys of persons. Queries on the same log need a ring that opens the fields that this one seals.
    pub keys: Arc<dyn SubjectKeyRing>,
    /// The maximum time for one fetch of keys. A command waits for at most two, one for its states and one for its own
    /// events, and then fails with `Failure::Unavailable`.
    pub keys_wait_max: Duration,
    /// The clock. The time of a command is read once, when it is taken out of the queue.
    pub clock: fn() -> Timestamp,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            queue_max: 8_192,
            batch_max: 256,
            in_flight_max: 4_096,
            states_max: 60_000,
            decisions_again_max: 3,
            keys: Arc::new(Unsealed),
            keys_wait_max: Duration::from_secs(5),
            clock: || Timestamp::from_jiff(jiff::Timestamp::now()),
        }
    }
}
