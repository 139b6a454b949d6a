//! Messages, from the command to the inbox, the thread and the practice's list.

use domain::messages::{RecordDelivered, RecordNotified, SendSystemMessage};
use event_core::SubjectId;
use serde_json::{Value, json};
use vocabulary::{
    contacts::NotificationChannel::Push,
    messages::{MessageId, SystemFacts},
};

use crate::harness::{Harness, SITE, at, somebody_new, staff, themselves};

const MESSAGE: &str = "A12345.000000000001";

fn written(patient: SubjectId, request: u32, replies: Value) -> Value {
    json!({"sender": SITE, "request": format!("{request:012}"), "patient": patient, "title": "Your blood test",
        "body": "Please book\na blood test.", "replies": replies})
}

fn booked(patient: SubjectId) -> SendSystemMessage {
    let session = "A12345.0123456789AB".parse().expect("a session");
    SendSystemMessage {
        message: MessageId::of_event(&SITE.parse().expect("a code"), 7),
        patient,
        facts: SystemFacts::AppointmentBooked { session, starts_at: at("2026-03-30T08:00:00Z") },
    }
}

async fn practice_of(alice: SubjectId) -> Harness {
    let harness = Harness::new().await;
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    harness
}

#[tokio::test]
async fn a_message_is_sent_read_and_replied_to_and_the_practice_sees_what_became_of_it() {
    let alice = somebody_new();
    let harness = practice_of(alice).await;
    let (herself, desk) = (themselves(alice, "P9"), staff(SITE));
    let preferences = json!({"push": true, "sms": false, "email": false, "reminders": false, "researchOptOut": false});
    harness.give(&herself, "set-preferences", json!({"subject": alice, "preferences": preferences})).await;
    let keywords = json!({"kind": "keywords", "keywords": ["YES", "NO"]});
    harness.give(&desk, "send-message", written(alice, 1, keywords.clone())).await;
    let state = async || {
        let sent = harness.get(&desk, &format!("/practices/{SITE}/sent-messages")).await.items();
        assert_eq!((sent.len(), &sent[0]["title"], &sent[0]["patient"]), (1, &json!("Your blood test"), &json!(alice)));
        (sent[0]["state"].as_str().expect("a state").to_owned(), sent[0]["reply"].clone())
    };
    let count = async || harness.get(&herself, &format!("/patients/{alice}/unread-messages")).await.json();
    assert_eq!((state().await, count().await), (("sent".to_owned(), Value::Null), json!({"unread": 1})));
    let message: MessageId = MESSAGE.parse().expect("an id");
    harness.give_as_policy(&RecordNotified { message: message.clone(), subject: alice, channel: Push }).await;
    assert_eq!(state().await.0, "notified");
    harness.give_as_policy(&RecordDelivered { message, subject: alice, channel: Push }).await;
    assert_eq!(state().await.0, "delivered");
    harness.give(&herself, "mark-read", json!({"subject": alice, "message": MESSAGE})).await;
    assert_eq!((state().await.0, count().await), ("read".to_owned(), json!({"unread": 0})));
    let yes = json!({"kind": "keyword", "keyword": "YES"});
    harness.give(&herself, "reply-to-message", json!({"subject": alice, "message": MESSAGE, "reply": yes})).await;
    assert_eq!(state().await, ("replied".to_owned(), yes.clone()));
    for caller in [&herself, &desk] {
        let thread = harness.get(caller, &format!("/patients/{alice}/messages/{MESSAGE}")).await.json();
        assert_eq!(
            (&thread["title"], &thread["text"]),
            (&json!("Your blood test"), &json!("Please book\na blood test."))
        );
        assert_eq!((&thread["replies"], &thread["reply"]), (&keywords, &yes));
        assert_eq!((&thread["kind"], &thread["sender"]["name"]), (&json!("from-practice"), &json!("Practice A12345")));
        let receipt = &thread["receipts"][0];
        assert_eq!(receipt["channel"], "push");
        assert!(["requestedAt", "notifiedAt", "deliveredAt"].iter().all(|time| receipt[*time].is_string()));
        assert!(thread["readAt"].is_string() && thread["repliedAt"].is_string());
    }
}

#[tokio::test]
async fn an_inbox_is_newest_first_and_in_pages() {
    let (alice, bob) = (somebody_new(), somebody_new());
    let harness = practice_of(alice).await;
    harness.register(bob, SITE).await;
    for request in 1..=3 {
        harness.give(&staff(SITE), "send-message", written(alice, request, json!({"kind": "none"}))).await;
    }
    harness.give(&staff(SITE), "send-message", written(bob, 4, json!({"kind": "none"}))).await;
    let (herself, path) = (themselves(alice, "P9"), format!("/patients/{alice}/messages?limit=2"));
    let first = harness.get(&herself, &path).await;
    let next = first.json()["next"].as_str().expect("more").to_owned();
    let second = harness.get(&herself, &format!("{path}&cursor={next}")).await;
    let all: Vec<Value> = first.items().into_iter().chain(second.items()).map(|item| item["message"].clone()).collect();
    assert_eq!(all, ["A12345.000000000003", "A12345.000000000002", "A12345.000000000001"]);
    // The practice's list is of all its patients.
    assert_eq!(harness.get(&staff(SITE), &format!("/practices/{SITE}/sent-messages")).await.items().len(), 4);
}

#[tokio::test]
async fn a_message_that_follows_from_an_event_gets_its_sentence_when_it_is_read() {
    let alice = somebody_new();
    let harness = practice_of(alice).await;
    harness.give_as_policy(&booked(alice)).await;
    let herself = themselves(alice, "P9");
    let items = harness.get(&herself, &format!("/patients/{alice}/messages")).await.items();
    assert_eq!(
        (items.len(), &items[0]["kind"], &items[0]["title"]),
        (1, &json!("appointment-booked"), &json!("Appointment booked"))
    );
    let message = items[0]["message"].as_str().expect("an id");
    let thread = harness.get(&herself, &format!("/patients/{alice}/messages/{message}")).await.json();
    assert_eq!(thread["text"], "Your appointment at Practice A12345 is booked for Monday 30 March 2026 at 9:00am.");
    assert_eq!(thread["facts"], json!(booked(alice).facts));
    assert!(harness.get(&staff(SITE), &format!("/practices/{SITE}/sent-messages")).await.items().is_empty());
}
