//! Frontdoor compared with cqrs-es, esrs (deploy/peers) and Axon 4 (deploy/peers/axon), each in its own process, on the
//! same PostgreSQL, in alternating slices.

mod donors;

use std::{ops::Range, path::Path, sync::Arc, time::Duration};

use event_core::LogName;
use event_log::{Log, LogOptions};
use local::postgres::{Database, SERVER};

use self::donors::{COMMANDED, DecidedSlices, Engines, town};
use crate::{
    append::{CLIENTS, STREAMS, shares, slice_of_many},
    load::{Slice, median},
    over_http::through_engine,
    process::Process,
    rebuild,
    results::Measured,
    workload::{BOOKINGS_EACH, PATIENTS},
};

const ROUNDS: usize = 3;
const SLICE: Duration = Duration::from_secs(2);
/// The number of streams of ten events that the Rust peers replay: at 3,000 to 20,000 events per second this takes
/// seconds.
const REPLAYED: u64 = 5_000;
/// The number of replays of each peer. Axon's first one does not count, because a virtual machine gets faster while it
/// warms up.
const REPLAYS: usize = 2;
/// The numbers of clients in the rows of whole commands.
const COMMAND_CLIENTS: [u64; 2] = [64, 256];

/// The locations of the peers' programs.
pub struct Programs<'a> {
    pub rust: &'a Path,
    /// The folder of the jars.
    pub axon: &'a Path,
}

/// A peer's process, and its rates since they were last taken.
struct PeerProcess {
    name: &'static str,
    process: Process,
    rates: Vec<f64>,
}

impl PeerProcess {
    /// Starts a peer with streams of these numbers, in its own database.
    async fn start(programs: &Programs<'_>, name: &'static str, streams: Range<u64>) -> anyhow::Result<PeerProcess> {
        eprintln!("peers: {name} gets {} streams of ten events", streams.end - streams.start);
        let database = SERVER.fresh();
        SERVER.run("postgres", &format!("CREATE DATABASE {database}"));
        let url = SERVER.url("owner", &database);
        let mut process = if name.starts_with("axon") {
            let jars = programs.axon.join("*").display().to_string();
            Process::start(Path::new("java"), &["-cp", &jars, "peer.Main", name, &url])?
        } else {
            Process::start(programs.rust, &[name, &url])?
        };
        process.order(&format!("fill {} {}", streams.start, streams.end)).await?;
        Ok(PeerProcess { name, process, rates: Vec::new() })
    }

    /// Peers without a cache report no loads, because they load each time.
    async fn order(&mut self, order: &str) -> anyhow::Result<()> {
        let done = self.process.order(order).await?;
        anyhow::ensure!(done.loads == 0, "{} loaded {} states: its cache is not warm", self.name, done.loads);
        self.rates.push(done.rate());
        Ok(())
    }

    /// The median of the rates since it was last taken.
    fn taken(&mut self) -> f64 {
        median(std::mem::take(&mut self.rates))
    }
}

/// The best of these rates, and a line with all of them.
fn best(rates: &[(&str, f64)]) -> (f64, String) {
    let named = rates.iter().map(|(name, rate)| format!("{name} {rate:.0}")).collect::<Vec<_>>();
    (rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max), named.join(", "))
}

/// A rebuild compared with the peers' own replays: two rows, one for the Rust peers and one for Axon.
///
/// # Errors
/// If PostgreSQL, the log or a peer fails, or a program does not exist.
pub async fn replay(programs: &Programs<'_>) -> anyhow::Result<Vec<Measured>> {
    let mut peers = [
        PeerProcess::start(programs, "cqrs-es", 0..REPLAYED).await?,
        PeerProcess::start(programs, "esrs", 0..REPLAYED).await?,
        PeerProcess::start(programs, "axon", 0..COMMANDED).await?,
    ];
    peers[2].order("replay").await?;
    peers[2].taken();
    let filled = rebuild::Filled::tables().await?;
    let mut ours = Vec::new();
    for round in 1..=REPLAYS {
        eprintln!("peers: replay, round {round} of {REPLAYS}");
        for peer in &mut peers {
            // In alternation, so that other load on the machine affects all of them.
            ours.push(filled.rebuilt().await?);
            peer.order("replay").await?;
        }
    }
    filled.close().await;
    let ours = median(ours);
    let [cqrs, esrs, axon] = peers.each_mut().map(|peer| (peer.name, peer.taken()));
    let (rust, named) = best(&[cqrs, esrs]);
    let note = format!("{named}; a row for each of {REPLAYED} streams of ten events; ours: MyAppointments");
    let axons = format!("a pooled streaming processor in batches, {COMMANDED} streams of ten events");
    Ok(vec![
        Measured::against("replay-beside-rust-peers", ours, "events/s", rust, 20.0).note(note),
        Measured::against("replay-beside-axon", ours, "events/s", axon.1, 4.0).note(axons),
    ])
}

/// Conditional append of one event.
///
/// # Errors
/// If PostgreSQL, the log or a peer fails, or a program does not exist.
pub async fn append(programs: &Programs<'_>) -> anyhow::Result<Vec<Measured>> {
    let mut peers = [
        PeerProcess::start(programs, "cqrs-es", 0..1).await?,
        PeerProcess::start(programs, "esrs", 0..1).await?,
        PeerProcess::start(programs, "axon", 0..1).await?,
    ];
    let order = format!("append {CLIENTS} {}", SLICE.as_secs());
    peers[2].order(&order).await?;
    peers[2].taken();
    let database = Database::new();
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await?;
    let (mut shares, mut ours, mut all) = (shares(CLIENTS, STREAMS), Vec::new(), Slice::default());
    for round in 1..=ROUNDS {
        eprintln!("peers: append, round {round} of {ROUNDS}");
        let seen = slice_of_many(&log, &mut shares, SLICE).await?;
        ours.push(seen.rate());
        all.add(seen);
        for peer in &mut peers {
            peer.order(&order).await?;
        }
    }
    log.close().await;
    let (best, named) = best(&peers.each_mut().map(|peer| (peer.name, peer.taken())));
    let row = Measured::against("append-beside-peers-64-clients", median(ours), "events/s", best, 5.0);
    Ok(vec![row.note(format!("{named}; {}; one event, its stream's revision known", all.latency()))])
}

