//! Policies: the rate at which they follow a log, what they cost the commands of others, and what their timers cost.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use async_trait::async_trait;
use command_engine::{Catalogue, Engine, EngineOptions, Origin};
use domain::messages::{RemindOfAppointment, SendSystemMessage};
use event_core::{LogName, Policy, PolicyVisitor, Reactions, Recorded, Timestamp, personal::Unsealed};
use event_log::{Log, LogOptions};
use futures::{StreamExt, TryStreamExt, stream};
use host::options::Places;
use local::postgres::Database;
use policy_engine::{
    DeliveryFault, OutgoingDelivery, Policies, PolicyEntry, PolicyOptions, PolicyStatus, Receiver, entries,
};
use projection_engine::{Views, model};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use views::MyAppointments;
use vocabulary::{
    appointments::{AppointmentBooked, DiaryEvent},
    messages::{MessageId, SystemFacts},
};

use crate::{
    append::{CLIENTS, STREAMS, shares, slice_of_many},
    load::median,
    over_http::through_engine,
    postgres::at_rest,
    results::Measured,
    synthetic,
    workload::{BOOKINGS_EACH, PATIENTS, Workload},
};

const ROUNDS: usize = 3;
/// The events of the log that is followed. Less than half are bookings, of which each is a row.
const FOLLOWED: u64 = 300_000;
/// The interval at which a status is asked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// The number of policies beside commands.
const POLICIES: usize = 5;
const WAITING_TIMERS: u64 = 1_000_000;
const DUE_TIMERS: u64 = 10_000;
/// The number of commands that the engine has at the same time when it is measured alone.
const IN_FLIGHT: usize = 256;
/// The bench policies have numbers; each has its own checkpoint.
const NAMES: [&str; POLICIES] = ["bench-one", "bench-two", "bench-three", "bench-four", "bench-five"];

/// The time at which the timers are due: years ahead of every clock but that of `due_at_once`.
const DUE_AT: Timestamp = Timestamp::from_micros(4_000_000_000_000_000);
/// The clock of the policies. Nothing is due by it until it is set.
static CLOCK: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::from_micros(CLOCK.load(Ordering::SeqCst))
}

