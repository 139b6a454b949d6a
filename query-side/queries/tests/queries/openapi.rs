mod patterns;

use std::collections::{HashMap, HashSet};

use query_engine::openapi::document;
use serde_json::{Value, json};

fn whole() -> Value {
    let mut commands = Vec::new();
    domain::every_command(&mut commands);
    document(&queries::all(), &commands, &queries::ABOUT)
}

/// Every `$ref` in the document.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                found.push(reference.to_owned());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn operations(document: &Value) -> Vec<(&String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().expect("methods").values().map(move |op| (path, op)))
        .collect()
}

/// A change of the API is a change of a file in the repository, so that a review sees it.
#[test]
fn the_document_is_the_one_in_the_repository() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let document = format!("{:#}\n", whole());
    if std::env::var_os("FRONTDOOR_WRITE_OPENAPI").is_some() {
        std::fs::write(file, &document).expect("written");
    }
    let kept = std::fs::read_to_string(file).expect("docs/openapi.json");
    let line = kept.lines().zip(document.lines()).position(|(kept, now)| kept != now);
    assert!(
        kept == document,
        "the API has changed (docs/openapi.json, line {}): look at the difference after \
         FRONTDOOR_WRITE_OPENAPI=1 cargo test --workspace --test queries openapi",
        line.map_or(kept.lines().count(), |at| at + 1)
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document = whole();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn it_is_openapi_3_1_and_every_operation_says_what_it_answers() {
    let document = whole();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = HashSet::new();
    for (path, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{path} has no summary");
        assert!(ids.insert(operation["operationId"].as_str().expect("an id")), "{path} has another's id");
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.values().all(|response| response["description"].is_string() || response["$ref"].is_string()));
    }
}

#[test]
fn what_stands_in_braces_is_a_required_parameter() {
    for (path, operation) in operations(&whole()) {
        let braces: HashSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_path: HashSet<&str> = parameters
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(in_path, braces, "{path}");
    }
}

#[test]
fn a_command_is_described_with_its_rejections() {
    let document = whole();
    let book = &document["paths"]["/commands/book-appointment"]["post"];
    assert!(book["summary"].as_str().is_some_and(|summary| summary.starts_with("Book")), "{book}");
    assert!(book["responses"]["409"]["description"].as_str().is_some_and(|text| text.contains("`slot-taken`")));
    let body = &book["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(*body, json!({"$ref": "#/components/schemas/BookAppointment"}));
    let body = &document["components"]["schemas"]["BookAppointment"];
    assert_eq!(body["properties"]["session"]["$ref"], "#/components/schemas/SessionId");
    assert_eq!(body["additionalProperties"], false);
}

#[test]
fn every_query_is_in_it() {
    let document = whole();
    for entry in queries::all() {
        assert!(document["paths"][entry.path]["get"]["operationId"].is_string(), "{}", entry.path);
    }
}

#[test]
fn no_schema_is_there_twice_under_two_names() {
    let document = whole();
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for (name, schema) in schemas {
        let twin =
            schemas.iter().find(|(other, same)| *other != name && same == &schema && other.starts_with(name.as_str()));
        assert!(twin.is_none(), "{name} is also {:?}", twin.map(|(other, _)| other));
    }
}

/// Generators of clients make a name for each object, choice or list of names that stands inside another schema, like
/// `ProblemErrorsInner`. Here each has one of its own.
#[test]
fn whatever_needs_a_type_in_a_client_has_a_name() {
    let document = whole();
    let mut unnamed = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let members = schema["properties"].as_object().into_iter().flatten();
        members.for_each(|(member, schema)| find_unnamed(&format!("{name}.{member}"), schema, &mut unnamed));
        find_unnamed(name, &schema["items"], &mut unnamed);
        for branch in schema["oneOf"].as_array().into_iter().flatten() {
            find_unnamed(name, branch, &mut unnamed);
        }
    }
    for (path, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| &parameter["schema"]);
        let bodies = operation["responses"].as_object().into_iter().flatten().map(|(_, answer)| &answer["content"]);
        let bodies = bodies.chain([&operation["requestBody"]["content"]]);
        let bodies = bodies.filter_map(Value::as_object).flatten().map(|(_, content)| &content["schema"]);
        parameters.chain(bodies).for_each(|schema| find_unnamed(path, schema, &mut unnamed));
    }
    assert_eq!(unnamed, Vec::<String>::new());
}

fn find_unnamed(place: &str, schema: &Value, found: &mut Vec<String>) {
    let parts = schema["properties"].as_object().is_some_and(|members| !members.is_empty());
    let choice = schema["oneOf"].is_array() || schema["allOf"].is_array();
    if parts || choice || schema["enum"].is_array() {
        found.push(place.to_owned());
    }
    find_in_list(place, &schema["items"], found);
    for branch in schema["anyOf"].as_array().into_iter().flatten() {
        find_in_list(place, branch, found);
    }
}

fn find_in_list(place: &str, schema: &Value, found: &mut Vec<String>) {
    if !schema.is_null() {
        find_unnamed(place, schema, found);
    }
}

#[test]
fn no_name_tells_only_a_number() {
    let document = whole();
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(!name.ends_with(|last: char| last.is_ascii_digit()), "{name}");
        assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric()), "{name}");
    }
}

/// Generators for Go make a constant of each name in a list, some without the type's name.
#[test]
fn no_two_lists_of_names_have_one_in_common() {
    let document = whole();
    let mut known = HashMap::new();
    for (list, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let names = schema.get("x-enum-varnames").or(schema.get("enum")).and_then(Value::as_array);
        for name in names.into_iter().flatten().filter_map(Value::as_str) {
            let other = known.insert(name.to_lowercase(), list);
            assert!(other.is_none(), "{name} is in {list} and {other:?}");
        }
    }
}
