//! Faults between a log and its topic.

use std::time::Duration;

use event_core::{LogName, Raw};
use event_kafka::{
    FromKafka,
    relay::{Delivery, Sender},
};
use event_log::{Log, LogError, LogOptions, feed::Feeds};
use local::{kafka::BROKER, postgres::Database};
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::common::{DEADLINE, ReadAll, Relaying, Written, address, append, append_large, are_the_logs, follow, read};

/// How long the turns of an idle relay are counted, and their maximum: it only renews its lease.
const COUNTED_FOR: Duration = Duration::from_secs(6);
const TURNS_MAX: u64 = 60;

/// How long a relay may take to report that its broker is silent, and that it is back.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// Sends these events by hand, and waits until they are in the topic.
async fn send(written: &Written, events: &[&Raw]) {
    let mut sender = Sender::open(&written.topic(), 1).expect("a producer");
    for event in events {
        assert!(sender.send(event).expect("it is sent"));
    }
    for _ in events {
        let told = tokio::time::timeout(DEADLINE, sender.deliveries.recv()).await.expect("in time");
        assert!(matches!(told, Some(Delivery::Confirmed { .. })), "{told:?}");
    }
    sender.drop().await;
}

/// The traps: two leaders; a producer that reorders. No follower sees the repeats, holes and disorder of a topic.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_holes_and_disorder_in_the_topic_reach_no_follower() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 12).await;
    written.topic().prepare().await.expect("it is made");
    let events = written.log.read_all(0).await;
    // 7 is missing, 3 comes late, and many come twice.
    let order = [1, 2, 4, 5, 3, 4, 4, 2, 1, 5, 6, 8, 9, 10, 6, 12, 11, 12];
    send(&written, &order.map(|position: usize| &events[position - 1])).await;
    let followed = follow(&written.log, 0, 12).await.expect("readable");
    are_the_logs(&written.log, 0, &followed).await;
    // A relay that starts afterwards finds the gap and completes the topic.
    let mut relaying = Relaying::start(&written.log, address());
    relaying.until(|relayed| relayed.position == 12).await;
    relaying.stop().await;
    let (_, records) = written.topic().ends().await.expect("it is there");
    assert_eq!(records, order.len() as u64 + 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_lost_is_filled_again_from_the_log() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 100).await;
    let mut relaying = Relaying::start(&written.log, address());
    let mut feed = FromKafka::new(written.log.clone(), address()).after(0, None, Vec::new());
    read(&mut *feed, 100).await.expect("readable");
    let (brokers, topic) = (BROKER.brokers(), written.topic().name());
    let arguments = ["--bootstrap-server", &brokers, "--delete", "--topic", &topic];
    let deleted = BROKER.tool("org.apache.kafka.tools.TopicCommand", &arguments);
    assert!(deleted.status.success(), "{}", String::from_utf8_lossy(&deleted.stderr));
    append(&written.log, 100).await;
    relaying.until(|relayed| relayed.position == 200).await;
    // An existing follower continues, and a new one gets everything.
    let later = read(&mut *feed, 200).await.expect("readable");
    are_the_logs(&written.log, 100, &later).await;
    let all = follow(&written.log, 0, 200).await.expect("readable");
    are_the_logs(&written.log, 0, &all).await;
    relaying.stop().await;
}

/// A transaction that another producer began on the topic and aborted. Its record is never returned, but takes an
/// offset.
fn aborted_transaction(written: &Written) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", BROKER.brokers())
        .set("transactional.id", format!("stranger-{}", written.log.lineage()))
        .create()
        .expect("a producer");
    producer.init_transactions(DEADLINE).expect("it is known to the broker");
    producer.begin_transaction().expect("it begins");
    let name = written.topic().name();
    producer.send(BaseRecord::<str, str>::to(&name).key("stranger").payload("given up")).expect("it is queued");
    producer.flush(DEADLINE).expect("it is in the topic");
    producer.abort_transaction(DEADLINE).expect("it is given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_transaction_at_the_topics_end_stops_neither_relay_nor_follower() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 5).await;
    let mut relaying = Relaying::start(&written.log, address());
    relaying.until(|relayed| relayed.position == 5).await;
    relaying.stop().await;
    tokio::task::block_in_place(|| aborted_transaction(&written));
    // The record and the transaction's marker take offsets; the broker writes the marker a little later.
    let marked = async { while written.topic().ends().await.expect("it is there") != (0, 5 + 2) {} };
    tokio::time::timeout(DEADLINE, marked).await.expect("in time");
    append(&written.log, 5).await;
    let mut relaying = Relaying::start(&written.log, address());
    let relayed = relaying.until(|relayed| relayed.position == 10 || relayed.stopped.is_some()).await;
    assert_eq!(relayed.stopped, None);
    relaying.stop().await;
    let followed = follow(&written.log, 0, 10).await.expect("readable");
    are_the_logs(&written.log, 0, &followed).await;
    // Nothing was sent twice because of it.
    assert_eq!(written.topic().ends().await.expect("it is there"), (0, 12));
}

