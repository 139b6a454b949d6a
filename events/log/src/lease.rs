//! Leases for work that only one process may do per log, such as relaying. A lease expires by itself, so that another
//! process takes over from one that died. Its epoch grows whenever it is taken, so that an owner that was only paused
//! can be told apart from the new one.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;

use crate::port::LogError;

/// The progress of the owner: a hint for the next owner, which has to verify it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The last position that has been handled.
    pub position: u64,
    /// The place of that position in the owner's output (the offset after it in a topic).
    pub place: u64,
}

/// A held lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub epoch: u64,
    pub mark: Mark,
}

/// The current or last owner of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub owner: String,
    pub epoch: u64,
    pub position: u64,
    /// False if the lease has expired.
    pub holds: bool,
}

/// The leases of one log, or of another database.
#[async_trait]
pub trait Leases: Send + Sync {
    /// With an epoch: keeps this owner's lease of that epoch, unless another owner has taken it. Without: takes a lease
    /// that is free, has expired, or belongs to this owner, under a new epoch. `time` runs from some moment within this
    /// call. `None` if another owner holds it, or has held it since.
    ///
    /// # Errors
    /// When the log's database does not answer. The owner of the lease is then not known.
    async fn hold(
        &self,
        role: &str,
        owner: &str,
        epoch: Option<u64>,
        time: Duration,
    ) -> Result<Option<Lease>, LogError>;

    /// Takes the lease under a new epoch, also from another owner. `time` runs from some moment within this call.
    ///
    /// # Errors
    /// When the log's database does not answer. The owner of the lease is then not known.
    async fn seize(&self, role: &str, owner: &str, time: Duration) -> Result<Lease, LogError>;

    /// Saves the owner's progress. False if it no longer owns the lease: then nothing is saved.
    ///
    /// # Errors
    /// When the log's database does not answer.
    async fn mark(&self, role: &str, owner: &str, epoch: u64, mark: Mark) -> Result<bool, LogError>;

    /// Releases the lease of this epoch before its time. Nothing happens if the owner no longer holds it.
    ///
    /// # Errors
    /// When the log's database does not answer. The lease then expires by itself.
    async fn release(&self, role: &str, owner: &str, epoch: u64) -> Result<(), LogError>;

    /// The current or last owner of a lease; `None` if it was never taken.
    ///
    /// # Errors
    /// When the log's database does not answer.
    async fn holder(&self, role: &str) -> Result<Option<Holder>, LogError>;
}

/// The leases of a log that only one process has open: this process gets every lease.
pub struct Alone {
    last: AtomicU64,
}

impl Alone {
    /// `milliseconds`: since 1970. A later process has higher epochs than this one, because a process takes far fewer
    /// leases than one per millisecond.
    pub fn since(milliseconds: u64) -> Alone {
        Alone { last: AtomicU64::new(milliseconds) }
    }
}

#[async_trait]
impl Leases for Alone {
    async fn hold(&self, _: &str, _: &str, epoch: Option<u64>, _: Duration) -> Result<Option<Lease>, LogError> {
        let epoch = epoch.unwrap_or_else(|| self.last.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(Some(Lease { epoch, mark: Mark::default() }))
    }

    async fn seize(&self, role: &str, owner: &str, time: Duration) -> Result<Lease, LogError> {
        let lease = self.hold(role, owner, None, time).await?;
        lease.ok_or_else(|| LogError::Unusable("a lease was taken by another owner".into()))
    }

    async fn mark(&self, _: &str, _: &str, _: u64, _: Mark) -> Result<bool, LogError> {
        Ok(true)
    }

    async fn release(&self, _: &str, _: &str, _: u64) -> Result<(), LogError> {
        Ok(())
    }

    async fn holder(&self, _: &str) -> Result<Option<Holder>, LogError> {
        Ok(None)
    }
}
