//! Gives the commands of a policy when they are due, and saves their results.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use command_engine::{Engine, Failure, Origin};
use event_core::{Caller, Reaction, Timestamp, policy::RELEASE};
use event_follow::{RETRY_AFTER, Troubles};
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    PoliciesError,
    deliver::{DeliveryFault, DeliverySender, Sent},
    react::LivePolicy,
    store::{PendingReaction, PolicyHold, PolicyStore, ReactionId, Settled},
};

/// The number of commands that are given in one turn; their results are saved together.
const TURN_MAX: u32 = 1_000;
/// The number of commands waiting for a name that one turn releases. The others of the name are released in the next turns, so that no
/// transaction grows with their number.
const RELEASED_MAX: u32 = 1_000;
/// The number of commands of one policy that are in the engine at the same time.
const GIVEN_AT_ONCE_MAX: usize = 500;
/// The number of deliveries of one gateway that are on their way at the same time.
const SENT_AT_ONCE_MAX: usize = 32;
/// The pause of a delivery that found the circuit open.
const CIRCUIT_PAUSE: Duration = Duration::from_secs(20);
/// The number of failures after which a command is parked. With the pauses below, it is parked after half an hour.
pub const ATTEMPTS_MAX: u32 = 10;
/// The pause after the first failure. It doubles with each further one.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_secs(10 * 60);
/// The interval at which the clock is compared with the time of the next command: a clock may be set.
const CLOCK_EVERY: Duration = Duration::from_millis(250);
/// The interval at which the table is asked again: another process may have given commands back to be retried.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Refused and discarded commands are kept for this time.
const KEPT_DAYS: i64 = 30;
/// The number of old rows that one turn deletes.
const SWEEP_MAX: u32 = 500;

/// Gives the commands of one policy, or sends the deliveries of one gateway.
pub(crate) struct Giver<'a> {
    pub live: &'a LivePolicy,
    pub store: &'a Arc<dyn PolicyStore>,
    pub engine: &'a Engine,
    pub caller: Caller,
    pub clock: fn() -> Timestamp,
    pub troubles: &'a Troubles,
    /// `None` for a policy.
    pub sender: Option<DeliverySender<'a>>,
}

