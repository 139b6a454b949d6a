//! Standard output and standard error. A closed reader (`frontdoor status | head`) or a full disk behind the output
//! does not affect the work: the rest is not printed, and the exit code is the documented one.
//!
//! A command that produces output waits for its reader. A server does not: a full pipe without a reader must not block
//! it.

use std::{
    fmt::Display,
    io::{self, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc::SyncSender,
    },
    thread,
    time::{Duration, Instant},
};

/// The number of lines in the queue; further lines are dropped.
const LINES_MAX: usize = 8_192;
/// The time that the end of the process waits for queued lines.
const REST_TIME_MAX: Duration = Duration::from_millis(500);
const REST_LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// Standard output and standard error of a server.
static SERVER: OnceLock<[LineQueue; 2]> = OnceLock::new();

/// Makes all output here non-blocking from now on. Returns the queue of standard error, for log lines.
///
/// # Errors
/// If a thread cannot be started.
pub fn never_wait() -> io::Result<LineQueue> {
    let [_, errors] = match SERVER.get() {
        Some(queues) => queues,
        None => {
            let queues = [LineQueue::into(io::stdout())?, LineQueue::into(io::stderr())?];
            SERVER.get_or_init(|| queues)
        }
    };
    Ok(errors.clone())
}

/// Waits a short time for queued lines, which may never be read. Used at the end of the process.
pub fn rest() {
    let began = Instant::now();
    let waiting = || SERVER.get().is_some_and(|queues| queues.iter().any(LineQueue::waits));
    while waiting() && began.elapsed() < REST_TIME_MAX {
        thread::sleep(REST_LOOK_INTERVAL);
    }
}

/// Prints text and a newline to standard output.
pub fn line(text: impl Display) {
    // `println!` would panic, and would block.
    print(0, io::stdout(), format!("{text}\n"));
}

/// Prints text to standard output.
pub fn text(text: impl Display) {
    print(0, io::stdout(), text.to_string());
}

/// Prints text and a newline to standard error.
pub fn error_line(text: impl Display) {
    print(1, io::stderr(), format!("{text}\n"));
}

fn print(at: usize, mut output: impl Write, text: String) {
    match SERVER.get().and_then(|queues| queues.get(at)) {
        Some(queue) => queue.push(text.into_bytes()),
        None => drop(output.write_all(text.as_bytes()).and_then(|()| output.flush())),
    }
}

/// A queue of a server's lines for a thread that writes them. A line that does not fit in the queue is dropped and
/// counted.
#[derive(Clone)]
pub struct LineQueue {
    lines: SyncSender<Vec<u8>>,
    /// The number of lines that are accepted and not yet written.
    waiting: Arc<AtomicUsize>,
}

impl LineQueue {
    /// # Errors
    /// If a thread cannot be started.
    fn into(mut output: impl Write + Send + 'static) -> io::Result<LineQueue> {
        let (lines, queued) = std::sync::mpsc::sync_channel::<Vec<u8>>(LINES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&waiting);
        thread::Builder::new().name("lines".to_owned()).spawn(move || {
            for line in queued {
                // A closed reader is not a reason to stop serving.
                if output.write_all(&line).and_then(|()| output.flush()).is_err() {
                    dropped();
                }
                written.fetch_sub(1, Ordering::AcqRel);
            }
        })?;
        Ok(LineQueue { lines, waiting })
    }

    fn push(&self, line: Vec<u8>) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.lines.try_send(line).is_err() {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            dropped();
        }
    }

    fn waits(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }
}

impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn dropped() {
    metrics::counter!("log_lines_dropped_total").increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full pipe without a reader.
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
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let (_never, reads) = std::sync::mpsc::channel();
        metrics::with_local_recorder(&recorder, || {
            let mut queue = LineQueue::into(Stuck(reads)).expect("a thread");
            // The thread may have taken one line already.
            for _ in 0..LINES_MAX + 1 + 10 {
                queue.write_all(b"a line\n").expect("it never fails");
            }
        });
        let count = recorder.handle().render();
        assert!(count.contains("log_lines_dropped_total 1"), "{count}");
    }
}
