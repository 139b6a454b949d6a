//! Group commit: one task owns the writer, collects requests in the order of their tickets, and commits them in
//! batches. A request's own future does not write, so cancelling it neither undoes anything nor breaks a connection.
//!
//! The linger is adaptive. The next batch is expected to have as many requests as the last one and those waiting behind
//! it, because its clients send again. The batch waits for these, but at most for a tenth of a commit's usual time. A
//! single client never waits.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use event_core::LogName;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    end::raise,
    options::LogOptions,
    port::{Append, Granted, Refused},
    store::{LogReader, LogWriter, Opened, Request},
    ticket_outcomes::TicketOutcomes,
    write_fault::{self, WriteFault},
};

/// The maximum wait of a batch for more requests, as a part of a commit's usual time.
const LINGER_SHARE: f64 = 0.1;
/// Weight of the newest commit in the smoothed time.
const SMOOTHING: f64 = 0.2;
/// The maximum wait of a batch, however slow the disk is.
const LINGER_MAX: Duration = Duration::from_millis(5);
/// The resolution of timers. For a shorter wait the task yields to other tasks.
const TIMER_GRAIN: Duration = Duration::from_millis(2);

pub(crate) type AppendAnswer = oneshot::Sender<Result<Granted, Refused>>;

/// A request in the queue. Its ticket is its place in it.
pub(crate) struct Queued {
    pub append: Append,
    /// The number of the history that it was decided on.
    pub history: Option<u64>,
    pub answer: AppendAnswer,
}

pub(crate) struct GroupCommit {
    log: LogName,
    queue: mpsc::Receiver<Queued>,
    writer: Box<dyn LogWriter>,
    reader: Arc<dyn LogReader>,
    end: watch::Sender<u64>,
    fault: watch::Sender<Option<WriteFault>>,
    ticket_outcomes: TicketOutcomes,
    requests_max: usize,
    events_max: usize,
    /// The number of requests that the next batch is expected to have.
    target: usize,
    /// The smoothed time of a commit.
    commit_seconds: f64,
}

impl GroupCommit {
    pub(crate) fn new(
        queue: mpsc::Receiver<Queued>,
        opened: Opened,
        end: watch::Sender<u64>,
        fault: watch::Sender<Option<WriteFault>>,
        options: &LogOptions,
    ) -> GroupCommit {
        // The requests that can come between a request and one that it depends on, and as many again for callers that
        // are slow to notice an outcome.
        let kept_max = 2 * (options.queue_max + 2 * options.batch_requests_max);
        GroupCommit {
            log: opened.identity.name,
            queue,
            writer: opened.writer,
            reader: opened.reader,
            end,
            fault,
            ticket_outcomes: TicketOutcomes::new(0, kept_max),
            requests_max: options.batch_requests_max,
            events_max: options.batch_events_max,
            target: 1,
            commit_seconds: 0.0,
        }
    }

    /// Runs until the queue is closed and empty.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let batch = self.gather(first).await;
            self.commit(batch).await;
        }
        self.reader.close().await;
        self.writer.close().await;
    }

    async fn gather(&mut self, first: Queued) -> Vec<Queued> {
        let mut events = first.append.events.len();
        let mut batch = Vec::with_capacity(self.target);
        batch.push(first);
        let linger = Duration::from_secs_f64(self.commit_seconds * LINGER_SHARE).min(LINGER_MAX);
        let deadline = Instant::now() + linger;
        while batch.len() < self.requests_max && events < self.events_max {
            let next = match self.queue.try_recv() {
                Ok(next) => Some(next),
                Err(_) if batch.len() >= self.target => None,
                Err(_) => self.wait(deadline).await,
            };
            let Some(next) = next else { break };
            events += next.append.events.len();
            batch.push(next);
        }
        batch
    }

    /// The next request, if it comes before the deadline.
    async fn wait(&mut self, deadline: Instant) -> Option<Queued> {
        loop {
            let left = deadline.checked_duration_since(Instant::now())?;
            if left >= TIMER_GRAIN {
                return tokio::time::timeout(left, self.queue.recv()).await.ok().flatten();
            }
            tokio::task::yield_now().await;
            match self.queue.try_recv() {
                Ok(next) => return Some(next),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
                Err(mpsc::error::TryRecvError::Empty) => {}
            }
        }
    }

    async fn commit(&mut self, batch: Vec<Queued>) {
        let first_ticket = self.ticket_outcomes.next();
        let mut answers = Vec::with_capacity(batch.len());
        let mut requests = Vec::with_capacity(batch.len());
        for queued in batch {
            requests.push(self.request(queued.append, queued.history, first_ticket));
            answers.push(queued.answer);
        }
        let began = Instant::now();
        let committed = self.writer.commit(&requests).await;
        self.measure(began.elapsed(), answers.len());
        // Before the answers: a caller that has one finds the log's end at or after its events, and never an end that
        // is not durable.
        raise(&self.end, committed.end);
        write_fault::learn(&self.fault, &committed.answers);
        for (answer, outcome) in answers.into_iter().zip(committed.answers) {
            self.ticket_outcomes.push(matches!(outcome, Ok(Granted::Stored(_) | Granted::Holds { .. })));
            count(self.log, &outcome);
            // The caller may be gone. The request is stored all the same.
            let _ = answer.send(outcome);
        }
        self.writer.settle().await;
    }

    fn request(&self, append: Append, history: Option<u64>, first_ticket: u64) -> Request {
        let (in_batch, before): (Vec<u64>, Vec<u64>) =
            append.depends_on.iter().map(|ticket| ticket.0).partition(|ticket| *ticket >= first_ticket);
        let unfounded = !before.into_iter().all(|ticket| self.ticket_outcomes.founded(ticket));
        // `Log::submit` refuses dependencies on later requests.
        let depends_on =
            in_batch.into_iter().filter_map(|ticket| usize::try_from(ticket - first_ticket).ok()).collect();
        Request { append, unfounded, depends_on, history }
    }

    fn measure(&mut self, took: Duration, requests: usize) {
        let waiting = self.queue.len();
        self.target = (requests + waiting).clamp(1, self.requests_max);
        let seconds = took.as_secs_f64();
        self.commit_seconds = if self.commit_seconds == 0.0 {
            seconds
        } else {
            self.commit_seconds + SMOOTHING * (seconds - self.commit_seconds)
        };
        let log = self.log.as_str();
        metrics::histogram!("log_batch_requests", "log" => log).record(requests as f64);
        metrics::histogram!("log_commit_seconds", "log" => log).record(seconds);
        metrics::gauge!("log_queue_requests", "log" => log).set(waiting as f64);
    }
}

fn count(log: LogName, outcome: &Result<Granted, Refused>) {
    let outcome = match outcome {
        Ok(Granted::Stored(_)) => "stored",
        Ok(Granted::Repeated(_)) => "repeated",
        Ok(Granted::Remembered { .. }) => "remembered",
        Ok(Granted::Holds { .. }) => "holds",
        Err(Refused::Conflict { .. }) => "conflict",
        Err(Refused::DependencyFailed) => "unfounded",
        Err(Refused::KeyReused) => "key-reused",
        Err(Refused::StreamFull { .. }) => "stream-full",
        Err(Refused::Invalid(_)) => "invalid",
        Err(Refused::Unavailable(_)) => "unavailable",
    };
    metrics::counter!("log_appends_total", "log" => log.as_str(), "outcome" => outcome).increment(1);
}
