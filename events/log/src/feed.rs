//! How followers get a log's events: in order, each exactly once, and by notification instead of polling. The feed from
//! the log itself is here; the feed from a broker is in another crate.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    EventPage, Log,
    port::{LogError, limits},
};

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

/// The feed directly from the log.
pub struct FromLog {
    log: Log,
    end: tokio::sync::watch::Receiver<u64>,
    last: u64,
    page: usize,
    passed_over: Vec<&'static str>,
}

impl FromLog {
    /// The events after position `after`, at most `page` positions at a time.
    pub fn after(log: Log, after: u64, page: usize, passed_over: Vec<&'static str>) -> FromLog {
        let end = log.watch();
        FromLog { log, end, last: after, page, passed_over }
    }
}

impl Feeds for Log {
    fn after(&self, after: u64, id: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed> {
        self.shared_feed().after(Arc::new(EachFromLog(self.clone())), after, id, passed_over)
    }

    fn history(&self) -> u64 {
        Log::history(self)
    }
}

/// Feeds that each read the log.
struct EachFromLog(Log);

impl Feeds for EachFromLog {
    fn after(&self, after: u64, _: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed> {
        Box::new(FromLog::after(self.0.clone(), after, limits::PAGE_EVENTS_MAX, passed_over))
    }

    fn history(&self) -> u64 {
        self.0.history()
    }
}

#[async_trait]
impl Feed for FromLog {
    async fn next(&mut self) -> Result<EventPage, LogError> {
        let last = self.last;
        let gone = |_| LogError::Unusable("the log was closed".into());
        self.end.wait_for(|end| *end > last).await.map_err(gone)?;
        let page = match self.log.read_without(&self.passed_over, last, self.page).await {
            // The events before the damage come first.
            Err(LogError::Damaged { position, .. }) if position > last + 1 => {
                let before = usize::try_from(position - last - 1).unwrap_or(self.page);
                self.log.read_without(&self.passed_over, last, before.min(self.page)).await?
            }
            read => read?,
        };
        if page.is_empty() {
            let why = format!("the log ends at {}, but it cannot be read", *self.end.borrow());
            return Err(LogError::Damaged { position: last + 1, why });
        }
        self.last = page.complete_until();
        Ok(page)
    }
}
