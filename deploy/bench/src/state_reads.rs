//! Counts the sources of the command engine's states, so that no benchmark measures a cache without reporting it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

static FROM_LOG: AtomicU64 = AtomicU64::new(0);
static FROM_MEMORY: AtomicU64 = AtomicU64::new(0);

/// The state reads of all engines in this process since its start.
#[derive(Clone, Copy)]
pub struct StateReadCounts {
    pub from_log: u64,
    pub from_memory: u64,
}

impl StateReadCounts {
    pub fn now() -> StateReadCounts {
        StateReadCounts { from_log: FROM_LOG.load(Ordering::Relaxed), from_memory: FROM_MEMORY.load(Ordering::Relaxed) }
    }

    pub fn since(self, before: StateReadCounts) -> StateReadCounts {
        StateReadCounts {
            from_log: self.from_log - before.from_log,
            from_memory: self.from_memory - before.from_memory,
        }
    }
}

struct OneCounter(&'static AtomicU64);

impl metrics::CounterFn for OneCounter {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// Records `command_state_reads_total` only, so that the measured code is hardly affected.
struct StateReadRecorder;

impl Recorder for StateReadRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() != "command_state_reads_total" {
            return Counter::noop();
        }
        let from_log = key.labels().any(|label| label.value() == "log");
        Counter::from_arc(Arc::new(OneCounter(if from_log { &FROM_LOG } else { &FROM_MEMORY })))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// # Errors
/// If another recorder is already installed in this process.
pub fn count() -> anyhow::Result<()> {
    metrics::set_global_recorder(StateReadRecorder).map_err(|_| anyhow::anyhow!("metrics are recorded already"))
}
