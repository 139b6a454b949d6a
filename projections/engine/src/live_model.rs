//! One read model as this process keeps it: its live build, how far that is, and whether it belongs to the log's history.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use event_core::Timestamp;
use event_follow::{Checkpoint, Stop, Troubles};
use event_log::Log;
use tokio::sync::{Notify, watch};

use crate::{
    Model, ViewsError,
    rebuild_watch::RebuildWatch,
    rows::RowReads,
    store::{Build, BuildRecord},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    Reached,
    Late,
}

/// The runtime state of one read model.
pub struct LiveModel {
    pub model: Model,
    /// The kinds of events that it does not use.
    pub passed_over: Vec<&'static str>,
    /// The position of its rows; readers wait on it.
    pub position: watch::Sender<u64>,
    /// The time at which the last event in its rows was recorded, in microseconds; 0 if unknown.
    pub recorded_at: AtomicI64,
    /// The faults that prevent it from being followed in this process.
    pub troubles: Troubles,
    /// The rebuilds of it in this process.
    pub rebuilds: RebuildWatch,
    /// True while this process follows it, and its own state takes precedence over notifications.
    pub owned: AtomicBool,
    /// Wakes the follower of a stopped read model when a rebuild has replaced it.
    pub replaced: Notify,
    pub live: Mutex<LiveBuild>,
    pub rows: RowReads,
    /// The lock that every writer of rows holds.
    pub turn: tokio::sync::Mutex<WriteState>,
}

pub struct LiveBuild {
    pub build: Build,
    /// True if the database has this build, according to the last read.
    pub present: bool,
    pub stopped: Option<Stop>,
    /// The process that follows it, if there are several.
    pub owner: Option<String>,
}

pub struct WriteState {
    pub epoch: i64,
    pub checkpoint: Checkpoint,
}

impl LiveModel {
    pub fn live_build(&self) -> Build {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).build
    }

    pub fn stopped(&self) -> Option<Stop> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).stopped.clone()
    }

    /// Waits until the rows have reached `position`, or the read model has stopped before it.
    pub async fn reaches(&self, position: u64) -> Waited {
        // A stop also notifies the watch, so waiting callers see it.
        let mut touched = self.position.subscribe();
        let done = touched.wait_for(|reached| *reached >= position || self.stopped().is_some()).await;
        if done.is_ok_and(|reached| *reached >= position) { Waited::Reached } else { Waited::Late }
    }

    /// Takes over the state in the database. If this process follows the read model, only its follower is notified, and
    /// only if another build is live or another process owns it.
    pub fn see(&self, found: &BuildRecord, own: &str) {
        if self.owned.load(Ordering::Acquire) {
            let is_own = found.build == self.live_build().build && found.owner.as_deref() == Some(own);
            if !is_own {
                self.replaced.notify_one();
            }
            return;
        }
        self.stands(found);
    }

    /// Takes over the state in the database, even if this process follows the read model.
    pub fn stands(&self, found: &BuildRecord) {
        {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            (live.build.build, live.present) = (found.build, true);
            (live.stopped, live.owner) = (found.stopped.clone(), found.owner.clone());
        }
        self.recorded_at.store(found.checkpoint.recorded_at, Ordering::Relaxed);
        // Waiting callers check again whether it has moved or stopped.
        self.position.send_replace(found.checkpoint.position);
    }

    /// Records that the database has no live build of it.
    pub fn is_missing(&self) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).present = false;
        if self.owned.load(Ordering::Acquire) {
            self.replaced.notify_one();
        }
    }

    /// Records that its rows, which another process writes, have reached this position.
    pub fn advance(&self, position: u64, recorded_at: i64) {
        self.recorded_at.fetch_max(recorded_at, Ordering::Relaxed);
        self.position.send_if_modified(|reached| {
            let further = position > *reached;
            *reached = position.max(*reached);
            further
        });
    }

    pub fn stop(&self, stop: Stop) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).stopped = Some(stop);
        // Wakes the callers that wait for a position; they find that it will not be reached.
        self.position.send_modify(|_| {});
    }
}

/// The checkpoint at which a build continues, and the reason if it cannot.
///
/// # Errors
/// If the log cannot be read.
pub async fn prepare(log: &Log, found: &BuildRecord) -> Result<(Checkpoint, Option<Stop>), ViewsError> {
    let checkpoint = found.checkpoint;
    Ok(match belongs(log, checkpoint, found.lineage).await? {
        Ok(recorded_at) => (Checkpoint { recorded_at: recorded_at.micros(), ..checkpoint }, None),
        Err(why) => (checkpoint, Some(Stop { position: checkpoint.position, why })),
    })
}

/// Checks that the checkpoint belongs to the history of this log, and returns the time at which its event was recorded.
/// The log's database is asked, because the end of the log known here may be older than the checkpoint.
///
/// # Errors
/// If the log cannot be read, which does not mean that the checkpoint is foreign.
async fn belongs(
    log: &Log,
    checkpoint: Checkpoint,
    lineage: uuid::Uuid,
) -> Result<Result<Timestamp, String>, ViewsError> {
    if lineage != log.lineage() {
        return Ok(Err("the rows were made from a log of another lineage".into()));
    }
    let Some(before) = checkpoint.position.checked_sub(1) else { return Ok(Ok(Timestamp::EPOCH)) };
    match log.read(before, 1).await?.into_iter().next() {
        Some(event) if Some(event.id) == checkpoint.event_id => Ok(Ok(event.recorded_at)),
        Some(_) => Ok(Err("another event stands at the checkpoint: the log was restored to an older point".into())),
        None => Ok(Err(format!("the log ends at {}: it was restored to an older point", log.end_now().await?))),
    }
}
