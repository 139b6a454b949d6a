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
        let at = |share| f64::from(quantile(&sorted, share)) / 1000.0;
        format!(
            "p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms, longest stall {:.1} ms",
            at(0.5),
            at(0.99),
            at(1.0),
            self.longest_stall.as_secs_f64() * 1000.0
        )
    }
}

/// The smallest value that at least this share of the sorted values does not exceed (nearest rank); 0 if there are none.
fn quantile(sorted: &[u32], share: f64) -> u32 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The middle value, or the mean of the two middle ones; 0 if there are none.
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
    Ok(slice_of(answers, started, started.elapsed()))
}

/// The slice of these answers. The time before the first answer counts as a stall, too, and so does that after the last one.
fn slice_of(mut answers: AnswerTimes, started: Instant, took: Duration) -> Slice {
    answers.sort_unstable_by_key(|(at, _)| *at);
    let mut last = started;
    let mut longest_stall = Duration::ZERO;
    for at in answers.iter().map(|(at, _)| *at).chain([started + took]) {
        longest_stall = longest_stall.max(at.saturating_duration_since(last));
        last = at;
    }
    Slice {
        done: answers.len() as u64,
        seconds: took.as_secs_f64(),
        latencies_us: answers.iter().map(|(_, took)| u32::try_from(took.as_micros()).unwrap_or(u32::MAX)).collect(),
        longest_stall,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_value_or_the_mean_of_two() {
        for (values, expected) in [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0], 5.0), (vec![9.0, 1.0, 2.0], 2.0)] {
            assert_eq!(median(values.clone()), expected, "{values:?}");
        }
    }

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let sorted: Vec<u32> = (1..=100).collect();
        for (share, expected) in [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)] {
            assert_eq!(quantile(&sorted, share), expected, "{share}");
        }
        assert_eq!((quantile(&[7], 0.5), quantile(&[], 0.5)), (7, 0));
    }

    #[test]
    fn a_slice_counts_every_answer_and_its_longest_stall_reaches_from_start_to_end() {
        let started = Instant::now();
        let at = |milliseconds| started + Duration::from_millis(milliseconds);
        let answers = vec![(at(40), Duration::from_millis(3)), (at(10), Duration::from_micros(2_500))];
        for (took, stall) in [(45, 30), (100, 60)] {
            let slice = slice_of(answers.clone(), started, Duration::from_millis(took));
            assert_eq!((slice.done, slice.longest_stall), (2, Duration::from_millis(stall)));
            assert_eq!(slice.latencies_us, [2_500, 3_000]);
            assert_eq!(slice.rate(), 2.0 / (took as f64 / 1_000.0));
        }
    }

    #[test]
    fn slices_are_added_up() {
        let slice = |done, seconds, stall| Slice {
            done,
            seconds,
            latencies_us: vec![done as u32],
            longest_stall: Duration::from_millis(stall),
        };
        let mut sum = slice(10, 1.0, 7);
        sum.add(slice(30, 3.0, 5));
        assert_eq!((sum.done, sum.rate(), sum.longest_stall), (40, 10.0, Duration::from_millis(7)));
        assert_eq!(sum.latencies_us, [10, 30]);
    }

    #[tokio::test]
    async fn a_client_that_fails_fails_the_run() {
        let answers = || vec![(Instant::now(), Duration::from_millis(1))];
        let client = |fails| async move { if fails { Err(anyhow::anyhow!("refused")) } else { Ok(answers()) } };
        assert_eq!(run(vec![client(false), client(false)]).await.expect("two answers").done, 2);
        let why = run(vec![client(false), client(true)]).await.err().expect("it failed");
        assert_eq!(why.to_string(), "refused");
    }
}
