//! Processes with policies on the stores of a world.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use command_engine::{Catalogue, Engine, EngineOptions, Failure, Origin};
use event_core::{Caller, Command, Event, LogName, Raw, Timestamp, personal::Unsealed};
use event_log::{Log, LogOptions};
use policy_engine::{DeliveryFault, OutgoingDelivery, Policies, PolicyOptions, PolicyStatus, Receiver, entries};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    parcels::{self, ParcelEvent, ReceiveParcel, SendParcel},
    world::World,
};

/// A generous time limit.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The clocks of the tests, each of which moves its own.
static CLOCKS: [AtomicI64; 32] = [const { AtomicI64::new(1_800_000_000_000_000) }; 32];

pub fn clock<const N: usize>() -> Timestamp {
    Timestamp::from_micros(CLOCKS[N].load(Ordering::SeqCst))
}

pub fn set_clock<const N: usize>(now: Timestamp) {
    CLOCKS[N].store(now.micros(), Ordering::SeqCst);
}

/// A receiver that keeps what it got.
#[derive(Default)]
pub struct Receipts {
    /// The id and the contents of each delivery, in the order of their arrival, also repeated ones.
    pub got: Mutex<Vec<(String, serde_json::Value)>>,
    /// The answers to the next deliveries; then it takes them.
    pub faults: Mutex<Vec<DeliveryFault>>,
}

#[async_trait::async_trait]
impl Receiver for Receipts {
    async fn receive(&self, delivery: OutgoingDelivery<'_>) -> Result<(), DeliveryFault> {
        let contents = serde_json::from_slice(&delivery.contents).expect("JSON");
        self.got.lock().expect("not poisoned").push((delivery.id.to_string(), contents));
        self.faults.lock().expect("not poisoned").pop().map_or(Ok(()), Err)
    }
}

/// A process: a log, an engine, and running policies.
pub struct Process {
    pub log: Log,
    pub engine: Engine,
    pub policies: Policies,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Process {
    pub async fn start(world: &World, clock: fn() -> Timestamp) -> Process {
        Process::start_as(world, clock, &Uuid::new_v4().to_string()).await
    }

    /// A process with the name of an earlier one, whose lease it takes over at once.
    pub async fn start_as(world: &World, clock: fn() -> Timestamp, owner: &str) -> Process {
        let process = Process::opened(world, clock, owner).await;
        let (policies, stop) = (process.policies.clone(), process.stop.clone());
        Process { running: tokio::spawn(async move { policies.run(stop).await }), ..process }
    }

    /// A process whose policies do not run.
    pub async fn idle(world: &World, clock: fn() -> Timestamp) -> Process {
        Process::opened(world, clock, "idle").await
    }

    async fn opened(world: &World, clock: fn() -> Timestamp, owner: &str) -> Process {
        let url = world.url().await;
        let log = Log::open(&url, LogName::Care, LogOptions { clock, ..LogOptions::default() }).await.expect("opens");
        let options = EngineOptions { clock, ..EngineOptions::default() };
        let engine = Engine::start(log.clone(), Catalogue::of(parcels::commands), options);
        let options = PolicyOptions {
            engine: engine.clone(),
            feeds: Arc::new(log.clone()),
            owner: owner.to_owned(),
            clock,
            keys: Arc::new(Unsealed),
            receiver: world.receipts(),
        };
        static SERVICES: [&event_core::Service; 1] = [&parcels::SERVICE];
        let policies = Policies::open(&url, log.clone(), &SERVICES, entries(parcels::policies), options).await;
        Process {
            log,
            engine,
            policies: policies.expect("opens"),
            stop: CancellationToken::new(),
            running: tokio::spawn(std::future::ready(())),
        }
    }

    /// Waits until this process runs the policy.
    pub async fn owns(self) -> Process {
        self.until("it runs the policy", |status| status.is_following()).await;
        self
    }

    /// Ends it like a process that stops.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.await.expect("it ends");
        self.log.close().await;
    }

    /// Ends it like a process that is killed: no task of its policies goes on, wherever it was.
    pub async fn kill(self) {
        self.running.abort();
        drop(self.running.await);
        self.log.close().await;
    }

    pub async fn give(&self, command: &impl Command) -> Result<(), Failure> {
        let issuer = "https://issuer.example".parse().expect("an issuer");
        let caller = Caller {
            issuer,
            id: "clerk".into(),
            role: "clerk".into(),
            permissions: Vec::new(),
            organisation: None,
            level: None,
        };
        self.engine.submit(command, Origin::new(caller, Uuid::new_v4().to_string())).await.map(drop)
    }

    pub async fn send(&self, parcel: &str, remind_at: Timestamp) {
        self.give(&SendParcel { parcel: parcel.into(), remind_at }).await.expect("granted");
    }

    pub async fn receive(&self, parcel: &str) {
        self.give(&ReceiveParcel { parcel: parcel.into() }).await.expect("granted");
    }

    /// Waits for the status of the policy to be so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&PolicyStatus) -> bool) {
        self.until_of("notes", what, is_so).await;
    }

    /// Waits for the status of a policy or gateway to be so.
    pub async fn until_of(&self, name: &str, what: &str, is_so: impl Fn(&PolicyStatus) -> bool) {
        let began = Instant::now();
        loop {
            let all = self.policies.status().await.expect("a status");
            let status = all.iter().find(|status| status.name == name).expect("it is known");
            if is_so(status) {
                return;
            }
            assert!(began.elapsed() < WAIT_MAX, "not in time: {what}: {status:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until every event has had its commands, and as many wait for a later time.
    pub async fn at_rest_with(&self, waiting: u64) {
        let is_so = move |status: &PolicyStatus| {
            let is_done = status.next_at.is_none_or(|next_at| next_at > status.now);
            status.is_following() && status.lag_events == 0 && status.waiting == waiting && is_done
        };
        // A command that is done has added an event, which is followed in turn.
        self.until("it is at rest", is_so).await;
        self.until("it is at rest", is_so).await;
    }

    pub async fn events(&self) -> Vec<Raw> {
        self.log.read(0, 5_000).await.expect("read")
    }

    /// The number of notes of a parcel. They count up, so one that was given twice would be there twice.
    pub async fn notes(&self, parcel: &str) -> usize {
        let of = |event: &Raw| match ParcelEvent::decode(&event.kind, &event.data).expect("decodes") {
            ParcelEvent::Noted(noted) => noted.parcel == parcel,
            ParcelEvent::Sent(_) | ParcelEvent::Received(_) | ParcelEvent::Reminded(_) => false,
        };
        self.events().await.iter().filter(|event| of(event)).count()
    }

    pub async fn reminders(&self, parcel: &str) -> usize {
        let of = |event: &Raw| match ParcelEvent::decode(&event.kind, &event.data).expect("decodes") {
            ParcelEvent::Reminded(reminded) => reminded.parcel == parcel,
            ParcelEvent::Sent(_) | ParcelEvent::Received(_) | ParcelEvent::Noted(_) => false,
        };
        self.events().await.iter().filter(|event| of(event)).count()
    }
}
