//! Commands to streams of ten decisions about organ donation, each about as long as the peers' events, by an engine
//! that loads every state and by one that has every state in memory.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use command_engine::{Catalogue, Engine, EngineOptions, Origin};
use event_core::Timestamp;
use host::options::Places;
use local::postgres::Database;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use vocabulary::access::CallerRole;

use crate::{
    load::{self, Slice, median},
    postgres::at_rest,
    results::Measured,
    state_reads::StateReadCounts,
    synthetic,
    workload::{Workload, caller},
};

/// As many as commands are given to, and Axon replays.
pub const COMMANDED: u64 = 20_000;
const EVENTS_OF_A_STREAM: u64 = 10;
/// The number of commands to each stream in a slice: each kind takes two to three seconds.
const COLD_EACH: u64 = 1;
const WARM_EACH: u64 = 2;
/// Clients and donors whose states are in memory, beside a client whose states are not.
const HOT_CLIENTS: u64 = 16;
const HOT_DONORS: u64 = 2_000;
const HOT_ROUNDS: usize = 3;
/// The cold client is one of seventeen, and takes its part of the two cores.
const HOT_BAR: f64 = 0.9;
/// The number of donors that are registered at the same time.
const IN_FLIGHT: u64 = 512;
/// Enough for every stream that the commands of the warm engine read.
const WARM_STATES: usize = 100_000;
/// The number of days that the engines' clock is ahead. Each slice uses a new day, because a donor decides at most 20
/// times a day.
static DAYS: AtomicI64 = AtomicI64::new(0);
/// The number of states per command that warm commands may load from the log.
const WARM_LOADS_MAX: f64 = 0.01;

fn clock() -> Timestamp {
    Timestamp::from_jiff(jiff::Timestamp::now()).plus_days(DAYS.load(Ordering::Relaxed))
}

/// A town on PostgreSQL that only decides commands.
pub async fn town(folder: &Path) -> anyhow::Result<(Database, Workload)> {
    let database = Database::new();
    let url = database.url("server").await;
    let roles = "command".parse().map_err(anyhow::Error::msg)?;
    let places = Places {
        log_url: url.clone().into(),
        views_url: url.into(),
        feed: None,
        roles,
        gateways: Vec::new(),
        gateway_authority: None,
        remember: event_log::REMEMBER,
    };
    let town = Workload::on(folder, places).await?;
    Ok((database, town))
}

/// Two engines on one log, each with its own donors.
pub struct Engines {
    pub cold: Donors,
    pub warm: Donors,
    town: Arc<Workload>,
    _database: Database,
}

impl Engines {
    /// # Errors
    /// If PostgreSQL or the log fails.
    pub async fn prepare(folder: &Path) -> anyhow::Result<Engines> {
        eprintln!("commands: twice {COMMANDED} donors decide {EVENTS_OF_A_STREAM} times each");
        let (database, town) = town(folder).await?;
        let engine = |states_max| {
            let options = EngineOptions { states_max, clock, ..EngineOptions::default() };
            Engine::start(town.app.care.clone(), Catalogue::of(domain::every_command), options)
        };
        let mut warm =
            Donors { engine: engine(WARM_STATES), first: COMMANDED, count: COMMANDED, each: WARM_EACH, decided: 0 };
        let mut cold = Donors { engine: engine(WARM_STATES), first: 0, count: COMMANDED, each: COLD_EACH, decided: 0 };
        for donors in [&mut cold, &mut warm] {
            donors.give(IN_FLIGHT, EVENTS_OF_A_STREAM).await?;
        }
        // The engine keeps as many states as one batch of commands needs, a tenth of the streams: a state is evicted
        // before its stream is used again.
        cold.engine = engine(0);
        at_rest(&database).await?;
        Ok(Engines { cold, warm, town: Arc::new(town), _database: database })
    }

    /// Commands on states in memory beside one client each of whose commands loads a state: on the same engine, against the
    /// same two loads on two engines. The loads take their share of the processor and of PostgreSQL in both, so what differs
    /// is the delay within the engine. The last measurement: the donors' decisions are numbered differently afterwards.
    ///
    /// # Errors
    /// If a command is rejected, or a cold command loads nothing.
    pub async fn hot_beside_cold(&mut self) -> anyhow::Result<Measured> {
        let start = || {
            let options = EngineOptions { states_max: WARM_STATES, clock, ..EngineOptions::default() };
            Engine::start(self.town.app.care.clone(), Catalogue::of(domain::every_command), options)
        };
        let (engine, other) = (start(), start());
        let decided = self.warm.decided;
        let mut hot = Donors { engine: engine.clone(), first: COMMANDED, count: HOT_DONORS, each: WARM_EACH, decided };
        hot.give(HOT_CLIENTS, 1).await?;
        let (mut alone, mut apart, mut beside) =
            (DecidedSlices::default(), DecidedSlices::default(), DecidedSlices::default());
        let mut cold = ColdClient { next: 0, number: self.cold.decided };
        for _ in 0..HOT_ROUNDS {
            alone.add(hot.decide(HOT_CLIENTS).await?);
            cold.beside(&other, &mut hot, &mut apart).await?;
            cold.beside(&engine, &mut hot, &mut beside).await?;
        }
        anyhow::ensure!(alone.loads() <= WARM_LOADS_MAX, "the slices are not hot");
        let note = format!(
            "alone: {:.0} commands/s, {}; beside a client that loaded {} states, one after the other, on another engine: {}; \
             {} states on the same engine: {}",
            alone.rate(),
            alone.all.latency(),
            apart.from_log,
            apart.all.latency(),
            beside.from_log,
            beside.all.latency()
        );
        let name = "command-hot-beside-cold-postgres";
        Ok(Measured::against(name, beside.rate(), "commands/s", apart.rate(), HOT_BAR).note(note))
    }

