//! Checks a log's topic with a plain consumer. By the rule for all its readers (only the next position counts, a lower
//! one is a repeat), the topic must equal the log: every position, in order, nothing else, byte for byte. A relay may
//! repeat positions only under another epoch.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use event_core::{Timestamp, envelope::Meta};
use event_kafka::Address;
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{BorrowedMessage, Headers},
};
use uuid::Uuid;

use super::{event::CheckedEvent, findings::Findings};

/// The time limit for the next record from the broker.
const SILENCE_MAX: Duration = Duration::from_secs(20);

pub struct CheckedTopic {
    consumer: BaseConsumer,
    name: String,
    log: &'static str,
    source: String,
    /// The offset after the last record when the check began.
    end: i64,
    next: i64,
    /// The id at each position that was read, starting with the first one.
    ids: Vec<Vec<u8>>,
    /// Records that came too early: their positions, ids and offsets.
    early: Vec<(u64, String, i64)>,
    epochs: Epochs,
}

impl CheckedTopic {
    /// # Errors
    /// If the brokers do not answer, or the topic is missing.
    pub fn open(address: &Address, log: &'static str, lineage: Uuid) -> anyhow::Result<CheckedTopic> {
        let name = format!("frontdoor.{log}.{lineage}");
        let mut config = address.client("check")?;
        config.set("group.id", "frontdoor-check").set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        // Transaction markers occupy offsets at the end of the topic, but are never delivered.
        config.set("isolation.level", "read_committed").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create()?;
        let ends = consumer.fetch_watermarks(&name, 0, SILENCE_MAX);
        let (begin, end) = ends.with_context(|| format!("the topic {name} cannot be read"))?;
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(&name, 0, Offset::Offset(begin))?;
        consumer.assign(&from)?;
        let source = format!("/frontdoor/{log}/{lineage}");
        Ok(CheckedTopic {
            consumer,
            name,
            log,
            source,
            end,
            next: begin,
            ids: Vec::new(),
            early: Vec::new(),
            epochs: Epochs::default(),
        })
    }

    /// Checks that the log's next event is also the next one in the topic.
    ///
    /// # Errors
    /// If the brokers do not answer.
    pub fn event(&mut self, event: &CheckedEvent, findings: &mut Findings) -> anyhow::Result<()> {
        let mut found = None;
        while found.is_none() && self.next < self.end {
            let Some(record) = next(&self.consumer, &self.name)? else {
                self.next = self.end;
                break;
            };
            self.next = record.offset() + 1;
            let fields = CheckedHeaders::of(&record);
            if fields.get("ce_source") != Some(&self.source) {
                findings.add(self.log, event.position, format!("{}: {} is not of this log", self.name, fields.place));
                continue;
            }
            let position = fields.number("ce_position");
            let id = fields.get("ce_id").cloned().unwrap_or_default();
            if let Some(what) = self.epochs.disorder(&fields) {
                findings.add(self.log, position, format!("{}: {}: {what}", self.name, fields.place));
            }
            if position == event.position {
                let wrong = fields.difference(event, &record);
                if let Some(what) = wrong {
                    let place = fields.place;
                    findings.add(self.log, position, format!("{}: {place}: another {what} than the log", self.name));
                }
                found = Some(());
            } else if position > event.position {
                self.early.push((position, id, record.offset()));
            } else if !self.is_repeat(position, &id) {
                let place = fields.place;
                findings.add(self.log, position, format!("{}: {place}: another event than the log's", self.name));
            }
        }
        if found.is_none() {
            findings.add(self.log, event.position, format!("{}: it is missing in the topic", self.name));
        }
        self.ids.push(event.id.clone());
        Ok(())
    }

    fn is_repeat(&self, position: u64, id: &str) -> bool {
        let at = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
        let known = at.and_then(|at| self.ids.get(at)).and_then(|id| Uuid::from_slice(id).ok());
        known.is_some_and(|known| known.to_string() == id)
    }