/// The trap: the producer's queue is full, and the relay tries again without a pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_broker_is_away_waits_for_it_without_work() {
    const LARGE: usize = 200 * 1024;
    let kafka = local::kafka::Kafka::start();
    let address: event_kafka::Address = format!("kafka://{}", kafka.brokers()).parse().expect("an address");
    let written = Written::open(LogName::Care).await;
    append(&written.log, 1).await;
    let mut relaying = Relaying::start(&written.log, address);
    relaying.until(|relayed| relayed.position == 1).await;
    kafka.freeze(1);
    // More than the producer's queue takes, which is 64 MiB.
    let events = (80 << 20) / LARGE as u64;
    append_large(&written.log, events, LARGE).await;
    let before = relaying.relayed.borrow().turns;
    // This is not a wait for an event: turns are counted for this long.
    tokio::time::sleep(COUNTED_FOR).await;
    let turns = relaying.relayed.borrow().turns - before;
    assert!(turns < TURNS_MAX, "{turns} turns in {} s", COUNTED_FOR.as_secs());
    kafka.thaw(1);
    relaying.until(|relayed| relayed.position == 1 + events).await;
    relaying.stop().await;
}

/// The connections stay open, and nothing comes back. A relay reports this in time, whether or not it has something to
/// send, and recovers by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_broker_goes_silent_says_so_in_time_and_goes_on_by_itself() {
    let kafka = local::kafka::Kafka::start();
    let address: event_kafka::Address = format!("kafka://{}", kafka.brokers()).parse().expect("an address");
    let written = Written::open(LogName::Care).await;
    append(&written.log, 5).await;
    let mut relaying = Relaying::start(&written.log, address);
    relaying.until(|relayed| relayed.position == 5).await;
    for appended in [0, 5] {
        let end = written.log.end() + appended;
        kafka.freeze(1);
        append(&written.log, appended).await;
        let told = tokio::time::timeout(TOLD_WITHIN, relaying.until(|relayed| relayed.trouble.is_some())).await;
        told.expect("it says so in time");
        kafka.thaw(1);
        let well = relaying.until(|relayed| relayed.trouble.is_none() && relayed.position == end);
        tokio::time::timeout(TOLD_WITHIN, well).await.expect("it is well again in time");
    }
    relaying.stop().await;
}

/// The trap: a log restored to an older point. Neither relay nor follower continues.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_restored_to_an_older_point_stops_relay_and_followers() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 5).await;
    written.log.close().await;
    let backup = tempfile::tempdir().expect("a folder");
    let file = backup.path().join("care.db");
    std::fs::copy(written.folder.path().join("care.db"), &file).expect("copied");
    let open = async |folder: &std::path::Path| {
        let url = format!("sqlite:{}", folder.display());
        Log::open(&url, LogName::Care, LogOptions::default()).await.expect("opens")
    };
    let log = open(written.folder.path()).await;
    append(&log, 5).await;
    let mut relaying = Relaying::start(&log, address());
    relaying.until(|relayed| relayed.position == 10).await;
    relaying.stop().await;

    let restored = open(backup.path()).await;
    for appended in [0, 10] {
        append(&restored, appended).await;
        let mut relaying = Relaying::start(&restored, address());
        let relayed = relaying.until(|relayed| relayed.stopped.is_some()).await;
        assert!(relayed.stopped.expect("why").contains("restored to an older point"));
        relaying.stop().await;
        let refused = follow(&restored, 4, 10).await.expect_err("another history");
        assert!(matches!(refused, LogError::OtherHistory(_)), "{refused}");
    }
}

/// The trap: two leaders. One of them relays; when it dies, the other takes over, under a higher epoch.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_relays_leads_and_the_other_takes_over_when_it_dies() {
    let database = Database::new();
    let open =
        async || Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await.expect("opens");
    let (one, other) = (open().await, open().await);
    let mut first = Relaying::start(&one, address());
    append(&one, 50).await;
    let led = first.until(|relayed| relayed.position == 50).await;
    let mut second = Relaying::start(&other, address());
    append(&one, 50).await;
    first.until(|relayed| relayed.position == 100).await;
    assert_eq!(second.relayed.borrow().epoch, None);
    first.kill();
    append(&other, 50).await;
    let relayed = second.until(|relayed| relayed.position == 150).await;
    assert!(relayed.epoch > led.epoch, "{relayed:?} after {led:?}");
    let followed = follow(&other, 0, 150).await.expect("readable");
    are_the_logs(&other, 0, &followed).await;
    second.stop().await;
}

/// Appends continue without a broker. When it is back, relay and follower catch up by themselves.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_killed_or_frozen_is_caught_up_with() {
    let kafka = local::kafka::Kafka::start();
    let address: event_kafka::Address = format!("kafka://{}", kafka.brokers()).parse().expect("an address");
    let written = Written::open(LogName::Care).await;
    let mut relaying = Relaying::start(&written.log, address.clone());
    let mut feed = FromKafka::new(written.log.clone(), address).after(0, None, Vec::new());
    append(&written.log, 50).await;
    read(&mut *feed, 50).await.expect("readable");
    kafka.kill(1);
    append(&written.log, 50).await;
    let nothing = tokio::time::timeout(Duration::from_secs(2), feed.next()).await;
    assert!(nothing.is_err(), "nothing comes without a broker");
    kafka.start_again(1);
    let later = read(&mut *feed, 100).await.expect("readable");
    are_the_logs(&written.log, 50, &later).await;
    kafka.freeze(1);
    append(&written.log, 50).await;
    kafka.thaw(1);
    let last = read(&mut *feed, 150).await.expect("readable");
    are_the_logs(&written.log, 100, &last).await;
    relaying.until(|relayed| relayed.position == 150).await;
    relaying.stop().await;
}
