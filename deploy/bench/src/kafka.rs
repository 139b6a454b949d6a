//! The path through Kafka: the relay compared with the same producer fed from memory, a projection fed from a topic
//! compared with the same one fed from memory, and the time from a command to its effect in a view of another process.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use async_trait::async_trait;
use event_core::{LogName, Raw, StreamName, event::Event};
use event_kafka::{Address, FromKafka, Relay, Topic, relay::Delivery, relay::Sender, relay::core::IN_FLIGHT_MAX};
use event_log::{
    Append, Condition, EventPage, Expected, Granted, Log, LogError, LogOptions, NewEvent, Provenance,
    feed::{Feed, Feeds},
};
use local::{kafka::BROKER, postgres::Database};
use projection_engine::{Views, Waited, model};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    producer::{BaseRecord, DefaultProducerContext, ThreadedProducer},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use views::{MyAppointments, Practices};
use vocabulary::practices::{PracticeEvent, PracticeOpened, PracticeSettings};

use crate::{load::median, postgres::at_rest, results::Measured, synthetic};

const EVENTS: u64 = 200_000;
const ROUNDS: usize = 3;
const BATCH: usize = 5_000;
/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(120);

fn address() -> anyhow::Result<Address> {
    Ok(format!("kafka://{}", BROKER.brokers()).parse()?)
}

/// A log in PostgreSQL with events, and its events in memory.
async fn filled(database: &Database) -> anyhow::Result<(Log, Arc<Vec<Raw>>)> {
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await?;
    synthetic::fill(&log, EVENTS).await?;
    at_rest(database).await?;
    let mut events: Vec<Raw> = Vec::new();
    loop {
        let page = log.read(events.last().map_or(0, |event| event.position), BATCH).await?;
        if page.is_empty() {
            return Ok((log, Arc::new(events)));
        }
        events.extend(page);
    }
}

/// The rate in events per second, from the first observed position to the last.
struct Rate {
    first: Option<(u64, Instant)>,
}

impl Rate {
    fn new() -> Rate {
        Rate { first: None }
    }

    /// The rate, once `position` has reached `end`.
    fn at(&mut self, position: u64, end: u64) -> Option<f64> {
        let (from, began) = *self.first.get_or_insert_with(|| (position, Instant::now()));
        (position >= end).then(|| (end - from) as f64 / began.elapsed().as_secs_f64())
    }
}

/// # Errors
/// If the broker or the database fails.
///
/// # Panics
/// If no broker or database can be started; the message says what is missing.
pub async fn relay() -> anyhow::Result<Vec<Measured>> {
    let (mut ours, mut theirs, mut followed, mut fed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        // A broker gets faster while it warms up, so the first round does not count.
        eprintln!("relay: round {round} of {ROUNDS}");
        let database = Database::new();
        let (log, events) = filled(&database).await?;
        ours.push(relayed(&log).await?);
        theirs.push(sent(&events).await?);
        // The relay is idle now, and the topic is complete.
        followed.push(projected(&log, Arc::new(FromKafka::new(log.clone(), address()?))).await?);
        fed.push(projected(&log, Arc::new(Memory(events))).await?);
        log.close().await;
        let last = |rates: &[f64]| rates.last().copied().unwrap_or_default();
        eprintln!(
            "relay: {:.0} of {:.0}; projection: {:.0} of {:.0}",
            last(&ours),
            last(&theirs),
            last(&followed),
            last(&fed)
        );
        if round == 0 {
            for rates in [&mut ours, &mut theirs, &mut followed, &mut fed] {
                rates.clear();
            }
        }
    }
    let note = format!("{EVENTS} events from PostgreSQL to one broker; medians of {ROUNDS}");
    Ok(vec![
        Measured::against("relay", median(ours), "events/s", median(theirs), 0.60).note(note),
        Measured::against("live-projection-from-topic", median(followed), "events/s", median(fed), 0.60)
            .note("MyAppointments into PostgreSQL, from a filled topic, beside the same fed from memory"),
    ])
}

