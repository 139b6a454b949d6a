//! Consumers from outside this repository find in a topic what `frontdoor asyncapi` and `events/README.md` describe.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use event_core::{LogName, Raw, StreamName, asyncapi};
use event_kafka::{Topic, record};
use event_log::{Append, Condition, Expected, Granted, Idempotency, Log, NewEvent, Provenance};
use local::kafka::{self, BROKER};
use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;
use vocabulary::SERVICES;

use crate::common::{DEADLINE, ReadAll, Relaying, Written, address};

/// The separator of columns in the console consumer's output.
const COLUMN: char = '\u{1f}';

fn file_of_events(path: &str) -> String {
    let file = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(file).expect("it is there")
}

/// Appends one event of every kind, in its released form; every other one has all that an envelope can hold.
async fn append_every_kind(log: &Log) {
    let kinds = SERVICES
        .iter()
        .flat_map(|service| service.categories)
        .flat_map(|category| category.kinds.iter().map(|kind| (category.name, *kind)));
    for (number, (category, kind)) in (0_u8..).zip(kinds) {
        let stream = StreamName::of(category, Uuid::now_v7().simple());
        let data = file_of_events(&format!("vocabulary/released/{kind}.json"));
        let full = number % 2 == 0;
        let append = Append {
            conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
            events: vec![NewEvent {
                stream,
                id: Uuid::now_v7(),
                kind,
                data: data.trim_end().as_bytes().to_vec().into(),
            }],
            provenance: Provenance {
                actor: r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#.into(),
                acting_for: full.then(|| StreamName::of("relationship", "x")),
                subject: full.then(|| "8f14e45f-ceea-467f-a9b5-0123456789ab".parse().expect("a subject")),
                correlation: full.then(Uuid::now_v7),
                causation: full.then(Uuid::now_v7),
                trace: full.then(|| "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            },
            idempotency: full.then_some(Idempotency {
                command_key: [number; 32],
                earlier_key: None,
                request_hash: [0xfe; 32],
                outcome: None,
            }),
            depends_on: Vec::new(),
            may_use_reserve: false,
        };
        assert!(matches!(log.append(append).await, Ok(Granted::Stored(_))), "{kind}");
    }
}

/// The headers, key and value of each record, as Kafka's own consumer prints them.
fn console_consumer(topic: &str, records: usize) -> Vec<(Value, String, Value)> {
    let (brokers, records) = (BROKER.brokers(), records.to_string());
    let separators = [format!("key.separator={COLUMN}"), format!("headers.separator={COLUMN}")];
    let properties = ["print.headers=true", "print.key=true", &separators[0], &separators[1]];
    let mut arguments = vec!["--bootstrap-server", &brokers, "--topic", topic, "--from-beginning"];
    arguments.extend(["--isolation-level", "read_committed", "--max-messages", &records, "--timeout-ms", "60000"]);
    arguments.extend(properties.iter().flat_map(|property| ["--property", property]));
    let output = BROKER.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", &arguments);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(printed_record).collect()
}

fn printed_record(line: &str) -> (Value, String, Value) {
    let mut columns: Vec<&str> = line.split(COLUMN).collect();
    let value = serde_json::from_str(columns.pop().expect("a value")).expect("JSON");
    let key = columns.pop().expect("a key").to_owned();
    let header = |column: &str| column.split_once(':').map(|(name, text)| (name.to_owned(), Value::from(text)));
    let headers: Option<Map<_, _>> = columns.into_iter().map(header).collect();
    (Value::Object(headers.expect("headers")), key, value)
}

/// The schema of one part of a kind's message.
fn described(document: &Value, kind: &str, part: &str) -> jsonschema::Validator {
    let reference = json!({"$ref": format!("#/components/messages/{kind}/{part}")});
    let schema = json!({"allOf": [reference], "components": document["components"]});
    jsonschema::draft7::options().should_validate_formats(true).build(&schema).expect("a JSON Schema")
}

#[tokio::test(flavor = "multi_thread")]
async fn kafkas_own_consumer_sees_the_headers_and_data_that_the_description_tells_of() {
    let written = Written::open(LogName::Care).await;
    append_every_kind(&written.log).await;
    let events = written.log.read_all(0).await;
    let mut relaying = Relaying::start(&written.log, address());
    relaying.until(|relayed| relayed.position == events.len() as u64).await;
    relaying.stop().await;
    let (topic, records) = (written.topic().name(), events.len());
    let seen = spawn_blocking(move || console_consumer(&topic, records)).await.expect("it ran");
    assert_eq!(seen.len(), events.len());
    let document = asyncapi::document(SERVICES);
    let told = document["components"]["schemas"]["EventHeaders"]["properties"].as_object().expect("headers");
    for (event, (headers, key, value)) in events.iter().zip(seen) {
        assert_eq!(headers["ce_position"], event.position.to_string());
        assert_eq!(headers["ce_type"], *event.kind);
        assert_eq!(key, event.stream.as_str());
        assert_eq!(value, serde_json::from_slice::<Value>(&event.data).expect("JSON"));
        let untold = headers.as_object().expect("headers").keys().find(|name| !told.contains_key(*name));
        assert_eq!(untold, None, "is not described");
        for (part, seen) in [("headers", &headers), ("payload", &value)] {
            let validator = described(&document, &event.kind, part);
            assert!(validator.is_valid(seen), "{}: {:?}", event.kind, validator.validate(seen));
        }
    }
}

/// Sends events to a topic in the given order.
fn send(topic: &Topic, events: &[&Raw]) {
    let producer: ThreadedProducer<DefaultProducerContext> =
        ClientConfig::new().set("bootstrap.servers", BROKER.brokers()).create().expect("a producer");
    let name = topic.name();
    for event in events {
        let headers = record::headers(event, &topic.source(), 1);
        let record = BaseRecord::to(&name).key(event.stream.as_str()).payload(&*event.data).headers(headers);
        producer.send(record).map_err(|(error, _)| error).expect("it is queued");
    }
    producer.flush(DEADLINE).expect("it is sent");
}

/// The first lines that the README's consumer in Python prints.
fn python_consumer(lineage: Uuid, lines: usize) -> Vec<String> {
    let readme = file_of_events("README.md");
    let (_, program) = readme.split_once("```python\n").expect("the README has it");
    let (program, _) = program.split_once("```").expect("it ends");
    let program = program.replace("localhost:9092", &BROKER.brokers());
    let program = format!("LINEAGE = '{lineage}'\n{program}");
    // The consumer would wait for more events without end.
    let deadline = DEADLINE.as_secs().to_string();
    let mut python = Command::new("timeout")
        .arg(deadline)
        .arg(kafka::python())
        .args(["-u", "-c", &program])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let output = BufReader::new(python.stdout.take().expect("an output"));
    let printed = output.lines().take(lines).map(|line| line.expect("UTF-8")).collect();
    let _ = Command::new("kill").arg(python.id().to_string()).status();
    python.wait().expect("it is ours");
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_consumer_in_python_reads_every_event_once_whatever_comes_again_or_early() {
    let written = Written::open(LogName::Care).await;
    append_every_kind(&written.log).await;
    let events = written.log.read_all(0).await;
    let topic = written.topic();
    topic.prepare().await.expect("it is made");
    let lineage = written.log.lineage();
    let expected: Vec<_> = events.iter().take(6).map(|event| format!("{} {} ", event.position, event.kind)).collect();
    let seen = spawn_blocking(move || {
        let order = [1, 2, 1, 2, 4, 3, 4, 4, 6, 5, 6];
        send(&topic, &order.map(|position: usize| &events[position - 1]));
        python_consumer(lineage, 6)
    });
    let seen = seen.await.expect("it ran");
    assert_eq!(seen.len(), expected.len());
    for (line, expected) in seen.iter().zip(expected) {
        assert!(line.starts_with(&expected), "{line} is not {expected}");
    }
}
