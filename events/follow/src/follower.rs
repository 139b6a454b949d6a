//! The follower: reads pages after the checkpoint, gives them to its subscriber, tries again what failed for a while, and
//! stops at an event that cannot be handled.

use std::time::Duration;

use async_trait::async_trait;
use event_log::{EventPage, Log, LogError, feed::Feeds};
use tokio_util::sync::CancellationToken;

use crate::{
    Checkpoint, Troubles,
    ahead::{Ahead, PageRead},
};

/// How long a follower waits before it tries again what a database, a disk or the feed refused.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// An event at which a subscriber cannot go on. It starts again there when the process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub position: u64,
    pub why: String,
}

/// Why a page was not handled. Nothing of it was saved.
#[derive(Debug)]
pub enum SubscriberFault {
    /// It is tried again after `RETRY_AFTER`.
    Passing(String),
    /// The event cannot be handled. The events before it are handled first, and then the follower stops.
    Stop(Stop),
    /// The page does not follow the checkpoint, which something else has moved meanwhile.
    Moved,
    /// The work belongs to another owner now.
    Superseded,
}

/// What a subscriber has done with a page.
pub struct Handled {
    /// The last event whose effect is saved now.
    pub checkpoint: Checkpoint,
    /// The rest of the page, for the next batch.
    pub rest: EventPage,
}

/// The work that events cause: rows of a read model, commands of a policy, messages to another system.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// For log lines.
    fn name(&self) -> &str;

    /// Kinds of events that need not be read.
    fn passed_over(&self) -> Vec<&'static str>;

    /// Where it goes on. What reads the feed asks again before each page.
    async fn checkpoint(&self) -> Checkpoint;

    /// Handles the first events of a page, as many as it takes for a batch, and saves their effect and the checkpoint in one
    /// transaction. The page is not empty.
    ///
    /// # Errors
    /// Then nothing was saved.
    async fn handle(&self, page: EventPage) -> Result<Handled, SubscriberFault>;

    /// The event at which it stopped, now or before it was followed.
    fn stopped(&self) -> Option<Stop>;

    /// It stops at an event, until it is followed anew.
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
    /// The faults that it tries to get over are told here.
    pub troubles: &'a Troubles,
}

impl Follower<'_> {
    /// Follows until `stop`. A batch that has begun is finished.
    ///
    /// # Errors
    /// `Superseded`, when the subscriber was.
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
                    tracing::warn!(name, why, "a follower could not go on and tries again");
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
        match self.subscriber.handle(page).await {
            Ok(handled) => Ok(Some(handled)),
            Err(SubscriberFault::Stop(stop)) => {
                self.handle_until(after, stop.position.saturating_sub(1)).await?;
                Err(SubscriberFault::Stop(stop))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Handles the events between two positions, `last` included.
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
