//! Frontdoor beside cqrs-es and esrs (deploy/peers, a process of its own), on the same PostgreSQL, in slices by turns.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use bytes::Bytes;
use command_engine::RequestContext;
use domain::Caller;
use event_log::{Log, LogOptions};
use frontdoor::cli::Places;
use local::postgres::{Database, SERVER};
use serde_json::json;
use vocabulary::{LogName, envelope::Role};

use crate::{
    append::{CLIENTS, STREAMS, shares, slice_of_many},
    load::{self, Slice, median},
    over_http::through_engine,
    postgres::at_rest,
    process::Process,
    rebuild,
    results::Measured,
    synthetic,
    town::{BOOKINGS_EACH, PATIENTS, Town, caller},
};

const PEERS: [&str; 2] = ["cqrs-es", "esrs"];
const ROUNDS: usize = 4;
const SLICE: Duration = Duration::from_secs(4);
/// Streams of ten events: as many as the peers replay, and as many as commands are given to.
const REPLAYED: u64 = 5_000;
const COMMANDED: u64 = 20_000;
/// Commands that are given to each of them in a slice.
const AMENDED_EACH: u64 = 7;
const EVENTS_OF_A_STREAM: u64 = 10;
/// Donors who are registered at once.
const IN_FLIGHT: u64 = 512;

/// # Errors
/// When PostgreSQL, the log or a peer fails; when `program` is not there.
///
/// # Panics
/// Where no PostgreSQL can be started; it says what is missing.
pub async fn peers(program: &Path, folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let mut peers = Vec::new();
    for name in PEERS {
        let database = SERVER.fresh();
        SERVER.run("postgres", &format!("CREATE DATABASE {database}"));
        let url = SERVER.url("owner", &database);
        let mut peer = Process::start(program, &[name, &url])?;
        peer.order(&format!("fill 0 {REPLAYED}")).await?;
        peers.push(peer);
    }
    let mut rows = vec![replay(&mut peers).await?];
    for peer in &mut peers {
        peer.order(&format!("fill {REPLAYED} {COMMANDED}")).await?;
    }
    rows.push(append(&mut peers).await?);
    let mut donors = Donors::prepare(folder).await?;
    for clients in [64, 256] {
        rows.push(commands(&mut peers, &mut donors, clients).await?);
    }
    donors.town.house.close().await;
    rows.extend(bookings(folder).await?);
    Ok(rows)
}

/// Commands alone, without peers.
///
/// # Errors
/// When PostgreSQL or the log fails.
pub async fn alone(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let mut donors = Donors::prepare(folder).await?;
    let mut rows = Vec::new();
    for (clients, name) in [(64, "command-postgres-64-clients"), (256, "command-postgres-256-clients")] {
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(donors.decide(clients, AMENDED_EACH).await?.rate());
        }
        rows.push(Measured::stated(name, median(rates), "commands/s"));
    }
    donors.town.house.close().await;
    Ok(rows)
}

/// The best of the medians, and a line about all of them.
fn best(rates: [Vec<f64>; PEERS.len()]) -> (f64, String) {
    let medians = rates.map(median);
    let named = PEERS.iter().zip(medians).map(|(name, rate)| format!("{name} {rate:.0}")).collect::<Vec<_>>();
    (medians.into_iter().fold(0.0, f64::max), named.join(", "))
}

async fn replay(peers: &mut [Process]) -> anyhow::Result<Measured> {
    let mut theirs: [Vec<f64>; PEERS.len()] = Default::default();
    for (peer, rates) in peers.iter_mut().zip(&mut theirs) {
        rates.push(peer.order("replay").await?.rate());
    }
    let ours = rebuild::tables().await?.first().context("it was measured")?.value;
    let (best, named) = best(theirs);
    let row = Measured::against("replay-beside-peers", ours, "events/s", best, 20.0);
    Ok(row.note(format!(
        "{named}; a row for each of {REPLAYED} streams of ten events; ours: MyAppointments, 10^6 events"
    )))
}

async fn append(peers: &mut [Process]) -> anyhow::Result<Measured> {
    let database = Database::new();
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await?;
    let (mut shares, mut ours, mut theirs) =
        (shares(CLIENTS, STREAMS), Vec::new(), <[Vec<f64>; PEERS.len()]>::default());
    for round in 1..=ROUNDS {
        eprintln!("peers: append, round {round} of {ROUNDS}");
        ours.push(slice_of_many(&log, &mut shares, SLICE).await?.rate());
        for (peer, rates) in peers.iter_mut().zip(&mut theirs) {
            rates.push(peer.order(&format!("append {CLIENTS} {}", SLICE.as_secs())).await?.rate());
        }
    }
    log.close().await;
    let (best, named) = best(theirs);
    let row = Measured::against("append-beside-peers-64-clients", median(ours), "events/s", best, 5.0);
    Ok(row.note(format!("{named}; one event, its stream's revision known")))
}

