//! The relay of one log: sends every event to the log's topic, in order. A lease lets one process at a time do so.
//! After any fault it begins again by comparing the topic's tail with the log.

pub mod core;
mod sender;
mod tail;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use event_core::Raw;
use event_log::{Log, LogError, lease::Mark};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use self::sender::{Delivery, Sender};
use self::{
    core::{Core, LEASE_MS, RelayAction},
    tail::Comparing,
};
use crate::{Address, Topic, TopicError, consumer::Reading};

/// The name of the relay's lease.
pub const ROLE: &str = "relay";
/// Events in one page from the log.
const PAGE_MAX: usize = 1_000;
/// Pages that are read while one is sent: confirmations arrive in thousands.
const PAGES_AHEAD_MAX: usize = 8;
/// How long the log's database may take to answer a lease request.
const LEASE_ANSWER_MAX: Duration = Duration::from_millis(2_500);
/// The pause before a topic that is not fit is checked again.
const UNFIT_PAUSE: Duration = Duration::from_secs(10);

/// The status of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relayed {
    /// Everything up to here is in the topic, in order, as far as this process knows.
    pub position: u64,
    /// The epoch of its lease, while it holds the lease.
    pub epoch: Option<u64>,
    /// The reason why it has stopped. An operator has to act.
    pub stopped: Option<String>,
    /// The current fault: the broker or the log's database does not answer. The relay recovers by itself.
    pub trouble: Option<String>,
    /// The number of times it has looked for work. A change of this number alone wakes no watcher.
    pub turns: u64,
}

/// The relay of one log to its topic.
pub struct Relay {
    log: Log,
    topic: Topic,
    /// The name that distinguishes this process from all others.
    owner: String,
    relayed: watch::Sender<Relayed>,
}

impl Relay {
    /// `owner`: a name of this process that no other process ever has.
    pub fn new(log: Log, address: Address, owner: String) -> Relay {
        let topic = Topic { address, log: log.name(), lineage: log.lineage() };
        Relay { log, topic, owner, relayed: watch::Sender::new(Relayed::default()) }
    }

    /// The log that it relays.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its status, now and in future.
    pub fn relayed(&self) -> watch::Receiver<Relayed> {
        self.relayed.subscribe()
    }

    /// Relays whenever it holds the lease, until `stop`. It never ends by itself: faults are reported in `relayed`, in
    /// metrics and in log lines.
    pub async fn run(&self, stop: CancellationToken) {
        let mut work = RelayWork::of(self);
        while !stop.is_cancelled() {
            let turn = work.turn(&stop).await;
            if let Err(error) = turn {
                work.trouble(error, &stop).await;
            }
        }
        work.end().await;
    }
}

type PageReading = JoinHandle<Result<Vec<Raw>, LogError>>;

/// The page of the log that is being sent, and the pages after it, which are being read.
#[derive(Default)]
struct PagesAhead {
    events: VecDeque<Raw>,
    /// In order, each with the position before its page. Only full pages are read ahead: new events are read at once.
    reading: VecDeque<(u64, PageReading)>,
    /// The page has fewer events than requested.
    is_short: bool,
}

impl PagesAhead {
    /// Makes the events after this position available, if the log has any.
    async fn page(&mut self, log: &Log, after: u64) -> Result<(), LogError> {
        if self.events.front().is_none_or(|event| event.position != after + 1) {
            self.events = match self.reading.pop_front().filter(|(before, _)| *before == after) {
                Some((_, reading)) => reading.await.map_err(|error| LogError::Unusable(error.to_string()))??,
                None => {
                    self.reading.clear();
                    log.read(after, PAGE_MAX).await?
                }
            }
            .into();
            self.is_short = self.events.len() < PAGE_MAX;
        }
        let here = self.events.back().map_or(after, |event| event.position);
        // After a page that the limit of bytes has cut short, the next pages do not begin at multiples of the page
        // size.
        if self.is_short {
            return Ok(());
        }
        let mut next = self.reading.back().map_or(here, |(before, _)| before + PAGE_MAX as u64);
        while self.reading.len() < PAGES_AHEAD_MAX && next + PAGE_MAX as u64 <= log.end() {
            let (log, before) = (log.clone(), next);
            self.reading.push_back((before, tokio::spawn(async move { log.read(before, PAGE_MAX).await })));
            next += PAGE_MAX as u64;
        }
        Ok(())
    }
}

