//! The feed from a log's topic: a follower gets exactly the events after its own checkpoint, in order. Before a batch
//! is handed on, its last event is looked up in the log, once per process. The events before it are trusted: one relay
//! at a time writes the topic, in the log's order, after it has compared the topic with the log.

pub mod core;
mod reader;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use event_core::Raw;
use event_log::{
    EventPage, Log, LogError, SharedFeed,
    feed::{Feed, Feeds},
    port::limits::PAGE_EVENTS_MAX,
};
use uuid::Uuid;

use self::{
    core::{HOLE_MS, Order, Proof, Seen, fits, proof},
    reader::{Chunk, Records},
};
use crate::{Address, Topic};

/// How long no record may come while the log grows, before the topic is opened again (rust-rdkafka #638, #665).
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// The pause before a topic that could not be read is opened again.
const REOPEN_PAUSE: Duration = Duration::from_millis(500);
/// The largest allowed difference between the clocks of a relay and of the log, for finding the offset by the time of
/// an event. With a larger difference the offset may be too late, and then the follower begins without that hint.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(60);
/// How many times an event of the topic is looked up in the log before it counts as missing. The log is written first,
/// so only a fault of the log delays the event.
const PROOF_TRIES_MAX: u32 = 3;

/// The feeds of one log's topic. The followers that are at its end share one consumer.
pub struct FromKafka {
    each: Arc<EachFromKafka>,
    shared: SharedFeed,
}

impl FromKafka {
    pub fn new(log: Log, address: Address) -> FromKafka {
        let topic = Topic { address, log: log.name(), lineage: log.lineage() };
        let each =
            EachFromKafka { topic, log, proven: Arc::default(), repeats: Arc::default(), opened: AtomicU64::default() };
        FromKafka { each: Arc::new(each), shared: SharedFeed::default() }
    }

    /// The number of records with events that had been handed on before.
    pub fn repeats(&self) -> u64 {
        self.each.repeats.load(Ordering::Relaxed)
    }

    /// The number of feeds with a consumer of their own so far. It grows when a follower is behind, and after faults.
    pub fn opened(&self) -> u64 {
        self.each.opened.load(Ordering::Relaxed)
    }
}

impl Feeds for FromKafka {
    fn after(&self, after: u64, id: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed> {
        self.shared.after(Arc::clone(&self.each) as Arc<dyn Feeds>, after, id, passed_over)
    }

    fn history(&self) -> u64 {
        self.each.history()
    }
}

/// Feeds that each have a consumer.
struct EachFromKafka {
    topic: Topic,
    log: Log,
    /// The position up to which this process has found the topic to be the log's.
    proven: Arc<AtomicU64>,
    repeats: Arc<AtomicU64>,
    opened: AtomicU64,
}

impl Feeds for EachFromKafka {
    fn after(&self, after: u64, id: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed> {
        Box::new(self.feed(after, id, passed_over))
    }

    fn history(&self) -> u64 {
        self.log.history()
    }
}

impl EachFromKafka {
    fn feed(&self, after: u64, id: Option<Uuid>, passed_over: Vec<&'static str>) -> KafkaFeed {
        self.opened.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("feed_opened_total", "log" => self.topic.log.as_str()).increment(1);
        KafkaFeed {
            topic: self.topic.clone(),
            log: self.log.clone(),
            proven: Arc::clone(&self.proven),
            repeats: Arc::clone(&self.repeats),
            is_hint_spent: false,
            passed_over,
            began: Instant::now(),
            order: Order::after(after, id),
            records: None,
            heard: Instant::now(),
            seen: VecDeque::new(),
            ready: Vec::new(),
        }
    }
}

/// A feed with a consumer of its own.
struct KafkaFeed {
    topic: Topic,
    log: Log,
    proven: Arc<AtomicU64>,
    repeats: Arc<AtomicU64>,
    /// The hint from the time of the last event was used. It is used only once, because it may be wrong.
    is_hint_spent: bool,
    passed_over: Vec<&'static str>,
    began: Instant,
    order: Order,
    records: Option<Records>,
    heard: Instant,
    /// Records that were read and are not sorted yet.
    seen: VecDeque<Raw>,
    /// The next events, not handed on yet.
    ready: Vec<Raw>,
}

#[async_trait]
impl Feed for KafkaFeed {
    /// Cancel-safe: before each wait all progress is stored in the feed.
    async fn next(&mut self) -> Result<EventPage, LogError> {
        loop {
            self.look().await?;
            if self.ready.is_empty() {
                self.fill().await?;
            }
            if !self.ready.is_empty() {
                self.prove().await?;
                return Ok(self.hand_on());
            }
            self.listen().await?;
        }
    }
}

impl KafkaFeed {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn count(&self, name: &'static str, many: u64) {
        metrics::counter!(name, "log" => self.topic.log.as_str()).increment(many);
    }

