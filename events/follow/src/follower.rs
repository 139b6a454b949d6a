//! The follower: reads pages after the checkpoint, gives them to its subscriber, retries after temporary faults, and
//! stops at an event that cannot be handled.

use std::time::Duration;

use async_trait::async_trait;
use event_log::{EventPage, Log, LogError, feed::Feeds};
use tokio_util::sync::CancellationToken;

use crate::{
    Checkpoint, Troubles,
    ahead::{Ahead, PageRead},
};

/// The pause before a retry after a fault of a database, a disk or the feed.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// An event that a subscriber cannot handle. It is tried again when the process starts again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub position: u64,
    pub why: String,
}

/// The reason why a page was not handled. Nothing of the page was saved.
#[derive(Debug)]
pub enum SubscriberFault {
    /// A temporary fault. The page is tried again after `RETRY_AFTER`.
    Passing(String),
    /// The event cannot be handled. The events before it are handled first, and then the follower stops.
    Stop(Stop),
    /// The page does not follow the checkpoint, because something else has moved the checkpoint in the meantime.
    Moved,
    /// The work belongs to another owner now.
    Superseded,
}

/// The result of handling a page.
pub struct Handled {
    /// The new checkpoint.
    pub checkpoint: Checkpoint,
    /// The rest of the page, for the next batch.
    pub rest: EventPage,
}

/// The work that events cause: rows of a read model, commands of a policy, messages to another system.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// The name in log lines.
    fn name(&self) -> &str;

    /// The kinds of events that the subscriber does not need.
    fn passed_over(&self) -> Vec<&'static str>;

    /// The checkpoint to continue from. The follower asks for it before each page.
    async fn checkpoint(&self) -> Checkpoint;

    /// Handles the first events of a page, as many as fit into a batch, and saves their effect and the checkpoint in
    /// one transaction. A checkpoint after events without an effect may be saved later. The page is not empty.
    ///
    /// # Errors
    /// After an error nothing has been saved.
    async fn handle(&self, page: EventPage) -> Result<Handled, SubscriberFault>;

    /// The event at which the subscriber has stopped, also if that was before `follow` was called.
    fn stopped(&self) -> Option<Stop>;

    /// Stops the subscriber at an event, until the process starts again.
    async fn stop(&self, stop: Stop);
}

/// Another owner has the work now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another owner has this work now")]
pub struct Superseded;

/// Follows a log for a subscriber.
pub struct Follower<'a> {
    pub log: &'a Log,
    pub feeds: &'a dyn Feeds,
    pub subscriber: &'a dyn Subscriber,
    /// Takes the temporary faults, for the status.
    pub troubles: &'a Troubles,
}

impl Follower<'_> {
    /// Follows the log until `stop`. A batch that has begun is finished.
    ///
    /// # Errors
    /// `Superseded` when another owner has the work.
    pub async fn follow(&self, stop: &CancellationToken) -> Result<(), Superseded> {
        let mut ahead: Option<Ahead> = None;
        loop {
            if let Some(stopped) = self.subscriber.stopped() {
                let name = self.subscriber.name();
                tracing::error!(name, position = stopped.position, why = stopped.why, "a follower has stopped");
                stop.cancelled().await;
                return Ok(());
            }
            let from = self.subscriber.checkpoint().await;
            if from.position >= self.log.end() {
                self.troubles.passed();
            }
            let mut next = match ahead.take().filter(|ahead| ahead.after == from.position) {
                Some(ahead) => ahead,
                None => Ahead::of(self.feeds, self.subscriber.passed_over(), from),
            };
            let page = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                page = next.next() => page,
            };
            match self.step(from, page).await {
                Ok(None) => ahead = Some(next),
                Ok(Some(handled)) => {
                    self.troubles.passed();
                    next.handled(handled.checkpoint.position, handled.rest);
                    ahead = Some(next);
                }
                Err(SubscriberFault::Moved) => {}
                Err(SubscriberFault::Superseded) => return Err(Superseded),
                Err(SubscriberFault::Stop(at)) => self.subscriber.stop(at).await,
                Err(SubscriberFault::Passing(why)) => {
                    let name = self.subscriber.name();
                    tracing::warn!(name, why, "a follower failed and tries again");
                    self.troubles.failed(why);
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(RETRY_AFTER) => {}
                    }
                }
            }
        }
    }

    /// Handles a batch: a page, or a part of it. `None` for a page without events.
    async fn step(&self, from: Checkpoint, page: Option<PageRead>) -> Result<Option<Handled>, SubscriberFault> {
        let after = from.position;
        let page = match page {
            Some(Ok(page)) => page,
            Some(Err(LogError::OtherHistory(why))) => return Err(SubscriberFault::Stop(Stop { position: after, why })),
            Some(Err(error @ LogError::Damaged { .. })) => {
                return Err(SubscriberFault::Stop(Stop { position: after + 1, why: error.to_string() }));
            }
            Some(Err(error)) => return Err(SubscriberFault::Passing(error.to_string())),
            None => return Err(SubscriberFault::Passing("the feed has ended".into())),
        };
        if page.is_empty() {
            return Ok(None);
        }
        if page.after != after {
            // Handling it would leave events out, or handle them twice.
            let gap = format!("the checkpoint is {after}, and the feed's page follows {}", page.after);
            return Err(SubscriberFault::Passing(gap));
        }
        match self.subscriber.handle(page).await {
            Ok(handled) => Ok(Some(handled)),
            Err(SubscriberFault::Stop(stop)) => {
                self.handle_until(after, stop.position.saturating_sub(1)).await?;
                Err(SubscriberFault::Stop(stop))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Handles the events after position `after`, up to and including position `last`.
    async fn handle_until(&self, mut after: u64, last: u64) -> Result<(), SubscriberFault> {
        let passed_over = self.subscriber.passed_over();
        while after < last {
            let read = self.log.read_range(&passed_over, after, last).await;
            let mut page = read.map_err(|error| SubscriberFault::Passing(error.to_string()))?;
            if page.is_empty() {
                return Err(SubscriberFault::Passing(format!("the log cannot be read from {after} to {last}")));
            }
            while !page.is_empty() {
                let handled = self.subscriber.handle(page).await?;
                (after, page) = (handled.checkpoint.position, handled.rest);
            }
        }
        Ok(())
    }
}
