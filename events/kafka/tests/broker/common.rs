//! The parts that the tests share: a log of their own, its relay, and a follower.

use std::time::Duration;

use event_core::{LogName, Raw, StreamName};
use event_kafka::{Address, FromKafka, Relay, Relayed, Topic};
use event_log::{
    Append, Condition, Expected, Granted, Log, LogError, LogOptions, NewEvent, Provenance,
    feed::{Feed, Feeds},
};
use local::kafka::BROKER;
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Much longer than any step of these tests takes.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub fn address() -> Address {
    format!("kafka://{}", BROKER.brokers()).parse().expect("an address")
}

/// A log in a folder of its own.
pub struct Written {
    pub log: Log,
    pub folder: TempDir,
}

impl Written {
    pub async fn open(name: LogName) -> Written {
        let folder = TempDir::new().expect("a folder");
        let url = format!("sqlite:{}", folder.path().display());
        Written { log: Log::open(&url, name, LogOptions::default()).await.expect("opens"), folder }
    }

    pub fn topic(&self) -> Topic {
        Topic { address: address(), log: self.log.name(), lineage: self.log.lineage() }
    }
}

/// Appends this number of events, each in a stream of its own.
pub async fn append(log: &Log, events: u64) {
    append_large(log, events, 0).await;
}

/// The same, each event with at least this number of bytes of data.
pub async fn append_large(log: &Log, events: u64, bytes: usize) {
    let filling = "x".repeat(bytes);
    for _ in 0..events {
        let stream = StreamName::of("donor", Uuid::now_v7().simple());
        let event = |kind, data: String| NewEvent {
            stream: stream.clone(),
            id: Uuid::now_v7(),
            kind,
            data: data.into_bytes().into(),
        };
        let append = Append {
            conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
            events: vec![event(
                "organ-donation.decision-registered.v1",
                format!("{{\"stream\": \"{stream}\", \"filling\": \"{filling}\"}}"),
            )],
            provenance: Provenance::by(r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#),
            idempotency: None,
            depends_on: Vec::new(),
            may_use_reserve: false,
        };
        assert!(matches!(log.append(append).await, Ok(Granted::Stored(_))));
    }
}

/// A running relay, until it is stopped.
pub struct Relaying {
    pub relayed: watch::Receiver<Relayed>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Relaying {
    pub fn start(log: &Log, address: Address) -> Relaying {
        let relay = Relay::new(log.clone(), address, Uuid::now_v7().to_string());
        let (relayed, stop) = (relay.relayed(), CancellationToken::new());
        let task = tokio::spawn({
            let stop = stop.clone();
            async move { relay.run(stop).await }
        });
        Relaying { relayed, stop, task }
    }

    pub async fn until(&mut self, what: impl FnMut(&Relayed) -> bool) -> Relayed {
        let seen = tokio::time::timeout(DEADLINE, self.relayed.wait_for(what)).await;
        seen.expect("in time").expect("it runs").clone()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.expect("it ends").expect("it does not panic");
    }

    /// Ends it as a killed process ends: the lease is not released.
    pub fn kill(self) {
        self.task.abort();
    }
}

/// The events of the topic after position `after`, as a follower gets them, up to position `until`.
pub async fn follow(log: &Log, after: u64, until: u64) -> Result<Vec<Raw>, LogError> {
    let mut feed = FromKafka::new(log.clone(), address()).after(after, None, Vec::new());
    read(&mut *feed, until).await
}

pub async fn read(feed: &mut dyn Feed, until: u64) -> Result<Vec<Raw>, LogError> {
    let mut events: Vec<Raw> = Vec::new();
    let reading = async {
        while events.last().is_none_or(|event| event.position < until) {
            events.extend(feed.next().await?);
        }
        Ok(())
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("it comes in time").map(|()| events)
}

/// Asserts that these are exactly the log's events after a position, byte for byte.
pub async fn are_the_logs(log: &Log, after: u64, events: &[Raw]) {
    let expected = log.read_all(after).await;
    let canonical = |events: &[Raw]| events.iter().map(Raw::canonical).collect::<Vec<_>>();
    assert_eq!(canonical(events), canonical(&expected));
}

/// Reads a whole log. For tests only.
pub trait ReadAll {
    fn read_all(&self, after: u64) -> impl Future<Output = Vec<Raw>> + Send;
}

impl ReadAll for Log {
    async fn read_all(&self, after: u64) -> Vec<Raw> {
        let mut events: Vec<Raw> = Vec::new();
        loop {
            let last = events.last().map_or(after, |event| event.position);
            let page = self.read(last, 5_000).await.expect("readable");
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }
}
