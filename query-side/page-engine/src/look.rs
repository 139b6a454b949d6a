//! Looks: a hash of what a live page shows, by which a change is noticed.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    time::Duration,
};

use serde::Serialize;

/// The longest time between two looks: holds expire by the clock, without an event.
pub(crate) const LOOK_EVERY_MAX: Duration = Duration::from_secs(15);

/// A hash of what a page shows, by which a change is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// `None` if the value cannot be written as JSON, which is a bug.
    pub fn of(shown: &impl Serialize) -> Option<Fingerprint> {
        let json = serde_json::to_vec(shown).ok()?;
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        Some(Fingerprint(hasher.finish()))
    }
}

/// A look of a live page at its content.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub shown: Fingerprint,
    /// The time within which the next look is due, also without an event.
    pub next_within: Duration,
}

impl From<Fingerprint> for Look {
    fn from(shown: Fingerprint) -> Look {
        Look { shown, next_within: LOOK_EVERY_MAX }
    }
}