    /// Checks that the rest of the topic consists of repeats, without events beyond the end of the log.
    ///
    /// # Errors
    /// If the brokers do not answer.
    pub fn end(mut self, log_end: u64, findings: &mut Findings) -> anyhow::Result<()> {
        while self.next < self.end {
            let Some(record) = next(&self.consumer, &self.name)? else {
                self.next = self.end;
                break;
            };
            self.next = record.offset() + 1;
            let fields = CheckedHeaders::of(&record);
            let position = fields.number("ce_position");
            if let Some(what) = self.epochs.disorder(&fields) {
                findings.add(self.log, position, format!("{}: {}: {what}", self.name, fields.place));
            }
            self.early.push((position, fields.get("ce_id").cloned().unwrap_or_default(), record.offset()));
        }
        for (position, id, offset) in std::mem::take(&mut self.early) {
            if position > log_end {
                let what = format!("{}: offset {offset} is beyond the log's end at {log_end}", self.name);
                findings.add(self.log, position, what);
            // Events that a running system appended after the start of the check are unknown here.
            } else if position <= self.ids.len() as u64 && !self.is_repeat(position, &id) {
                let what = format!("{}: offset {offset}: another event than the log's", self.name);
                findings.add(self.log, position, what);
            }
        }
        Ok(())
    }
}

/// The last position that each epoch of a relay sent. Positions of an epoch must increase; otherwise a record was
/// doubled or reordered.
#[derive(Default)]
struct Epochs(HashMap<u64, u64>);

impl Epochs {
    fn disorder(&mut self, fields: &CheckedHeaders) -> Option<String> {
        let (epoch, position) = (fields.number("ce_epoch"), fields.number("ce_position"));
        let last = self.0.insert(epoch, position).unwrap_or(0);
        (position <= last).then(|| format!("it follows {last} in epoch {epoch}: doubled or reordered"))
    }
}

/// The next record; `None` at the end of the topic.
fn next<'a>(consumer: &'a BaseConsumer, name: &str) -> anyhow::Result<Option<BorrowedMessage<'a>>> {
    let deadline = Instant::now() + SILENCE_MAX;
    while Instant::now() < deadline {
        match consumer.poll(deadline.saturating_duration_since(Instant::now())) {
            Some(Ok(record)) => return Ok(Some(record)),
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
            // A broker that is unavailable may come back within this time.
            Some(Err(_)) | None => {}
        }
    }
    Err(anyhow!("the topic {name} gives no more records, although there are more"))
}

/// The headers of a record.
struct CheckedHeaders {
    headers: HashMap<String, String>,
    place: String,
}

impl CheckedHeaders {
    fn of(record: &BorrowedMessage<'_>) -> CheckedHeaders {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = record.headers().into_iter().flat_map(|headers| headers.iter());
        let headers = headers.filter_map(|header| Some((header.key.to_owned(), text(header.value?)))).collect();
        CheckedHeaders { headers, place: format!("offset {}", record.offset()) }
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.headers.get(name)
    }

    /// The number in a header; 0, which is not a valid position, if there is none.
    fn number(&self, name: &str) -> u64 {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The name of the first part that differs from the log.
    fn difference(&self, event: &CheckedEvent, record: &BorrowedMessage<'_>) -> Option<&'static str> {
        let Ok(meta) = Meta::unpack(&event.meta) else { return Some("envelope") };
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        // An append without a command has the id of its first event as its key, which the topic does not need.
        let key = event.command_key.as_deref().map(hex);
        let expected = [
            ("ce_id", event.uuid().map(|id| id.to_string())),
            ("ce_type", Some(event.kind.clone())),
            ("ce_subject", Some(event.stream.clone())),
            ("ce_revision", Some(event.revision.to_string())),
            ("ce_time", Some(Timestamp::from_micros(event.recorded_at).to_string())),
            ("ce_actor", Some(meta.actor.to_string())),
            ("ce_actingfor", meta.acting_for.map(|stream| stream.to_string())),
            ("ce_patient", meta.subject.map(|subject| subject.to_string())),
            ("ce_correlation", Some(meta.correlation.to_string())),
            ("ce_causation", meta.causation.map(|id| id.to_string())),
            ("ce_requesthash", meta.request_hash.as_ref().map(|hash| hex(hash))),
            ("ce_traceparent", meta.trace.map(|trace| trace.to_string())),
        ];
        let other = expected.into_iter().find(|(name, value)| self.get(name) != value.as_ref()).map(|(name, _)| name);
        let carried = self.get("ce_commandkey");
        let other = other.or((carried.is_some() && carried != key.as_ref()).then_some("ce_commandkey"));
        let other = other.or((record.key() != Some(event.stream.as_bytes())).then_some("key"));
        other.or((record.payload() != Some(event.bytes.as_slice())).then_some("value"))
    }
}