fn booking(event: &DiaryEvent) -> Option<&AppointmentBooked> {
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

fn tell(booked: &AppointmentBooked, id: u128) -> SendSystemMessage {
    let (session, starts_at) = (booked.time.session.clone(), booked.time.starts_at);
    let message = MessageId::of_event(&session.site(), id);
    SendSystemMessage { message, patient: booked.patient, facts: SystemFacts::AppointmentBooked { session, starts_at } }
}

fn reminders(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<Remind<0>>();
    visitor.visit::<Remind<1>>();
    visitor.visit::<Remind<2>>();
    visitor.visit::<Remind<3>>();
    visitor.visit::<Remind<4>>();
}

fn tellers(visitor: &mut impl PolicyVisitor) {
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
struct Place {
    url: String,
    log: Log,
    engine: Engine,
}

impl Place {
    async fn open(url: String) -> anyhow::Result<Place> {
        let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
        let engine = Engine::start(log.clone(), Catalogue::of(domain::every_command), EngineOptions::default());
        Ok(Place { url, log, engine })
    }

    /// Runs these policies.
    async fn run(&self, entries: Vec<PolicyEntry>) -> anyhow::Result<RunningPolicies> {
        RunningPolicies::start(&self.url, &self.log, &self.engine, entries).await
    }
}

/// Policies that run until `stop`.
struct RunningPolicies {
    policies: Policies,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl RunningPolicies {
    /// Starts them, and waits until each is owned.
    async fn start(
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
    async fn until(&self, is_so: impl Fn(&PolicyStatus) -> bool) -> anyhow::Result<()> {
        while !self.policies.status().await?.iter().all(&is_so) {
            if self.running.is_finished() {
                bail!("the policies ended");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        Ok(())
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.running.await.context("the policies panicked")
    }
}

/// Only the policy of this number.
fn only(all: &[PolicyEntry], number: usize) -> Vec<PolicyEntry> {
    all.get(number).copied().into_iter().collect()
}

/// How fast policies follow, and what they cost commands.
///
/// # Errors
/// If a log, the views or the policies fail.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn policies(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let of_log = Database::new();
    let of_views: [Database; ROUNDS] = std::array::from_fn(|_| Database::new());
    let mut views = Vec::new();
    for database in &of_views {
        views.push(database.url("owner").await);
    }
    let tables = follow("policies-follow-postgres", of_log.url("server").await, &views).await?;
    let at = folder.join("followed");
    std::fs::create_dir_all(&at)?;
    let views: Vec<String> =
        (0..ROUNDS).map(|round| format!("sqlite:{}", at.join(format!("views-{round}.db")).display())).collect();
    let files = follow("policies-follow", format!("sqlite:{}", at.display()), &views).await?;
    Ok(vec![files, tables, beside_commands(&folder.join("town")).await?])
}

/// A policy that writes a row for each booking, compared with a projection that does.
/// Each round has views of its own, because they follow from the beginning.
async fn follow(name: &'static str, log: String, views: &[String]) -> anyhow::Result<Measured> {
    let place = Place::open(log).await?;
    let reminders = entries(reminders);
    // A policy begins at the end of the log that it finds.
    place.run(reminders.clone()).await?.stop().await?;
    eprintln!("{name}: a log of {FOLLOWED} events");
    let events = synthetic::fill(&place.log, FOLLOWED).await?;
    let rate = |began: Instant| events as f64 / began.elapsed().as_secs_f64();
    let (mut ours, mut projections) = (Vec::new(), Vec::new());
    for (round, views) in views.iter().enumerate() {
        eprintln!("{name}: round {} of {ROUNDS}", round + 1);
        projections.push(projected(&place.log, views, events).await?);
        let began = Instant::now();
        let running = place.run(only(&reminders, round)).await?;
        running.until(|status| status.position >= events).await?;
        ours.push(rate(began));
        running.stop().await?;
    }
    place.log.close().await;
    let row = Measured::against(name, median(ours), "events/s", median(projections), 0.50);
    Ok(row.note(format!("{events} events; a timer for each booking, beside a row of MyAppointments for each booking")))
}

/// The rate in events per second at which a new read model follows the log.
async fn projected(log: &Log, url: &str, events: u64) -> anyhow::Result<f64> {
    let began = Instant::now();
    let views = Views::open(url, log.clone(), vocabulary::SERVICES, vec![model::<MyAppointments>()]).await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (views, stop) = (views.clone(), stop.clone());
        async move { views.run(stop).await }
    });
    views.caught_up(events).await;
    let rate = events as f64 / began.elapsed().as_secs_f64();
    stop.cancel();
    running.await.context("the views panicked")??;
    Ok(rate)
}

/// Bookings while five policies write a timer for each, compared with bookings without policies.
async fn beside_commands(folder: &Path) -> anyhow::Result<Measured> {
    std::fs::create_dir_all(folder)?;
    let url = format!("sqlite:{}", folder.display());
    let places = Places {
        log_url: url.clone().into(),
        views_url: format!("{url}/views.db").into(),
        feed: None,
        roles: "command,projections".parse().map_err(anyhow::Error::msg)?,
        gateways: Vec::new(),
        remember: event_log::REMEMBER,
    };
    let town = Arc::new(Workload::on(folder, places).await?);
    let bookings = PATIENTS * BOOKINGS_EACH / (2 * ROUNDS as u64);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        eprintln!("command-beside-five-policies: round {} of {ROUNDS}", round + 1);
        let first = round * 2 * bookings;
        without.push(through_engine(&town, CLIENTS as u64, first, bookings).await?.rate());
        let all = entries(reminders);
        let running = RunningPolicies::start(&url, &town.app.care, &town.app.engine, all).await?;
        running.until(|status| status.lag_events == 0).await?;
        with.push(through_engine(&town, CLIENTS as u64, first + bookings, bookings).await?.rate());
        running.until(|status| status.lag_events == 0).await?;
        running.stop().await?;
    }
    town.app.close().await;
    let row = Measured::against("command-beside-five-policies", median(with), "bookings/s", median(without), 0.85);
    Ok(row.note(format!("{CLIENTS} clients; each of the {POLICIES} policies writes a timer for each booking")))
}

/// The cost of waiting timers, and the rate of timers that are due at once.
///
/// # Errors
/// If a log or the policies fail.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn timers(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let at = folder.join("due");
    std::fs::create_dir_all(&at)?;
    let files = due_at_once("timers-due-at-once", format!("sqlite:{}", at.display())).await?;
    let database = Database::new();
    let tables = due_at_once("timers-due-at-once-postgres", database.url("server").await).await?;
    Ok(vec![files, tables, waiting().await?])
}

/// Timers that are due at the same instant, compared with the same commands given to the engine directly.
async fn due_at_once(name: &'static str, url: String) -> anyhow::Result<Measured> {
    let place = Place::open(url).await?;
    let tellers = entries(tellers);
    place.run(tellers.clone()).await?.stop().await?;
    // Two events a booking, and some more.
    let events = synthetic::fill(&place.log, DUE_TIMERS * 23 / 10).await?;
    let mut bookings = Vec::new();
    let mut after = 0;
    while let Some(last) =
        place.log.read(after, 5_000).await?.into_iter().inspect(|event| bookings.extend(booked(event))).last()
    {
        after = last.position;
    }
    let (mut ours, mut engine) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        eprintln!("{name}: round {} of {ROUNDS}", round + 1);
        engine.push(given(&place.engine, &bookings, (round as u128 + 1) << 64).await?);
        CLOCK.store(0, Ordering::SeqCst);
        let running = place.run(only(&tellers, round)).await?;
        running.until(|status| status.position >= events).await?;
        let began = Instant::now();
        CLOCK.store(DUE_AT.micros(), Ordering::SeqCst);
        running.until(|status| status.waiting == 0 && status.lag_events == 0).await?;
        ours.push(bookings.len() as f64 / began.elapsed().as_secs_f64());
        running.stop().await?;
    }
    CLOCK.store(0, Ordering::SeqCst);
    place.log.close().await;
    let row = Measured::against(name, median(ours), "1/s", median(engine), 0.50);
    Ok(row.note(format!(
        "{} timers due at the same instant, each a message; beside the same commands given to the engine, {IN_FLIGHT} at a time",
        bookings.len()
    )))
}

