//! The benchmarks: each figure beside its baseline, from the same run on the same machine.

mod append;
mod http;
mod kafka;
mod load;
mod memory;
mod over_http;
mod peers;
mod postgres;
mod process;
mod rebuild;
mod results;
mod synthetic;
mod town;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Parser;

use crate::results::Measured;

// As the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Frontdoor. Prints a table and adds JSON lines to `target/bench/results.jsonl`.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Which benchmarks: append, hot, append-postgres, command, old-snapshot, two-nodes, growth, book, read,
    /// rebuild, rebuild-postgres, relay, visible, memory. All of them where none is named.
    names: Vec<String>,
    /// Where results and scratch data go. The scratch data is removed at the end of each benchmark.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// How many events the large log of `growth` has. 10^7 take 15 GB of disk.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// The program of the package `deploy/peers`, for the benchmark `peers`, which is one of all where this is given.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// This process is a node of `two-nodes`, on the log at this URL.
    #[arg(long, hide = true)]
    node: Option<String>,
}

const ALL: [&str; 14] = [
    "append",
    "hot",
    "append-postgres",
    "command",
    "old-snapshot",
    "two-nodes",
    "growth",
    "book",
    "read",
    "rebuild",
    "rebuild-postgres",
    "relay",
    "visible",
    "memory",
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(url) = &arguments.node {
        return postgres::node(url).await;
    }
    let named = arguments.names.iter().map(String::as_str).collect::<Vec<_>>();
    let all = || ALL.into_iter().chain(arguments.peers.is_some().then_some("peers")).collect();
    let names: Vec<&str> = if named.is_empty() { all() } else { named };
    let mut rows = Vec::new();
    for name in names {
        let measured = measure(name, &arguments).await.with_context(|| format!("benchmark {name}"))?;
        results::keep(&measured, &arguments.folder)?;
        println!("{}", results::table(&measured));
        rows.extend(measured);
    }
    println!("{}", results::table(&rows));
    Ok(())
}

async fn measure(name: &str, arguments: &Arguments) -> anyhow::Result<Vec<Measured>> {
    let scratch = arguments.folder.join("scratch");
    // What a run that was killed left behind.
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch)?;
    let measured = match name {
        "append" => append::many(&scratch).await,
        "hot" => append::hot(&scratch).await,
        "append-postgres" => postgres::append().await,
        "old-snapshot" => postgres::old_snapshot().await,
        "two-nodes" => postgres::two_nodes().await,
        "growth" => postgres::growth(arguments.events).await,
        "book" => over_http::book(&scratch).await,
        "read" => over_http::read(&scratch).await,
        "memory" => memory::memory(&scratch).await,
        "relay" => kafka::relay().await,
        "visible" => kafka::visible().await,
        "rebuild" => rebuild::files(&scratch).await,
        "rebuild-postgres" => rebuild::tables().await,
        "command" => peers::alone(&scratch).await,
        "peers" => {
            let program = arguments.peers.as_deref().context("--peers names its program: make bench-peers")?;
            peers::peers(program, &scratch).await
        }
        other => bail!("there is no benchmark {other}: {}", ALL.join(", ")),
    };
    let _ = std::fs::remove_dir_all(&scratch);
    measured
}
