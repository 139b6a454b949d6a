//! The readiness of a process to accept requests.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::health::Health;

/// The obstacles to accepting requests: those of the start, of the end, and those that `Health` finds.
#[derive(Default)]
pub struct Readiness {
    caught_up: AtomicBool,
    draining: AtomicBool,
    /// The progress of the parts of the process.
    pub health: Health,
}

impl Readiness {
    /// Records that the views have reached the end that the log had at the start.
    pub fn caught_up(&self) {
        self.caught_up.store(true, Ordering::Release);
    }

    /// Records that new requests should go to other processes from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// The reasons for sending requests elsewhere; empty if there are none.
    pub fn obstacles(&self) -> Vec<String> {
        let ending = self.draining.load(Ordering::Acquire).then(|| "This process is ending.".to_owned());
        let beginning =
            (!self.caught_up.load(Ordering::Acquire)).then(|| "The views have not caught up yet.".to_owned());
        ending.into_iter().chain(beginning).chain(self.health.obstacles()).collect()
    }
}
