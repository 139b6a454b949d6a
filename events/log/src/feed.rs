//! How followers get a log's events: in order, each exactly once, woken rather than polling. The feed from the log
//! itself is here; the feed from a broker is another one.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    EventPage, Log,
    port::{LogError, limits},
};

/// Where followers of one log read.
pub trait Feeds: Send + Sync {
    /// A feed of the events after a position, without those of some kinds. `id` is that of the event at `after`, which a
    /// follower remembers: another one there is another history.
    fn after(&self, after: u64, id: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed>;
}

/// The events of one log after a position.
#[async_trait]
pub trait Feed: Send {
    /// The next events, without the kinds that are passed over. The page follows the position at which the one before it
    /// ended. Waits until there is at least one event. Cancel-safe.
    ///
    /// # Errors
    /// When they cannot be read, or there is a hole. It can be asked again.
    async fn next(&mut self) -> Result<EventPage, LogError>;
}

/// The feed straight from the log.
pub struct FromLog {
    log: Log,
    end: tokio::sync::watch::Receiver<u64>,
    last: u64,
    page: usize,
    passed_over: Vec<&'static str>,
}

impl FromLog {
    /// The events after position `after`, of `page` positions at most at a time.
    pub fn after(log: Log, after: u64, page: usize, passed_over: Vec<&'static str>) -> FromLog {
        let end = log.watch();
        FromLog { log, end, last: after, page, passed_over }
    }
}

impl Feeds for Log {
    fn after(&self, after: u64, _: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed> {
        Box::new(FromLog::after(self.clone(), after, limits::PAGE_EVENTS_MAX, passed_over))
    }
}

#[async_trait]
impl Feed for FromLog {
    async fn next(&mut self) -> Result<EventPage, LogError> {
        let last = self.last;
        let gone = |_| LogError::Unusable("the log was closed".into());
        self.end.wait_for(|end| *end > last).await.map_err(gone)?;
        let page = match self.log.read_without(&self.passed_over, last, self.page).await {
            // What lies before the damage comes first.
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
