//! A held lease. A task of its own renews it, so that neither slow work nor a slow database of the work delays the
//! renewal.

use std::{sync::Arc, time::Duration};

use event_log::{LogError, lease::Leases};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// The time limit of a release. The end of a process has a limit of three seconds for all its leases, and a lease that is not released
/// expires.
const RELEASE_TIME_MAX: Duration = Duration::from_secs(1);

/// The right of one owner to do the work of a role, until it is released, lost or dropped. A dropped lease expires by
/// itself.
pub struct HeldLease {
    leases: Arc<dyn Leases>,
    role: String,
    owner: String,
    epoch: u64,
    lost: CancellationToken,
    released: CancellationToken,
    renewing: JoinHandle<()>,
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl HeldLease {
    /// Takes the lease of a role for `time`, and renews it after each third of that time, so that two answers may be
    /// lost. `None` if another owner holds it.
    ///
    /// # Errors
    /// When the leases' database does not answer.
    pub async fn take(
        leases: Arc<dyn Leases>,
        role: &str,
        owner: &str,
        time: Duration,
    ) -> Result<Option<HeldLease>, LogError> {
        let taken = leases.hold(role, owner, None, time).await?;
        Ok(taken.map(|lease| HeldLease::keep(leases, role, owner, lease.epoch, time)))
    }

    /// Takes the lease as `take` does, but also from another owner, which loses it.
    ///
    /// # Errors
    /// As `take`.
    pub async fn seize(
        leases: Arc<dyn Leases>,
        role: &str,
        owner: &str,
        time: Duration,
    ) -> Result<HeldLease, LogError> {
        let lease = leases.seize(role, owner, time).await?;
        Ok(HeldLease::keep(leases, role, owner, lease.epoch, time))
    }

    fn keep(leases: Arc<dyn Leases>, role: &str, owner: &str, epoch: u64, time: Duration) -> HeldLease {
        let (lost, released) = (CancellationToken::new(), CancellationToken::new());
        let (role, owner) = (role.to_owned(), owner.to_owned());
        let renewing = tokio::spawn({
            let (leases, role, owner) = (Arc::clone(&leases), role.clone(), owner.clone());
            let (lost, released) = (lost.clone(), released.clone());
            async move {
                while released.run_until_cancelled(tokio::time::sleep(time / 3)).await.is_some() {
                    match leases.hold(&role, &owner, Some(epoch), time).await {
                        Ok(Some(_)) => {}
                        Ok(None) => return lost.cancel(),
                        // This is not a loss: the next write states the epoch, and is refused if another owner has
                        // taken the lease.
                        Err(error) => tracing::warn!(role, %error, "a lease was not renewed"),
                    }
                }
            }
        });
        HeldLease { leases, role, owner, epoch, lost, released, renewing }
    }

    pub fn role(&self) -> &str {
        &self.role
    }

    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The epoch of the lease, which grows whenever the lease is taken.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Waits until another owner has the lease.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Releases the lease, so that the next owner need not wait until it expires.
    ///
    /// # Errors
    /// When the leases' database does not answer within `RELEASE_TIME_MAX`. The lease then expires by itself.
    pub async fn release(mut self) -> Result<(), LogError> {
        self.released.cancel();
        let release = async {
            // A renewal that is under way ends first: after the release it would hold the lease again.
            drop((&mut self.renewing).await);
            self.leases.release(&self.role, &self.owner, self.epoch).await
        };
        let late = |_| Err(LogError::Unusable("the lease was not released in time".into()));
        timeout(RELEASE_TIME_MAX, release).await.unwrap_or_else(late)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use event_log::lease::{Holder, Lease, Mark};

    use super::*;

    /// A database that grants a lease, and never answers again.
    struct SilentLeases;

    #[async_trait]
    impl Leases for SilentLeases {
        async fn hold(&self, _: &str, _: &str, epoch: Option<u64>, _: Duration) -> Result<Option<Lease>, LogError> {
            match epoch {
                None => Ok(Some(Lease { epoch: 1, mark: Mark::default() })),
                Some(_) => std::future::pending().await,
            }
        }

        async fn seize(&self, _: &str, _: &str, _: Duration) -> Result<Lease, LogError> {
            std::future::pending().await
        }

        async fn mark(&self, _: &str, _: &str, _: u64, _: Mark) -> Result<bool, LogError> {
            std::future::pending().await
        }

        async fn release(&self, _: &str, _: &str, _: u64) -> Result<(), LogError> {
            std::future::pending().await
        }

        async fn holder(&self, _: &str) -> Result<Option<Holder>, LogError> {
            std::future::pending().await
        }
    }

    /// The trap: a process that ends would wait for a database that does not answer.
    #[tokio::test(start_paused = true)]
    async fn a_release_has_a_limit_also_while_a_renewal_is_under_way() {
        let time = Duration::from_secs(9);
        for pause in [Duration::ZERO, time / 2] {
            let lease = HeldLease::take(Arc::new(SilentLeases), "relay", "one", time).await.expect("an answer");
            let lease = lease.expect("it is free");
            tokio::time::sleep(pause).await;
            let began = tokio::time::Instant::now();
            lease.release().await.expect_err("no answer");
            assert_eq!(began.elapsed().as_secs(), RELEASE_TIME_MAX.as_secs(), "after {pause:?}");
        }
    }
}
