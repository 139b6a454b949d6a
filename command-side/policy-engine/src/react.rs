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
    pub progress: tokio::sync::Mutex<PolicyProgress>,
}

/// The progress of a policy that this process owns. Commands are saved together with the checkpoint. Events from which nothing follows
/// move it in memory, and `save_checkpoint` saves it from time to time: a transaction for each event and policy costs more than the
/// policies do. A process that takes over reads such events again, and again nothing follows.
pub(crate) struct PolicyProgress {
    pub reached: Checkpoint,
    /// The position that is saved.
    pub saved: u64,
}

impl PolicyProgress {
    pub fn at(saved: Checkpoint) -> PolicyProgress {
        PolicyProgress { reached: saved, saved: saved.position }
    }
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
        self.progress.lock().await.reached
    }

    async fn handle(&self, page: EventPage) -> Result<Handled, SubscriberFault> {
        let mut progress = self.progress.lock().await;
        if page.after != progress.reached.position {
            return Err(SubscriberFault::Moved);
        }
        let (mut events, mut reactions, mut to) = (page.events.into_iter(), Vec::new(), progress.reached);
        while reactions.len() < BATCH_REACTIONS_MAX
            && let Some(event) = events.next()
        {
            to = Checkpoint::at(&event);
            reactions.extend(self.reactions(event)?);
        }
        if !reactions.is_empty() {
            self.store.save(self.own, progress.saved, to, &reactions).await.map_err(|error| match error {
                PoliciesError::Superseded => SubscriberFault::Superseded,
                error @ (PoliciesError::Unusable(_)
                | PoliciesError::Unknown(_)
                | PoliciesError::Store(_)
                | PoliciesError::Log(_)) => SubscriberFault::Passing(error.to_string()),
            })?;
            progress.saved = to.position;
            self.live.due.notify_one();
        }
        progress.reached = to;
        self.live.position.store(to.position, Ordering::Relaxed);
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
    /// Saves the checkpoint if it was moved in memory only.
    ///
    /// # Errors
    /// When it cannot be saved, or when the policy has another owner.
    pub async fn save_checkpoint(&self) -> Result<(), PoliciesError> {
        let mut progress = self.progress.lock().await;
        if progress.saved != progress.reached.position {
            self.store.save(self.own, progress.saved, progress.reached, &[]).await?;
            progress.saved = progress.reached.position;
        }
        Ok(())
    }

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

#[cfg(test)]
mod tests {
    use event_core::{Reaction, event::Undecodable, testing::recorded};
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    const REACTS: &str = "test.reacts.v1";

    /// A command follows from events of one kind only.
    fn react(event: Raw) -> Result<Reactions, Undecodable> {
        let reaction = Reaction { command: "test", body: Value::Null, due_at: None, awaits: None };
        Ok(if &*event.kind == REACTS { Reactions::of(reaction) } else { Reactions::none() })
    }

    /// Claims the policy as a process that takes over, handles a page, and returns the checkpoint that the next one finds.
    async fn taken_over(store: &Arc<dyn PolicyStore>, lease: i64, kinds: &[&'static str], saves: bool) -> (u64, u64) {
        let lineage = Uuid::nil();
        let claim =
            async |lease| store.claim("test", lease, lineage, Checkpoint::START).await.expect("claimed").expect("free");
        let (own, checkpoint) = claim(lease).await;
        let entry = PolicyEntry { name: "test", passed_over: |_| Vec::new(), react, gateway: None };
        let live = LivePolicy { entry, position: AtomicU64::new(0), stopped: Mutex::default(), due: Notify::new() };
        let progress = tokio::sync::Mutex::new(PolicyProgress::at(checkpoint));
        let reactions =
            OwnReactions { live: &live, own, store, services: &[], clock: || Timestamp::from_micros(0), progress };
        let event = |(position, kind): (u64, &&'static str)| recorded(position, *kind, b"{}".as_slice().into());
        let events = (checkpoint.position + 1..).zip(kinds).map(event).collect();
        let page = EventPage { after: checkpoint.position, events };
        reactions.handle(page).await.map_err(|_| "it fails").expect("handled");
        if saves {
            reactions.save_checkpoint().await.expect("saved");
        }
        (reactions.checkpoint().await.position, claim(lease + 1).await.1.position)
    }

    #[tokio::test]
    async fn events_from_which_nothing_follows_are_no_transaction_each() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = crate::store::open(&format!("sqlite:{}", folder.path().display())).await.expect("opens");
        let (reacts, other) = (REACTS, "test.other.v1");
        assert_eq!(taken_over(&store, 1, &[other, other], false).await, (2, 0), "they are read again");
        assert_eq!(taken_over(&store, 3, &[other, other], true).await, (2, 2), "saved from time to time");
        assert_eq!(
            taken_over(&store, 5, &[other, reacts], false).await,
            (4, 4),
            "a command is saved with the checkpoint"
        );
        assert_eq!(store.count("test", None, 9).await.expect("counted"), 1);
    }
}
