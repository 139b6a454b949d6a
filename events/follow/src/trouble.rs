//! The faults that keep a follower from making progress, for its status.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use event_core::Timestamp;

/// A fault that is regarded as temporary: the operation is retried until it succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub since: Timestamp,
    pub why: String,
}

/// The current faults of one read model, and how long it has been behind without progress.
#[derive(Default)]
pub struct Troubles {
    /// A fault in following the log.
    following: Mutex<Option<Trouble>>,
    /// A fault in reading the progress of the other processes.
    looking: Mutex<Option<Trouble>>,
    stalled: Mutex<Stalled>,
}

#[derive(Default)]
struct Stalled {
    position: u64,
    since: Option<Instant>,
}

impl Troubles {
    pub fn now(&self) -> Option<Trouble> {
        current(&self.following).or_else(|| current(&self.looking))
    }

    /// Notes that the read model could not be updated, for the first time or again.
    pub fn failed(&self, why: String) {
        enter(&self.following, Some(why));
    }

    /// Notes that the read model made progress, or has nothing left to do.
    pub fn passed(&self) {
        enter(&self.following, None);
    }

    /// Notes that the views' database did not return the state of the read model.
    pub fn unseen(&self, why: String) {
        enter(&self.looking, Some(why));
    }

    /// Notes that the views' database returned the state of the read model.
    pub fn seen(&self) {
        enter(&self.looking, None);
    }

    /// The milliseconds for which it has been behind without progress, counted from the first call that found it so.
    pub fn stalled_ms(&self, position: u64, lag_events: u64) -> u64 {
        let mut stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        if lag_events == 0 {
            stalled.since = None;
            return 0;
        }
        if stalled.since.is_none() || stalled.position != position {
            *stalled = Stalled { position, since: Some(Instant::now()) };
        }
        let since = stalled.since.map_or(0, |since| since.elapsed().as_millis());
        u64::try_from(since).unwrap_or(u64::MAX)
    }
}

fn current(trouble: &Mutex<Option<Trouble>>) -> Option<Trouble> {
    trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn enter(trouble: &Mutex<Option<Trouble>>, why: Option<String>) {
    let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
    let since = trouble.take().map(|trouble| trouble.since);
    *trouble = why.map(|why| {
        let since = since.unwrap_or_else(|| Timestamp::from_jiff(jiff::Timestamp::now()));
        Trouble { since, why }
    });
}
