//! How the read models are, as operators and metrics see them.

use event_core::Timestamp;
use serde::Serialize;

/// One read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelStatus {
    pub name: &'static str,
    pub version: u32,
    pub build: i64,
    /// Whether the views' database has this build; without it queries have no rows.
    pub live_build: bool,
    /// The last event that is in its rows.
    pub position: u64,
    /// Events of the log that are not in its rows yet.
    pub lag_events: u64,
    /// How long ago the last event in its rows was recorded, in milliseconds; 0 when there is nothing to catch up, nothing
    /// where it is not known.
    pub lag_ms: Option<u64>,
    /// For how long it has been seen, by those who asked for its status, to be behind without moving, in milliseconds.
    pub stalled_ms: u64,
    /// The process that follows it, where several share the views; nobody, for the moment, if it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(flatten)]
    pub state: ModelState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ModelState {
    Following,
    /// It is more than a page of the log behind.
    CatchingUp,
    /// This process could not follow it, or could not learn how far others have come with it, and tries again.
    Retrying {
        since: Timestamp,
        why: String,
    },
    /// It goes on serving what it has. It tries again when the process starts.
    Stopped {
        stopped_at: u64,
        why: String,
    },
    Rebuilding,
}