    pub async fn close(self) {
        self.town.app.close().await;
    }
}

/// A client each of whose commands is to a donor whose state no engine has in memory.
struct ColdClient {
    /// The number of the next donor.
    next: u64,
    /// The number of decisions that each of its donors has made.
    number: u64,
}

impl ColdClient {
    /// Adds a slice of the hot commands, while this client commands without a pause.
    ///
    /// # Errors
    /// If a command is rejected, or nothing was loaded.
    async fn beside(&mut self, engine: &Engine, hot: &mut Donors, slices: &mut DecidedSlices) -> anyhow::Result<()> {
        let stop = CancellationToken::new();
        let loading = tokio::spawn({
            let (engine, stop, first, number) = (engine.clone(), stop.clone(), self.next, self.number);
            async move {
                let mut next = first;
                while !stop.is_cancelled() {
                    let (name, body, origin) = decision(next, number)?;
                    engine.execute(name, body, origin).await?;
                    next += 1;
                }
                anyhow::Ok(next)
            }
        });
        let slice = hot.decide(HOT_CLIENTS).await;
        stop.cancel();
        let next = loading.await??;
        anyhow::ensure!(next > self.next, "nothing was loaded beside the hot commands");
        self.next = next;
        slices.add(slice?);
        Ok(())
    }
}

pub struct Donors {
    engine: Engine,
    /// The number of the first donor.
    first: u64,
    /// The number of donors.
    count: u64,
    /// The number of commands to each donor in a slice.
    each: u64,
    /// The number of decisions that each donor has made.
    decided: u64,
}

/// Slices of commands, and the source of their states.
#[derive(Default)]
pub struct DecidedSlices {
    rates: Vec<f64>,
    all: Slice,
    from_log: u64,
    from_memory: u64,
}

impl DecidedSlices {
    pub fn add(&mut self, (slice, reads): (Slice, StateReadCounts)) {
        self.rates.push(slice.rate());
        self.all.add(slice);
        self.from_log += reads.from_log;
        self.from_memory += reads.from_memory;
    }

    pub fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    fn loads(&self) -> f64 {
        self.from_log as f64 / self.all.done as f64
    }

    /// # Errors
    /// If a command was decided on a state from memory, which does not belong in the cold row.
    pub fn cold_note(&self) -> anyhow::Result<String> {
        anyhow::ensure!(self.loads() >= 1.0, "only {:.3} states a command were loaded: it is not cold", self.loads());
        Ok(self.note("cold"))
    }

    /// # Errors
    /// If commands loaded states, which do not belong in the warm row.
    pub fn warm_note(&self) -> anyhow::Result<String> {
        anyhow::ensure!(
            self.loads() <= WARM_LOADS_MAX,
            "{:.3} states a command were loaded: it is not warm",
            self.loads()
        );
        Ok(self.note("warm"))
    }

    fn note(&self, kind: &str) -> String {
        let memory = self.from_memory as f64 / self.all.done as f64;
        format!(
            "{kind}: {:.2} states a command from the log and {memory:.2} from memory; {}; amend-decision, by the engine",
            self.loads(),
            self.all.latency()
        )
    }
}

type Prepared = (&'static str, Bytes, Origin);

impl Donors {
    /// Runs a slice of commands.
    ///
    /// # Errors
    /// If one is rejected.
    pub async fn decide(&mut self, clients: u64) -> anyhow::Result<(Slice, StateReadCounts)> {
        let before = StateReadCounts::now();
        let slice = self.give(clients, self.each).await?;
        Ok((slice, StateReadCounts::now().since(before)))
    }

    /// Makes this number of decisions for each donor, from this number of clients with separate donors. The requests
    /// are prepared before.
    async fn give(&mut self, clients: u64, each: u64) -> anyhow::Result<Slice> {
        DAYS.fetch_add(1, Ordering::Relaxed);
        let mut running = Vec::new();
        for client in 0..clients {
            let own = || (self.first + client..self.first + self.count).step_by(clients as usize);
            let numbers = self.decided..self.decided + each;
            let prepared = numbers.flat_map(|number| own().map(move |donor| decision(donor, number)));
            let prepared = prepared.collect::<anyhow::Result<Vec<Prepared>>>()?;
            let engine = self.engine.clone();
            running.push(async move {
                let mut answers = Vec::with_capacity(prepared.len());
                for (name, body, origin) in prepared {
                    let asked = Instant::now();
                    let answer = engine.execute(name, body, origin).await?;
                    anyhow::ensure!(answer.events.len() == 1, "a decision stored {} events", answer.events.len());
                    answers.push((Instant::now(), asked.elapsed()));
                }
                Ok(answers)
            });
        }
        self.decided += each;
        load::run(running).await
    }
}

/// A donor's decision with this number, which differs from the one before it.
fn decision(donor: u64, number: u64) -> anyhow::Result<Prepared> {
    const ORGANS: [&str; 4] = ["heart", "lungs", "kidneys", "liver"];
    let subject = synthetic::patient(donor)?;
    let by = caller(CallerRole::Patient, &subject.to_string(), vec![])?;
    let name = if number == 0 { "register-donor" } else { "amend-decision" };
    let organ = ORGANS[number as usize % ORGANS.len()];
    let body = json!({"subject": subject, "decision": {"kind": "opt-in-some", "organs": [organ]}});
    let origin = Origin::new(by, format!("donor-{donor}-{number:020}"));
    Ok((name, Bytes::from(body.to_string()), origin))
}
