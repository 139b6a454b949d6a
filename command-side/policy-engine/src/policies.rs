//! The policies of a process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use command_engine::Engine;
use event_core::{Service, Timestamp, personal::SubjectKeyRing};
use event_follow::{Trouble, Troubles};
use event_log::{Log, feed::Feeds};

use crate::{
    PoliciesError,
    deliver::{Circuit, Receiver},
    policy::PolicyEntry,
    react::LivePolicy,
    status::{PolicyState, PolicyStatus},
    store::{self, HeldReaction, PolicyHold, PolicyStore, ReactionId},
};

/// The time for which a policy may be behind without moving.
const STALL_MAX: Duration = Duration::from_secs(15);
/// Commands are counted up to this number.
const COUNT_MAX: u32 = 10_000;
/// Rows of one list.
pub const ROWS_MAX: u32 = 1_000;

/// The ports of the policies.
pub struct PolicyOptions {
    /// Takes their commands. It decides on `log`.
    pub engine: Engine,
    /// The source of the events that they follow.
    pub feeds: Arc<dyn Feeds>,
    /// The name under which this process owns policies. No other process has it.
    pub owner: String,
    /// The clock by which commands are due.
    pub clock: fn() -> Timestamp,
    /// The keys of persons, for the contents of deliveries.
    pub keys: Arc<dyn SubjectKeyRing>,
    /// Takes the deliveries of gateways.
    pub receiver: Arc<dyn Receiver>,
}

/// The policies on one log. Cheap to clone.
#[derive(Clone)]
pub struct Policies {
    pub(crate) inner: Arc<PoliciesInner>,
}

pub(crate) struct PoliciesInner {
    pub log: Log,
    pub store: Arc<dyn PolicyStore>,
    pub services: &'static [&'static Service],
    pub engine: Engine,
    pub feeds: Arc<dyn Feeds>,
    pub owner: String,
    pub clock: fn() -> Timestamp,
    pub keys: Arc<dyn SubjectKeyRing>,
    pub receiver: Arc<dyn Receiver>,
    pub own: Vec<OwnPolicy>,
}

/// A policy, as this process runs it.
pub(crate) struct OwnPolicy {
    pub live: LivePolicy,
    pub is_owned: AtomicBool,
    /// The faults in following the log.
    pub following: Troubles,
    /// The faults in giving commands.
    pub giving: Troubles,
    pub circuit: Circuit,
}

