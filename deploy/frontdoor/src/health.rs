//! Health as operators see it: what a process's parts can do now, beyond that its tasks live.

use std::time::Duration;

use event_log::{Log, LogError};
use vocabulary::Timestamp;

/// Clocks of several machines differ by less than this. An event that lies further ahead shows that a clock was wrong.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(1);

/// By how much the log's last event lies ahead of this process's clock; zero where it does not. The log's time never goes
/// back, so until the clock has come to that event, all events are recorded at its time.
///
/// # Errors
/// When the log cannot be read.
pub async fn ahead_of_clock(log: &Log) -> Result<Duration, LogError> {
    let Some(before) = log.end().checked_sub(1) else { return Ok(Duration::ZERO) };
    let last = log.read(before, 1).await?.into_iter().next();
    let now = Timestamp::from_jiff(jiff::Timestamp::now());
    let ahead = last.map(|event| event.recorded_at.since(now));
    Ok(ahead.and_then(|ahead| Duration::try_from(ahead).ok()).unwrap_or_default())
}

/// Says in a log line, at the start, that a log's last event lies ahead of the clock.
pub async fn warn_of_clock(logs: [&Log; 2]) {
    for log in logs {
        match ahead_of_clock(log).await {
            Ok(ahead) if ahead > CLOCK_SKEW_MAX => {
                let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(log = %log.name(), ahead_ms, "the last event lies ahead of this clock: a clock was, or is, wrong");
            }
            Ok(_) => {}
            // Readiness says so, too, for as long as it lasts.
            Err(error) => tracing::warn!(log = %log.name(), %error, "the last event cannot be read"),
        }
    }
}
