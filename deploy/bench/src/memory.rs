//! The memory of an idle server at different sizes of its log: it must not grow with the log.

use std::path::Path;

use event_core::LogName;
use event_log::{Log, LogOptions};

use crate::{results::Measured, server::ServerProcess, synthetic};

const FEW: u64 = 100_000;
const MANY: u64 = 500_000;

/// # Errors
/// If the log cannot be written or the server does not start.
pub async fn memory(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let few = resident_mib(&folder.join("few"), FEW).await?;
    let many = resident_mib(&folder.join("many"), MANY).await?;
    let row = Measured::stated("memory-of-an-idle-server-500k-events", many, "MiB");
    Ok(vec![row.note(format!(
        "resident after following {MANY} events and with them again at a second start; with {FEW} events {few:.0} MiB"
    ))])
}

/// The resident memory of a server that has followed the log before, and was restarted and is idle.
async fn resident_mib(folder: &Path, events: u64) -> anyhow::Result<f64> {
    std::fs::create_dir_all(folder)?;
    let url = format!("sqlite:{}", folder.display());
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
    synthetic::fill(&log, events).await?;
    log.close().await;
    drop(log);
    // A server rejects a folder that has only one of its logs.
    Log::open(&url, LogName::Access, LogOptions::default()).await?.close().await;
    let first = ServerProcess::start(folder)?;
    let (following, _) = (first.resident_mib()?, first.end()?);
    let again = ServerProcess::start(folder)?;
    let idle = again.resident_mib()?;
    again.end()?;
    eprintln!("memory: {events} events: {following:.0} MiB after following all of them, {idle:.0} MiB after a restart");
    Ok(following.max(idle))
}
