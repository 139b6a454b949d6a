//! From the log through the topic to a follower.

use std::{path::PathBuf, process::Command};

use event_core::{LogName, Raw};
use event_kafka::{Address, FromKafka, Topic, record};
use event_log::feed::Feeds;
use local::kafka::{BROKER, Kafka};
use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use tokio::task::JoinSet;

use crate::common::{DEADLINE, ReadAll, Relaying, Written, address, append, are_the_logs, follow, read};

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_of_every_log_is_the_log_byte_for_byte() {
    for name in LogName::ALL {
        let written = Written::open(name).await;
        append(&written.log, 300).await;
        let mut relaying = Relaying::start(&written.log, address());
        relaying.until(|relayed| relayed.position == 300).await;
        append(&written.log, 300).await;
        let followed = follow(&written.log, 0, 600).await.expect("readable");
        are_the_logs(&written.log, 0, &followed).await;
        relaying.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_begins_after_its_own_checkpoint_and_gets_what_comes_later() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 100).await;
    let relaying = Relaying::start(&written.log, address());
    let id = written.log.read(39, 1).await.expect("readable")[0].id;
    let mut feed = FromKafka::new(written.log.clone(), address()).after(40, Some(id), Vec::new());
    let first = read(&mut *feed, 100).await.expect("readable");
    are_the_logs(&written.log, 40, &first).await;
    append(&written.log, 50).await;
    let later = read(&mut *feed, 150).await.expect("readable");
    are_the_logs(&written.log, 100, &later).await;
    relaying.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_at_the_same_position_share_a_consumer() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 20).await;
    let relaying = Relaying::start(&written.log, address());
    let feeds = FromKafka::new(written.log.clone(), address());
    let mut followers = JoinSet::new();
    for _ in 0..12 {
        let mut feed = feeds.after(20, None, Vec::new());
        followers.spawn(async move { read(&mut *feed, 50).await.expect("readable") });
    }
    append(&written.log, 30).await;
    for followed in followers.join_all().await {
        are_the_logs(&written.log, 20, &followed).await;
    }
    assert_eq!(feeds.opened(), 1);
    relaying.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_that_begin_anywhere_get_all_events_after_their_checkpoints() {
    const BEFORE: u64 = 500;
    const END: u64 = 700;
    let written = Written::open(LogName::Care).await;
    append(&written.log, BEFORE).await;
    let relaying = Relaying::start(&written.log, address());
    let events = written.log.read_all(0).await;
    let feeds = FromKafka::new(written.log.clone(), address());
    let mut followers = JoinSet::new();
    for after in (0..BEFORE).step_by(40) {
        let id = events.iter().find(|event| event.position == after).map(|event| event.id);
        let mut feed = feeds.after(after, id, Vec::new());
        followers.spawn(async move { (after, read(&mut *feed, END).await.expect("readable")) });
    }
    append(&written.log, END - BEFORE).await;
    for (after, followed) in followers.join_all().await {
        are_the_logs(&written.log, after, &followed).await;
    }
    relaying.stop().await;
}

/// The trap: at each start every repeat in the topic is read again, and looked up in the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_begins_does_not_read_the_repeats_of_long_ago() {
    const REPEATS: usize = 500;
    let written = Written::open(LogName::Care).await;
    append(&written.log, 60).await;
    let topic = written.topic();
    topic.prepare().await.expect("it is made");
    let events = written.log.read_all(0).await;
    tokio::task::block_in_place(|| {
        let early: Vec<_> = events[..10].iter().cycle().take(REPEATS).collect();
        send_at(&topic, &early, Some(events[0].recorded_at.micros() / 1_000 - 3_600_000));
        send_at(&topic, &events[10..].iter().collect::<Vec<_>>(), None);
    });
    let feeds = FromKafka::new(written.log.clone(), address());
    let mut feed = feeds.after(40, Some(events[39].id), Vec::new());
    let followed = read(&mut *feed, 60).await.expect("readable");
    are_the_logs(&written.log, 40, &followed).await;
    assert!(feeds.repeats() < REPEATS as u64 / 10, "{} repeats were read", feeds.repeats());
}

