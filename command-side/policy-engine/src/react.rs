//! A policy as the subscriber of a follower: the commands that follow from a batch of events are saved together with the
//! checkpoint, in one transaction.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use event_core::{Raw, Reactions, Service, Timestamp};
use event_follow::{Checkpoint, Handled, Stop, Subscriber, SubscriberFault};
use event_log::EventPage;
use tokio::sync::Notify;

use crate::{
    PoliciesError,
    policy::PolicyEntry,
    store::{OwnedPolicy, PendingReaction, PolicyStore, ReactionId},
};

/// The number of commands beyond which a batch takes no further event.
const BATCH_REACTIONS_MAX: usize = 5_000;

/// The part of a policy that lives as long as the process, whether it owns the policy or not.
pub(crate) struct LivePolicy {
    pub entry: PolicyEntry,
    pub position: AtomicU64,
    pub stopped: Mutex<Option<Stop>>,
    /// Wakes the part that gives commands: some may be due.
    pub due: Notify,
}

impl LivePolicy {
    pub fn stop(&self, stop: Stop) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
    }

    pub fn stopped(&self) -> Option<Stop> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A policy that this process owns.
pub(crate) struct OwnReactions<'a> {
    pub live: &'a LivePolicy,
    pub own: OwnedPolicy,
    pub store: &'a Arc<dyn PolicyStore>,
    pub services: &'static [&'static Service],
    pub clock: fn() -> Timestamp,
    pub checkpoint: tokio::sync::Mutex<Checkpoint>,
}

#[async_trait]
impl Subscriber for OwnReactions<'_> {
    fn name(&self) -> &str {
        self.live.entry.name
    }

    fn passed_over(&self) -> Vec<&'static str> {
        (self.live.entry.passed_over)(self.services)
    }

    async fn checkpoint(&self) -> Checkpoint {
        *self.checkpoint.lock().await
    }

    async fn handle(&self, page: EventPage) -> Result<Handled, SubscriberFault> {
        let mut checkpoint = self.checkpoint.lock().await;
        if page.after != checkpoint.position {
            return Err(SubscriberFault::Moved);
        }
        let (mut events, mut reactions, mut to) = (page.events.into_iter(), Vec::new(), *checkpoint);
        while reactions.len() < BATCH_REACTIONS_MAX
            && let Some(event) = events.next()
        {
            to = Checkpoint::at(&event);
            reactions.extend(self.reactions(event)?);
        }
        self.store.save(self.own, checkpoint.position, to, &reactions).await.map_err(|error| match error {
            PoliciesError::Superseded => SubscriberFault::Superseded,
            error @ (PoliciesError::Unusable(_)
            | PoliciesError::Unknown(_)
            | PoliciesError::Store(_)
            | PoliciesError::Log(_)) => SubscriberFault::Passing(error.to_string()),
        })?;
        *checkpoint = to;
        self.live.position.store(to.position, Ordering::Relaxed);
        if !reactions.is_empty() {
            self.live.due.notify_one();
        }
        let rest = EventPage { after: to.position, events: events.collect() };
        Ok(Handled { checkpoint: to, rest })
    }

    fn stopped(&self) -> Option<Stop> {
        let stopped = self.live.stopped();
        metrics::gauge!("policies_stopped", "policy" => self.own.name).set(f64::from(u8::from(stopped.is_some())));
        stopped
    }

    async fn stop(&self, stop: Stop) {
        self.live.stop(stop);
    }
}

impl OwnReactions<'_> {
    /// The commands that follow from an event.
    fn reactions(&self, event: Raw) -> Result<Vec<PendingReaction>, SubscriberFault> {
        let (id, position, correlation, recorded_at) = (event.id, event.position, event.correlation, event.recorded_at);
        let stop = |why: String| SubscriberFault::Stop(Stop { position, why });
        let reacted = catch_unwind(AssertUnwindSafe(|| (self.live.entry.react)(event)));
        let reactions: Reactions = match reacted {
            Ok(Ok(reactions)) => reactions,
            Ok(Err(undecodable)) => return Err(stop(undecodable.to_string())),
            Err(_) => return Err(stop("the policy panicked".into())),
        };
        if reactions.list().len() > Reactions::MAX {
            let (many, most) = (reactions.list().len(), Reactions::MAX);
            return Err(stop(format!("{many} commands follow from one event, and {most} is the maximum")));
        }
        let pending = |(place, reaction): (u32, event_core::Reaction)| PendingReaction {
            id: ReactionId { event: id, place },
            position,
            correlation,
            command: reaction.command.to_owned(),
            body: reaction.body.to_string(),
            // One that follows at once is given in the order of the events. The log's time never goes back, so it may be
            // ahead of a clock that was set back.
            next_at: reaction.due_at.unwrap_or(recorded_at.min((self.clock)())),
            attempts: 0,
            awaits: reaction.awaits,
        };
        Ok((0..).zip(reactions).map(pending).collect())
    }
}
