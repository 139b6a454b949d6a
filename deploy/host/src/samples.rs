//! The last minutes of this process in samples, for charts: the lag of the read models and the work of the commands.
//! The values of commands come from the metrics, so that they are counted in one place.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use event_core::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use page_engine::ProcessSample;
use projection_engine::ModelStatus;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// The interval between two samples.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// The number of samples that are kept: those of 15 minutes.
const SAMPLES_MAX: usize = 180;
/// The part of the commands that the sampled time of an answer covers.
const QUANTILE: f64 = 0.99;

/// The newest samples.
#[derive(Default)]
pub struct Samples(Mutex<VecDeque<ProcessSample>>);

impl Samples {
    pub fn all(&self) -> VecDeque<ProcessSample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, sample: ProcessSample) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.len() >= SAMPLES_MAX {
            kept.pop_front();
        }
        kept.push_back(sample);
    }

    /// Takes samples of the process until `stop`.
    pub async fn run(&self, app: &App, metrics: &PrometheusHandle, stop: CancellationToken) {
        let mut ticks = interval(SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before: Option<(Instant, CommandCounts)> = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let (now, counts) = (Instant::now(), CommandCounts::read(&metrics.render()));
            if let Some((then, before)) = &before {
                let seconds = now.duration_since(*then).as_secs_f64();
                self.add(ProcessSample {
                    at: Timestamp::from_jiff(jiff::Timestamp::now()),
                    lag_ms: slowest(&app.views_status()),
                    commands_per_second: counts.given_since(before) / seconds.max(f64::EPSILON),
                    command_p99_ms: counts.quantile_since(before, QUANTILE).map(|seconds| seconds * 1_000.0),
                });
            }
            before = Some((now, counts));
        }
    }
}

/// The greatest known lag of a read model.
fn slowest(models: &[ModelStatus]) -> Option<u64> {
    models.iter().filter_map(|model| model.lag_ms).max()
}

/// The counters of commands since the start of the process.
#[derive(Debug, Default, PartialEq)]
struct CommandCounts {
    given: f64,
    /// The number of commands that were answered within each bound in seconds, by bound.
    within: Vec<(f64, f64)>,
}

impl CommandCounts {
    /// Reads the few lines about commands in the text of the metrics, and adds them up over all commands and outcomes.
    fn read(text: &str) -> CommandCounts {
        let mut counts = CommandCounts::default();
        for line in text.lines() {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            if series.starts_with("commands_total{") {
                counts.given += value;
            } else if let Some(bound) = series.strip_prefix("command_seconds_bucket{").and_then(upper_bound) {
                match counts.within.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
                    Some((_, count)) => *count += value,
                    None => counts.within.push((bound, value)),
                }
            }
        }
        counts.within.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        counts
    }

    fn given_since(&self, before: &CommandCounts) -> f64 {
        (self.given - before.given).max(0.0)
    }

    /// The time within which this part of the commands since then were answered, in seconds. Times are known by their
    /// bucket only: within a bucket, they are assumed to be spread evenly. `None` if there were no commands.
    fn quantile_since(&self, before: &CommandCounts, quantile: f64) -> Option<f64> {
        let count_before = |bound: f64| {
            before.within.iter().find(|(known, _)| known.total_cmp(&bound).is_eq()).map_or(0.0, |(_, count)| *count)
        };
        let since: Vec<(f64, f64)> =
            self.within.iter().map(|(bound, count)| (*bound, count - count_before(*bound))).collect();
        let wanted = since.last().map(|(_, all)| *all).filter(|all| *all > 0.0)? * quantile;
        let mut lower = (0.0, 0.0);
        for (bound, count) in since {
            if count >= wanted {
                // The last bucket has no upper bound.
                let share = if count > lower.1 { (wanted - lower.1) / (count - lower.1) } else { 1.0 };
                return Some(if bound.is_finite() { lower.0 + (bound - lower.0) * share } else { lower.0 });
            }
            lower = (bound, count);
        }
        None
    }
}

/// The value of the label `le`.
fn upper_bound(labels: &str) -> Option<f64> {
    labels.split_once("le=\"")?.1.split_once('"')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

    use super::*;

    /// The text of metrics after these commands, each answered within so many seconds.
    fn rendered(commands: &[(&'static str, f64)]) -> String {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &[0.001, 0.01, 0.1])
            .expect("buckets")
            .build_recorder();
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("queries_total", "query" => "other").increment(1);
            for (command, seconds) in commands {
                metrics::counter!("commands_total", "command" => *command, "outcome" => "granted").increment(1);
                metrics::histogram!("command_seconds", "command" => *command).record(*seconds);
            }
        });
        recorder.handle().render()
    }

    #[test]
    fn the_counts_of_all_commands_are_added_up() {
        let counts = CommandCounts::read(&rendered(&[("lend", 0.0005), ("lend", 0.05), ("return", 0.005)]));
        assert_eq!(counts.given.to_string(), "3");
        let within = [(0.001, 1.0), (0.01, 2.0), (0.1, 3.0), (f64::INFINITY, 3.0)];
        assert_eq!(counts.within, within);
        assert_eq!(CommandCounts::read(&rendered(&[])), CommandCounts::default());
        assert_eq!(
            CommandCounts::read("commands_total{\nnonsense\ncommand_seconds_bucket{} x"),
            CommandCounts::default()
        );
    }

    #[test]
    fn the_quantile_is_that_of_the_commands_since_the_sample_before() {
        let before = CommandCounts::read(&rendered(&[("lend", 0.05)]));
        let counts = |more: &[(&'static str, f64)]| CommandCounts::read(&rendered(&[&[("lend", 0.05)], more].concat()));
        assert_eq!(counts(&[]).quantile_since(&before, 0.99), None);
        let fast = counts(&[("lend", 0.0005); 100]);
        let p99 = fast.quantile_since(&before, 0.99).expect("there were commands");
        assert!((p99 - 0.000_99).abs() < 1e-9, "{p99}");
        assert_eq!(fast.given_since(&before).to_string(), "100");
        let beyond = counts(&[("lend", 3.0)]).quantile_since(&before, 0.99).expect("there were commands");
        assert!((beyond - 0.1).abs() < 1e-9, "the last bound, because the time beyond it is unknown: {beyond}");
    }

    #[test]
    fn the_oldest_samples_make_room() {
        let samples = Samples::default();
        for count in 0..=SAMPLES_MAX {
            let commands_per_second = count as f64;
            samples.add(ProcessSample {
                at: Timestamp::EPOCH,
                lag_ms: None,
                commands_per_second,
                command_p99_ms: None,
            });
        }
        let kept = samples.all();
        assert_eq!(kept.len(), SAMPLES_MAX);
        assert_eq!(kept.front().map(|sample| sample.commands_per_second.to_string()).as_deref(), Some("1"));
    }
}