async fn relayed(log: &Log) -> anyhow::Result<f64> {
    let relay = Relay::new(log.clone(), address()?, Uuid::now_v7().to_string());
    let (mut watch, stop, end) = (relay.relayed(), CancellationToken::new(), log.end());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { relay.run(stop).await }
    });
    let mut rate = Rate::new();
    let measured = loop {
        let seen = tokio::time::timeout(DEADLINE, watch.wait_for(|relayed| relayed.position > 0)).await??.position;
        if let Some(measured) = rate.at(seen, end) {
            break measured;
        }
        tokio::time::timeout(DEADLINE, watch.changed()).await??;
    };
    stop.cancel();
    running.await?;
    Ok(measured)
}

/// The rate of the same producer, fed from memory.
async fn sent(events: &[Raw]) -> anyhow::Result<f64> {
    let topic = Topic { address: address()?, log: LogName::Care, lineage: Uuid::new_v4() };
    topic.prepare().await?;
    let mut sender = Sender::open(&topic, 1)?;
    let (mut rate, mut next, mut done) = (Rate::new(), 0, 0);
    loop {
        while next < events.len() && next - done < IN_FLIGHT_MAX && sender.send(&events[next])? {
            next += 1;
        }
        let mut delivery = sender.deliveries.recv().await;
        while let Some(told) = delivery {
            anyhow::ensure!(matches!(told, Delivery::Confirmed { .. }), "a record was given up");
            done += 1;
            delivery = sender.deliveries.try_recv().ok();
        }
        if let Some(measured) = rate.at(done as u64, events.len() as u64) {
            sender.drop().await;
            return Ok(measured);
        }
    }
}

/// The rate, in events per second, of one read model that follows these feeds into a separate PostgreSQL database.
async fn projected(log: &Log, feeds: Arc<dyn Feeds>) -> anyhow::Result<f64> {
    let database = Database::new();
    let views =
        Views::open(&database.url("owner").await, log.clone(), vocabulary::SERVICES, vec![model::<MyAppointments>()])
            .await?;
    let (views, stop, end) = (views.fed_by(feeds), CancellationToken::new(), log.end());
    let running = tokio::spawn({
        let (views, stop) = (views.clone(), stop.clone());
        async move { views.run(stop).await }
    });
    let reader = views.reader::<MyAppointments>();
    let mut rate = Rate::new();
    let measured = loop {
        let position = views.status().first().context("it is listed")?.position;
        if position > 0
            && let Some(measured) = rate.at(position, end)
        {
            break measured;
        }
        anyhow::ensure!(reader.wait_for(position + 1, DEADLINE).await == Waited::Reached, "the view does not follow");
    };
    stop.cancel();
    running.await??;
    Ok(measured)
}

/// Feeds from memory.
struct Memory(Arc<Vec<Raw>>);

