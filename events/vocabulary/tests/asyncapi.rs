//! The output of `frontdoor asyncapi` is correct, because external consumers rely on it.

use std::{collections::BTreeSet, fs};

use event_core::asyncapi;
use serde_json::{Value, json};
use vocabulary::SERVICES;

fn kinds() -> BTreeSet<&'static str> {
    vocabulary::kinds().collect()
}

fn released(kind: &str) -> Value {
    let file = format!("{}/released/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(file).expect("every kind has a fixture")).expect("JSON")
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::draft7::options().should_validate_formats(true).build(schema).expect("a JSON Schema of draft 7")
}

/// Every `$ref` in the document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_kind_has_a_message_that_says_what_happened() {
    let document = asyncapi::document(SERVICES);
    let messages = document["components"]["messages"].as_object().expect("messages");
    assert_eq!(messages.keys().map(String::as_str).collect::<BTreeSet<_>>(), kinds());
    assert_eq!(document["channels"]["log"]["messages"].as_object().map(|messages| messages.len()), Some(kinds().len()));
    for (kind, message) in messages {
        let summary = message["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.'), "{kind} says {summary:?} of itself");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = asyncapi::document(SERVICES);
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 3 * kinds().len(), "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_released_event_is_valid_for_the_schema_of_its_kind() {
    for kind in kinds() {
        let schema = asyncapi::schema(SERVICES, kind).expect("every kind has a schema");
        assert_eq!(schema["title"], kind);
        let event = released(kind);
        if let Err(error) = validator(&schema).validate(&event) {
            panic!("{kind}: {} {error}", error.instance_path());
        }
    }
}

#[test]
fn a_schema_refuses_what_is_no_such_event_and_tolerates_what_a_later_release_adds() {
    for kind in kinds() {
        let validator = validator(&asyncapi::schema(SERVICES, kind).expect("every kind has a schema"));
        let mut event = released(kind);
        event["laterAdded"] = json!(1);
        assert!(validator.is_valid(&event), "{kind}");
        let required =
            asyncapi::schema(SERVICES, kind).expect("a schema")["required"].as_array().cloned().unwrap_or_default();
        assert!(!required.is_empty(), "{kind} requires nothing");
        for field in required.iter().filter_map(Value::as_str) {
            let mut without = released(kind);
            without.as_object_mut().expect("an object").remove(field);
            assert!(!validator.is_valid(&without), "{kind} without {field}");
            let mut wrong = released(kind);
            wrong[field] = json!([[]]);
            assert!(!validator.is_valid(&wrong), "{kind} with another {field}");
        }
    }
}

#[test]
fn the_documents_schema_of_a_kind_says_what_its_own_schema_says() {
    let document = asyncapi::document(SERVICES);
    for kind in kinds() {
        let payload = document["components"]["messages"][kind]["payload"]["$ref"].as_str().expect("a reference");
        let shared = document.pointer(payload.strip_prefix('#').expect("within")).expect("there");
        let own = asyncapi::schema(SERVICES, kind).expect("a schema");
        let names = |schema: &Value| -> Vec<String> {
            schema["properties"].as_object().expect("properties").keys().cloned().collect()
        };
        assert_eq!((names(shared), &shared["required"]), (names(&own), &own["required"]), "{kind}");
    }
}

#[test]
fn a_personal_field_is_an_opaque_text() {
    let schema = asyncapi::schema(SERVICES, "registration.registered.v1").expect("a kind");
    assert_eq!(schema["properties"]["nhsNumber"]["$ref"], "#/definitions/Personal");
    assert_eq!(schema["definitions"]["Personal"]["type"], "string");
    assert!(!asyncapi::document(SERVICES).to_string().contains("opt-in"), "it tells what a personal field may hold");
}

#[test]
fn an_unknown_kind_has_no_schema() {
    assert_eq!(asyncapi::schema(SERVICES, "appointment.booked.v0"), None);
}
