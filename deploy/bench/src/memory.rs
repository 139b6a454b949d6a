//! The memory of an idle server, by the size of its log: it must not grow with it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use event_log::{Log, LogOptions};
use vocabulary::LogName;

use crate::{results::Measured, synthetic};

const FEW: u64 = 100_000;
const MANY: u64 = 1_000_000;

/// # Errors
/// When the log cannot be written or the server does not start.
pub async fn memory(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let few = resident_mib(&folder.join("few"), FEW).await?;
    let many = resident_mib(&folder.join("many"), MANY).await?;
    let row = Measured::stated("memory-of-an-idle-server-1e6-events", many, "MiB");
    Ok(vec![row.note(format!(
        "resident after following {MANY} events and with them again at a second start; with {FEW} events {few:.0} MiB"
    ))])
}

/// The resident memory of a server that has followed the log in an earlier life, and is started again and idle.
async fn resident_mib(folder: &Path, events: u64) -> anyhow::Result<f64> {
    std::fs::create_dir_all(folder)?;
    let url = format!("sqlite:{}", folder.display());
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
    synthetic::fill(&log, events).await?;
    log.close().await;
    drop(log);
    let first = Server::start(folder)?;
    let (following, _) = (first.resident_mib()?, first.end()?);
    let again = Server::start(folder)?;
    let idle = again.resident_mib()?;
    again.end()?;
    eprintln!("memory: {events} events: {following:.0} MiB after following all of them, {idle:.0} MiB after a restart");
    Ok(following.max(idle))
}

struct Server(Child);

impl Server {
    /// A server that has said that it is ready: its views have caught up.
    fn start(folder: &Path) -> anyhow::Result<Server> {
        let binary = std::env::current_exe()?.with_file_name("frontdoor");
        let mut child = Command::new(&binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--demo", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start: build it first (make bench does)", binary.display()))?;
        let output = child.stdout.take().context("it has an output")?;
        for line in BufReader::new(output).lines() {
            if line?.contains("is ready") {
                return Ok(Server(child));
            }
        }
        bail!("the server ended before it was ready")
    }

    fn resident_mib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    fn end(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()?;
        let status = self.0.wait()?;
        if status.success() { Ok(()) } else { bail!("the server ended with {status}") }
    }
}