impl Giver<'_> {
    /// Gives commands until `stop`. A turn that has begun is finished.
    pub async fn run(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(true) => {
                    self.troubles.passed();
                    continue;
                }
                Ok(false) => {
                    self.troubles.passed();
                    self.until_due(stop).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = pause {
                let name = self.live.entry.name;
                tracing::warn!(name, %error, "a policy's commands could not be read or saved");
                self.troubles.failed(error.to_string());
                stop.run_until_cancelled(tokio::time::sleep(RETRY_AFTER)).await;
            }
        }
    }

    /// Gives the commands that are due, and saves their results. False if there were none, or if they have to wait.
    async fn turn(&self) -> Result<bool, PoliciesError> {
        let name = self.live.entry.name;
        let due = self.store.due(name, (self.clock)(), TURN_MAX).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let results: Vec<(ReactionId, Settled)> =
            stream::iter(due).map(|reaction| self.done(reaction)).buffered(self.at_once_max()).collect().await;
        self.store.settle(name, &results).await?;
        Ok(true)
    }

    fn at_once_max(&self) -> usize {
        if self.sender.is_some() { SENT_AT_ONCE_MAX } else { GIVEN_AT_ONCE_MAX }
    }

    async fn done(&self, reaction: PendingReaction) -> (ReactionId, Settled) {
        let id = reaction.id;
        let settled = match &self.sender {
            Some(sender) => self.sent(sender, &reaction).await,
            None if reaction.command == RELEASE => self.released(&reaction).await,
            None => {
                let body = Bytes::from(reaction.body.clone());
                let given = self.give(&reaction, &reaction.command, body).await;
                given.map_or_else(|failure| after(failure, reaction.attempts, (self.clock)()), |()| Settled::Done)
            }
        };
        let outcome = match &settled {
            Settled::Done => "done",
            Settled::Again { .. } => "failed",
            Settled::Held { hold, .. } => hold.as_str(),
        };
        if let Settled::Held { hold: PolicyHold::Parked, why, .. } = &settled {
            let (policy, command) = (self.live.entry.name, reaction.command);
            tracing::error!(policy, command, event = %id.event, place = id.place, why, "a command of a policy is parked");
        }
        metrics::counter!("policies_commands_total", "policy" => self.live.entry.name, "outcome" => outcome)
            .increment(1);
        (id, settled)
    }

    /// Makes commands due that wait for the name in the body. It is done when none is left.
    async fn released(&self, reaction: &PendingReaction) -> Settled {
        let now = (self.clock)();
        let Ok(name) = serde_json::from_str::<String>(&reaction.body) else {
            return again_or_parked("it has no name to release".to_owned(), reaction.attempts, now);
        };
        match self.store.release(self.live.entry.name, &name, reaction.position, now, RELEASED_MAX).await {
            Ok(released) if released < u64::from(RELEASED_MAX) => Settled::Done,
            Ok(_) => Settled::Again { at: now, attempts: reaction.attempts, why: String::new() },
            // The failure is not counted, because its cause is the store and not this command.
            Err(error) => Settled::Again { at: later(now, PAUSE), attempts: reaction.attempts, why: error.to_string() },
        }
    }

    async fn give(&self, reaction: &PendingReaction, command: &str, body: Bytes) -> Result<(), Failure> {
        let id = reaction.id;
        let origin = Origin {
            causation: Some(id.event),
            correlation: Some(reaction.correlation),
            // Unique within the policy, which is the caller.
            ..Origin::new(self.caller.clone(), format!("{}.{}", id.event.simple(), id.place))
        };
        self.engine.execute(command, body, origin).await.map(drop)
    }

    /// Sends a delivery, and gives the command that records it.
    async fn sent(&self, sender: &DeliverySender<'_>, reaction: &PendingReaction) -> Settled {
        let now = (self.clock)();
        let held = |hold, why: &str| Settled::Held { hold, at: now, why: why.to_owned() };
        if sender.circuit.is_open() {
            let why = "the receiver does not answer: it is tried again later".to_owned();
            return Settled::Again { at: later(now, jittered(CIRCUIT_PAUSE)), attempts: reaction.attempts, why };
        }
        let event = match sender.send(reaction, now).await {
            (Sent::Delivered, event) => event,
            (Sent::Nothing, _) => return held(PolicyHold::Refused, "there is nothing to send any more"),
            (Sent::Fault(DeliveryFault::Away(why)), _) => {
                let pause = jittered(pause_after(reaction.attempts));
                return Settled::Again { at: later(now, pause), attempts: reaction.attempts, why };
            }
            (Sent::Fault(DeliveryFault::Failed(why)), _) => return again_or_parked(why, reaction.attempts, now),
        };
        match event.map(sender.gateway.delivered).transpose() {
            Ok(Some(Some(Reaction { command, body, .. }))) => {
                match self.give(reaction, command, body.to_string().into()).await {
                    // The receiver has the delivery, also if a rule refuses to record it.
                    Ok(()) | Err(Failure::Rejected(_) | Failure::RejectedBefore(_)) => {}
                    Err(failure) => return after(failure, reaction.attempts, now),
                }
            }
            Ok(Some(None) | None) => {}
            Err(undecodable) => return again_or_parked(undecodable.to_string(), reaction.attempts, now),
        }
        held(PolicyHold::Delivered, "")
    }

    /// Waits until a command is due, or until the table has to be asked again.
    async fn until_due(&self, stop: &CancellationToken) -> Result<(), PoliciesError> {
        let name = self.live.entry.name;
        self.store.sweep(name, (self.clock)().plus_days(-KEPT_DAYS), SWEEP_MAX).await?;
        let next_at = self.store.next_at(name).await?;
        let is_due = async {
            loop {
                if next_at.is_some_and(|next_at| next_at <= (self.clock)()) {
                    return;
                }
                tokio::time::sleep(CLOCK_EVERY).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.live.due.notified() => {}
            () = is_due => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        Ok(())
    }
}

/// The result of a command that failed, and that had failed `attempts` times before.
fn after(failure: Failure, attempts: u32, now: Timestamp) -> Settled {
    let held = |hold, why: String| Settled::Held { hold, at: now, why };
    match failure {
        Failure::Rejected(rejected) | Failure::RejectedBefore(rejected) => {
            held(PolicyHold::Refused, rejected.rejection.code.to_owned())
        }
        Failure::Erased => held(PolicyHold::Refused, failure.to_string()),
        // The command of this event was given in another form: by an earlier release, before its checkpoint was lost.
        Failure::KeyReused => held(PolicyHold::Refused, failure.to_string()),
        // The cause lies outside this command, so the failure is not counted: a log that is away for an hour parks
        // nothing.
        Failure::Overloaded | Failure::Unavailable => {
            Settled::Again { at: later(now, PAUSE), attempts, why: failure.to_string() }
        }
        Failure::UnknownCommand
        | Failure::UnfitKey
        | Failure::Unreadable(_)
        | Failure::TextTooLong(_)
        | Failure::Denied(_)
        | Failure::StreamFull
        | Failure::Contended
        | Failure::Broken => again_or_parked(failure.to_string(), attempts, now),
    }
}

/// The result of one that failed by its own fault.
fn again_or_parked(why: String, attempts: u32, now: Timestamp) -> Settled {
    if attempts + 1 >= ATTEMPTS_MAX {
        return Settled::Held { hold: PolicyHold::Parked, at: now, why };
    }
    Settled::Again { at: later(now, pause_after(attempts)), attempts: attempts + 1, why }
}

/// The pause after one more failure.
fn pause_after(attempts: u32) -> Duration {
    PAUSE.saturating_mul(1 << attempts.min(16)).min(PAUSE_MAX)
}

/// A pause of half to one and a half times this length, so that many deliveries do not come back at the same moment.
fn jittered(pause: Duration) -> Duration {
    let random = Uuid::new_v4().as_u128() % 1_000;
    pause.mul_f64(0.5 + random as f64 / 1_000.0)
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_command_is_given_again_with_longer_pauses_and_then_parked() {
        let now = Timestamp::from_micros(1_000_000);
        let mut pauses = Vec::new();
        let mut attempts = 0;
        let parked = loop {
            match after(Failure::Broken, attempts, now) {
                Settled::Again { at, attempts: counted, .. } => {
                    pauses.push((at.micros() - now.micros()) / 1_000_000);
                    attempts = counted;
                }
                Settled::Held { hold, .. } => break hold,
                Settled::Done => panic!("it failed"),
            }
        };
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert_eq!((parked, attempts), (PolicyHold::Parked, ATTEMPTS_MAX - 1));
    }

    #[test]
    fn a_command_is_not_parked_because_the_log_is_away() {
        let now = Timestamp::from_micros(0);
        let again = after(Failure::Unavailable, ATTEMPTS_MAX, now);
        assert!(matches!(again, Settled::Again { attempts: ATTEMPTS_MAX, .. }), "{again:?}");
    }
}
