//! The benchmarks: each figure beside its baseline, from the same run on the same machine.

mod append;
mod append_postgres;
mod http;
mod kafka;
mod load;
mod memory;
mod over_http;
mod rebuild;
mod results;
mod synthetic;
mod town;

use std::path::{Path, PathBuf};

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
    /// Which benchmarks: append, hot, append-postgres, book, read, rebuild, relay, visible, memory. All of them where none is named.
    names: Vec<String>,
    /// Where results and scratch data go. The scratch data is removed at the end of each benchmark.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

const ALL: [&str; 9] = ["append", "hot", "append-postgres", "book", "read", "rebuild", "relay", "visible", "memory"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let named = arguments.names.iter().map(String::as_str).collect::<Vec<_>>();
    let names = if named.is_empty() { ALL.to_vec() } else { named };
    let mut rows = Vec::new();
    for name in names {
        let measured = measure(name, &arguments.folder).await.with_context(|| format!("benchmark {name}"))?;
        results::keep(&measured, &arguments.folder)?;
        println!("{}", results::table(&measured));
        rows.extend(measured);
    }
    println!("{}", results::table(&rows));
    Ok(())
}

async fn measure(name: &str, folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let scratch = folder.join("scratch");
    // What a run that was killed left behind.
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch)?;
    let measured = match name {
        "append" => append::many(&scratch).await,
        "hot" => append::hot(&scratch).await,
        "append-postgres" => append_postgres::append().await,
        "book" => over_http::book(&scratch).await,
        "read" => over_http::read(&scratch).await,
        "memory" => memory::memory(&scratch).await,
        "relay" => kafka::relay().await,
        "visible" => kafka::visible().await,
        "rebuild" => rebuild::rebuild(&scratch).await,
        other => bail!("there is no benchmark {other}: {}", ALL.join(", ")),
    };
    let _ = std::fs::remove_dir_all(&scratch);
    measured
}
