//! The rebuild of a read model as others see it: its progress while this process runs it, and the reason if the last one
//! failed.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// The progress of a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RebuildProgress {
    pub events_done: u64,
    pub events_total: u64,
    pub events_per_second: f64,
    pub seconds_left: f64,
}

/// One for each read model.
#[derive(Default)]
pub struct RebuildWatch(Mutex<RebuildSeen>);

#[derive(Default)]
enum RebuildSeen {
    #[default]
    Nothing,
    Running(RebuildProgress),
    /// The live build at that time: once another one is live, a later rebuild has succeeded, here or elsewhere.
    Failed {
        live_build: i64,
        why: String,
    },
}

/// A rebuild that runs. It has ended when this is dropped, also if its caller cancels it.
pub struct RunningRebuild<'a>(&'a RebuildWatch);

impl RebuildWatch {
    /// Marks a rebuild of `total` events as running. `None` if one runs already.
    pub fn begin(&self, total: u64) -> Option<RunningRebuild<'_>> {
        let begun = RebuildProgress { events_done: 0, events_total: total, events_per_second: 0.0, seconds_left: 0.0 };
        self.with(|seen| match seen {
            RebuildSeen::Running(_) => None,
            RebuildSeen::Nothing | RebuildSeen::Failed { .. } => {
                *seen = RebuildSeen::Running(begun);
                Some(RunningRebuild(self))
            }
        })
    }

    pub fn runs(&self) -> bool {
        self.progress().is_some()
    }

    /// The newest progress of the rebuild that runs.
    pub fn progress(&self) -> Option<RebuildProgress> {
        self.with(|seen| match seen {
            RebuildSeen::Running(progress) => Some(*progress),
            RebuildSeen::Nothing | RebuildSeen::Failed { .. } => None,
        })
    }

    /// The reason why the last rebuild failed, as long as the same build is live.
    pub fn failed(&self, live_build: i64) -> Option<String> {
        self.with(|seen| match seen {
            RebuildSeen::Failed { live_build: then, why } if *then == live_build => Some(why.clone()),
            RebuildSeen::Failed { .. } | RebuildSeen::Running(_) | RebuildSeen::Nothing => None,
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut RebuildSeen) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RunningRebuild<'_> {
    pub fn step(&self, progress: RebuildProgress) {
        self.0.with(|seen| *seen = RebuildSeen::Running(progress));
    }

    pub fn failed(self, live_build: i64, why: String) {
        self.0.with(|seen| *seen = RebuildSeen::Failed { live_build, why });
    }
}

impl Drop for RunningRebuild<'_> {
    fn drop(&mut self) {
        self.0.with(|seen| {
            if matches!(seen, RebuildSeen::Running(_)) {
                *seen = RebuildSeen::Nothing;
            }
        });
    }
}
