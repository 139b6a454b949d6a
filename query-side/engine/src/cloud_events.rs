//! The log for auditors: CloudEvents 1.0 in a JSON batch, with the attributes that Kafka carries as `ce_` headers. It
//! shows that an event happened and the shape of its data, and never the value of a personal field.

use std::borrow::Cow;

use event_core::{Raw, StreamName, SubjectId, Timestamp, envelope::Hash};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

pub const BATCH: &str = "application/cloudevents-batch+json";

/// A recorded event. Positions and revisions are texts: an Integer of CloudEvents has 32 bits.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CloudEvent {
    pub specversion: &'static str,
    pub id: Uuid,
    /// `/frontdoor/<log>/<lineage>`
    pub source: String,
    /// The event's kind: family, what happened, version.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The event's stream.
    pub subject: StreamName,
    /// When it was recorded.
    pub time: Timestamp,
    pub datacontenttype: &'static str,
    /// Its position in the log.
    pub position: String,
    /// Its revision in its stream.
    pub revision: String,
    /// The person that the event's personal data belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<SubjectId>,
    /// The caller of the command: JSON with `id`, `role`, `organisation`, `level`, and `issuer`, within which `id` is
    /// unique (absent in events of an earlier release).
    pub actor: Box<str>,
    /// The relationship's stream by which the actor acted for another person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actingfor: Option<StreamName>,
    pub correlation: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// Hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commandkey: Option<String>,
    /// Hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requesthash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Box<str>>,
    /// The event's data, with `***` for each personal field.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub data: Box<RawValue>,
}

impl CloudEvent {
    /// # Errors
    /// When the event's data is not JSON, which means that the log is damaged.
    pub fn of(event: Raw, lineage: Uuid) -> Result<CloudEvent, serde_json::Error> {
        Ok(CloudEvent {
            specversion: "1.0",
            id: event.id,
            source: format!("/frontdoor/{}/{lineage}", event.log),
            kind: event.kind,
            subject: event.stream,
            time: event.recorded_at,
            datacontenttype: "application/json",
            position: event.position.to_string(),
            revision: event.revision.to_string(),
            patient: event.subject,
            actor: event.actor,
            actingfor: event.acting_for,
            correlation: event.correlation,
            causation: event.causation,
            commandkey: event.command_key.as_ref().map(hex),
            requesthash: event.request_hash.as_ref().map(hex),
            traceparent: event.trace,
            data: RawValue::from_string(masked(&event.data))?,
        })
    }
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The wire forms of a personal value: a text with such a prefix is one (`event_core::personal`).
const PERSONAL_FORMS: [&str; 2] = ["p0.", "p1."];
const MASK: &str = "***";

/// The same JSON with every personal value masked, and everything else byte for byte (numbers and order included).
fn masked(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(opening) = rest.find('"') {
        let (before, inside) = rest.split_at(opening + 1);
        let end = closing_quote(inside);
        let (content, after) = inside.split_at(end);
        out.push_str(before);
        out.push_str(if PERSONAL_FORMS.iter().any(|form| content.starts_with(form)) { MASK } else { content });
        // The closing quote belongs to this string: left in `rest` it would open another.
        let quote = after.len().min(1);
        out.push_str(&after[..quote]);
        rest = &after[quote..];
    }
    out.push_str(rest);
    out
}

/// The length, without the closing quote, of the string that began before `inside`.
fn closing_quote(inside: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use event_core::testing::{encoded, opened};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use vocabulary::appointments::{AppointmentAmended, DiaryEvent};

    use super::*;

    #[test]
    fn personal_values_are_masked_wherever_they_stand_and_nothing_else_changes() {
        let data =
            r#"{"z":1.50,"reason":"p0.InNvcmUi","list":["p1.AAAA","a \"p0.\" b",{"x":"p0.YQ"}],"a":"é\\","p":"pa"}"#;
        let shown = r#"{"z":1.50,"reason":"***","list":["***","a \"p0.\" b",{"x":"***"}],"a":"é\\","p":"pa"}"#;
        assert_eq!(masked(data.as_bytes()), shown);
    }

    #[test]
    fn what_the_vocabulary_writes_as_personal_is_masked() {
        let session = json!({"session": "A12345.0123456789AB", "startsAt": "2026-07-01T08:00:00Z",
            "endsAt": "2026-07-01T08:10:00Z", "slotMinutes": 10, "service": "gp-routine", "channel": "video",
            "practitioner": {"name": "Dr A", "role": "GP"}});
        let event: AppointmentAmended = opened(|| {
            let data = json!({"patient": "8f14e45f-ceea-467f-a9b5-0123456789ab", "time": session,
                "reason": "p0.InNvcmUga25lZSI", "comment": null, "version": 2});
            serde_json::from_value(data).expect("an event")
        });
        let data = encoded(&DiaryEvent::from(event));
        let shown: Value = serde_json::from_str(&masked(&data)).expect("JSON");
        assert_eq!((&shown["reason"], &shown["version"]), (&json!("***"), &json!(2)));
    }

    fn personal_or_not() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "p[01][.][A-Za-z0-9_-]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-z]{1,5}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn masked_value(value: Value) -> Value {
        match value {
            Value::String(text) if PERSONAL_FORMS.iter().any(|form| text.starts_with(form)) => MASK.into(),
            Value::Array(items) => items.into_iter().map(masked_value).collect(),
            Value::Object(map) => map.into_iter().map(|(name, value)| (name, masked_value(value))).collect(),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
        }
    }

    proptest! {
        #[test]
        fn masking_text_is_masking_values(value in personal_or_not()) {
            let text = masked(value.to_string().as_bytes());
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), masked_value(value));
        }
    }
}