    fn repeated(&self) {
        self.repeats.fetch_add(1, Ordering::Relaxed);
        self.count("feed_repeats_total", 1);
    }

    fn other_history(&self, position: u64) -> LogError {
        let topic = self.topic.name();
        LogError::OtherHistory(format!(
            "the topic {topic} and the log hold different histories at position {position}: {}",
            crate::relay::core::RESTORED
        ))
    }

    /// Sorts the records that were read, until the next events fill a page.
    async fn look(&mut self) -> Result<(), LogError> {
        let mut bytes = bytes_of(&self.ready);
        while let Some(event) = self.seen.front()
            && fits(self.ready.len(), bytes, event.data.len())
        {
            let (position, id) = (event.position, event.id);
            match self.order.see(self.now_ms(), position, id) {
                Seen::Next => {
                    bytes += event.data.len();
                    self.ready.extend(self.seen.pop_front());
                    continue;
                }
                Seen::Repeat => self.repeated(),
                Seen::Ahead => self.count("feed_ahead_of_hole_total", 1),
                Seen::Other => return Err(self.other_history(position)),
                Seen::Old => {
                    if self.in_log(position).await? != Some(id) {
                        return Err(self.other_history(position));
                    }
                    self.repeated();
                }
            }
            self.seen.pop_front();
        }
        Ok(())
    }

    /// Reads from the log the events that no relay has sent again. The log itself is read, because its end as known in
    /// this process may be older than the topic.
    async fn fill(&mut self) -> Result<(), LogError> {
        let Some((after, until)) = self.order.overdue(self.now_ms()) else { return Ok(()) };
        let limit = usize::try_from(until - after).unwrap_or(PAGE_EVENTS_MAX).min(PAGE_EVENTS_MAX);
        let events = self.log.read(after, limit).await?;
        if events.is_empty() {
            return Err(self.other_history(until));
        }
        self.count("feed_events_from_log_total", events.len() as u64);
        let filled = self.order.fill(self.now_ms(), events.iter().map(|event| (event.position, event.id)));
        let last = self.order.last();
        self.ready.extend(events.into_iter().take_while(|event| event.position <= last));
        let why = || "the feed stops before the hole".into();
        filled.map_err(|position| LogError::Damaged { position, why: why() })
    }

    /// Checks that the log holds the last of the next events.
    async fn prove(&mut self) -> Result<(), LogError> {
        let Some((position, id)) = self.order.newest() else { return Ok(()) };
        if position <= self.proven.load(Ordering::Acquire) {
            return Ok(());
        }
        for _ in 0..PROOF_TRIES_MAX {
            match proof(id, self.in_log(position).await?) {
                Proof::IsTheLogs => {
                    self.proven.fetch_max(position, Ordering::AcqRel);
                    return Ok(());
                }
                Proof::Other => break,
                Proof::Missing => tokio::time::sleep(REOPEN_PAUSE).await,
            }
        }
        Err(self.other_history(position))
    }

    async fn in_log(&self, position: u64) -> Result<Option<Uuid>, LogError> {
        let event = self.log.read(position.saturating_sub(1), 1).await?.into_iter().next();
        Ok(event.filter(|event| event.position == position).map(|event| event.id))
    }

