//! Pages of a feed, read ahead: the next page is read while the previous one is being handled.

use event_log::{EventPage, LogError, feed::Feeds};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::Checkpoint;

/// The number of pages that are read ahead of the one being handled.
const PAGES_AHEAD_MAX: usize = 1;

pub type PageRead = Result<EventPage, LogError>;

/// Reads pages ahead in a task, which ends when this is dropped.
pub struct Ahead {
    /// The position before the next page.
    pub after: u64,
    /// The part of the last page that did not fit into the batch.
    rest: Option<EventPage>,
    pages: mpsc::Receiver<PageRead>,
    reading: JoinHandle<()>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Ahead {
    pub fn of(feeds: &dyn Feeds, passed_over: Vec<&'static str>, from: Checkpoint) -> Ahead {
        let mut feed = feeds.after(from.position, from.event_id, passed_over);
        let (to, pages) = mpsc::channel(PAGES_AHEAD_MAX);
        let reading = tokio::spawn(async move {
            let mut failed = false;
            while !failed {
                let page = feed.next().await;
                failed = page.is_err();
                if to.send(page).await.is_err() {
                    return;
                }
            }
        });
        Ahead { after: from.position, rest: None, pages, reading }
    }

    /// The rest of the last page, or the next one; `None` when the feed has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<PageRead> {
        match self.rest.take() {
            Some(rest) => Some(Ok(rest)),
            None => self.pages.recv().await,
        }
    }

    /// Notes that the last page was handled up to position `until`, and keeps the rest of it for the next call.
    pub fn handled(&mut self, until: u64, rest: EventPage) {
        self.after = until;
        self.rest = Some(rest).filter(|rest| !rest.is_empty());
    }
}
