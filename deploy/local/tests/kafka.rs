//! The Kafka that the other tests depend on is a real one.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Output,
    time::{Duration, Instant},
};

use local::kafka::{BROKER, Kafka};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn topics(kafka: &Kafka, arguments: &[&str]) -> String {
    said(&kafka.tool(TOPICS, &[&["--bootstrap-server", &kafka.brokers()], arguments].concat()))
}

#[test]
fn a_broker_is_frozen_and_killed_and_comes_back_with_its_topics() {
    topics(&BROKER, &["--create", "--topic", "kept", "--partitions", "1"]);
    BROKER.freeze(1);
    let mut client = TcpStream::connect(BROKER.brokers()).expect("its connections stay");
    // ApiVersions, version 0, correlation 7, of a client without a name.
    client.write_all(b"\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff").expect("written");
    client.set_read_timeout(Some(Duration::from_millis(300))).expect("set");
    let mut answer = [0; 8];
    client.read_exact(&mut answer).expect_err("nobody answers");
    BROKER.thaw(1);
    client.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    client.read_exact(&mut answer).expect("it answers");
    assert_eq!(answer[4..], [0, 0, 0, 7]);
    BROKER.kill(1);
    TcpStream::connect(BROKER.brokers()).expect_err("nobody listens any more");
    BROKER.start_again(1);
    assert_eq!(topics(&BROKER, &["--list"]), "kept\n");
}

#[test]
fn three_brokers_hold_a_topic_three_times_and_do_without_one() {
    let kafka = Kafka::cluster(3);
    topics(&kafka, &["--create", "--topic", "threefold", "--replication-factor", "3"]);
    let described = topics(&kafka, &["--describe", "--topic", "threefold"]);
    assert!(described.contains("ReplicationFactor: 3"), "{described}");
    kafka.kill(3);
    let deadline = Instant::now() + Duration::from_secs(60);
    while topics(&kafka, &["--describe", "--under-replicated-partitions"]).is_empty() {
        assert!(Instant::now() < deadline, "the other two have not noticed");
    }
}

#[test]
fn strangers_need_the_certificate_and_the_password() {
    let secured = Kafka::secured();
    let password = std::fs::read_to_string(&secured.password_file).expect("it is there");
    let settings = |name: &str, password: &str| {
        let text = format!(
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n\
             ssl.truststore.type=PEM\nssl.truststore.location={}\n\
             sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
             username=\"{}\" password=\"{password}\";\n",
            secured.ca_file.display(),
            secured.user,
        );
        std::fs::write(secured.kafka.folder.join(name), text).expect("written");
    };
    settings("right", &password);
    settings("wrong", "another");
    let list = |settings| {
        let arguments = ["--bootstrap-server", &secured.brokers, "--command-config", settings, "--list"];
        secured.kafka.tool(TOPICS, &arguments)
    };
    assert_eq!(said(&list("right")).trim(), "");
    let refused = list("wrong");
    assert!(String::from_utf8_lossy(&refused.stdout).contains("authentication"), "{refused:?}");
}