/// The id of the event and the booking, if it is one.
fn booked(event: &event_core::Raw) -> Option<(u128, AppointmentBooked)> {
    let decoded = <DiaryEvent as event_core::Event>::decode(&event.kind, &event.data).ok()?;
    booking(&decoded).map(|booked| (event.id.as_u128(), booked.clone()))
}

/// The rate at which the engine takes a message for each booking.
async fn given(engine: &Engine, bookings: &[(u128, AppointmentBooked)], mark: u128) -> anyhow::Result<f64> {
    let caller = event_core::policy::policy_caller("bench")?;
    let began = Instant::now();
    stream::iter(bookings)
        .map(|(id, booked)| {
            let (command, key) = (tell(booked, id ^ mark), format!("bench-{mark}-{id}"));
            let origin = Origin::new(caller.clone(), key);
            async move { engine.submit(&command, origin).await }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    Ok(bookings.len() as f64 / began.elapsed().as_secs_f64())
}

/// Appends to a log beside a million waiting timers in the same database, compared with a log without.
async fn waiting() -> anyhow::Result<Measured> {
    const SLICES: usize = 8;
    const SLICE: Duration = Duration::from_secs(2);
    let (full, empty) = (Database::new(), Database::new());
    let mut sides = Vec::new();
    for database in [&full, &empty] {
        let place = Place::open(database.url("server").await).await?;
        let running = place.run(only(&entries(reminders), 0)).await?;
        sides.push((place, running, shares(CLIENTS, STREAMS), Vec::new()));
    }
    eprintln!("timers: {WAITING_TIMERS} rows");
    full.run(&format!(
        "INSERT INTO policies.reaction SELECT '{}', gen_random_uuid(), 0, n, gen_random_uuid(), 'remind-of-appointment', '{{}}', \
         'waiting', {} + n, 0, '' FROM generate_series(1, {WAITING_TIMERS}) AS n",
        NAMES[0],
        DUE_AT.micros()
    ));
    for database in [&full, &empty] {
        at_rest(database).await?;
    }
    for slice in 1..=SLICES {
        eprintln!("timers: slice {slice} of {SLICES}");
        for (place, _, shares, rates) in &mut sides {
            rates.push(slice_of_many(&place.log, shares, SLICE).await?.rate());
        }
    }
    let mut rates = Vec::new();
    for (place, running, _, of_side) in sides {
        running.stop().await?;
        place.log.close().await;
        rates.push(median(of_side));
    }
    let row = Measured::against("append-beside-waiting-timers", rates[0], "events/s", rates[1], 0.95);
    Ok(row.note(format!("{WAITING_TIMERS} timers wait in the same database; {CLIENTS} clients append")))
}
