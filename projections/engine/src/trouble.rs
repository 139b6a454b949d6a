//! What keeps a read model from going on, for those who look at its status.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use vocabulary::Timestamp;

/// A fault that passes, or is thought to: the follower tries again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub since: Timestamp,
    pub why: String,
}

/// The trouble of one read model, and since when it is behind and has not moved.
#[derive(Default)]
pub struct Troubles {
    now: Mutex<Option<Trouble>>,
    stalled: Mutex<Stalled>,
}

#[derive(Default)]
struct Stalled {
    position: u64,
    since: Option<Instant>,
}

impl Troubles {
    pub fn now(&self) -> Option<Trouble> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It failed, once more or for the first time.
    pub fn failed(&self, why: String) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.take().map_or_else(|| Timestamp::from_jiff(jiff::Timestamp::now()), |trouble| trouble.since);
        *now = Some(Trouble { since, why });
    }

    /// It went on, or has nothing left to do.
    pub fn passed(&self) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// For how long it was seen to be behind without moving: since the first look at which it was.
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
