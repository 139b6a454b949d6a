//! A topic for manual changes: all its records can be read, deleted, and replaced.

use std::time::{Duration, Instant};

use local::system::System;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    message::{OwnedHeaders, OwnedMessage},
    producer::{FutureProducer, FutureRecord},
};

const ANSWER_WITHIN: Duration = Duration::from_secs(20);

pub struct Topic {
    client: ClientConfig,
    name: String,
    /// The records as a relay wrote them.
    pub records: Vec<OwnedMessage>,
}

impl Topic {
    /// Reads all records of a log's topic.
    pub fn read(system: &System, log: &str) -> Topic {
        let lineage = system.postgres.run("frontdoor", &format!("SELECT lineage FROM {log}.log"));
        let name = format!("frontdoor.{log}.{lineage}");
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", system.kafka.brokers());
        let consumer: BaseConsumer = client.clone().set("group.id", "by-hand").create().expect("a consumer");
        let (begin, end) = consumer.fetch_watermarks(&name, 0, ANSWER_WITHIN).expect("it is there");
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(&name, 0, Offset::Offset(begin)).expect("a place");
        consumer.assign(&from).expect("it is read");
        let (mut records, deadline) = (Vec::new(), Instant::now() + ANSWER_WITHIN);
        while records.last().is_none_or(|record: &OwnedMessage| record.offset() + 1 < end) {
            if let Some(record) = consumer.poll(Duration::from_millis(100)) {
                records.push(record.expect("a record").detach());
            }
            assert!(Instant::now() < deadline, "{} of {end} records were read", records.len());
        }
        Topic { client, name, records }
    }

    /// Replaces the records of the topic with these.
    pub async fn holds(&self, records: &[OwnedMessage]) {
        let admin: AdminClient<DefaultClientContext> = self.client.create().expect("a client");
        let mut all = TopicPartitionList::new();
        all.add_partition_offset(&self.name, 0, Offset::End).expect("a place");
        admin.delete_records(&all, &AdminOptions::new()).await.expect("they are deleted");
        let producer: FutureProducer =
            self.client.clone().set("enable.idempotence", "true").create().expect("a producer");
        let mut sent = Vec::new();
        for record in records {
            let headers = record.headers().cloned().unwrap_or_else(OwnedHeaders::new);
            let again = FutureRecord::to(&self.name).partition(0).headers(headers);
            let again = again.key(record.key().expect("a key")).payload(record.payload().expect("a value"));
            sent.push(producer.send_result(again).map_err(|(error, _)| error).expect("there is room"));
        }
        for one in sent {
            one.await.expect("it is answered").expect("it is stored");
        }
    }
}
