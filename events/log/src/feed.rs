//! How followers get a log's events: in order, each exactly once, woken rather than polling. The feed from the log
//! itself is here; the feed from a broker will be another `Feed`.

use async_trait::async_trait;
use vocabulary::Raw;

use crate::{Log, port::LogError};

/// The events of one log after a position.
#[async_trait]
pub trait Feed: Send {
    /// The next events, strictly last+1, last+2 …; waits until there is at least one. Cancel-safe.
    ///
    /// # Errors
    /// When the log cannot be read, or has a hole.
    async fn next(&mut self) -> Result<Vec<Raw>, LogError>;
}

/// The feed straight from the log.
pub struct FromLog {
    log: Log,
    end: tokio::sync::watch::Receiver<u64>,
    last: u64,
    page: usize,
}

impl FromLog {
    /// The events after position `after`, `page` at most at a time.
    pub fn after(log: Log, after: u64, page: usize) -> FromLog {
        let end = log.watch();
        FromLog { log, end, last: after, page }
    }
}

#[async_trait]
impl Feed for FromLog {
    async fn next(&mut self) -> Result<Vec<Raw>, LogError> {
        let last = self.last;
        let gone = |_| LogError::Unusable("the log was closed".into());
        self.end.wait_for(|end| *end > last).await.map_err(gone)?;
        let events = self.log.read(last, self.page).await?;
        for (event, expected) in events.iter().zip(last + 1..) {
            if event.position != expected {
                let why = format!("it follows position {}, so there is a hole", expected - 1);
                return Err(LogError::Damaged { position: event.position, why });
            }
        }
        let Some(newest) = events.last() else {
            let why = format!("the log ends at {}, but it cannot be read", *self.end.borrow());
            return Err(LogError::Damaged { position: last + 1, why });
        };
        self.last = newest.position;
        Ok(events)
    }
}
