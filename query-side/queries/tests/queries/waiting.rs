//! Waiting lists, from the commands to the list of the patient and that of the practice.

use domain::appointments::OfferSlot;
use serde_json::{Value, json};

use crate::harness::{Harness, SITE, at, somebody_new, staff, themselves};

const SESSION: &str = "A12345.0000000000M1";
const NINE: &str = "2026-03-23T09:00:00Z";

fn wish(patient: impl serde::Serialize, service: &str) -> Value {
    json!({"patient": patient, "site": SITE, "service": service, "earliest": "2026-03-20", "latest": "2026-03-27"})
}

#[tokio::test]
async fn a_practice_sees_who_waits_in_the_order_of_joining_and_who_has_an_offer_until_when() {
    let harness = Harness::new().await;
    harness.open_practice(SITE).await;
    let settings = json!({"practice": SITE, "settings": {"offerMinutes": 5}});
    harness.give(&staff(SITE), "change-practice-settings", settings).await;
    harness.publish(SESSION, "2026-03-23", "10:00", 20, "gp-routine").await;
    let people = [somebody_new(), somebody_new(), somebody_new()];
    for (person, service) in people.into_iter().zip(["nurse", "gp-routine", "gp-routine"]) {
        harness.register(person, SITE).await;
        harness.give(&themselves(person, "P9"), "join-waiting-list", wish(person, service)).await;
    }
    let [_, second, third] = people;
    harness
        .give_as_policy(&OfferSlot {
            session: SESSION.parse().expect("a session"),
            starts_at: at(NINE),
            more_slots: vec![],
        })
        .await;

    let path = format!("/practices/{SITE}/waiting");
    let items = harness.get(&staff(SITE), &path).await.items();
    // All joined in the same instant: their ids decide.
    let mut in_order = people.map(|person| json!(person));
    in_order.sort_by_key(Value::to_string);
    assert_eq!(items.iter().map(|item| item["patient"].clone()).collect::<Vec<_>>(), in_order);
    let of = |person| items.iter().find(|item| item["patient"] == json!(person)).expect("the person waits");
    assert_eq!((&of(second)["offer"]["startsAt"], &of(third)["offer"]), (&json!(NINE), &Value::Null));
    assert_eq!(of(second)["offer"]["expiresAt"], "2026-03-20T09:05:00Z");
    assert_eq!((&of(third)["joinedAt"], &of(third)["month"]), (&json!("2026-03-20T09:00:00Z"), &json!("2026-03-01")));

    // The list in pages has the same people.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for page in 1.. {
        let list = harness.get(&staff(SITE), &format!("{path}?limit=2{cursor}")).await;
        paged.extend(list.items());
        let Some(next) = list.json()["next"].as_str().map(str::to_owned) else {
            assert_eq!(page, 2);
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, items);

    // An offer is over by the clock, and who accepts or leaves waits no longer.
    harness.it_is("2026-03-20T09:05:00Z");
    let items = harness.get(&staff(SITE), &path).await.items();
    assert!(items.iter().all(|item| item["offer"] == Value::Null) && items.len() == 3, "{items:?}");
    let accept = json!({"patient": second, "month": "2026-03-01", "session": SESSION, "startsAt": NINE});
    harness.give(&themselves(second, "P9"), "accept-offer", accept).await;
    let leave = json!({"patient": third, "site": SITE, "month": "2026-03-01"});
    harness.give(&themselves(third, "P9"), "leave-waiting-list", leave).await;
    let items = harness.get(&staff(SITE), &path).await.items();
    assert_eq!(items.iter().map(|item| item["service"].clone()).collect::<Vec<_>>(), ["nurse"]);
    harness.it_is("2026-03-28T09:00:00Z");
    assert!(harness.get(&staff(SITE), &path).await.items().is_empty());
}

#[tokio::test]
async fn an_offer_that_is_declined_is_not_shown_any_more() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    harness.publish(SESSION, "2026-03-23", "10:00", 20, "gp-routine").await;
    let me = themselves(alice, "P9");
    harness.give(&me, "join-waiting-list", wish(alice, "gp-routine")).await;
    harness
        .give_as_policy(&OfferSlot {
            session: SESSION.parse().expect("a session"),
            starts_at: at(NINE),
            more_slots: vec![],
        })
        .await;
    let path = format!("/patients/{alice}/waiting");
    assert_eq!(harness.get(&me, &path).await.items()[0]["offer"]["startsAt"], NINE);
    let decline = json!({"patient": alice, "month": "2026-03-01", "session": SESSION, "startsAt": NINE});
    harness.give(&me, "decline-offer", decline).await;
    let items = harness.get(&me, &path).await.items();
    assert_eq!((items.len(), &items[0]["offer"]), (1, &Value::Null));
}

#[tokio::test]
async fn a_kind_of_appointment_that_is_full_is_listed_after_those_with_room() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    harness.publish(SESSION, "2026-03-23", "09:20", 20, "blood-test").await;
    harness.publish("A12345.0000000000T1", "2026-03-24", "10:00", 20, "nurse").await;
    harness.book(alice, SESSION, NINE).await;
    let kinds = harness.get(&themselves(alice, "P9"), &format!("/practices/{SITE}/clinic-kinds")).await.json();
    let nurse = json!({"service": "nurse", "channel": "in-person", "firstFree": "2026-03-24T09:00:00Z"});
    assert_eq!(kinds["kinds"], json!([nurse, {"service": "blood-test", "channel": "in-person"}]));
}
