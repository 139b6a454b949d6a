//! The port by which pages watch the system and start rebuilds.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use event_core::Timestamp;
use http_edge::Problem;
use serde::{Deserialize, Serialize};

/// Watches the processes of the system, and starts rebuilds of read models.
#[async_trait]
pub trait Operations: Send + Sync {
    /// The state of the whole system. It may be a second old, so that many viewers cause one look.
    async fn state(&self) -> Arc<SystemState>;

    /// Starts a rebuild of a read model and does not wait for its end: the state has its progress.
    ///
    /// # Errors
    /// If there is no such read model, or no process that follows read models answers.
    async fn rebuild(&self, name: &str) -> Result<(), Problem>;

    /// The samples of the last minutes of this process, the newest last.
    fn samples(&self) -> VecDeque<ProcessSample>;
}

/// The state of the system, merged from the answers of its processes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SystemState {
    pub processes: Vec<ProcessState>,
    pub relays: Vec<RelayState>,
    pub read_models: Vec<ReadModelState>,
    pub policies: Vec<PolicyReport>,
    /// A sentence for each thing that is not well, without a full stop.
    pub unwell: Vec<String>,
    /// True if other processes share the read models, and this process does not know their addresses.
    pub is_partial: bool,
}

/// A process of the system.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProcessState {
    /// The address of its listener for operators.
    pub address: String,
    pub roles: String,
    /// The reasons for which it is not ready, as complete sentences.
    pub obstacles: Vec<String>,
    /// The reason for which nothing is known about it.
    pub silence: Option<String>,
}

/// A relay of a log in one process. One relay of each log leads, and the others stand by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RelayState {
    /// The address of its process.
    pub address: String,
    pub log: String,
    pub leads: bool,
    pub epoch: Option<u64>,
    pub position: Option<u64>,
    pub lag_events: Option<u64>,
    pub lag_ms: Option<u64>,
    /// The reason why it has stopped.
    pub stopped: Option<String>,
    /// The current fault, from which it recovers by itself.
    pub trouble: Option<String>,
}

/// A read model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadModelState {
    pub name: String,
    pub version: u32,
    pub build: i64,
    /// True if the database has this build. Without it, queries return no rows.
    pub live_build: bool,
    pub position: u64,
    pub lag_events: u64,
    /// The age of the last event in its rows; absent if unknown.
    pub lag_ms: Option<u64>,
    pub stalled_ms: u64,
    /// The name of the process that follows it, if several processes share the read models.
    pub owner: Option<String>,
    /// The address of that process, if it has answered.
    pub followed_at: Option<String>,
    /// `following`, `catching-up`, `retrying`, `stopped` or `rebuilding`.
    pub state: String,
    /// The reason for which it has stopped, or tries again.
    pub why: Option<String>,
    /// The position of the event at which it has stopped.
    pub stopped_at: Option<u64>,
    /// The time since which it tries again.
    pub since: Option<String>,
    pub rebuild: Option<RebuildState>,
    /// The reason why the last rebuild failed.
    pub rebuild_failed: Option<String>,
}

/// A policy, as the process reports it that runs it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyReport {
    pub name: String,
    /// The address of the process; absent if no process runs it.
    pub followed_at: Option<String>,
    /// `following`, `standby`, `retrying` or `stopped`.
    pub state: String,
    /// The reason for which it has stopped, or tries again.
    pub why: Option<String>,
    /// The position of the event at which it has stopped.
    pub stopped_at: Option<u64>,
    /// The time since which it tries again.
    pub since: Option<String>,
    pub position: u64,
    pub lag_events: u64,
    /// The number of commands that wait until they are due or done.
    pub waiting: u64,
    /// The number of commands that failed too often, and wait for an operator.
    pub parked: u64,
}

/// The progress of a rebuild.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RebuildState {
    pub events_done: u64,
    pub events_total: u64,
    pub events_per_second: f64,
    pub seconds_left: f64,
}

/// A process at one time, and its work since the sample before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProcessSample {
    pub at: Timestamp,
    /// The lag of the slowest read model; absent if unknown.
    pub lag_ms: Option<u64>,
    pub commands_per_second: f64,
    /// The time within which 99 % of the commands were answered; absent if there were none.
    pub command_p99_ms: Option<f64>,
}

impl SystemState {
    /// The read model of this name, in its newest version.
    pub fn read_model(&self, name: &str) -> Option<&ReadModelState> {
        self.read_models.iter().filter(|model| model.name == name).max_by_key(|model| model.version)
    }

    /// True if a read model is being rebuilt.
    pub fn rebuilds(&self) -> bool {
        self.read_models.iter().any(|model| model.rebuild.is_some())
    }
}

/// A process of an earlier version reports fewer members; an absent `live_build` means that there is one.
impl Default for ReadModelState {
    fn default() -> ReadModelState {
        ReadModelState {
            name: String::new(),
            version: 0,
            build: 0,
            live_build: true,
            position: 0,
            lag_events: 0,
            lag_ms: None,
            stalled_ms: 0,
            owner: None,
            followed_at: None,
            state: String::new(),
            why: None,
            stopped_at: None,
            since: None,
            rebuild: None,
            rebuild_failed: None,
        }
    }
}
