//! A child process that reads orders from its standard input, one per line, and answers each with a line of JSON.

use std::{path::Path, process::Stdio};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// The result of an order.
#[derive(Serialize, Deserialize)]
pub struct ProcessResult {
    pub done: u64,
    pub seconds: f64,
    /// The number of appends that met a conflict first.
    #[serde(default)]
    pub conflicts: u64,
    /// The number of states that a peer with a cache had to load nevertheless.
    #[serde(default)]
    pub loads: u64,
}

impl ProcessResult {
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.seconds
    }
}

pub struct Process {
    _process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// # Errors
    /// If the program does not exist.
    pub fn start(program: &Path, arguments: &[&str]) -> anyhow::Result<Process> {
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let orders = process.stdin.take().context("its input is a pipe")?;
        let answers = BufReader::new(process.stdout.take().context("its output is a pipe")?).lines();
        Ok(Process { _process: process, orders, answers })
    }

    /// # Errors
    /// If the process has ended.
    pub async fn begin(&mut self, order: &str) -> anyhow::Result<()> {
        Ok(self.orders.write_all(format!("{order}\n").as_bytes()).await?)
    }

    /// # Errors
    /// If the process has ended. Its own error output is printed above.
    pub async fn done(&mut self) -> anyhow::Result<ProcessResult> {
        let line = self.answers.next_line().await?.context("a process ended")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// # Errors
    /// If the process has ended. Its own error output is printed above.
    pub async fn order(&mut self, order: &str) -> anyhow::Result<ProcessResult> {
        self.begin(order).await?;
        self.done().await
    }
}
