//! Who does what only one process may do for a log, like relaying it. A lease ends by itself, so that a process that died
//! is followed by another; its epoch grows whenever it is taken, so that one that was only asleep can be told from it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;

use crate::port::LogError;

/// How far the owner came: a hint for the next one, who has to verify it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The last position that is done.
    pub position: u64,
    /// Where that is in what the owner writes (a topic's offset after it).
    pub place: u64,
}

/// A lease that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub epoch: u64,
    pub mark: Mark,
}

/// Who holds, or last held, a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub owner: String,
    pub epoch: u64,
    pub position: u64,
    /// False when it has run out.
    pub holds: bool,
}

/// The leases of one log.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Keeps the lease of this epoch, or takes one that is free or this owner's own, under a new epoch; for `time` from
    /// some moment within this call. `None`: somebody else holds it.
    ///
    /// # Errors
    /// When the log's database does not answer: then it is not known who holds it.
    async fn hold(
        &self,
        role: &str,
        owner: &str,
        epoch: Option<u64>,
        time: Duration,
    ) -> Result<Option<Lease>, LogError>;

    /// Takes the lease under a new epoch, also from another owner, for `time` from some moment within this call.
    ///
    /// # Errors
    /// When the log's database does not answer: then it is not known who holds it.
    async fn seize(&self, role: &str, owner: &str, time: Duration) -> Result<Lease, LogError>;

    /// Saves how far the owner came. `false`: it no longer owns the lease, and nothing is saved.
    ///
    /// # Errors
    /// When the log's database does not answer.
    async fn mark(&self, role: &str, owner: &str, epoch: u64, mark: Mark) -> Result<bool, LogError>;

    /// Gives the lease of this epoch back before its time. Nothing happens where the owner no longer holds it.
    ///
    /// # Errors
    /// When the log's database does not answer: it ends by itself.
    async fn release(&self, role: &str, owner: &str, epoch: u64) -> Result<(), LogError>;

    /// Who holds, or last held, a lease; `None` if nobody ever did.
    ///
    /// # Errors
    /// When the log's database does not answer.
    async fn holder(&self, role: &str) -> Result<Option<Holder>, LogError>;
}

/// The leases of a log that one process holds alone: every one of them is its own.
pub struct Alone {
    last: AtomicU64,
}

impl Alone {
    /// `milliseconds`: since 1970. A later process has higher epochs than this one, which takes far fewer than one a
    /// millisecond.
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
