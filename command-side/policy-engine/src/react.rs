//! A policy as the subscriber of a follower: the commands that follow from a batch of events are saved together with the
//! checkpoint, in one transaction.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use event_core::{Raw, Reactions, Service, Timestamp};
use event_follow::{Checkpoint, Handled, Stop, Subscriber, SubscriberFault};
use event_log::EventPage;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    PoliciesError,
    policy::PolicyEntry,
    store::{OwnedPolicy, PendingReaction, PolicyStore, ReactionId},
};

/// The number of commands beyond which a batch takes no further event.
const BATCH_REACTIONS_MAX: usize = 5_000;

/// The interval at which the checkpoint is saved while no commands follow.
const SAVE_EVERY: Duration = Duration::from_secs(1);

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
/// move it in memory, and `save_checkpoints` saves it from time to time: a transaction for each event and policy costs more than the
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
    /// Saves the checkpoint every second until `ends`. Cancels it when another process has the policy, or when the database went back
    /// behind the saved checkpoint: the policy is then claimed again, at the checkpoint that is there.
    pub async fn save_checkpoints(&self, ends: &CancellationToken) {
        while ends.run_until_cancelled(tokio::time::sleep(SAVE_EVERY)).await.is_some() {
            match self.save_checkpoint().await {
                Ok(()) => {}
                Err(PoliciesError::Superseded) => ends.cancel(),
                // Nothing is lost: it is saved the next time.
                Err(error) => tracing::warn!(name = self.own.name, %error, "the checkpoint of a policy was not saved"),
            }
        }
    }

    /// Saves the checkpoint if it was moved in memory only.
    async fn save_checkpoint(&self) -> Result<(), PoliciesError> {
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

    const KINDS: fn(&[&Service]) -> Vec<&'static str> = |_| Vec::new();

    fn live() -> LivePolicy {
        let entry = PolicyEntry { name: "test", passed_over: KINDS, react, gateway: None };
        LivePolicy { entry, position: AtomicU64::new(0), stopped: Mutex::default(), due: Notify::new() }
    }

    /// The policy as a process that takes over claims it.
    async fn taken_over<'a>(live: &'a LivePolicy, store: &'a Arc<dyn PolicyStore>, lease: i64) -> OwnReactions<'a> {
        let claimed = store.claim("test", lease, Uuid::nil(), Checkpoint::START).await.expect("claimed");
        let (own, checkpoint) = claimed.expect("free");
        let progress = tokio::sync::Mutex::new(PolicyProgress::at(checkpoint));
        OwnReactions { live, own, store, services: &[], clock: || Timestamp::from_micros(0), progress }
    }

    /// Handles a page with events of these kinds. Returns the checkpoint.
    async fn handles(reactions: &OwnReactions<'_>, kinds: &[&'static str]) -> u64 {
        let after = reactions.checkpoint().await.position;
        let event = |(position, kind): (u64, &&'static str)| recorded(position, *kind, b"{}".as_slice().into());
        let page = EventPage { after, events: (after + 1..).zip(kinds).map(event).collect() };
        let handled = reactions.handle(page).await.map_err(|fault| format!("{fault:?}"));
        handled.expect("handled").checkpoint.position
    }

    #[tokio::test]
    async fn events_from_which_nothing_follows_are_no_transaction_each() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = crate::store::open(&format!("sqlite:{}", folder.path().display())).await.expect("opens");
        let (reacts, other, live) = (REACTS, "test.other.v1", live());
        let first = taken_over(&live, &store, 1).await;
        assert_eq!(handles(&first, &[other, other]).await, 2);
        let second = taken_over(&live, &store, 2).await;
        assert_eq!(second.checkpoint().await.position, 0, "they are read again");
        assert_eq!((handles(&second, &[other, other]).await, handles(&second, &[other, reacts]).await), (2, 4));
        let third = taken_over(&live, &store, 3).await;
        assert_eq!(third.checkpoint().await.position, 4, "a command is saved with the checkpoint");
        assert_eq!(store.count("test", None, 9).await.expect("counted"), 1);
        assert_eq!(handles(&third, &[other]).await, 5);
        let ends = CancellationToken::new();
        let saves = third.save_checkpoints(&ends);
        let saved = async {
            while third.progress.lock().await.saved < 5 {
                tokio::time::sleep(SAVE_EVERY / 10).await;
            }
            ends.cancel();
        };
        tokio::join!(saves, saved);
        assert_eq!(taken_over(&live, &store, 4).await.checkpoint().await.position, 5, "saved after a while");
    }

    /// The trap: a policy without commands to give would go on for another owner, or never save again.
    #[tokio::test]
    async fn a_checkpoint_that_is_not_where_it_was_ends_the_ownership() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = crate::store::open(&format!("sqlite:{}", folder.path().display())).await.expect("opens");
        let live = live();
        let first = taken_over(&live, &store, 1).await;
        handles(&first, &["test.other.v1"]).await;
        let _second = taken_over(&live, &store, 2).await;
        let ends = CancellationToken::new();
        first.save_checkpoints(&ends).await;
        assert!(ends.is_cancelled());
    }
}
