//! The status of the read models, for operators and metrics.

use event_core::Timestamp;
use serde::Serialize;

use crate::rebuild_watch::RebuildProgress;

/// One read model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelStatus {
    pub name: &'static str,
    pub version: u32,
    pub build: i64,
    /// True if the views' database has this build. Without it, queries return no rows.
    pub live_build: bool,
    /// The position of the last event that its rows contain.
    pub position: u64,
    /// The number of events of the log that its rows do not contain yet.
    pub lag_events: u64,
    /// The age of the last event in its rows, in milliseconds. 0 if the read model is up to date, absent if unknown.
    pub lag_ms: Option<u64>,
    /// The time for which the read model was behind without moving, in milliseconds, as observed by status requests.
    pub stalled_ms: u64,
    /// The process that follows it, if several processes share the views. Absent while no process follows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(flatten)]
    pub state: ModelState,
    /// The progress of the rebuild that this process runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<RebuildProgress>,
    /// The reason why the last rebuild in this process failed, until the next one starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuild_failed: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ModelState {
    Following,
    /// It is more than one page of the log behind.
    CatchingUp,
    /// This process could not follow it, or could not read the progress of other processes, and tries again.
    Retrying {
        since: Timestamp,
        why: String,
    },
    /// It continues to serve its existing rows. It tries again when the process restarts.
    Stopped {
        stopped_at: u64,
        why: String,
    },
    Rebuilding,
}
