//! Personal fields from the command to the answer, with a key ring that can fail.

use std::sync::Arc;

use event_core::{LogName, Personal, StreamName, SubjectId, event::Event, testing::RecordingKeyRing};
use event_log::{Append, Condition, Expected, NewEvent, Provenance};
use serde_json::{Value, json};
use uuid::Uuid;
use vocabulary::carers::{CarerEvent, CarerRegistered};

use crate::harness::{Harness, SITE, at, somebody_new, staff, themselves};

const MONDAY: &str = "A12345.0000000000M1";
const DAY: &str = "/practices/A12345/days/2026-03-23";

/// A practice at which Alice and Bob are registered, and have booked at 09:00 and 09:20.
async fn booked() -> (Arc<RecordingKeyRing>, Harness, [SubjectId; 2]) {
    let ring = Arc::new(RecordingKeyRing::default());
    let harness = Harness::with_keys(ring.clone()).await;
    let people = [somebody_new(), somebody_new()];
    harness.open_practice(SITE).await;
    harness.publish(MONDAY, "2026-03-23", "10:00", 20, "gp-routine").await;
    for (person, starts_at) in people.into_iter().zip(["2026-03-23T09:00:00Z", "2026-03-23T09:20:00Z"]) {
        harness.register(person, SITE).await;
        harness.book(person, MONDAY, starts_at).await;
    }
    harness.views.caught_up(harness.log.end()).await;
    ring.forget_all();
    (ring, harness, people)
}

fn reasons(slots: &[Value]) -> Vec<Value> {
    slots
        .iter()
        .flat_map(|slot| slot["bookings"].as_array().expect("bookings"))
        .map(|with| with["reason"].clone())
        .collect()
}

#[tokio::test]
async fn fields_are_sealed_for_the_subject_and_event_of_their_envelope_and_open_in_answers() {
    let (ring, harness, people) = booked().await;
    let events = harness.log.read(0, 100).await.expect("readable");
    assert!(events.iter().all(|event| event.log == LogName::Care));
    for (subject, id) in ring.seals() {
        let event = events.iter().find(|event| event.id == id).expect("the id of a stored event");
        assert_eq!(event.subject, Some(subject), "{}", event.kind);
    }
    assert_eq!(ring.seals().len(), 2 * 5, "three fields of a registration, two of a booking");
    let before = ring.prefetches().len();
    let day = harness.get(&staff(SITE), DAY).await.items();
    assert_eq!(reasons(&day), ["a sore knee", "a sore knee"]);
    let mut fetched = ring.prefetches().split_off(before);
    fetched.iter_mut().for_each(|subjects| subjects.sort_unstable());
    let mut expected = people;
    expected.sort_unstable();
    assert_eq!(fetched, [expected], "one call for the page");
}

#[tokio::test]
async fn an_erased_persons_fields_are_absent_and_the_list_goes_on() {
    let (ring, harness, [alice, _]) = booked().await;
    ring.erase(alice);
    let day = harness.get(&staff(SITE), DAY).await.items();
    assert_eq!(reasons(&day), [Value::Null, json!("a sore knee")]);
    assert_eq!(day[0]["bookings"][0]["patient"], json!(alice), "the booking is still there");
    let mine = harness.get(&themselves(alice, "P9"), &format!("/patients/{alice}/appointments")).await.items();
    assert_eq!(
        (&mine[0]["reason"], &mine[0]["comment"], &mine[0]["status"]),
        (&Value::Null, &Value::Null, &json!("booked"))
    );
}

