//! Topics that are fit to hold a log, and topics that are not.

use event_core::LogName;
use local::kafka::BROKER;

use crate::common::{Relaying, Written, address, append};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_fit_is_refused_with_the_reason() {
    for (arguments, reason) in [
        (["--partitions=2", "--config=retention.ms=-1"], "partitions"),
        (["--partitions=1", "--config=cleanup.policy=compact"], "cleanup.policy"),
        (["--partitions=1", "--config=retention.ms=86400000"], "retention.ms"),
        (["--config=retention.ms=-1", "--config=max.message.bytes=100000"], "max.message.bytes"),
    ] {
        let written = Written::open(LogName::Care).await;
        append(&written.log, 1).await;
        let (brokers, topic) = (BROKER.brokers(), written.topic().name());
        let make = ["--bootstrap-server", &brokers, "--create", "--topic", &topic];
        let made = BROKER.tool(TOPICS, &[&make[..], &arguments[..]].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut relaying = Relaying::start(&written.log, address());
        let relayed = relaying.until(|relayed| relayed.stopped.is_some()).await;
        let why = relayed.stopped.expect("why");
        assert!(why.contains(reason) && why.contains(&topic), "{why}");
        assert_eq!(relayed.position, 0);
        relaying.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_made_with_one_partition_and_keeps_everything() {
    let written = Written::open(LogName::Care).await;
    written.topic().prepare().await.expect("it is made");
    let (brokers, topic) = (BROKER.brokers(), written.topic().name());
    let described = BROKER.tool(TOPICS, &["--bootstrap-server", &brokers, "--describe", "--topic", &topic]);
    let text = String::from_utf8_lossy(&described.stdout).into_owned();
    for setting in ["PartitionCount: 1", "retention.ms=-1", "cleanup.policy=delete"] {
        assert!(text.contains(setting), "{text}");
    }
    // Another process that comes later finds it fit.
    written.topic().prepare().await.expect("it is fit");
}
