//! Ownership: one process at a time runs a policy, under a lease whose epoch guards its checkpoint.

use std::{sync::atomic::Ordering, time::Duration};

use event_core::policy::policy_caller;
use event_follow::{Checkpoint, Follower, HeldLease, Stop, Superseded};
use tokio_util::sync::CancellationToken;

use crate::{
    PoliciesError,
    deliver::DeliverySender,
    give::Giver,
    policies::{OwnPolicy, Policies},
    react::{OwnReactions, PolicyProgress},
};

/// The time after which another process takes over from one that died.
const LEASE: Duration = Duration::from_secs(5);
/// The interval at which a process tries to take a policy that no other process owns.
const ATTEND_EVERY: Duration = Duration::from_millis(500);

impl Policies {
    /// Runs every policy that no other process owns, until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let own = self.inner.own.iter().map(|own| self.attend(own, &stop));
        futures::future::join_all(own).await;
    }

    /// Owns a policy whenever no other process owns it.
    async fn attend(&self, own: &OwnPolicy, stop: &CancellationToken) {
        let role = format!("policy-{}", own.live.entry.name);
        while !stop.is_cancelled() {
            let taken = HeldLease::take(self.inner.log.leases(), &role, &self.inner.owner, LEASE).await;
            let ended = match taken {
                Ok(Some(lease)) => self.own_under(&lease, own, stop).await.map(|()| Some(lease)),
                Ok(None) => {
                    own.following.passed();
                    Ok(None)
                }
                Err(error) => Err(error.into()),
            };
            own.is_owned.store(false, Ordering::Release);
            match ended {
                Ok(Some(lease)) => {
                    if let Err(error) = lease.release().await {
                        tracing::warn!(role, %error, "the lease of a policy runs out by itself");
                    }
                }
                Ok(None) => {}
                // Trying again would not help: an operator has to decide.
                Err(PoliciesError::Unusable(why)) => {
                    tracing::error!(role, why, "a policy has stopped");
                    own.live.stop(Stop { position: 0, why });
                    stop.cancelled().await;
                }
                Err(error) => {
                    tracing::warn!(role, %error, "a policy could not be taken");
                    own.following.failed(error.to_string());
                }
            }
            stop.run_until_cancelled(tokio::time::sleep(ATTEND_EVERY)).await;
        }
    }

    /// Runs a policy until `stop`, or until another process has it.
    async fn own_under(
        &self,
        lease: &HeldLease,
        own: &OwnPolicy,
        stop: &CancellationToken,
    ) -> Result<(), PoliciesError> {
        let inner = &*self.inner;
        let name = own.live.entry.name;
        let claimed = inner.store.claim(name, lease_epoch(lease), inner.log.lineage(), self.end().await?).await?;
        let Some((owned, checkpoint)) = claimed else { return Ok(()) };
        own.live.position.store(checkpoint.position, Ordering::Relaxed);
        own.is_owned.store(true, Ordering::Release);
        tracing::info!(name, epoch = owned.epoch, position = checkpoint.position, "a policy is this process's now");
        let reactions = OwnReactions {
            live: &own.live,
            own: owned,
            store: &inner.store,
            services: inner.services,
            clock: inner.clock,
            progress: tokio::sync::Mutex::new(PolicyProgress::at(checkpoint)),
        };
        let follower =
            Follower { log: &inner.log, feeds: &*inner.feeds, subscriber: &reactions, troubles: &own.following };
        let caller = policy_caller(name).map_err(|malformed| PoliciesError::Unusable(malformed.to_string()))?;
        let giver = Giver {
            live: &own.live,
            store: &inner.store,
            engine: &inner.engine,
            caller,
            clock: inner.clock,
            troubles: &own.giving,
            sender: own.live.entry.gateway.map(|gateway| DeliverySender {
                name,
                gateway,
                log: &inner.log,
                keys: &inner.keys,
                receiver: &*inner.receiver,
                circuit: &own.circuit,
            }),
        };
        // Ends both parts when the process stops, or another one has the policy.
        let ends = stop.child_token();
        let follow = async {
            let followed = follower.follow(&ends).await;
            ends.cancel();
            followed
        };
        let lost = async {
            if ends.run_until_cancelled(lease.lost()).await.is_some() {
                ends.cancel();
            }
        };
        // `Superseded` means that another process has the policy now: this one stands by again.
        let (Ok(()) | Err(Superseded), (), (), ()) =
            tokio::join!(follow, giver.run(&ends), lost, reactions.save_checkpoints(&ends));
        tracing::info!(name, "a policy is this process's no more");
        Ok(())
    }

    /// The end of the log, where a policy without a checkpoint begins.
    async fn end(&self) -> Result<Checkpoint, PoliciesError> {
        let end = self.inner.log.end();
        if end == 0 {
            return Ok(Checkpoint::START);
        }
        let last = self.inner.log.read(end - 1, 1).await?;
        last.first().map(Checkpoint::at).ok_or_else(|| PoliciesError::Unusable(format!("the log has no event {end}")))
    }
}

fn lease_epoch(lease: &HeldLease) -> i64 {
    i64::try_from(lease.epoch()).unwrap_or(i64::MAX)
}
