//! A held lease, on leases in memory and a clock that the test advances.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use event_follow::HeldLease;
use event_log::{
    LogError,
    lease::{Holder, Lease, Leases, Mark},
};
use tokio::time::Instant;

const TIME: Duration = Duration::from_secs(6);

/// The lease of one role, under the rules of the PostgreSQL store.
#[derive(Default)]
struct OneRole(Mutex<Row>);

#[derive(Default)]
struct Row {
    owner: String,
    epoch: u64,
    until: Option<Instant>,
    renewals: usize,
    is_silent: bool,
}

impl Row {
    fn is_held(&self) -> bool {
        self.until.is_some_and(|until| until > Instant::now())
    }

    fn given(&mut self, owner: &str, time: Duration) -> Lease {
        (self.owner, self.until) = (owner.to_owned(), Some(Instant::now() + time));
        Lease { epoch: self.epoch, mark: Mark::default() }
    }
}

#[async_trait]
impl Leases for OneRole {
    async fn hold(&self, _: &str, owner: &str, epoch: Option<u64>, time: Duration) -> Result<Option<Lease>, LogError> {
        let mut row = self.0.lock().expect("the row");
        if row.is_silent {
            return Err(LogError::Unusable("no answer".into()));
        }
        if let Some(epoch) = epoch {
            row.renewals += 1;
            let is_own = row.owner == owner && row.epoch == epoch;
            return Ok(is_own.then(|| row.given(owner, time)));
        }
        if row.owner != owner && row.is_held() {
            return Ok(None);
        }
        row.epoch += 1;
        Ok(Some(row.given(owner, time)))
    }

    async fn seize(&self, _: &str, owner: &str, time: Duration) -> Result<Lease, LogError> {
        let mut row = self.0.lock().expect("the row");
        row.epoch += 1;
        Ok(row.given(owner, time))
    }

    async fn mark(&self, _: &str, _: &str, _: u64, _: Mark) -> Result<bool, LogError> {
        Ok(true)
    }

    async fn release(&self, _: &str, owner: &str, epoch: u64) -> Result<(), LogError> {
        let mut row = self.0.lock().expect("the row");
        if row.owner == owner && row.epoch == epoch {
            row.until = None;
        }
        Ok(())
    }

    async fn holder(&self, _: &str) -> Result<Option<Holder>, LogError> {
        Ok(None)
    }
}

async fn take(leases: &Arc<OneRole>, owner: &str) -> Option<HeldLease> {
    HeldLease::take(leases.clone(), "work", owner, TIME).await.expect("answers")
}

/// True if it is lost within two times of a lease.
async fn is_lost(lease: &HeldLease) -> bool {
    tokio::time::timeout(TIME * 2, lease.lost()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_for_as_long_as_it_is_held_and_one_owner_has_it() {
    let leases = Arc::new(OneRole::default());
    let held = take(&leases, "one").await.expect("it is free");
    assert!(!is_lost(&held).await);
    assert!(leases.0.lock().expect("the row").renewals >= 5, "after each third of its time");
    assert!(take(&leases, "two").await.is_none());
    held.release().await.expect("answers");
    let next = take(&leases, "two").await.expect("it was given back");
    assert_eq!((next.role(), next.epoch()), ("work", 2));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_dropped_runs_out_by_itself() {
    let leases = Arc::new(OneRole::default());
    drop(take(&leases, "one").await.expect("it is free"));
    assert!(take(&leases, "two").await.is_none());
    tokio::time::advance(TIME).await;
    assert!(take(&leases, "two").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_owner_learns_that_its_lease_was_seized() {
    let leases = Arc::new(OneRole::default());
    let held = take(&leases, "one").await.expect("it is free");
    let seized = HeldLease::seize(leases.clone(), "work", "two", TIME).await.expect("answers");
    assert!(is_lost(&held).await);
    assert!(!is_lost(&seized).await);
    held.release().await.expect("answers");
    assert!(take(&leases, "three").await.is_none(), "an earlier owner gives nothing back");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_does_not_answer_is_not_a_loss() {
    let leases = Arc::new(OneRole::default());
    let held = take(&leases, "one").await.expect("it is free");
    leases.0.lock().expect("the row").is_silent = true;
    assert!(!is_lost(&held).await);
    leases.0.lock().expect("the row").is_silent = false;
    assert!(!is_lost(&held).await);
}