    /// The next events, without the kinds that the follower passes over.
    fn hand_on(&mut self) -> EventPage {
        let events = std::mem::take(&mut self.ready);
        let after = events.first().map_or(self.order.last(), |first| first.position.saturating_sub(1));
        let page = EventPage { after, events }.without(&self.passed_over);
        let log = self.topic.log.as_str();
        metrics::gauge!("feed_position", "log" => log).set(page.complete_until() as f64);
        page
    }

    /// A time before which the next event was not sent: an event is sent after the event before it was recorded.
    async fn sent_since_ms(&self) -> Result<Option<i64>, LogError> {
        let last = self.order.last();
        if last == 0 || self.is_hint_spent {
            return Ok(None);
        }
        let event = self.log.read(last - 1, 1).await?.into_iter().next();
        let margin_ms = i64::try_from(CLOCKS_APART_MAX.as_millis()).unwrap_or(i64::MAX);
        Ok(event.map(|event| event.recorded_at.micros() / 1_000 - margin_ms))
    }

    /// Waits for records, and while there is a hole only for a short time.
    async fn listen(&mut self) -> Result<(), LogError> {
        if self.records.is_none() {
            let since_ms = self.sent_since_ms().await?;
            self.is_hint_spent = true;
            self.records = Some(Records::after(self.topic.clone(), self.order.last(), since_ms));
        }
        let Some(records) = &mut self.records else { return Ok(()) };
        let hole = self.order.waits_until_ms();
        let patience = hole.map_or(SILENCE_MAX, |_| Duration::from_millis(HOLE_MS / 4));
        match tokio::time::timeout(patience, records.next()).await {
            Ok(Some(Chunk::Events(events))) => {
                self.heard = Instant::now();
                self.seen.extend(events);
                let mut bytes = bytes_of(&self.seen);
                while fits(self.seen.len(), bytes, 0)
                    && let Some(Chunk::Events(more)) = self.records.as_mut().and_then(Records::at_once)
                {
                    bytes += bytes_of(&more);
                    self.seen.extend(more);
                }
                Ok(())
            }
            Ok(Some(Chunk::Foreign(foreign))) => Err(LogError::OtherHistory(foreign.to_string())),
            Ok(Some(Chunk::Lost(why))) => {
                tracing::info!(topic = self.topic.name(), why, "the topic is opened again");
                self.reopen();
                tokio::time::sleep(REOPEN_PAUSE).await;
                Ok(())
            }
            Ok(None) => {
                self.reopen();
                tokio::time::sleep(REOPEN_PAUSE).await;
                Ok(())
            }
            Err(_) if hole.is_none() && self.heard.elapsed() >= SILENCE_MAX => {
                // The end of the log shows whether the topic is idle or stalled.
                if self.log.end_now().await? > self.order.last() {
                    self.reopen();
                }
                self.heard = Instant::now();
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    fn reopen(&mut self) {
        self.count("feed_reopened_total", 1);
        self.records = None;
        self.seen.clear();
        self.heard = Instant::now();
    }
}

fn bytes_of<'a>(events: impl IntoIterator<Item = &'a Raw>) -> usize {
    events.into_iter().map(|event| event.data.len()).sum()
}

#[cfg(test)]
mod tests {
    use event_core::{LogName, testing::recorded};
    use event_log::{LogOptions, port::limits::PAGE_BYTES_MAX};

    use super::*;

    fn large(position: u64) -> Raw {
        recorded(position, "test.happened.v1", vec![b'x'; 250_000].into())
    }

    /// The trap: a page of 5,000 large events has more than a gigabyte.
    #[tokio::test]
    async fn a_page_is_bounded_in_bytes_and_nothing_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().display());
        let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
        let address = "kafka://127.0.0.1:9".parse().expect("an address");
        let mut feed = FromKafka::new(log, address).each.feed(0, None, Vec::new());
        feed.seen.extend((1..=100).map(large));
        let mut handed_on = Vec::new();
        while !feed.seen.is_empty() {
            feed.look().await.expect("they are in order");
            let page = feed.hand_on();
            assert!(!page.is_empty() && bytes_of(&page.events) <= PAGE_BYTES_MAX, "{} events", page.len());
            handed_on.extend(page.into_iter().map(|event| event.position));
        }
        assert_eq!(handed_on, (1..=100).collect::<Vec<_>>());
    }
}
