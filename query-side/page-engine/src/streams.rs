//! The limit of open event streams.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// The maximum number of open streams of a process. Each holds a connection.
const STREAMS_MAX: usize = 2_000;

/// The number of open streams.
pub(crate) struct LiveStreams(pub Arc<Semaphore>);

impl Default for LiveStreams {
    fn default() -> LiveStreams {
        LiveStreams(Arc::new(Semaphore::new(STREAMS_MAX)))
    }
}