/// Sends events to a topic, as if they were sent at this time (milliseconds since 1970).
fn send_at(topic: &Topic, events: &[&Raw], sent_ms: Option<i64>) {
    let producer: ThreadedProducer<DefaultProducerContext> =
        ClientConfig::new().set("bootstrap.servers", BROKER.brokers()).create().expect("a producer");
    let name = topic.name();
    for event in events {
        let headers = record::headers(event, &topic.source(), 1);
        let mut sent = BaseRecord::to(&name).key(event.stream.as_str()).payload(&*event.data).headers(headers);
        sent.timestamp = sent_ms;
        producer.send(sent).map_err(|(error, _)| error).expect("it is queued");
    }
    producer.flush(DEADLINE).expect("it is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_are_passed_over_are_not_handed_on_but_the_last_event_is() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 20).await;
    let mut relaying = Relaying::start(&written.log, address());
    relaying.until(|relayed| relayed.position == 20).await;
    let kind = "organ-donation.decision-registered.v1";
    let mut feed = FromKafka::new(written.log.clone(), address()).after(0, None, vec![kind]);
    let seen = read(&mut *feed, 20).await.expect("readable");
    assert_eq!(seen.last().map(|event| event.position), Some(20));
    assert!(seen.len() < 20, "{}", seen.len());
    relaying.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_starts_again_sends_only_what_is_missing() {
    let written = Written::open(LogName::Care).await;
    append(&written.log, 200).await;
    for events in [200, 250, 300] {
        let mut relaying = Relaying::start(&written.log, address());
        relaying.until(|relayed| relayed.position == events).await;
        relaying.stop().await;
        append(&written.log, 50).await;
    }
    // The topic has a record for each event, and no repeat.
    let topic = written.topic();
    assert_eq!(topic.ends().await.expect("it is there"), (0, 300));
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_want_tls_and_a_password_get_both() {
    let secured = Kafka::secured();
    let address = |ca: &str, user: &str| {
        let (brokers, password) = (&secured.brokers, secured.password_file.display());
        let address: Address = format!(
            "kafka://{brokers}?security.protocol=sasl_ssl&sasl.mechanism=SCRAM-SHA-512&ssl.ca.location={ca}\
             &sasl.username={user}&sasl.password.file={password}"
        )
        .parse()
        .expect("an address");
        address
    };
    let written = Written::open(LogName::Care).await;
    append(&written.log, 20).await;
    let ca = secured.ca_file.display().to_string();
    let mut relaying = Relaying::start(&written.log, address(&ca, secured.user));
    relaying.until(|relayed| relayed.position == 20).await;
    relaying.stop().await;
    let mut feed = FromKafka::new(written.log.clone(), address(&ca, secured.user)).after(0, None, Vec::new());
    let followed = read(&mut *feed, 20).await.expect("readable");
    are_the_logs(&written.log, 0, &followed).await;

    // With an unknown user, or a broker's certificate that is not trusted, nothing is read or written.
    let topic = |address| Topic { address, ..written.topic() };
    assert!(topic(address(&ca, "stranger")).ends().await.is_err());
    let other_ca = written.folder.path().join("other.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=another", "-keyout"])
        .arg(written.folder.path().join("other.key"))
        .arg("-out")
        .arg(&other_ca)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(topic(address(&other_ca.display().to_string(), secured.user)).ends().await.is_err());
}

/// An operator such as Strimzi gives brokers and clients new certificates, in the same files. No process is restarted,
/// although nothing is appended that would show that the old ones are refused.
#[tokio::test(flavor = "multi_thread")]
async fn new_certificates_in_files_are_used_without_a_restart() {
    let secured = Kafka::secured();
    let address = |[certificate, key]: &[PathBuf; 2]| {
        let (brokers, ca) = (&secured.mutual_brokers, secured.ca_file.display());
        let (certificate, key) = (certificate.display(), key.display());
        let address: Address = format!(
            "kafka://{brokers}?security.protocol=ssl&ssl.ca.location={ca}\
             &ssl.certificate.location={certificate}&ssl.key.location={key}"
        )
        .parse()
        .expect("an address");
        address
    };
    let written = Written::open(LogName::Care).await;
    append(&written.log, 20).await;
    let mut relaying = Relaying::start(&written.log, address(&secured.client_files));
    relaying.until(|relayed| relayed.position == 20).await;
    let feeds = FromKafka::new(written.log.clone(), address(&secured.client_files));
    let mut feed = feeds.after(0, None, Vec::new());
    let followed = read(&mut *feed, 20).await.expect("readable");
    are_the_logs(&written.log, 0, &followed).await;
    let following = tokio::spawn(async move { read(&mut *feed, 40).await });

    let old = ["old.pem", "old.key"].map(|name| written.folder.path().join(name));
    for (from, to) in secured.client_files.iter().zip(&old) {
        std::fs::copy(from, to).expect("copied");
    }
    let epoch = relaying.relayed.borrow().epoch;
    tokio::task::block_in_place(|| secured.renew_certificates());
    let topic = Topic { address: address(&old), ..written.topic() };
    assert!(topic.ends().await.is_err(), "the old certificate is refused");
    relaying.until(|relayed| relayed.epoch > epoch && relayed.trouble.is_none()).await;
    append(&written.log, 20).await;
    relaying.until(|relayed| relayed.position == 40).await;
    are_the_logs(&written.log, 20, &following.await.expect("no panic").expect("readable")).await;
    relaying.stop().await;
}