#[tokio::test]
async fn every_answer_about_an_erased_person_says_so_or_leaves_the_field_out() {
    let ring = Arc::new(RecordingKeyRing::default());
    let harness = Harness::with_keys(ring.clone()).await;
    let alice = somebody_new();
    let me = themselves(alice, "P9");
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let carer = json!({"subject": alice, "carer": "000000000001", "name": "Sam Example", "relationship": "neighbour"});
    harness.give(&me, "register-carer", carer).await;
    harness.give(&me, "register-donor", json!({"subject": alice, "decision": {"kind": "opt-out"}})).await;
    harness.give(&me, "declare-faith", json!({"subject": alice, "faith": "prefer-not-to-say"})).await;
    harness.give(&me, "change-contact", json!({"subject": alice, "phone": "+447700900123"})).await;
    let message = json!({"sender": SITE, "request": "000000000001", "patient": alice, "title": "Your blood test",
        "body": "Please book a blood test.", "replies": {"kind": "free-text"}});
    harness.give(&staff(SITE), "send-message", message).await;
    let (message, text) = ("A12345.000000000001", json!({"kind": "free-text", "text": "Thank you"}));
    harness.give(&me, "reply-to-message", json!({"subject": alice, "message": message, "reply": text})).await;
    ring.erase(alice);
    let contact = harness.get(&me, &format!("/patients/{alice}/contact")).await.json();
    assert!(contact.get("phone").is_none() && contact["changedAt"].is_string(), "{contact}");
    let inbox = harness.get(&me, &format!("/patients/{alice}/messages")).await.items();
    assert!(inbox[0].get("title").is_none() && inbox[0]["isReplied"] == true, "{inbox:?}");
    let thread = harness.get(&me, &format!("/patients/{alice}/messages/{message}")).await.json();
    assert!(["title", "text", "replies", "reply"].iter().all(|member| thread.get(*member).is_none()), "{thread}");
    assert!(thread["repliedAt"].is_string(), "{thread}");
    let sent = harness.get(&staff(SITE), &format!("/practices/{SITE}/sent-messages")).await.items();
    assert!(sent[0].get("title").is_none() && sent[0]["state"] == "replied", "{sent:?}");
    let registration = harness.get(&me, &format!("/patients/{alice}/registration")).await.json();
    let left: Vec<&String> = registration.as_object().expect("a registration").keys().collect();
    assert_eq!(left, ["subject", "practice", "registeredAt"], "{registration}");
    let carers = harness.get(&me, &format!("/patients/{alice}/carers")).await.items();
    assert_eq!(carers, [json!({"carer": "000000000001", "registeredAt": carers[0]["registeredAt"]})]);
    let seen = harness.get(&me, &format!("/patients/{alice}/organ-donation")).await.json();
    assert_eq!((&seen["decision"], &seen["faith"], &seen["steps"]), (&Value::Null, &Value::Null, &json!(2)));
    assert!(seen["notice"].as_str().expect("a notice").contains("erased"), "not that no decision is registered");
    let steps = harness.get(&me, &format!("/patients/{alice}/organ-donation/history")).await.items();
    assert_eq!(steps.iter().map(|step| step["what"].clone()).collect::<Vec<_>>(), ["faith-declared", "registered"]);
    assert!(steps.iter().all(|step| step.get("decision").is_none() && step.get("faith").is_none()));
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_are_503_and_the_caller_may_come_again() {
    let (ring, harness, _) = booked().await;
    ring.set_unreachable(true);
    let refused = harness.get(&staff(SITE), DAY).await;
    assert_eq!(refused.problem(), (503, "view-unavailable".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("1"));
    ring.set_unreachable(false);
    assert_eq!(reasons(&harness.get(&staff(SITE), DAY).await.items()).len(), 2);
}

#[tokio::test]
async fn a_damaged_field_is_500_and_its_text_is_not_in_the_answer() {
    let ring = Arc::new(RecordingKeyRing::default());
    let harness = Harness::with_keys(ring).await;
    let alice = somebody_new();
    let details: Personal<_> = serde_json::from_str("\"p1.ZGFtYWdlZA\"").expect("carried");
    let event = CarerEvent::from(CarerRegistered {
        subject: alice,
        carer: "000000000001".parse().expect("an id"),
        details,
        registered_at: at(crate::harness::NOW),
    });
    let stream = StreamName::of(CarerEvent::CATEGORY, alice);
    let data = event.encode().expect("closed").into();
    let provenance = Provenance {
        actor: "{}".into(),
        acting_for: None,
        subject: Some(alice),
        correlation: None,
        causation: None,
        trace: None,
    };
    let append = Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
        events: vec![NewEvent { stream, id: Uuid::now_v7(), kind: event.kind(), data }],
        provenance,
        idempotency: None,
        depends_on: vec![],
        may_use_reserve: false,
    };
    harness.log.append(append).await.expect("stored");
    let refused = harness.get(&themselves(alice, "P9"), &format!("/patients/{alice}/carers")).await;
    assert_eq!(refused.problem(), (500, "internal".to_owned()));
    assert!(!refused.text.contains("ZGFtYWdlZA"), "{refused:?}");
}
