//! The log as auditors read it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use event_core::StreamName;
use event_log::{
    Append, Condition, Expected, NewEvent, Provenance,
    port::limits::{DATA_BYTES_MAX, PAGE_BYTES_MAX},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Harness, SITE, auditor, operator, somebody_new, themselves};

const MONDAY: &str = "A12345.0000000000M1";

/// A harness with a patient that is registered, has booked, and has decided about organ donation; and the patient's
/// diary.
async fn harness() -> (Harness, String) {
    let harness = Harness::still().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    harness.publish(MONDAY, "2026-03-23", "10:00", 20, "gp-routine").await;
    harness.book(alice, MONDAY, "2026-03-23T09:00:00Z").await;
    let decision = json!({"kind": "appointed-representative", "representatives": ["Bob Example"]});
    harness.give(&themselves(alice, "P9"), "register-donor", json!({"subject": alice, "decision": decision})).await;
    (harness, format!("diary-{alice}"))
}

async fn events(harness: &Harness, path: &str) -> (Vec<Value>, Option<String>) {
    let answer = harness.get(&auditor(), path).await;
    assert_eq!(answer.header("content-type"), Some("application/cloudevents-batch+json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let next = answer.header("link").map(|link| {
        let (path, rest) = link.strip_prefix('<').and_then(|link| link.split_once('>')).expect("a link");
        assert_eq!(rest, "; rel=\"next\"");
        path.to_owned()
    });
    (answer.json().as_array().expect("a batch").clone(), next)
}

async fn walk(harness: &Harness, from: &str) -> Vec<Value> {
    let (mut all, mut next) = events(harness, from).await;
    while let Some(path) = next {
        let (page, beyond) = events(harness, &path).await;
        assert!(!page.is_empty(), "{path} leads nowhere");
        all.extend(page);
        next = beyond;
    }
    all
}

#[tokio::test]
async fn every_event_is_read_once_in_the_order_of_positions_whatever_the_page() {
    let (harness, _) = harness().await;
    let end = harness.log.end();
    let expected: Vec<String> = (1..=end).map(|position| position.to_string()).collect();
    for limit in [1, 2, 5, 500] {
        let all = walk(&harness, &format!("/events?after=care:0&limit={limit}")).await;
        let positions: Vec<&str> = all.iter().map(|event| event["position"].as_str().expect("a text")).collect();
        assert_eq!(positions, expected, "pages of {limit}");
    }
    assert_eq!(walk(&harness, "/events").await.len(), expected.len());
    assert_eq!(walk(&harness, &format!("/events?after=care:{end}")).await, Vec::<Value>::new());
    let beyond = harness.get(&auditor(), &format!("/events?after=care:{}", end + 1)).await;
    assert_eq!(beyond.problem(), (409, "unknown-position".into()));
}

#[tokio::test]
async fn an_event_is_a_cloud_event_with_the_whole_envelope() {
    let (harness, diary) = harness().await;
    let (opened, _) = events(&harness, "/events?limit=1").await;
    let event = opened[0].as_object().expect("an event");
    let given = |name: &str| event[name].as_str().expect("a text").to_owned();
    assert_eq!(given("specversion"), "1.0");
    assert_eq!(given("source"), format!("/frontdoor/care/{}", harness.log.lineage()));
    assert_eq!((given("type").as_str(), given("subject").as_str()), ("practice.opened.v1", "practice-A12345"));
    assert_eq!((given("position").as_str(), given("revision").as_str()), ("1", "1"));
    let actor: Value = serde_json::from_str(&given("actor")).expect("JSON");
    assert_eq!(actor["id"], operator()["sub"]);
    assert_eq!((given("commandkey").len(), given("requesthash").len()), (64, 64));
    assert_eq!(event["data"]["name"], "Practice A12345");
    // CloudEvents 1.0: names of attributes are lower-case letters and digits, values are not objects.
    for (name, value) in event.iter().filter(|(name, _)| *name != "data") {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{name}");
        assert!(value.is_string(), "{name}");
    }
    let (booked, _) = events(&harness, &format!("/streams/{diary}")).await;
    let patient = diary.strip_prefix("diary-").expect("a diary");
    assert_eq!((&booked[0]["patient"], &booked[0]["type"]), (&json!(patient), &json!("appointment.booked.v1")));
}

#[tokio::test]
async fn nothing_personal_is_in_what_auditors_see() {
    let (harness, diary) = harness().await;
    let answer = harness.get(&auditor(), "/events").await;
    let stars = answer.text.matches("\"***\"").count();
    assert_eq!(stars, 6, "name, NHS number, birth date, reason, comment, decision");
    let texts =
        ["Alice Example", "9990000026", "1980-02-29", "a sore knee", "since Tuesday", "Bob Example", "appointed"];
    for text in texts {
        assert!(!answer.text.contains(text), "{text}");
        // As it is stored: base64 of its JSON.
        let stored = URL_SAFE_NO_PAD.encode(format!("\"{text}\""));
        assert!(!answer.text.contains(&stored), "{text}, encoded");
    }
    assert!(!answer.text.contains("p0."), "{}", answer.text);
    let stream = harness.get(&auditor(), &format!("/streams/{diary}")).await;
    assert!(stream.text.contains("***") && !stream.text.contains("p0."), "{}", stream.text);
}

