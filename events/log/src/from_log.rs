//! The feed directly from a log, and its followers' shared one.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    EventPage, Log,
    feed::{Feed, Feeds},
    port::{LogError, limits},
};

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
