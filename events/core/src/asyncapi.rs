//! The description of a log's topic on Kafka for foreign consumers: an AsyncAPI 3.0 document, and a JSON Schema (draft
//! 7, as AsyncAPI's own) for every kind, both generated from the code. The schemas describe the events of a log, which
//! any release may have written: fields may be added, and personal fields are opaque texts.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::event::{Category, Service};

pub const VERSION: &str = "3.0.0";

const SHARED: &str = "/components/schemas";
const HEADERS: &str = "EventHeaders";
/// The version of AsyncAPI's bindings for Kafka.
const BINDINGS: &str = "0.5.0";

/// The schema of one kind's data, complete in itself, or `None` for a kind that these services do not have.
pub fn schema(services: &[&Service], kind: &str) -> Option<Value> {
    let mut generator = SchemaSettings::draft07().into_generator();
    let (_, refer) = categories(services).flat_map(|category| category.schemas).find(|(known, _)| *known == kind)?;
    let reference = refer(&mut generator);
    let name = reference.get("$ref")?.as_str()?.strip_prefix("#/definitions/")?.to_owned();
    let mut definitions = generator.take_definitions(true);
    let Value::Object(own) = definitions.remove(&name)? else { return None };
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".to_owned(), kind.into());
    schema.extend(own);
    if !definitions.is_empty() {
        schema.insert("definitions".to_owned(), Value::Object(definitions));
    }
    Some(Value::Object(schema))
}

/// The whole document.
pub fn document(services: &[&Service]) -> Value {
    let mut generator = generator();
    let (mut messages, mut of_channel) = (Map::new(), Map::new());
    for category in categories(services) {
        for (kind, refer) in category.schemas {
            let payload = refer(&mut generator).to_value();
            messages.insert((*kind).to_owned(), message(kind, category.name, payload));
            of_channel.insert((*kind).to_owned(), json!({"$ref": format!("#/components/messages/{kind}")}));
        }
    }
    let mut schemas = generator.take_definitions(true);
    for message in messages.values_mut() {
        summarise(message, &schemas);
    }
    schemas.insert(HEADERS.to_owned(), headers());
    json!({
        "asyncapi": VERSION,
        "info": {
            "title": "Frontdoor's events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every event of a log, in the order of the log, as CloudEvents 1.0 in Kafka's binary mode. \
                Demonstration software with synthetic people only.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {"log": channel(of_channel)},
        "operations": {"record": {
            "action": "send",
            "channel": {"$ref": "#/channels/log"},
            "summary": "What was stored in the log is sent, once or more often, never out of order.",
        }},
        "components": {"messages": messages, "schemas": schemas},
    })
}

fn categories(services: &[&Service]) -> impl Iterator<Item = &'static Category> {
    services.iter().flat_map(|service| service.categories)
}

fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = SHARED.into();
    settings.into_generator()
}

fn channel(messages: Map<String, Value>) -> Value {
    json!({
        "address": "frontdoor.{log}.{lineage}",
        "title": "A log",
        "description": "One partition, in the order of the log. Events are neither deleted nor compacted. An event can occur \
            again; its position identifies it. Kinds are added: a consumer decides if it may skip an unknown kind.",
        "parameters": {
            "log": {"description": "The events of the services (`care`), or the access to them (`access`).", "enum": ["care", "access"]},
            "lineage": {"description": "A UUID that is created with the log. Another lineage is another history."},
        },
        "messages": messages,
        "bindings": {"kafka": {
            "partitions": 1,
            "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1},
            "bindingVersion": BINDINGS,
        }},
    })
}

/// A kind's message. Its payload is described under the name of the data's type.
fn message(kind: &str, category: &str, payload: Value) -> Value {
    json!({
        "name": kind,
        "title": kind,
        "contentType": "application/json",
        "headers": {"allOf": [
            {"$ref": format!("#{SHARED}/{HEADERS}")},
            {"properties": {
                "ce_type": {"const": kind},
                "ce_subject": {"pattern": format!("^{category}-")},
            }},
        ]},
        "payload": payload,
        "bindings": {"kafka": {
            "key": {"type": "string", "description": "The event's stream, like `ce_subject`."},
            "bindingVersion": BINDINGS,
        }},
    })
}

/// Adds the first line of the data type's description as the summary.
fn summarise(message: &mut Value, schemas: &Map<String, Value>) {
    let name = message["payload"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    let words = name.and_then(|name| schemas.get(name)?.get("description")?.as_str());
    if let Some(first) = words.and_then(|words| words.lines().next()) {
        message["summary"] = first.into();
    }
}

/// The headers of every record; each is a text in UTF-8.
fn headers() -> Value {
    let always = json!({
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "The event's id (UUIDv7)."},
        "ce_source": {"type": "string", "pattern": "^/frontdoor/(care|access)/[0-9a-f-]{36}$",
            "description": "`/frontdoor/<log>/<lineage>`"},
        "ce_type": {"type": "string", "description": "The event's kind: service, event, version."},
        "ce_subject": {"type": "string", "description": "The event's stream, `<category>-<id>`."},
        "ce_time": {"type": "string", "format": "date-time",
            "description": "The time of recording. Never earlier than that of the previous position."},
        "content-type": {"const": "application/json"},
        "ce_position": {"type": "string", "pattern": "^[1-9][0-9]*$",
            "description": "1, 2, 3 … in the log, without gaps. A text: an Integer of CloudEvents has 32 bits. A \
                position that is not greater than the last one is a repeat."},
        "ce_revision": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "1, 2, 3 … in its stream."},
        "ce_actor": {"type": "string", "contentMediaType": "application/json",
            "description": "The caller of the command: JSON with `id`, `role`, `organisation`, `level` and `issuer`. An `id` is unique \
                only together with its `issuer`, which is absent in events of an earlier release."},
        "ce_correlation": {"type": "string", "format": "uuid", "description": "Links related events."},
        "ce_epoch": {"type": "string", "pattern": "^[0-9]+$",
            "description": "The run of a relay that sent it. Not a part of the event: a repeat may have another one."},
    });
    let sometimes = json!({
        "ce_patient": {"type": "string", "format": "uuid", "description": "The person that the event's personal data belongs to."},
        "ce_actingfor": {"type": "string",
            "description": "The relationship's stream by which the actor acted for another person."},
        "ce_causation": {"type": "string", "format": "uuid", "description": "The event that caused it."},
        "ce_commandkey": {"type": "string", "pattern": "^[0-9a-f]{64}$",
            "description": "On the first event of a command. The events up to the next key were stored with it."},
        "ce_requesthash": {"type": "string", "pattern": "^[0-9a-f]{64}$",
            "description": "On the first event of a command: a keyed hash of the request."},
        "ce_traceparent": {"type": "string", "description": "W3C trace context of the request."},
    });
    let required: Vec<_> = always.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    let mut all = always;
    if let (Value::Object(all), Value::Object(more)) = (&mut all, sometimes) {
        all.extend(more);
    }
    json!({
        "type": "object",
        "description": "The attributes of CloudEvents 1.0, and extensions.",
        "required": required,
        "properties": all,
    })
}
