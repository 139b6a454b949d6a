//! The status of the policies, for operators and metrics.

use event_core::Timestamp;
use serde::Serialize;

/// One policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyStatus {
    pub name: &'static str,
    #[serde(flatten)]
    pub state: PolicyState,
    /// The position of the last event whose commands are saved; 0 in a process that does not own the policy.
    pub position: u64,
    /// The number of events of the log after that position, if this process owns the policy.
    pub lag_events: u64,
    /// The number of commands that wait until they are due or done, up to 10,000.
    pub waiting: u64,
    /// The number of commands that failed too often, up to 10,000. They wait for an operator.
    pub parked: u64,
    /// The time of the earliest command that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// The time of this status, by the clock of the policies.
    pub now: Timestamp,
}

impl PolicyStatus {
    /// True in the process that runs the policy.
    pub fn is_following(&self) -> bool {
        self.state == PolicyState::Following
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum PolicyState {
    /// This process runs it.
    Following,
    /// Another process runs it, or may take it.
    Standby,
    /// This process could not follow the log, or could not read or save commands, and tries again.
    Retrying { since: Timestamp, why: String },
    /// It cannot go on from an event. It tries again when the process restarts.
    Stopped { stopped_at: u64, why: String },
}
