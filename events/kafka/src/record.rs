//! An event as a record of its topic: CloudEvents 1.0 in binary mode. Key: the stream; value: the exact stored bytes.

use std::fmt::Display;

use event_core::{LogName, Raw, Timestamp, envelope::Hash};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use uuid::Uuid;

/// A record that is not an event of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record at offset {offset} is not an event of this log: {why}")]
pub struct Foreign {
    pub offset: i64,
    pub why: String,
}

/// The position and the id of a record's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordId {
    pub position: u64,
    pub id: Uuid,
}

/// The source that every record of a log carries: `/frontdoor/<log>/<lineage>`.
pub fn source(log: LogName, lineage: Uuid) -> String {
    format!("/frontdoor/{log}/{lineage}")
}

/// The headers of an event's record. `epoch` is that of the relay that sends it.
pub fn headers(event: &Raw, source: &str, epoch: u64) -> OwnedHeaders {
    let headers = OwnedHeaders::new_with_capacity(17);
    let headers = put(headers, "ce_specversion", "1.0");
    let headers = put(headers, "ce_id", event.id);
    let headers = put(headers, "ce_source", source);
    let headers = put(headers, "ce_type", &event.kind);
    let headers = put(headers, "ce_subject", &event.stream);
    let headers = put(headers, "ce_time", event.recorded_at);
    let headers = put(headers, "content-type", "application/json");
    let headers = put(headers, "ce_position", event.position);
    let headers = put(headers, "ce_revision", event.revision);
    let headers = put(headers, "ce_actor", &event.actor);
    let headers = put(headers, "ce_correlation", event.correlation);
    let headers = maybe(headers, "ce_patient", event.subject);
    let headers = maybe(headers, "ce_actingfor", event.acting_for.as_ref());
    let headers = maybe(headers, "ce_causation", event.causation);
    let headers = maybe(headers, "ce_commandkey", event.command_key.as_ref().map(hex));
    let headers = maybe(headers, "ce_requesthash", event.request_hash.as_ref().map(hex));
    let headers = maybe(headers, "ce_traceparent", event.trace.as_ref());
    put(headers, "ce_epoch", epoch)
}

fn put(headers: OwnedHeaders, key: &str, value: impl Display) -> OwnedHeaders {
    headers.insert(Header { key, value: Some(&value.to_string()) })
}

fn maybe(headers: OwnedHeaders, key: &str, value: Option<impl Display>) -> OwnedHeaders {
    match value {
        Some(value) => put(headers, key, value),
        None => headers,
    }
}

fn hex(hash: &Hash) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

fn unhex(text: &str) -> Option<Hash> {
    let digits = text.as_bytes();
    let mut hash = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// The position and the id of a record's event, after a check that the record belongs to this log.
///
/// # Errors
/// `Foreign`.
pub fn place(record: &impl Message, source: &str) -> Result<RecordId, Foreign> {
    let fields = HeaderFields::of(record)?;
    let found = fields.text("ce_source")?;
    if found != source {
        return Err(fields.foreign(format!("its source is {found}, not {source}")));
    }
    Ok(RecordId { position: fields.parsed("ce_position")?, id: fields.parsed("ce_id")? })
}

/// The kind of a record's event.
///
/// # Errors
/// `Foreign`.
pub fn kind(record: &impl Message) -> Result<&str, Foreign> {
    HeaderFields::of(record)?.text("ce_type")
}

/// The event that a record carries, byte for byte as in the log.
///
/// # Errors
/// `Foreign`.
pub fn event(record: &impl Message, log: LogName, place: RecordId) -> Result<Raw, Foreign> {
    let fields = HeaderFields::of(record)?;
    let time: Timestamp = fields.parsed("ce_time")?;
    let key = record.key().unwrap_or_default();
    let stream = fields.text("ce_subject")?;
    if key != stream.as_bytes() {
        return Err(fields.foreign("its key is not its stream".into()));
    }
    let data = record.payload().ok_or_else(|| fields.foreign("it has no value".into()))?;
    let hash = |name| {
        let text = fields.maybe(name)?;
        text.map(|text| unhex(text).ok_or_else(|| fields.foreign(format!("{name} does not parse")))).transpose()
    };
    Ok(Raw {
        log,
        position: place.position,
        stream: fields.parsed("ce_subject")?,
        revision: fields.parsed("ce_revision")?,
        id: place.id,
        kind: fields.text("ce_type")?.to_owned().into(),
        recorded_at: time,
        actor: fields.text("ce_actor")?.into(),
        acting_for: fields.maybe_parsed("ce_actingfor")?,
        subject: fields.maybe_parsed("ce_patient")?,
        correlation: fields.parsed("ce_correlation")?,
        causation: fields.maybe_parsed("ce_causation")?,
        command_key: hash("ce_commandkey")?,
        request_hash: hash("ce_requesthash")?,
        trace: fields.maybe("ce_traceparent")?.map(Into::into),
        data: data.into(),
    })
}

/// The headers of one record, by name.
struct HeaderFields<'a, H: Headers> {
    headers: &'a H,
    offset: i64,
}