async fn commands(peers: &mut [Process], donors: &mut Donors, clients: u64) -> anyhow::Result<Measured> {
    let (mut ours, mut theirs) = (Vec::new(), <[Vec<f64>; PEERS.len()]>::default());
    for round in 1..=ROUNDS {
        eprintln!("peers: commands of {clients} clients, round {round} of {ROUNDS}");
        ours.push(donors.decide(clients, AMENDED_EACH).await?.rate());
        for (peer, rates) in peers.iter_mut().zip(&mut theirs) {
            rates.push(peer.order(&format!("command {clients} {}", SLICE.as_secs())).await?.rate());
        }
    }
    let (best, named) = best(theirs);
    let name = if clients == 64 { "command-beside-peers-64-clients" } else { "command-beside-peers-256-clients" };
    let row = Measured::against(name, median(ours), "commands/s", best, 8.0);
    Ok(row
        .note(format!("{named}; load a stream of ten events, decide, append one; ours: amend-decision, by the engine")))
}

/// On PostgreSQL, deciding and nothing else.
async fn town(folder: &Path) -> anyhow::Result<(Database, Town)> {
    let database = Database::new();
    let url = database.url("server").await;
    let roles = "command".parse().map_err(anyhow::Error::msg)?;
    let places =
        Places { log_url: url.clone().into(), views_url: url.into(), feed: None, roles, remember: event_log::REMEMBER };
    let town = Town::on(folder, places).await?;
    Ok((database, town))
}

/// Streams of ten decisions about organ donation, each about as long as the peers' events.
struct Donors {
    town: Arc<Town>,
    database: Database,
    /// How many decisions each has made.
    decided: u64,
}

type Prepared = (Caller, &'static str, Bytes, RequestContext);

impl Donors {
    async fn prepare(folder: &Path) -> anyhow::Result<Donors> {
        eprintln!("peers: {COMMANDED} donors decide {EVENTS_OF_A_STREAM} times each");
        let (database, town) = town(folder).await?;
        let mut donors = Donors { town: Arc::new(town), database, decided: 0 };
        donors.decide(IN_FLIGHT, EVENTS_OF_A_STREAM).await?;
        at_rest(&donors.database).await?;
        Ok(donors)
    }

    /// So many decisions of each donor, from so many clients with donors of their own. The requests are made before.
    async fn decide(&mut self, clients: u64, each: u64) -> anyhow::Result<Slice> {
        let mut running = Vec::new();
        for client in 0..clients {
            let own = || (client..COMMANDED).step_by(clients as usize);
            let numbers = self.decided..self.decided + each;
            let prepared = numbers.flat_map(|number| own().map(move |donor| decision(donor, number)));
            let prepared = prepared.collect::<anyhow::Result<Vec<Prepared>>>()?;
            let engine = self.town.house.engine.clone();
            running.push(async move {
                let mut answers = Vec::with_capacity(prepared.len());
                for (by, name, body, request) in prepared {
                    let asked = Instant::now();
                    let answer = engine.execute(by, name, body, request).await?;
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

/// A donor's `number`th decision, which is not the one before it.
fn decision(donor: u64, number: u64) -> anyhow::Result<Prepared> {
    const ORGANS: [&str; 4] = ["heart", "lungs", "kidneys", "liver"];
    let subject = synthetic::patient(donor)?;
    let by = caller(Role::Patient, &subject.to_string(), vec![])?;
    let name = if number == 0 { "register-donor" } else { "amend-decision" };
    let organ = ORGANS[number as usize % ORGANS.len()];
    let body = json!({"subject": subject, "decision": {"kind": "opt-in-some", "organs": [organ]}});
    let idempotency_key = format!("donor-{donor}-{number:020}").into();
    let request = RequestContext { idempotency_key, correlation: None, trace: None };
    Ok((by, name, Bytes::from(body.to_string()), request))
}

/// What a booking costs, which is two events and four conditions: stated, there is none at the peers.
async fn bookings(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    const EACH: u64 = PATIENTS * BOOKINGS_EACH / 4;
    let (_database, town) = town(folder).await?;
    let town = Arc::new(town);
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for round in 0..2 {
        few.push(through_engine(&town, 64, 2 * round * EACH, EACH).await?.rate());
        many.push(through_engine(&town, 256, (2 * round + 1) * EACH, EACH).await?.rate());
    }
    town.house.close().await;
    let note = "two events and four conditions each, by the engine, on PostgreSQL";
    Ok(vec![
        Measured::stated("book-appointment-postgres-64-clients", median(few), "bookings/s").note(note),
        Measured::stated("book-appointment-postgres-256-clients", median(many), "bookings/s"),
    ])
}