#[tokio::test]
async fn a_stream_is_read_from_a_revision_in_pages() {
    let (harness, _) = harness().await;
    for start in ["2026-03-23T09:20:00Z", "2026-03-23T09:40:00Z"] {
        let other = somebody_new();
        harness.register(other, SITE).await;
        harness.book(other, MONDAY, start).await;
    }
    let revisions = |events: Vec<Value>| -> Vec<String> {
        events.iter().map(|event| event["revision"].as_str().expect("a text").to_owned()).collect()
    };
    for limit in [1, 2, 4, 50] {
        let all = walk(&harness, &format!("/streams/session-{MONDAY}?limit={limit}")).await;
        assert_eq!(revisions(all), ["1", "2", "3", "4"], "pages of {limit}");
    }
    assert_eq!(revisions(walk(&harness, &format!("/streams/session-{MONDAY}?from=3")).await), ["3", "4"]);
    for beyond in ["from=5", "from=18446744073709551615"] {
        assert_eq!(
            walk(&harness, &format!("/streams/session-{MONDAY}?{beyond}")).await,
            Vec::<Value>::new(),
            "{beyond}"
        );
    }
    assert_eq!(walk(&harness, "/streams/session-A12345.0000000000ZZ").await, Vec::<Value>::new());
    for (path, pointer) in [
        ("/streams/nothing", "/stream"),
        ("/streams/session-A?limit=0", "/limit"),
        ("/streams/session-A?strict=true", "/strict"),
        ("/events?cursor=AAAA", "/cursor"),
        ("/events?after=access:0", "/after"),
    ] {
        let answer = harness.get(&auditor(), path).await;
        assert_eq!(answer.problem(), (400, "malformed".into()), "{path}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{path}");
    }
}

/// The bug: a page that ended early because of its size had no next one, and a part of the stream was never shown.
#[tokio::test]
async fn a_stream_of_large_events_is_read_to_its_end() {
    let harness = Harness::still().await;
    let count = PAGE_BYTES_MAX / DATA_BYTES_MAX + 2;
    let stream = StreamName::of("practice", SITE);
    let data = format!("{{\"padding\":\"{}\"}}", "x".repeat(DATA_BYTES_MAX - 20));
    let event = || NewEvent {
        stream: stream.clone(),
        id: Uuid::now_v7(),
        kind: "practice.settings-changed.v1",
        data: data.clone().into(),
    };
    let append = Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
        events: (0..count).map(|_| event()).collect(),
        provenance: Provenance::by(r#"{"id":"operator-1","role":"operator","organisation":null,"level":null}"#),
        idempotency: None,
        may_use_reserve: false,
        depends_on: Vec::new(),
    };
    harness.log.append(append).await.expect("it is stored");
    for path in [format!("/streams/{stream}?limit=500"), "/events?limit=500".to_owned()] {
        let all = walk(&harness, &path).await;
        let places: Vec<String> =
            all.iter().map(|event| event["position"].as_str().expect("a text").to_owned()).collect();
        assert_eq!(places, (1..=count).map(|place| place.to_string()).collect::<Vec<_>>(), "{path}");
    }
}

/// The positions that a search found, and the rest of its answer.
async fn search(harness: &Harness, parameters: &str) -> (Vec<u64>, Value) {
    let answer = harness.get(&auditor(), &format!("/events/search?{parameters}")).await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let found = answer.json();
    let events = found["events"].as_array().expect("events").iter();
    let positions = events.map(|event| event["position"].as_str().expect("a text").parse().expect("a position"));
    (positions.collect(), found)
}

async fn search_through(harness: &Harness, parameters: &str) -> Vec<u64> {
    let (mut all, mut found) = search(harness, parameters).await;
    while let Some(next) = found["next"].as_str() {
        let (page, beyond) = search(harness, &format!("{parameters}&from={next}")).await;
        all.extend(page);
        found = beyond;
    }
    all
}

