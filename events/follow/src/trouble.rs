//! The faults that keep a read model from going on, for its status.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use event_core::Timestamp;

/// A fault that passes, or is thought to: what failed is tried again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub since: Timestamp,
    pub why: String,
}

/// The troubles of one read model, and since when it is behind and has not moved.
#[derive(Default)]
pub struct Troubles {
    /// Of following it.
    following: Mutex<Option<Trouble>>,
    /// Of learning how far others have come with it.
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

    /// It could not go on, once more or for the first time.
    pub fn failed(&self, why: String) {
        enter(&self.following, Some(why));
    }

    /// It went on, or has nothing left to do.
    pub fn passed(&self) {
        enter(&self.following, None);
    }

    /// The views' database did not tell how it stands.
    pub fn unseen(&self, why: String) {
        enter(&self.looking, Some(why));
    }

    /// The views' database told how it stands.
    pub fn seen(&self) {
        enter(&self.looking, None);
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