impl Feeds for Memory {
    fn after(&self, after: u64, _: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed> {
        Box::new(FromMemory { events: Arc::clone(&self.0), next: usize::try_from(after).unwrap_or(0), passed_over })
    }

    fn history(&self) -> u64 {
        0
    }
}

struct FromMemory {
    events: Arc<Vec<Raw>>,
    next: usize,
    passed_over: Vec<&'static str>,
}

#[async_trait]
impl Feed for FromMemory {
    async fn next(&mut self) -> Result<EventPage, LogError> {
        let until = (self.next + BATCH).min(self.events.len());
        if until == self.next {
            return std::future::pending().await;
        }
        let (after, batch) = (self.next as u64, &self.events[self.next..until]);
        let last = batch.len() - 1;
        let wanted = |(at, event): &(usize, &Raw)| *at == last || !self.passed_over.contains(&&*event.kind);
        let events = batch.iter().enumerate().filter(wanted).map(|(_, event)| event.clone()).collect();
        self.next = until;
        Ok(EventPage { after, events })
    }
}

/// The rates to try, in events per second.
const RATES: [u64; 6] = [500, 1_000, 2_000, 4_000, 8_000, 16_000];
const TRIED_FOR: Duration = Duration::from_secs(4);
const MEASURED_FOR: Duration = Duration::from_secs(15);
/// The permitted delay of a view at the end of a try; a longer one means that the lag grows.
const LATE_MAX: Duration = Duration::from_millis(250);

/// The time from an append to the row in a process that only reads, through relay, Kafka and projection.
///
/// # Errors
/// If the broker or the database fails.
///
/// # Panics
/// If no broker or database can be started; the message says what is missing.
pub async fn visible() -> anyhow::Result<Vec<Measured>> {
    let (database, of_views) = (Database::new(), Database::new());
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await?;
    let (url, stop) = (of_views.url("owner").await, CancellationToken::new());
    let all = || vec![model::<Practices>()];
    let following = Views::open(&url, log.clone(), vocabulary::SERVICES, all()).await?;
    let following = following.fed_by(Arc::new(FromKafka::new(log.clone(), address()?)));
    let reading = Views::open(&url, log.clone(), vocabulary::SERVICES, all()).await?;
    let relay = Relay::new(log.clone(), address()?, Uuid::now_v7().to_string());
    let tasks = [
        tokio::spawn({
            let stop = stop.clone();
            async move { relay.run(stop).await }
        }),
        tokio::spawn({
            let (reading, stop) = (reading.clone(), stop.clone());
            async move { reading.look(stop).await }
        }),
        tokio::spawn({
            let stop = stop.clone();
            async move { drop(following.run(stop).await) }
        }),
    ];
    let mut town = OpeningPractices { log: log.clone(), views: reading, next: 0 };
    town.at(100, Duration::from_secs(3)).await?;
    let mut highest = RATES[0];
    for rate in RATES {
        let latencies = town.at(rate, TRIED_FOR).await?;
        let late = latencies[latencies.len() - latencies.len() / 10..].iter().max().copied().unwrap_or_default();
        eprintln!("visible: at {rate} a second the last tenth is seen after {} ms at most", late.as_millis());
        if late > LATE_MAX {
            break;
        }
        highest = rate;
    }
    let mut latencies = town.at(highest / 2, MEASURED_FOR).await?;
    stop.cancel();
    for task in tasks {
        task.await?;
    }
    log.close().await;
    let (p50, p99) = percentiles(&mut latencies);
    let mut alone = tokio::task::spawn_blocking(move || broker_alone(highest / 2)).await??;
    let (alone_p50, alone_p99) = percentiles(&mut alone);
    let note =
        format!("at half of {highest} a second; the broker alone at this rate: {alone_p50:.1} and {alone_p99:.1} ms");
    Ok(vec![
        Measured::within("visible-through-kafka-p50", p50, "ms", alone_p50, 10.0),
        Measured::within("visible-through-kafka-p99", p99, "ms", alone_p99, 30.0).note(note),
    ])
}

/// The 50th and the 99th percentile, in milliseconds.
fn percentiles(latencies: &mut [Duration]) -> (f64, f64) {
    latencies.sort_unstable();
    let share = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    (share(0.5), share(0.99))
}

/// The latency from a plain producer to a plain consumer with our settings: the minimum for any path through Kafka.
fn broker_alone(rate: u64) -> anyhow::Result<Vec<Duration>> {
    const BYTES: usize = 400;
    let name = format!("bench.{}", Uuid::new_v4());
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", BROKER.brokers());
    let made = BROKER.tool(
        "org.apache.kafka.tools.TopicCommand",
        &["--bootstrap-server", &BROKER.brokers(), "--create", "--topic", &name, "--partitions", "1"],
    );
    anyhow::ensure!(made.status.success(), "no topic: {}", String::from_utf8_lossy(&made.stderr));
    let producer: ThreadedProducer<DefaultProducerContext> =
        client.clone().set("enable.idempotence", "true").set("linger.ms", "2").create()?;
    let reading = client.set("group.id", "bench").set("fetch.wait.max.ms", "100").set("fetch.queue.backoff.ms", "50");
    let consumer: BaseConsumer = reading.create()?;
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(&name, 0, Offset::Beginning)?;
    consumer.assign(&from)?;
    // This record is not counted; it only ensures that both are connected.
    producer.send(BaseRecord::<(), _>::to(&name).payload(&[0; BYTES])).map_err(|(error, _)| error)?;
    consumer.poll(DEADLINE).context("no record came")??;
    let (began, pause) = (Instant::now(), Duration::from_secs_f64(1.0 / rate as f64));
    let due = |n: u64| u32::try_from(n).map(|n| began + pause * n);
    let count = rate * TRIED_FOR.as_secs();
    let (mut sent, mut latencies) = (0, Vec::new());
    while (latencies.len() as u64) < count {
        anyhow::ensure!(began.elapsed() < DEADLINE, "records do not come");
        while sent < count && due(sent)? <= Instant::now() {
            producer.send(BaseRecord::<(), _>::to(&name).payload(&[0; BYTES])).map_err(|(error, _)| error)?;
            sent += 1;
        }
        let left = if sent < count { due(sent)?.saturating_duration_since(Instant::now()) } else { DEADLINE };
        if let Some(record) = consumer.poll(left) {
            record?;
            latencies.push(due(latencies.len() as u64)?.elapsed());
        }
    }
    Ok(latencies)
}

/// Opens practices and waits for them in the view.
struct OpeningPractices {
    log: Log,
    views: Views,
    next: u64,
}

impl OpeningPractices {
    /// The time from each append to its row, in the order of appends.
    async fn at(&mut self, rate: u64, time: Duration) -> anyhow::Result<Vec<Duration>> {
        let count = rate * time.as_secs();
        let (began, pause) = (Instant::now(), Duration::from_secs_f64(1.0 / rate as f64));
        let mut running = Vec::with_capacity(usize::try_from(count)?);
        for n in 0..count {
            let due = began + pause * u32::try_from(n)?;
            tokio::time::sleep_until(due.into()).await;
            let (log, views, number) = (self.log.clone(), self.views.clone(), self.next);
            self.next += 1;
            // Measured from the time at which it was due, because the wait of a late client also counts.
            running.push(tokio::spawn(async move { opened(&log, &views, number).await.map(|()| due.elapsed()) }));
        }
        let mut latencies = Vec::with_capacity(running.len());
        for one in running {
            latencies.push(one.await??);
        }
        Ok(latencies)
    }
}

async fn opened(log: &Log, views: &Views, number: u64) -> anyhow::Result<()> {
    let letter = char::from(b'A' + u8::try_from(number / 100_000)?);
    let practice: event_core::OrganisationCode = format!("{letter}{:05}", number % 100_000).parse()?;
    let stream = StreamName::of(PracticeEvent::CATEGORY, &practice);
    let event = PracticeEvent::from(PracticeOpened {
        practice,
        name: "An Example".parse()?,
        address: "1 Elm Road".parse()?,
        settings: PracticeSettings::default(),
    });
    let data = event.encode()?;
    let append = Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
        events: vec![NewEvent { stream, id: Uuid::now_v7(), kind: event.kind(), data: data.into() }],
        provenance: Provenance::by(r#"{"id":"operator-1","role":"operator","organisation":null,"level":null}"#),
        idempotency: None,
        depends_on: Vec::new(),
        may_use_reserve: false,
    };
    let Granted::Stored(stored) = log.append(append).await? else { anyhow::bail!("it was not stored") };
    let position = stored.first().context("one event")?.position;
    anyhow::ensure!(
        views.reader::<Practices>().wait_for(position, DEADLINE).await == Waited::Reached,
        "it is not seen"
    );
    Ok(())
}
