//! Log lines and metrics. Nothing personal is in either: routes are templates, never URLs, and personal types mask
//! themselves.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::SyncSender,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    Misconfigured,
    cli::{LogFormat, Serve},
};

/// Upper bounds of the histograms' buckets, in seconds.
const SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];

/// Upper bounds of the buckets of whatever is no time: events, requests, rows.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 4_096.0];

/// How often the samples of histograms are added to their buckets. Until then each sample is kept in memory.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Log lines that wait to be written; more are dropped.
const LINES_MAX: usize = 8_192;
/// How long the end of the process waits for lines that are not written.
const REST_TIME_MAX: Duration = Duration::from_millis(500);
const REST_LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// Begins to write log lines, to standard error. What is returned is dropped at the end of the process.
///
/// # Errors
/// When the filter cannot be read.
pub fn log_lines(options: &Serve) -> anyhow::Result<LineRest> {
    let filter = filter(&options.log_level)
        .map_err(|why| Misconfigured(format!("--log-level {:?}: {why}", options.log_level)))?;
    let lines = tracing_subscriber::registry().with(filter);
    let queue = LineQueue::into(io::stderr()).context("log lines cannot be written")?;
    let rest = LineRest(Arc::clone(&queue.waiting));
    let writer = move || queue.clone();
    match options.log_format {
        LogFormat::Json => lines.with(fmt::layer().json().flatten_event(true).with_writer(writer)).try_init(),
        LogFormat::Pretty => lines.with(fmt::layer().with_writer(writer)).try_init(),
    }
    .context("log lines cannot be written")?;
    Ok(rest)
}

/// Reads which log lines are written. The library takes a word that is not a level for the name of a module, all of
/// whose lines would be written, and no others.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let is_known = |part: &&str| part.contains(['=', '[']) || part.trim().parse::<LevelFilter>().is_ok();
    if let Some(unknown) = text.split(',').find(|part| !is_known(part)) {
        return Err(format!("{unknown:?} is not a level: off, error, warn, info, debug, trace"));
    }
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

/// Log lines on their way to a thread that writes them, so that the server never waits for a pipe that is not read. A
/// line that does not fit in the queue is dropped and counted.
#[derive(Clone)]
struct LineQueue {
    lines: SyncSender<Vec<u8>>,
    /// How many lines are accepted and not written.
    waiting: Arc<AtomicUsize>,
}

/// The lines that are not written yet. Dropping it waits for them, but not long: nothing may read them.
pub struct LineRest(Arc<AtomicUsize>);

impl Drop for LineRest {
    fn drop(&mut self) {
        let began = Instant::now();
        while self.0.load(Ordering::Acquire) > 0 && began.elapsed() < REST_TIME_MAX {
            thread::sleep(REST_LOOK_INTERVAL);
        }
    }
}

impl LineQueue {
    /// # Errors
    /// When there is no thread.
    fn into(mut output: impl Write + Send + 'static) -> io::Result<LineQueue> {
        let (lines, queued) = std::sync::mpsc::sync_channel::<Vec<u8>>(LINES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&waiting);
        thread::Builder::new().name("log-lines".to_owned()).spawn(move || {
            for line in queued {
                // A reader that is gone is not a reason to stop serving.
                if output.write_all(&line).is_err() {
                    dropped();
                }
                written.fetch_sub(1, Ordering::AcqRel);
            }
        })?;
        Ok(LineQueue { lines, waiting })
    }
}

impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.lines.try_send(line.to_vec()).is_err() {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            dropped();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn dropped() {
    metrics::counter!("log_lines_dropped_total").increment(1);
}

/// Begins to count.
///
/// # Errors
/// When something else in this process counts already.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| builder.set_buckets(COUNTS))
        .context("the buckets of the histograms")?
        .install_recorder()
        .context("metrics cannot be recorded")
}

/// Adds the samples of histograms to their buckets, until it is stopped. A scrape does the same, but a server that is
/// never scraped would keep every sample that it ever recorded.
///
/// # Errors
/// None; the result is what the list of tasks expects.
pub async fn upkeep(metrics: PrometheusHandle, interval: Duration, stop: CancellationToken) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(interval);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe that is full and that nothing reads.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.recv().map(|()| 0).map_err(io::Error::other)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nothing_reads_are_dropped_and_counted_and_never_waited_for() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (_never, reads) = std::sync::mpsc::channel();
        metrics::with_local_recorder(&recorder, || {
            let mut queue = LineQueue::into(Stuck(reads)).expect("a thread");
            // One line may be with the thread already.
            for _ in 0..LINES_MAX + 1 + 10 {
                queue.write_all(b"a line\n").expect("it never fails");
            }
        });
        let count = recorder.handle().render();
        assert!(count.contains("log_lines_dropped_total 1"), "{count}");
    }

    #[tokio::test]
    async fn samples_are_folded_into_buckets_without_a_scrape() {
        let builder = PrometheusBuilder::new().set_buckets(COUNTS).expect("buckets");
        let recorder = builder.build_recorder();
        let (metrics, stop) = (recorder.handle(), CancellationToken::new());
        // Rendering would fold the samples itself; the debug form shows the buckets as they are.
        let folded = |count: u32| format!("{metrics:?}").contains(&format!("count: {count}"));
        let interval = Duration::from_millis(1);
        let upkeep = tokio::spawn(upkeep(metrics.clone(), interval, stop.clone()));
        for round in 1..=3 {
            metrics::with_local_recorder(&recorder, || {
                (0..1_000).for_each(|_| metrics::histogram!("samples").record(1.0));
            });
            let all = async {
                while !folded(round * 1_000) {
                    tokio::time::sleep(interval).await;
                }
            };
            let deadline = Duration::from_secs(30);
            assert!(tokio::time::timeout(deadline, all).await.is_ok(), "round {round}: {metrics:?}");
        }
        stop.cancel();
        upkeep.await.expect("it ends").expect("without a fault");
    }
}
