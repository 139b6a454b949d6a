//! The port of the tables. It decides nothing about time: its callers compute it.

use std::fmt;

use async_trait::async_trait;
use event_core::Timestamp;
use event_follow::Checkpoint;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::PoliciesError;

/// The right to move the checkpoint of a policy, until another process claims it.
#[derive(Debug, Clone, Copy)]
pub struct OwnedPolicy {
    pub name: &'static str,
    pub epoch: i64,
}

/// A command that follows from an event, by the event and its place among the commands that follow from it.
///
/// As text: `<event>.<place>`, like `019ac0de-1f2e-7abc-8def-0123456789ab.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReactionId {
    pub event: Uuid,
    pub place: u32,
}

impl fmt::Display for ReactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.event, self.place)
    }
}

impl From<ReactionId> for String {
    fn from(id: ReactionId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for ReactionId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<ReactionId, &'static str> {
        let id = text
            .split_once('.')
            .and_then(|(event, place)| Some(ReactionId { event: event.parse().ok()?, place: place.parse().ok()? }));
        id.ok_or("the id of a command is <event>.<place>, as `policies held` lists it")
    }
}

/// A command that is to be given.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingReaction {
    pub id: ReactionId,
    /// The position of the event.
    pub position: u64,
    pub correlation: Uuid,
    pub command: String,
    /// The command's JSON.
    pub body: String,
    /// The time from which it may be given.
    pub next_at: Timestamp,
    /// The number of times that it failed.
    pub attempts: u32,
    /// The name whose release it waits for; `None` if it follows by itself.
    pub awaits: Option<String>,
}

impl PendingReaction {
    /// The state in which it is saved.
    pub(super) fn state(&self) -> String {
        self.awaits.as_deref().map_or_else(|| "waiting".to_owned(), awaiting)
    }
}

/// The state of commands that wait for the release of `name`. The name is a part of it, so that the index finds them.
pub(super) fn awaiting(name: &str) -> String {
    format!("after {name}")
}

/// The state of a command or delivery that is not given any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyHold {
    /// It failed too often. An operator gives it again or discards it.
    Parked,
    /// A rule rejected it, because the state had changed since its event.
    Refused,
    /// An operator discarded it.
    Discarded,
    /// A delivery that the receiver has.
    Delivered,
}

impl PolicyHold {
    pub const fn as_str(self) -> &'static str {
        match self {
            PolicyHold::Parked => "parked",
            PolicyHold::Refused => "refused",
            PolicyHold::Discarded => "discarded",
            PolicyHold::Delivered => "delivered",
        }
    }
}

/// A command that is parked, was refused or was discarded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldReaction {
    pub policy: String,
    pub id: ReactionId,
    pub position: u64,
    pub command: String,
    pub attempts: u32,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// A rejection's code, a failure, or the reason for discarding it.
    pub why: String,
}

/// The result of giving a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// It is done, and its row goes.
    Done,
    /// It is given again at this time.
    Again {
        at: Timestamp,
        attempts: u32,
        why: String,
    },
    Held {
        hold: PolicyHold,
        at: Timestamp,
        why: String,
    },
}

/// Every call is limited in time. Calls that find or change rows by state use an index, however many rows wait.
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// Claims a policy under a new epoch, and returns its checkpoint. A policy without a checkpoint begins at `begin`.
    /// `lease` is the epoch of the lease under which it is claimed. A store that only one process has open needs no
    /// lease, and counts by itself. `None` if the policy was claimed under this lease or a later one already.
    ///
    /// # Errors
    /// `Unusable` when its checkpoint belongs to a log of another lineage.
    async fn claim(
        &self,
        name: &'static str,
        lease: i64,
        lineage: Uuid,
        begin: Checkpoint,
    ) -> Result<Option<(OwnedPolicy, Checkpoint)>, PoliciesError>;

    /// Moves the checkpoint on, and adds the commands that follow from the events in between, in one transaction. A
    /// command that is there already stays as it is.
    ///
    /// # Errors
    /// `Superseded` when the policy has another epoch or another checkpoint. Nothing is saved then.
    async fn save(
        &self,
        own: OwnedPolicy,
        from: u64,
        to: Checkpoint,
        reactions: &[PendingReaction],
    ) -> Result<(), PoliciesError>;

    /// The commands that are due at `now`, the earliest first, `rows_max` at most.
    async fn due(&self, policy: &str, now: Timestamp, rows_max: u32) -> Result<Vec<PendingReaction>, PoliciesError>;

    /// The time of the earliest command that waits.
    async fn next_at(&self, policy: &str) -> Result<Option<Timestamp>, PoliciesError>;

    /// Makes commands due at `now` that wait for `name` and follow from an event before this position, `rows_max` at most, the
    /// oldest first. Returns their number.
    async fn release(
        &self,
        policy: &str,
        name: &str,
        before: u64,
        now: Timestamp,
        rows_max: u32,
    ) -> Result<u64, PoliciesError>;

    /// Saves the results of commands in one transaction.
    async fn settle(&self, policy: &str, results: &[(ReactionId, Settled)]) -> Result<(), PoliciesError>;

    /// The number of commands in this state, counted up to `count_max`; without a state, of those that wait.
    async fn count(&self, policy: &str, hold: Option<PolicyHold>, count_max: u32) -> Result<u64, PoliciesError>;

    /// The commands in this state, the oldest first, `rows_max` at most.
    async fn held(&self, policy: &str, hold: PolicyHold, rows_max: u32) -> Result<Vec<HeldReaction>, PoliciesError>;

    /// Gives parked commands again at `now`: one, or all. Returns their number.
    async fn retry(&self, policy: &str, one: Option<ReactionId>, now: Timestamp) -> Result<u64, PoliciesError>;

    /// Discards parked commands: one, or all. Returns their number.
    async fn discard(
        &self,
        policy: &str,
        one: Option<ReactionId>,
        now: Timestamp,
        why: &str,
    ) -> Result<u64, PoliciesError>;

    /// Deletes refused, discarded and delivered ones that are in their state since `before` or longer, `rows_max` at most.
    async fn sweep(&self, policy: &str, before: Timestamp, rows_max: u32) -> Result<u64, PoliciesError>;
}

/// The checkpoint of this policy belongs to a log of another lineage.
pub(super) fn other_lineage(policy: &str) -> PoliciesError {
    let why = format!(
        "the checkpoint of the policy {policy} belongs to another log: its commands would be of another history. Without the \
         tables of the policies (policies.db, or the schema policies), they begin at the end of this log"
    );
    PoliciesError::Unusable(why)
}