#[tokio::test]
async fn a_search_finds_each_event_once_in_either_direction() {
    let (harness, _) = harness().await;
    let end = harness.log.end();
    for limit in [1, 2, 500] {
        let newest = search_through(&harness, &format!("limit={limit}")).await;
        assert_eq!(newest, (1..=end).rev().collect::<Vec<_>>(), "pages of {limit}");
        let oldest = search_through(&harness, &format!("order=oldest-first&limit={limit}")).await;
        assert_eq!(oldest, (1..=end).collect::<Vec<_>>(), "pages of {limit}");
    }
    let (part, found) = search(&harness, "from=care:3&limit=2").await;
    assert_eq!(part, [3, 2]);
    let place = |name: &str| found[name].as_str().map(ToOwned::to_owned);
    assert_eq!([place("lowest"), place("highest")], [Some("care:2".into()), Some("care:3".into())]);
    assert_eq!([place("next"), place("end")], [Some("care:1".into()), Some(format!("care:{end}"))]);
    let (none, found) = search(&harness, "from=care:0").await;
    assert_eq!((none, &found["next"], &found["lowest"]), (vec![], &Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_search_is_for_a_kind_up_to_a_dot_and_for_a_correlation() {
    let (harness, diary) = harness().await;
    let (all, _) = events(&harness, "/events?limit=500").await;
    let with = |met: &dyn Fn(&Value) -> bool| -> Vec<u64> {
        let met = all.iter().filter(|event| met(event)).map(|event| event["position"].as_str().expect("a text"));
        met.map(|position| position.parse().expect("a position")).collect()
    };
    for (kind, count) in [("practice.opened.v1", 1), ("practice", 1), ("practice.open", 0), ("nothing", 0)] {
        let found = search_through(&harness, &format!("order=oldest-first&kind={kind}&limit=1")).await;
        let like = format!("{kind}.");
        let expected =
            with(&|event| event["type"] == kind || event["type"].as_str().expect("a kind").starts_with(&like));
        assert_eq!((found.len(), &found), (count, &expected), "{kind}");
    }
    let (booked, _) = events(&harness, &format!("/streams/{diary}")).await;
    let correlation = booked[0]["correlation"].as_str().expect("a UUID");
    let found = search_through(&harness, &format!("order=oldest-first&correlation={correlation}")).await;
    assert_eq!(found, with(&|event| event["correlation"] == correlation));
    assert!(found.len() >= 2, "the session and the diary: {found:?}");
}

#[tokio::test]
async fn an_event_is_found_by_its_time() {
    let (harness, _) = harness().await;
    let (all, _) = events(&harness, "/events?limit=500").await;
    for event in &all {
        let time = event["time"].as_str().expect("a time");
        let found = harness.get(&auditor(), &format!("/events/by-time?time={time}")).await.json();
        let first = all.iter().find(|other| other["time"] == event["time"]).expect("itself");
        assert_eq!(found["position"], format!("care:{}", first["position"].as_str().expect("a text")));
    }
    let before = harness.get(&auditor(), "/events/by-time?time=1970-01-01T00:00:00Z").await.json();
    assert_eq!(before["position"], "care:1");
    let beyond = harness.get(&auditor(), "/events/by-time?time=9999-01-01T00:00:00Z").await.json();
    assert_eq!((&beyond["position"], &beyond["end"]), (&Value::Null, &json!(format!("care:{}", all.len()))));
}

#[tokio::test]
async fn the_fields_of_a_stream_are_those_of_its_events_up_to_a_revision() {
    let (harness, diary) = harness().await;
    let other = somebody_new();
    harness.register(other, SITE).await;
    harness.book(other, MONDAY, "2026-03-23T09:20:00Z").await;
    let alice = diary.strip_prefix("diary-").expect("a diary");
    let fields = async |path: String| harness.get(&auditor(), &path).await.json();
    let session = format!("/streams/session-{MONDAY}/fields");
    for (as_of, patient, revision) in [("?asOf=2", alice.to_owned(), 2), ("?asOf=3", other.to_string(), 3)] {
        let answer = fields(format!("{session}{as_of}")).await;
        assert_eq!(answer["revision"], revision);
        let all = answer["fields"].as_array().expect("fields");
        let named = all.iter().find(|field| field["name"] == "by").expect("the patient of the last booking");
        assert_eq!((&named["value"], &named["revision"]), (&json!(format!("\"{patient}\"")), &json!(revision)));
    }
    assert_eq!(fields(session.clone()).await, fields(format!("{session}?asOf=900")).await, "the whole stream");
    let closed = fields(format!("/streams/{diary}/fields")).await.to_string();
    assert!(closed.contains("***") && !closed.contains("sore") && !closed.contains("p0."), "{closed}");
    let none = json!({"fields": [], "revision": 0});
    assert_eq!(fields("/streams/session-A12345.0000000000ZZ/fields".into()).await, none);
    assert_eq!(fields(format!("{session}?asOf=0")).await, none);
}

#[tokio::test]
async fn a_search_that_cannot_be_read_is_refused() {
    let (harness, _) = harness().await;
    let end = harness.log.end();
    let long = format!("/events/search?kind={}", "a".repeat(101));
    for (path, pointer) in [
        ("/events/search?limit=501", "/limit"),
        ("/events/search?order=sideways", "/order"),
        ("/events/search?correlation=7", "/correlation"),
        ("/events/search?from=access:1", "/from"),
        ("/events/search?after=care:1", "/after"),
        ("/events/by-time?time=yesterday", "/time"),
        ("/streams/nothing/fields", "/stream"),
        (long.as_str(), "/kind"),
    ] {
        let answer = harness.get(&auditor(), path).await;
        assert_eq!(answer.problem(), (400, "malformed".into()), "{path}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{path}");
    }
    let beyond = harness.get(&auditor(), &format!("/events/search?from=care:{}", end + 1)).await;
    assert_eq!(beyond.problem(), (409, "unknown-position".into()));
}
