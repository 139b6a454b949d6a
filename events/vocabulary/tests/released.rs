//! Every kind of event that was ever written stays readable: `released/` holds one stored event of each kind. A fixture
//! is never edited; a changed form is a new kind (`.v2`) with its own fixture.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use event_core::{
    Category, Undecodable,
    event::AnyEvent,
    event::family,
    testing::{encoded, opened},
};
use serde_json::Value;
use vocabulary::{SERVICES, kinds};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("released")
}

/// The stored bytes of the fixture of this kind.
fn released(kind: &str) -> Vec<u8> {
    let file = folder().join(format!("{kind}.json"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{kind} has no fixture: {error}"));
    text.trim_end().as_bytes().to_vec()
}

fn category(kind: &str) -> &'static Category {
    SERVICES
        .iter()
        .flat_map(|service| service.categories)
        .find(|category| category.kinds.contains(&kind))
        .expect("a category of events")
}

fn read(kind: &str, data: &[u8]) -> Result<Box<dyn AnyEvent>, Undecodable> {
    (category(kind).decode)(kind, data)
}

/// The event of these bytes, written again by a process without keys.
fn carried(kind: &str, data: &[u8]) -> Vec<u8> {
    read(kind, data).expect(kind).encode().expect(kind)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_kind_has_a_fixture_and_every_fixture_a_kind() {
    let fixtures: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("UTF-8"))
        .collect();
    let expected: BTreeSet<String> = kinds().map(|kind| format!("{kind}.json")).collect();
    assert_eq!(fixtures, expected);
    assert_eq!(kinds().count(), expected.len(), "no kind is listed twice");
}

#[test]
fn every_kind_is_of_its_categorys_family_and_no_family_is_of_two_services() {
    let mut owners = BTreeMap::new();
    for service in SERVICES {
        for category in service.categories {
            assert!(category.kinds.iter().all(|kind| family(kind) == category.family), "{}", category.name);
            let owner = owners.insert(category.family, service.name);
            assert!(owner.is_none_or(|owner| owner == service.name), "{} is of two services", category.family);
        }
    }
}

#[test]
fn every_released_event_is_opened_and_written_again_byte_for_byte() {
    for kind in kinds() {
        let stored = released(kind);
        let written = encoded(&*opened(|| read(kind, &stored)).expect(kind));
        assert_eq!(text(&written), text(&stored), "{kind}");
    }
}

#[test]
fn without_a_key_personal_fields_are_carried_byte_for_byte() {
    for kind in kinds() {
        let stored = released(kind);
        assert_eq!(text(&carried(kind, &stored)), text(&stored), "{kind}");
    }
}

#[test]
fn a_field_that_a_later_release_adds_is_tolerated_wherever_it_stands() {
    fn with_more(value: &mut Value) {
        if let Value::Object(fields) = value {
            fields.values_mut().for_each(with_more);
            fields.insert("laterAdded".to_owned(), Value::from(1));
        }
    }
    for kind in kinds() {
        let stored = released(kind);
        let mut later: Value = serde_json::from_slice(&stored).expect(kind);
        with_more(&mut later);
        let written = carried(kind, later.to_string().as_bytes());
        let known: Value = serde_json::from_slice(&written).expect(kind);
        assert_eq!(known, serde_json::from_slice::<Value>(&stored).expect(kind), "{kind}");
    }
}

#[test]
fn an_array_of_an_events_values_is_not_the_event() {
    for kind in kinds() {
        let stored: Value = serde_json::from_slice(&released(kind)).expect(kind);
        let values: Vec<Value> = stored.as_object().expect("an object").values().cloned().collect();
        let array = serde_json::to_vec(&values).expect("JSON");
        assert!(read(kind, &array).is_err(), "{kind}");
    }
}

#[test]
fn the_data_of_each_kind_has_the_fields_that_name_its_stream() {
    for kind in kinds() {
        let stored: Value = serde_json::from_slice(&released(kind)).expect(kind);
        let named_by = category(kind).named_by;
        assert!(
            !named_by.is_empty() && named_by.iter().all(|field| stored[*field].is_string()),
            "{kind}: {named_by:?}"
        );
    }
}

#[test]
fn fixtures_of_personal_kinds_hold_nothing_in_clear() {
    for kind in kinds() {
        let stored = text(&released(kind));
        for clear in ["Alice", "Bob", "9990000026", "1980-02-29", "knee", "opt-in", "prefer-not"] {
            assert!(!stored.contains(clear), "{kind} shows {clear}");
        }
    }
}
