//! Policies for the benchmarks, and a place where they run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use async_trait::async_trait;
use command_engine::{Catalogue, Engine, EngineOptions};
use domain::messages::{RemindOfAppointment, SendSystemMessage};
use event_core::{LogName, Policy, PolicyVisitor, Reactions, Recorded, Timestamp, personal::Unsealed};
use event_log::{Log, LogOptions};
use policy_engine::{DeliveryFault, OutgoingDelivery, Policies, PolicyEntry, PolicyOptions, PolicyStatus, Receiver};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vocabulary::{
    appointments::{AppointmentBooked, DiaryEvent},
    messages::{MessageId, SystemFacts},
};

pub const ROUNDS: usize = 3;
/// The interval at which a status is asked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// The number of policies beside commands.
pub const POLICIES: usize = 5;
/// The bench policies have numbers; each has its own checkpoint.
pub const NAMES: [&str; POLICIES] = ["bench-one", "bench-two", "bench-three", "bench-four", "bench-five"];

/// The time at which the timers are due: years ahead of every clock but that of `due_at_once`.
pub const DUE_AT: Timestamp = Timestamp::from_micros(4_000_000_000_000_000);
/// The clock of the policies. Nothing is due by it until it is set.
pub static CLOCK: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::from_micros(CLOCK.load(Ordering::SeqCst))
}

pub fn booking(event: &DiaryEvent) -> Option<&AppointmentBooked> {
    match event {
        DiaryEvent::Booked(booked) => Some(booked),
        DiaryEvent::HoldPlaced(_)
        | DiaryEvent::Rescheduled(_)
        | DiaryEvent::Cancelled(_)
        | DiaryEvent::Amended(_)
        | DiaryEvent::CheckedIn(_)
        | DiaryEvent::Attended(_)
        | DiaryEvent::NotAttended(_)
        | DiaryEvent::Orphaned(_)
        | DiaryEvent::PractitionerChanged(_) => None,
    }
}

/// A timer for each booking.
struct Remind<const N: usize>;

impl<const N: usize> Policy for Remind<N> {
    const NAME: &'static str = NAMES[N];
    type Event = DiaryEvent;

    fn react(fact: &Recorded<DiaryEvent>) -> Reactions {
        let remind = |booked: &AppointmentBooked| RemindOfAppointment {
            patient: booked.patient,
            session: booked.time.session.clone(),
            starts_at: booked.time.starts_at,
        };
        booking(&fact.data).map_or_else(Reactions::none, |booked| Reactions::give_at(DUE_AT, &remind(booked)))
    }
}

/// A timer for each booking; its command stores an event.
struct Tell<const N: usize>;

impl<const N: usize> Policy for Tell<N> {
    const NAME: &'static str = NAMES[N];
    type Event = DiaryEvent;

    fn react(fact: &Recorded<DiaryEvent>) -> Reactions {
        let id = fact.id.as_u128() ^ N as u128;
        booking(&fact.data).map_or_else(Reactions::none, |booked| Reactions::give_at(DUE_AT, &tell(booked, id)))
    }
}

pub fn tell(booked: &AppointmentBooked, id: u128) -> SendSystemMessage {
    let (session, starts_at) = (booked.time.session.clone(), booked.time.starts_at);
    let message = MessageId::of_event(&session.site(), id);
    SendSystemMessage { message, patient: booked.patient, facts: SystemFacts::AppointmentBooked { session, starts_at } }
}

pub fn reminders(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<Remind<0>>();
    visitor.visit::<Remind<1>>();
    visitor.visit::<Remind<2>>();
    visitor.visit::<Remind<3>>();
    visitor.visit::<Remind<4>>();
}

pub fn tellers(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<Tell<0>>();
    visitor.visit::<Tell<1>>();
    visitor.visit::<Tell<2>>();
}

/// There are no gateways.
struct Nobody;

#[async_trait]
impl Receiver for Nobody {
    async fn receive(&self, _: OutgoingDelivery<'_>) -> Result<(), DeliveryFault> {
        Err(DeliveryFault::Failed("nobody receives".to_owned()))
    }
}

/// A log with an engine, on a store.
pub struct Place {
    url: String,
    pub log: Log,
    pub engine: Engine,
}

impl Place {
    pub async fn open(url: String) -> anyhow::Result<Place> {
        let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
        let engine = Engine::start(log.clone(), Catalogue::of(domain::every_command), EngineOptions::default());
        Ok(Place { url, log, engine })
    }

    /// Runs these policies.
    pub async fn run(&self, entries: Vec<PolicyEntry>) -> anyhow::Result<RunningPolicies> {
        RunningPolicies::start(&self.url, &self.log, &self.engine, entries).await
    }
}

/// Policies that run until `stop`.
pub struct RunningPolicies {
    policies: Policies,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl RunningPolicies {
    /// Starts them, and waits until each is owned.
    pub async fn start(
        url: &str,
        log: &Log,
        engine: &Engine,
        entries: Vec<PolicyEntry>,
    ) -> anyhow::Result<RunningPolicies> {
        let options = PolicyOptions {
            engine: engine.clone(),
            feeds: Arc::new(log.clone()),
            owner: Uuid::now_v7().to_string(),
            clock,
            keys: Arc::new(Unsealed),
            receiver: Arc::new(Nobody),
        };
        let policies = Policies::open(url, log.clone(), vocabulary::SERVICES, entries, options).await?;
        let (stop, run) = (CancellationToken::new(), policies.clone());
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { run.run(stop).await }
        });
        let started = RunningPolicies { policies, stop, running };
        started.until(|status| status.is_following()).await?;
        Ok(started)
    }

    /// Waits until the status of every policy is so.
    pub async fn until(&self, is_so: impl Fn(&PolicyStatus) -> bool) -> anyhow::Result<()> {
        while !self.policies.status().await?.iter().all(&is_so) {
            if self.running.is_finished() {
                bail!("the policies ended");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        Ok(())
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.running.await.context("the policies panicked")
    }
}

/// Only the policy of this number.
pub fn only(all: &[PolicyEntry], number: usize) -> Vec<PolicyEntry> {
    all.get(number).copied().into_iter().collect()
}