impl Policies {
    /// Opens the policies' tables in the database of this log. Nothing runs before `run`.
    ///
    /// # Errors
    /// When the tables cannot be opened, or have not been migrated.
    pub async fn open(
        log_url: &str,
        log: Log,
        services: &'static [&'static Service],
        entries: Vec<PolicyEntry>,
        options: PolicyOptions,
    ) -> Result<Policies, PoliciesError> {
        let store = store::open(log_url).await?;
        let own = |entry| OwnPolicy {
            live: LivePolicy {
                entry,
                position: AtomicU64::new(0),
                stopped: Default::default(),
                due: Default::default(),
            },
            is_owned: AtomicBool::new(false),
            following: Troubles::default(),
            giving: Troubles::default(),
            circuit: Circuit::default(),
        };
        let own = entries.into_iter().map(own).collect();
        let PolicyOptions { engine, feeds, owner, clock, keys, receiver } = options;
        let inner = PoliciesInner { log, store, services, engine, feeds, owner, clock, keys, receiver, own };
        Ok(Policies { inner: Arc::new(inner) })
    }

    /// The status of each policy.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub async fn status(&self) -> Result<Vec<PolicyStatus>, PoliciesError> {
        let mut statuses = Vec::new();
        for own in &self.inner.own {
            statuses.push(self.status_of(own).await?);
        }
        Ok(statuses)
    }

    async fn status_of(&self, own: &OwnPolicy) -> Result<PolicyStatus, PoliciesError> {
        let (inner, name) = (&*self.inner, own.live.entry.name);
        let is_owned = own.is_owned.load(Ordering::Acquire);
        let now = (inner.clock)();
        let waiting = inner.store.count(name, None, COUNT_MAX).await?;
        let parked = inner.store.count(name, Some(PolicyHold::Parked), COUNT_MAX).await?;
        let next_at = inner.store.next_at(name).await?;
        let state = match (own.live.stopped(), own.trouble(inner.log.end())) {
            (Some(stop), _) => PolicyState::Stopped { stopped_at: stop.position, why: stop.why },
            (None, Some(trouble)) => PolicyState::Retrying { since: trouble.since, why: trouble.why },
            (None, None) if is_owned => PolicyState::Following,
            (None, None) => PolicyState::Standby,
        };
        let position = if is_owned { own.position() } else { 0 };
        let lag_events = if is_owned { inner.log.end().saturating_sub(position) } else { 0 };
        metrics::gauge!("policies_parked", "policy" => name).set(parked as f64);
        metrics::gauge!("policies_waiting", "policy" => name).set(waiting as f64);
        Ok(PolicyStatus { name, state, position, lag_events, waiting, parked, next_at, now })
    }

    /// The policies that cannot go on now and try again, and the reason of each.
    pub fn troubles(&self) -> Vec<(&'static str, String)> {
        let end = self.inner.log.end();
        let trouble = |own: &OwnPolicy| own.trouble(end).map(|trouble| (own.live.entry.name, trouble.why));
        self.inner.own.iter().filter_map(trouble).collect()
    }

    /// The commands of a policy in this state, the oldest first, `ROWS_MAX` at most.
    ///
    /// # Errors
    /// When there is no such policy, or the tables cannot be read.
    pub async fn held(&self, name: &str, hold: PolicyHold) -> Result<Vec<HeldReaction>, PoliciesError> {
        self.inner.store.held(self.named(name)?.live.entry.name, hold, ROWS_MAX).await
    }

    /// Gives parked commands of a policy again: one, or all. Returns their number.
    ///
    /// # Errors
    /// When there is no such policy, or the tables cannot be written.
    pub async fn retry(&self, name: &str, one: Option<ReactionId>) -> Result<u64, PoliciesError> {
        let own = self.named(name)?;
        let retried = self.inner.store.retry(own.live.entry.name, one, (self.inner.clock)()).await?;
        tracing::info!(name, retried, "parked commands of a policy are given again");
        own.live.due.notify_one();
        Ok(retried)
    }

    /// Discards parked commands of a policy: one, or all. The reason is kept with them. Returns their number.
    ///
    /// # Errors
    /// When there is no such policy, or the tables cannot be written.
    pub async fn discard(&self, name: &str, one: Option<ReactionId>, why: &str) -> Result<u64, PoliciesError> {
        let own = self.named(name)?;
        let discarded = self.inner.store.discard(own.live.entry.name, one, (self.inner.clock)(), why).await?;
        tracing::warn!(name, discarded, why, "parked commands of a policy are discarded");
        Ok(discarded)
    }

    fn named(&self, name: &str) -> Result<&OwnPolicy, PoliciesError> {
        let own = self.inner.own.iter().find(|own| own.live.entry.name == name);
        own.ok_or_else(|| PoliciesError::Unknown(name.to_owned()))
    }
}

impl OwnPolicy {
    /// The current fault: of following a log with this end, or of giving commands.
    pub fn trouble(&self, end: u64) -> Option<Trouble> {
        self.following.now().or_else(|| self.giving.now()).or_else(|| self.stall(end))
    }

    /// The fault of a policy that is behind and does not move. A feed that is silent reports none by itself.
    fn stall(&self, end: u64) -> Option<Trouble> {
        let is_followed = self.is_owned.load(Ordering::Acquire) && self.live.stopped().is_none();
        let behind = if is_followed { end.saturating_sub(self.position()) } else { 0 };
        let stalled = Duration::from_millis(self.following.stalled_ms(self.position(), behind));
        (stalled > STALL_MAX).then(|| Trouble {
            since: Timestamp::from_jiff(jiff::Timestamp::now() - stalled),
            why: format!("it is {behind} events behind, and has not moved for {} s", stalled.as_secs()),
        })
    }

    pub fn position(&self) -> u64 {
        self.live.position.load(Ordering::Relaxed)
    }
}
