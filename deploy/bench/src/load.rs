//! Closed-loop clients: each sends its next request when it has the answer to the previous one.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Context;

/// The time of each answer, and its latency.
pub type AnswerTimes = Vec<(Instant, Duration)>;

/// The measurements of a slice of load.
#[derive(Default)]
pub struct Slice {
    pub done: u64,
    pub seconds: f64,
    /// The latency of every request, in microseconds, unsorted.
    pub latencies_us: Vec<u32>,
    /// The longest time without an answer to any request.
    pub longest_stall: Duration,
}

impl Slice {
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.seconds
    }

    pub fn add(&mut self, other: Slice) {
        self.done += other.done;
        self.seconds += other.seconds;
        self.latencies_us.extend(other.latencies_us);
        self.longest_stall = self.longest_stall.max(other.longest_stall);
    }

    /// A text like "p50 1.2 ms, p99 3.4 ms, longest 9 ms, longest stall 12 ms".
    pub fn latency(&self) -> String {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let index = ((sorted.len() as f64 - 1.0) * share).max(0.0) as usize;
            f64::from(sorted.get(index).copied().unwrap_or_default()) / 1000.0
        };
        format!(
            "p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms, longest stall {:.1} ms",
            at(0.5),
            at(0.99),
            at(1.0),
            self.longest_stall.as_secs_f64() * 1000.0
        )
    }
}

pub fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    let middle = rates.len() / 2;
    match rates.len() % 2 {
        _ if rates.is_empty() => 0.0,
        0 => f64::midpoint(rates[middle - 1], rates[middle]),
        _ => rates[middle],
    }
}

/// Runs all clients to their end. A client reports the instant and the latency of each answer.
///
/// # Errors
/// The first client's error.
pub async fn run<F>(clients: Vec<F>) -> anyhow::Result<Slice>
where
    F: Future<Output = anyhow::Result<Vec<(Instant, Duration)>>> + Send + 'static,
{
    let started = Instant::now();
    let running: Vec<_> = clients.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for client in running {
        answers.extend(client.await.context("a client panicked")??);
    }
    let seconds = started.elapsed().as_secs_f64();
    answers.sort_unstable_by_key(|(at, _)| *at);
    let mut last = started;
    let mut longest_stall = Duration::ZERO;
    for (at, _) in &answers {
        longest_stall = longest_stall.max(*at - last);
        last = *at;
    }
    Ok(Slice {
        done: answers.len() as u64,
        seconds,
        latencies_us: answers.iter().map(|(_, took)| u32::try_from(took.as_micros()).unwrap_or(u32::MAX)).collect(),
        longest_stall,
    })
}
