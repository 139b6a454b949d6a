//! The benchmarks: each result is compared with its baseline, from the same run on the same machine.

mod append;
mod budget;
mod eligibility;
mod kafka;
mod load;
mod memory;
mod over_http;
mod pages;
mod pass;
mod pathway;
mod peers;
mod policies;
mod postgres;
mod process;
mod race;
mod rebuild;
mod results;
mod server;
mod state_reads;
mod synthetic;
mod workload;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Parser;

use crate::{
    budget::{ALL, Budget},
    peers::Programs,
    results::Measured,
};

// The same allocator as in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Frontdoor. Prints a table and adds JSON lines to `target/bench/results.jsonl`.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Which benchmarks: append, hot, append-postgres, command, old-snapshot, two-nodes, book, race, read, pages, rebuild,
    /// rebuild-postgres, relay, visible, memory, policies, timers, pathway, eligibility, pass, peers-append, peers-command, peers-replay,
    /// growth. All of them but growth where none is named; those of the peers need both programs.
    names: Vec<String>,
    /// Where results and scratch data go. The scratch data is removed at the end of each benchmark.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// How many events the large log of `growth` has. 10^7 take 15 GB of disk.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// The program of the package `deploy/peers`, for the benchmarks `peers-…`.
    #[arg(long, requires = "axon")]
    peers: Option<PathBuf>,
    /// The folder of the jars of `deploy/peers/axon`, for the same.
    #[arg(long, requires = "peers")]
    axon: Option<PathBuf>,
    /// This process is a node of `two-nodes`, on the log at this URL.
    #[arg(long, hide = true)]
    node: Option<String>,
}

impl Arguments {
    fn programs(&self) -> anyhow::Result<Programs<'_>> {
        let both = self.peers.as_deref().zip(self.axon.as_deref());
        let (rust, axon) = both.context("--peers and --axon name the peers' programs: make bench-peers")?;
        Ok(Programs { rust, axon })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(url) = &arguments.node {
        return postgres::node(url).await;
    }
    state_reads::count()?;
    let named = arguments.names.iter().map(String::as_str).collect::<Vec<_>>();
    let with_peers = arguments.peers.is_some();
    let all = || ALL.iter().map(|(name, _)| *name).filter(|name| with_peers || !name.starts_with("peers-")).collect();
    let mut budget = Budget::of(if named.is_empty() { all() } else { named });
    let mut rows = Vec::new();
    while let Some(name) = budget.next() {
        let measured = measure(name, &arguments).await.with_context(|| format!("benchmark {name}"))?;
        results::keep(&measured, &arguments.folder)?;
        println!("{}", results::table(&measured));
        rows.extend(measured);
    }
    println!("{}", results::table(&rows));
    println!("{}", budget.spent());
    Ok(())
}

async fn measure(name: &str, arguments: &Arguments) -> anyhow::Result<Vec<Measured>> {
    let scratch = arguments.folder.join("scratch");
    // Removes the remains of a run that was killed.
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch)?;
    let measured = run(name, arguments, &scratch).await;
    let _ = std::fs::remove_dir_all(&scratch);
    measured
}

async fn run(name: &str, arguments: &Arguments, scratch: &Path) -> anyhow::Result<Vec<Measured>> {
    match name {
        "append" => append::many(scratch).await,
        "hot" => append::hot(scratch).await,
        "append-postgres" => postgres::append().await,
        "command" => peers::alone(scratch).await,
        "old-snapshot" => postgres::old_snapshot().await,
        "two-nodes" => postgres::two_nodes().await,
        "growth" => postgres::growth(arguments.events).await,
        "book" => over_http::book(scratch).await,
        "race" => race::race(scratch).await,
        "read" => over_http::read(scratch).await,
        "pages" => pages::pages(scratch).await,
        "memory" => memory::memory(scratch).await,
        "relay" => kafka::relay().await,
        "visible" => kafka::visible().await,
        "policies" => policies::policies(scratch).await,
        "timers" => policies::timers(scratch).await,
        "pathway" => pathway::pathway(),
        "eligibility" => eligibility::eligibilities(),
        "pass" => pass::pass(),
        "rebuild" => rebuild::files(scratch).await,
        "rebuild-postgres" => rebuild::tables().await,
        "peers-append" => peers::append(&arguments.programs()?).await,
        "peers-command" => peers::command(&arguments.programs()?, scratch).await,
        "peers-replay" => peers::replay(&arguments.programs()?).await,
        other => bail!("there is no benchmark {other}: growth, {}", ALL.map(|(name, _)| name).join(", ")),
    }
}
