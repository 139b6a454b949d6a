//! A release build of the server as a process, with the demonstration's key.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};

/// Killed when dropped.
pub struct ServerProcess {
    child: Child,
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Starts a server and waits until it reports that it is ready: its views have caught up.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(folder: &Path) -> anyhow::Result<ServerProcess> {
        let binary = std::env::current_exe()?.with_file_name("frontdoor");
        let mut child = Command::new(&binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--demo", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            // Standard error shows the reason if it does not start.
            .args(["--log-level", "warn"])
            .spawn()
            .with_context(|| format!("{} does not start: build it first (make bench does)", binary.display()))?;
        let output = child.stdout.take().context("it has an output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next().transpose()? {
            let Some(addresses) = line.strip_prefix("frontdoor is ready: http://") else { continue };
            let (address, _) = addresses.split_once(' ').context("two addresses")?;
            let address = address.parse()?;
            // A full pipe would block it.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(ServerProcess { child, address });
        }
        bail!("the server ended before it was ready")
    }

    /// # Errors
    /// If it has ended.
    pub fn resident_mib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// # Errors
    /// If it does not shut down properly.
    pub fn end(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { bail!("the server ended with {status}") }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