impl<'a, H: Headers> HeaderFields<'a, H> {
    fn of<M: Message<Headers = H>>(record: &'a M) -> Result<HeaderFields<'a, H>, Foreign> {
        let offset = record.offset();
        let headers = record.headers().ok_or_else(|| Foreign { offset, why: "it has no headers".into() })?;
        Ok(HeaderFields { headers, offset })
    }

    fn foreign(&self, why: String) -> Foreign {
        Foreign { offset: self.offset, why }
    }

    fn maybe(&self, name: &str) -> Result<Option<&'a str>, Foreign> {
        let found = self.headers.iter().find(|header| header.key == name).and_then(|header| header.value);
        found.map(str::from_utf8).transpose().map_err(|_| self.foreign(format!("{name} is not UTF-8")))
    }

    fn text(&self, name: &str) -> Result<&'a str, Foreign> {
        self.maybe(name)?.ok_or_else(|| self.foreign(format!("it has no header {name}")))
    }

    fn maybe_parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Foreign> {
        let parsed = self.maybe(name)?.map(str::parse).transpose();
        parsed.map_err(|_| self.foreign(format!("{name} does not parse")))
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, Foreign> {
        self.maybe_parsed(name)?.ok_or_else(|| self.foreign(format!("it has no header {name}")))
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::{message::OwnedMessage, message::Timestamp as Sent};

    use super::*;

    fn events() -> [Raw; 2] {
        let bare = Raw {
            log: LogName::Care,
            position: 7,
            stream: "donor-x".parse().expect("valid"),
            revision: 2,
            id: Uuid::from_u128(3),
            kind: "a.b.v1".into(),
            recorded_at: Timestamp::from_micros(1_700_000_000_123_456),
            actor: r#"{"id":"é"}"#.into(),
            acting_for: None,
            subject: None,
            correlation: Uuid::from_u128(5),
            causation: None,
            command_key: None,
            request_hash: None,
            trace: None,
            data: (*b"{\"z\": 1.50}").into(),
        };
        let full = Raw {
            acting_for: Some("relationship-y".parse().expect("valid")),
            subject: Some("8f14e45f-ceea-467f-a9b5-0123456789ab".parse().expect("valid")),
            causation: Some(Uuid::from_u128(6)),
            command_key: Some([0xa1; 32]),
            request_hash: Some([0x0f; 32]),
            trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            ..bare.clone()
        };
        [bare, full]
    }

    fn sent(event: &Raw, source: &str) -> OwnedMessage {
        let (key, value) = (event.stream.to_string().into_bytes(), event.data.to_vec());
        let headers = Some(headers(event, source, 4));
        OwnedMessage::new(Some(value), Some(key), "topic".into(), Sent::NotAvailable, 0, 9, headers)
    }

    #[test]
    fn a_record_gives_back_the_event_byte_for_byte() {
        let source = source(LogName::Care, Uuid::from_u128(1));
        for original in events() {
            let record = sent(&original, &source);
            let place = place(&record, &source).expect("of this log");
            let read = event(&record, LogName::Care, place).expect("an event");
            assert_eq!(read.canonical(), original.canonical());
            assert_eq!(kind(&record), Ok("a.b.v1"));
        }
    }

    #[test]
    fn attribute_names_are_lower_case_letters_and_digits() {
        let [_, full] = events();
        let headers = headers(&full, "/frontdoor/care/x", 4);
        for header in headers.iter() {
            let name = header.key.strip_prefix("ce_").unwrap_or("type");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
        }
    }

    #[test]
    fn a_record_of_another_lineage_or_of_nobody_is_refused() {
        let source = source(LogName::Care, Uuid::from_u128(1));
        let [bare, _] = events();
        let other = sent(&bare, "/frontdoor/care/other");
        assert!(place(&other, &source).expect_err("another lineage").why.contains("other"));
        let nobodys = OwnedMessage::new(None, None, "topic".into(), Sent::NotAvailable, 0, 9, None);
        assert_eq!(place(&nobodys, &source).expect_err("no headers").offset, 9);
        let mut misplaced = sent(&bare, &source);
        misplaced = misplaced.set_key(Some(b"donor-y".to_vec()));
        let place = place(&misplaced, &source).expect("of this log");
        assert!(event(&misplaced, LogName::Care, place).is_err());
    }
}
