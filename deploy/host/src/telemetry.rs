//! Log lines and metrics. Neither contains personal data: routes are templates, never URLs, and personal types mask
//! themselves.

use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    Misconfigured,
    options::{LogFormat, Serve},
    output::LineQueue,
};

/// Upper bounds of the histograms' buckets, in seconds.
const SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];

/// Upper bounds of the buckets of all values other than times: events, requests, rows.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 4_096.0];

/// The interval at which the samples of histograms are added to their buckets. Until then each sample is kept in
/// memory.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Starts to write log lines to standard error.
///
/// # Errors
/// If the filter is invalid.
pub fn log_lines(options: &Serve, errors: LineQueue) -> anyhow::Result<()> {
    let filter = filter(&options.log_level)
        .map_err(|why| Misconfigured(format!("--log-level {:?}: {why}", options.log_level)))?;
    let lines = tracing_subscriber::registry().with(filter);
    let writer = move || errors.clone();
    match options.log_format {
        LogFormat::Json => lines.with(fmt::layer().json().flatten_event(true).with_writer(writer)).try_init(),
        LogFormat::Pretty => lines.with(fmt::layer().with_writer(writer)).try_init(),
    }
    .context("log lines cannot be written")
}

/// Parses the filter of log lines. The library would read a word that is not a level as the name of a module, and write
/// the lines of that module only.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let is_known = |part: &&str| part.contains(['=', '[']) || part.trim().parse::<LevelFilter>().is_ok();
    if let Some(unknown) = text.split(',').find(|part| !is_known(part)) {
        return Err(format!("{unknown:?} is not a level: off, error, warn, info, debug, trace"));
    }
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

/// Starts to collect metrics.
///
/// # Errors
/// If another recorder is already installed in this process.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| builder.set_buckets(COUNTS))
        .context("the buckets of the histograms")?
        .install_recorder()
        .context("metrics cannot be recorded")
}

/// Adds the samples of histograms to their buckets, until it is stopped. A scrape does the same, but without scrapes a
/// server would keep every sample in memory.
pub async fn upkeep(metrics: PrometheusHandle, interval: Duration, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(interval);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn samples_are_folded_into_buckets_without_a_scrape() {
        let builder = PrometheusBuilder::new().set_buckets(COUNTS).expect("buckets");
        let recorder = builder.build_recorder();
        let (metrics, stop) = (recorder.handle(), CancellationToken::new());
        // Rendering would fold the samples itself; the debug form shows the buckets unchanged.
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
        upkeep.await.expect("it ends");
    }
}