/// A running relay.
struct RelayWork<'a> {
    relay: &'a Relay,
    began: Instant,
    core: Core,
    end: watch::Receiver<u64>,
    comparing: Option<Comparing>,
    sender: Option<Sender>,
    ahead: PagesAhead,
    /// The reader that asks for the topic's end, and the pending request.
    reading: Option<Arc<Reading>>,
    asked: Option<(Mark, JoinHandle<Result<u64, KafkaError>>)>,
    marked: Mark,
    /// The current faults, of the lease's database and of the broker.
    lease_trouble: Option<String>,
    broker_trouble: Option<String>,
}

impl<'a> RelayWork<'a> {
    fn of(relay: &'a Relay) -> RelayWork<'a> {
        let end = relay.log.watch();
        let (core, began) = (Core::default(), Instant::now());
        RelayWork {
            relay,
            began,
            core,
            end,
            comparing: None,
            sender: None,
            ahead: PagesAhead::default(),
            reading: None,
            asked: None,
            marked: Mark::default(),
            lease_trouble: None,
            broker_trouble: None,
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn turn(&mut self, stop: &CancellationToken) -> Result<(), TopicError> {
        self.hear();
        // Reported before the turn waits for anything.
        self.tell();
        let end = *self.end.borrow_and_update();
        let todo = self.core.todo(self.now_ms(), end);
        if !matches!(todo, RelayAction::Compare(_) | RelayAction::Hold { .. }) {
            self.comparing = None;
        }
        if !self.core.is_sending()
            && let Some(sender) = self.sender.take()
        {
            sender.drop().await;
        }
        match todo {
            RelayAction::Hold { epoch } => self.hold(epoch).await,
            RelayAction::Compare(mark) => self.compare(mark).await?,
            RelayAction::Send { after, at_most } => self.send(after, at_most).await?,
            RelayAction::Wait { until_ms } => self.wait(until_ms, stop).await,
        }
        Ok(())
    }

    /// Handles the delivery reports that have arrived.
    fn hear(&mut self) {
        while let Some(delivery) = self.sender.as_mut().and_then(|sender| sender.deliveries.try_recv().ok()) {
            self.delivered(delivery);
        }
    }

    fn delivered(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Confirmed { position, place } => {
                self.broker_trouble = None;
                self.core.confirmed(self.now_ms(), position, place);
            }
            Delivery::Failed { position, error } => {
                // Each record after it fails, too.
                if self.core.is_sending() {
                    tracing::warn!(topic = self.relay.topic.name(), position, %error, "a record was given up");
                    self.core.failed(self.now_ms());
                }
            }
        }
    }

    async fn hold(&mut self, epoch: Option<u64>) {
        let (leases, asked_ms) = (self.relay.log.leases(), self.now_ms());
        let asked = leases.hold(ROLE, &self.relay.owner, epoch, Duration::from_millis(LEASE_MS));
        let had = self.core.epoch();
        match tokio::time::timeout(LEASE_ANSWER_MAX, asked).await {
            Ok(Ok(lease)) => {
                self.lease_trouble = None;
                if lease.is_none() {
                    // Another relay leads, and takes care of the topic.
                    self.broker_trouble = None;
                }
                self.core.held(asked_ms, lease);
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the relay's lease request failed");
                self.lease_trouble = Some(format!("the lease request failed: {error}"));
                self.core.unanswered(self.now_ms());
            }
            Err(_) => {
                let seconds = LEASE_ANSWER_MAX.as_secs_f32();
                self.lease_trouble = Some(format!("the log's database did not answer within {seconds} s"));
                self.core.unanswered(self.now_ms());
            }
        }
        let log = self.relay.log.name().as_str();
        let has = self.core.epoch();
        if has != had {
            tracing::info!(log, epoch = has, "the relay's lease has changed");
            // Another relay may have written since the comparison began.
            self.comparing = None;
        }
        let (Some(epoch), Some(done)) = (has, self.core.done()) else { return };
        if done != self.marked && leases.mark(ROLE, &self.relay.owner, epoch, done).await.is_ok_and(|saved| saved) {
            self.marked = done;
        }
        if self.reading.as_ref().is_some_and(|reading| reading.is_outdated(&self.relay.topic)) {
            tracing::info!(log, "certificates or the password were replaced; the relay begins again with them");
            self.reading = None;
            self.core.failed(self.now_ms());
            return;
        }
        self.look_at_the_end().await;
    }

    /// Checks that the topic still holds the confirmed records. The request runs in the background, and its answer is
    /// read at the next call: a broker that does not answer delays neither lease nor records.
    async fn look_at_the_end(&mut self) {
        let now_ms = self.now_ms();
        if let Some((confirmed, asked)) = self.asked.take_if(|(_, asked)| asked.is_finished()) {
            match asked.await {
                Ok(Ok(ends_at)) => {
                    self.broker_trouble = None;
                    self.core.ends_at(now_ms, confirmed, ends_at);
                }
                Ok(Err(KafkaError::MetadataFetch(
                    RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownPartition,
                ))) => self.core.failed(now_ms),
                Ok(Err(error)) => {
                    self.broker_trouble = Some(format!("the broker did not say where the topic ends: {error}"))
                }
                Err(error) => self.broker_trouble = Some(error.to_string()),
            }
        }
        let (reading, confirmed) = (self.reading.clone(), self.core.done());
        if let (None, Some(reading), Some(confirmed)) = (&self.asked, reading, confirmed) {
            self.asked = Some((confirmed, tokio::task::spawn_blocking(move || reading.ends_at())));
        }
    }

    async fn compare(&mut self, mark: Mark) -> Result<(), TopicError> {
        let (topic, log) = (&self.relay.topic, &self.relay.log);
        let mut comparing = match self.comparing.take() {
            Some(comparing) => comparing,
            None if topic.is_there().await? => Comparing::begin(topic, log, mark).await?,
            None => return self.make_the_topic().await,
        };
        if !comparing.go_on(topic, log).await? {
            self.comparing = Some(comparing);
            return Ok(());
        }
        let Some(epoch) = self.core.epoch() else { return Ok(()) };
        // Pages that were read before the comparison may belong to another history.
        self.ahead = PagesAhead::default();
        let mark = comparing.mark();
        tracing::info!(topic = topic.name(), position = mark.position, epoch, "the topic was compared with the log");
        self.reading = Some(Arc::new(comparing.into_reading()?));
        self.asked = None;
        self.sender = Some(Sender::open(topic, epoch)?);
        self.broker_trouble = None;
        self.core.compared(self.now_ms(), mark);
        Ok(())
    }

    /// Creates the topic. The lease's owner resets the mark first: a mark is valid for one topic only, and late records
    /// of dead producers in the new topic could otherwise confirm the mark of the lost one.
    async fn make_the_topic(&mut self) -> Result<(), TopicError> {
        let Some(epoch) = self.core.epoch() else { return Ok(()) };
        if !self.relay.log.leases().mark(ROLE, &self.relay.owner, epoch, Mark::default()).await? {
            self.core.failed(self.now_ms());
            return Ok(());
        }
        self.marked = Mark::default();
        self.core.forget_mark();
        self.relay.topic.make().await
    }

    async fn send(&mut self, after: u64, at_most: usize) -> Result<(), TopicError> {
        self.ahead.page(&self.relay.log, after).await?;
        if self.ahead.events.is_empty() {
            let why = "the log goes further, but it cannot be read".into();
            return Err(LogError::Damaged { position: after + 1, why }.into());
        }
        let Some(sender) = &self.sender else { return Ok(()) };
        for expected in (after + 1..).take(at_most) {
            let Some(event) = self.ahead.events.front() else { break };
            if event.position != expected {
                let why = "the relay stops before the hole".into();
                return Err(LogError::Damaged { position: expected, why }.into());
            }
            let (now_ms, bytes) = (self.now_ms(), event.data.len());
            if !sender.send(event)? {
                self.core.full(now_ms);
                break;
            }
            self.ahead.events.pop_front();
            if !self.core.sent(now_ms, expected, bytes) {
                break;
            }
        }
        Ok(())
    }

    async fn wait(&mut self, until_ms: u64, stop: &CancellationToken) {
        let left = Duration::from_millis(until_ms.saturating_sub(self.now_ms()));
        let delivered = async {
            match &mut self.sender {
                Some(sender) => sender.deliveries.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(left) => {}
            delivery = delivered => if let Some(delivery) = delivery { self.delivered(delivery) },
            // An error means that the log was closed; `stop` follows.
            changed = self.end.changed() => if changed.is_err() { tokio::time::sleep(left).await },
        }
    }

    async fn trouble(&mut self, error: TopicError, stop: &CancellationToken) {
        let log = self.relay.log.name().as_str();
        metrics::counter!("relay_troubles_total", "log" => log).increment(1);
        self.comparing = None;
        self.core.failed(self.now_ms());
        if error.is_passing() {
            tracing::warn!(log, %error, "the relay begins again");
            self.broker_trouble = Some(error.to_string());
            return;
        }
        tracing::error!(log, %error, "the relay has stopped");
        self.relay.relayed.send_modify(|relayed| relayed.stopped = Some(error.to_string()));
        metrics::gauge!("relay_stopped", "log" => log).set(1.0);
        // An operator may correct the fault without restarting this process.
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(UNFIT_PAUSE) => {}
        }
    }

    /// The current fault, if there is one.
    fn trouble_now(&self) -> Option<String> {
        let waiting = || {
            let seconds = core::SILENCE_MS_TOLD / 1_000;
            self.core.is_waiting(self.now_ms()).then(|| format!("the broker has confirmed nothing for {seconds} s"))
        };
        self.lease_trouble.clone().or_else(waiting).or_else(|| self.broker_trouble.clone())
    }

    fn tell(&self) {
        let log = self.relay.log.name().as_str();
        let (epoch, done) = (self.core.epoch(), self.core.done());
        let trouble = self.trouble_now();
        metrics::gauge!("relay_in_trouble", "log" => log).set(if trouble.is_some() { 1.0 } else { 0.0 });
        self.relay.relayed.send_if_modified(|relayed| {
            relayed.turns += 1;
            let mut now = Relayed { epoch, trouble, ..relayed.clone() };
            if let Some(done) = done {
                (now.position, now.stopped) = (done.position, None);
                metrics::gauge!("relay_stopped", "log" => log).set(0.0);
            }
            let is_other = now != *relayed;
            *relayed = now;
            is_other
        });
        let position = self.relay.relayed.borrow().position;
        metrics::gauge!("relay_position", "log" => log).set(position as f64);
        metrics::gauge!("relay_leads", "log" => log).set(if epoch.is_some() { 1.0 } else { 0.0 });
        if epoch.is_some() {
            metrics::gauge!("relay_lag_events", "log" => log).set((*self.end.borrow()).saturating_sub(position) as f64);
        }
    }

    /// Drops the records in flight: the next owner compares the topic. Releases the lease, so that the next owner need
    /// not wait.
    async fn end(mut self) {
        if let (Some(epoch), Some(done)) = (self.core.epoch(), self.core.done()) {
            // The mark is a hint: an older one does no harm.
            let _ = self.relay.log.leases().mark(ROLE, &self.relay.owner, epoch, done).await;
        }
        if let Some(sender) = self.sender.take() {
            sender.drop().await;
        }
        let leases = self.relay.log.leases();
        // The lease may be held although its answer did not come in time.
        let held = leases.holder(ROLE).await.ok().flatten().filter(|holder| holder.owner == self.relay.owner);
        let Some(epoch) = held.map(|holder| holder.epoch) else { return };
        if let Err(error) = leases.release(ROLE, &self.relay.owner, epoch).await {
            tracing::warn!(%error, "the relay's lease was not released, and expires by itself");
        }
    }
}
