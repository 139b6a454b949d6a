//! Log lines and metrics. Nothing personal is in either: routes are templates, never URLs, and personal types mask
//! themselves.

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    Misconfigured,
    cli::{LogFormat, Serve},
};

/// Upper bounds of the histograms' buckets, in seconds.
const SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];

/// Upper bounds of the buckets of whatever is no time: events, requests, rows.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 4_096.0];

/// Begins to write log lines, to standard error.
///
/// # Errors
/// When the filter cannot be read.
pub fn log_lines(options: &Serve) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&options.log_level)
        .map_err(|error| Misconfigured(format!("--log-level {:?}: {error}", options.log_level)))?;
    let lines = tracing_subscriber::registry().with(filter);
    match options.log_format {
        LogFormat::Json => lines.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init(),
        LogFormat::Pretty => lines.with(fmt::layer().with_writer(std::io::stderr)).try_init(),
    }
    .context("log lines cannot be written")
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
