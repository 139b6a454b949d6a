//! A held lease. A task of its own renews it, so that neither slow work nor a slow database of the work delays the
//! renewal.

use std::{sync::Arc, time::Duration};

use event_log::{LogError, lease::Leases};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The right of one owner to do the work of a role, until it is released, lost or dropped. A dropped lease expires by
/// itself.
pub struct HeldLease {
    leases: Arc<dyn Leases>,
    role: String,
    owner: String,
    epoch: u64,
    lost: CancellationToken,
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
        let lost = CancellationToken::new();
        let (role, owner) = (role.to_owned(), owner.to_owned());
        let renewing = tokio::spawn({
            let (leases, role, owner, lost) = (Arc::clone(&leases), role.clone(), owner.clone(), lost.clone());
            async move {
                loop {
                    tokio::time::sleep(time / 3).await;
                    match leases.hold(&role, &owner, Some(epoch), time).await {
                        Ok(Some(lease)) if lease.epoch == epoch => {}
                        Ok(_) => return lost.cancel(),
                        // This is not a loss: the next write states the epoch, and is refused if another owner has
                        // taken the lease.
                        Err(error) => tracing::warn!(role, %error, "a lease was not renewed"),
                    }
                }
            }
        });
        HeldLease { leases, role, owner, epoch, lost, renewing }
    }

    pub fn role(&self) -> &str {
        &self.role
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
    /// When the leases' database does not answer. The lease then expires by itself.
    pub async fn release(self) -> Result<(), LogError> {
        self.renewing.abort();
        self.leases.release(&self.role, &self.owner, self.epoch).await
    }
}