/// Whole commands: load a stream of ten events, decide, append one. Cold, with a load for every command, is compared
/// with peers without a cache; warm, without loads, is compared with Axon with its cache on.
///
/// # Errors
/// If PostgreSQL, the log or a peer fails, or a program does not exist.
pub async fn command(programs: &Programs<'_>, folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let mut peers = [
        PeerProcess::start(programs, "cqrs-es", 0..COMMANDED).await?,
        PeerProcess::start(programs, "esrs", 0..COMMANDED).await?,
        PeerProcess::start(programs, "axon", 0..COMMANDED).await?,
        PeerProcess::start(programs, "axon-cached", 0..COMMANDED).await?,
    ];
    peers[3].process.order(&format!("visit {CLIENTS}")).await?;
    let mut engines = Engines::prepare(folder).await?;
    let mut rows = Vec::new();
    for clients in COMMAND_CLIENTS {
        let order = format!("command {clients} {}", SLICE.as_secs());
        for axon in &mut peers[2..] {
            // Warms up its virtual machine.
            axon.order(&order).await?;
            axon.order(&order).await?;
            axon.taken();
        }
        let (mut cold, mut warm) = (DecidedSlices::default(), DecidedSlices::default());
        for round in 1..=ROUNDS {
            eprintln!("peers: commands of {clients} clients, round {round} of {ROUNDS}");
            cold.add(engines.cold.decide(clients).await?);
            warm.add(engines.warm.decide(clients).await?);
            for peer in &mut peers {
                peer.order(&order).await?;
            }
        }
        let rates = peers.each_mut().map(|peer| (peer.name, peer.taken()));
        rows.extend(command_rows(clients, cold, warm, rates)?);
    }
    engines.close().await;
    Ok(rows)
}

fn command_rows(
    clients: u64,
    cold: DecidedSlices,
    warm: DecidedSlices,
    [cqrs, esrs, axon, cached]: [(&'static str, f64); 4],
) -> anyhow::Result<[Measured; 2]> {
    let (cold_name, warm_name) = match clients {
        64 => ("command-cold-beside-rust-peers-64-clients", "command-warm-beside-cached-axon-64-clients"),
        _ => ("command-cold-beside-rust-peers-256-clients", "command-warm-beside-cached-axon-256-clients"),
    };
    let (without_cache, named) = best(&[cqrs, esrs]);
    let (cold_rate, warm_rate) = (cold.rate(), warm.rate());
    let times = |peer: f64| warm_rate / peer;
    let cold_note = format!("{named}, axon without its cache {:.0}; {}", axon.1, cold.cold_note()?);
    let warm_note = format!(
        "{:.1} times cqrs-es and {:.1} times esrs, which have no cache; {}",
        times(cqrs.1),
        times(esrs.1),
        warm.warm_note()?
    );
    Ok([
        Measured::against(cold_name, cold_rate, "commands/s", without_cache, 6.0).note(cold_note),
        Measured::against(warm_name, warm_rate, "commands/s", cached.1, 6.0).note(warm_note),
    ])
}

/// Commands alone, without peers, and the cost of a booking.
///
/// # Errors
/// If PostgreSQL or the log fails.
pub async fn alone(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let mut engines = Engines::prepare(folder).await?;
    let mut rows = Vec::new();
    for clients in COMMAND_CLIENTS {
        let (cold_name, warm_name) = match clients {
            64 => ("command-cold-postgres-64-clients", "command-warm-postgres-64-clients"),
            _ => ("command-cold-postgres-256-clients", "command-warm-postgres-256-clients"),
        };
        let (mut cold, mut warm) = (DecidedSlices::default(), DecidedSlices::default());
        for _ in 0..ROUNDS {
            cold.add(engines.cold.decide(clients).await?);
            warm.add(engines.warm.decide(clients).await?);
        }
        rows.push(Measured::stated(cold_name, cold.rate(), "commands/s").note(cold.cold_note()?));
        rows.push(Measured::stated(warm_name, warm.rate(), "commands/s").note(warm.warm_note()?));
    }
    rows.push(engines.hot_beside_cold().await?);
    engines.close().await;
    rows.extend(bookings(&folder.join("bookings")).await?);
    Ok(rows)
}

/// A booking is two events and four conditions. It is stated without a comparison, because the peers have no
/// equivalent.
async fn bookings(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    const EACH: u64 = PATIENTS * BOOKINGS_EACH / 4;
    std::fs::create_dir_all(folder)?;
    let (_database, town) = town(folder).await?;
    let town = Arc::new(town);
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for round in 0..2 {
        few.push(through_engine(&town, 64, 2 * round * EACH, EACH).await?.rate());
        many.push(through_engine(&town, 256, (2 * round + 1) * EACH, EACH).await?.rate());
    }
    town.app.close().await;
    let note = "two events and four conditions each, by the engine, on PostgreSQL";
    Ok(vec![
        Measured::stated("book-appointment-postgres-64-clients", median(few), "bookings/s").note(note),
        Measured::stated("book-appointment-postgres-256-clients", median(many), "bookings/s"),
    ])
}
