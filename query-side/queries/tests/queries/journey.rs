//! The answers that a patient and a practice get after their own commands.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Harness, SITE, auditor, somebody_new, staff, themselves};

const MONDAY: &str = "A12345.0000000000M1";
const TUESDAY: &str = "A12345.0000000000T1";

#[tokio::test]
async fn a_patient_searches_books_sees_and_cancels() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let published = harness.publish(MONDAY, "2026-03-23", "10:00", 20, "gp-routine").await;
    let me = themselves(alice, "P9");
    let search = "/free-slots?site=A12345&service=gp-routine&from=2026-03-23&until=2026-03-23&after=";
    let starts = |slots: Vec<Value>| -> Vec<String> {
        slots.iter().map(|slot| slot["startsAt"].as_str().expect("a start").to_owned()).collect()
    };

    let found = harness.get(&me, &format!("{search}{published}")).await;
    assert_eq!(starts(found.items()), ["2026-03-23T09:00:00Z", "2026-03-23T09:20:00Z", "2026-03-23T09:40:00Z"]);
    let slot = json!({"session": MONDAY, "startsAt": "2026-03-23T09:00:00Z", "endsAt": "2026-03-23T09:20:00Z",
        "minutes": 20, "service": "gp-routine", "channel": "in-person", "places": 1,
        "practitioner": {"name": "Dr Ada Example", "role": "General practitioner"}});
    assert_eq!(found.items()[0], slot);

    let booked = harness.book(alice, MONDAY, "2026-03-23T09:20:00Z").await;
    let left = harness.get(&me, &format!("{search}{booked}")).await;
    assert_eq!(starts(left.items()), ["2026-03-23T09:00:00Z", "2026-03-23T09:40:00Z"]);

    let mine = format!("/patients/{alice}/appointments?when=upcoming&after=");
    let seen = harness.get(&me, &format!("{mine}{booked}")).await;
    assert_eq!(seen.header("cache-control"), Some("no-store"));
    let mut expected = json!({"session": MONDAY, "startsAt": "2026-03-23T09:20:00Z", "endsAt": "2026-03-23T09:40:00Z",
        "minutes": 20, "channel": "in-person", "service": "gp-routine",
        "site": {"code": SITE, "name": "Practice A12345", "address": "1 High Street"},
        "practitioner": {"name": "Dr Ada Example", "role": "General practitioner"},
        "reason": "a sore knee", "comment": "since Tuesday", "status": "booked",
        "attendance": {"state": "expected"}, "version": 1});
    expected["reference"] = seen.items()[0]["reference"].clone();
    assert_eq!(seen.items(), [expected]);
    assert_eq!(seen.items()[0]["reference"].as_str().map(str::len), Some(14));

    let day = harness.get(&staff(SITE), &format!("/practices/{SITE}/days/2026-03-23?after={booked}")).await;
    let states: Vec<Value> = day.items().iter().map(|slot| slot["state"].clone()).collect();
    assert_eq!(states, ["free", "booked", "free"]);
    let booking = json!({"patient": alice, "name": "Alice Example", "startsAt": "2026-03-23T09:20:00Z",
        "attendance": {"state": "expected"}, "steps": [], "reason": "a sore knee"});
    assert_eq!(day.items()[1]["bookings"], json!([booking]));

    let body = json!({"patient": alice, "session": MONDAY, "startsAt": "2026-03-23T09:20:00Z",
        "reason": "cancelled-by-citizen", "version": 1});
    let cancelled = harness.give(&me, "cancel-appointment", body).await;
    let seen = harness.get(&me, &format!("{mine}{cancelled}")).await.items();
    assert_eq!((seen.len(), &seen[0]["status"], &seen[0]["version"]), (1, &json!("cancelled"), &json!(2)));
    assert_eq!(harness.get(&me, &format!("{search}{cancelled}")).await.items().len(), 3);
}

#[tokio::test]
async fn the_day_and_the_list_of_a_session_name_the_patients_and_say_what_fits_now() {
    let harness = Harness::new().await;
    let (alice, bob) = (somebody_new(), somebody_new());
    harness.open_practice(SITE).await;
    harness.publish(MONDAY, "2026-03-23", "10:00", 20, "gp-routine").await;
    let mut last = String::new();
    for (person, starts_at) in [(alice, "2026-03-23T09:00:00Z"), (bob, "2026-03-23T09:20:00Z")] {
        harness.register(person, SITE).await;
        last = harness.book(person, MONDAY, starts_at).await;
    }
    let (desk, day) = (staff(SITE), format!("/practices/{SITE}/days/2026-03-23"));
    let booked = async || -> Vec<Value> {
        let slots = harness.get(&desk, &format!("{day}?after={last}")).await.items();
        slots.iter().flat_map(|slot| slot["bookings"].as_array().expect("bookings").clone()).collect()
    };
    let listed = async || -> Vec<Value> {
        let list = harness.get(&desk, &format!("{day}/sessions/{MONDAY}/bookings?after={last}")).await.json();
        list["bookings"].as_array().expect("bookings").clone()
    };
    let of = |bookings: &[Value], member: &str| -> Vec<Value> {
        bookings.iter().map(|booking| booking[member].clone()).collect()
    };
    let names = ["Alice Example"; 2];
    assert_eq!(of(&booked().await, "name"), names);
    assert_eq!(of(&listed().await, "name"), names);
    assert_eq!(of(&listed().await, "isComing"), [true, true]);
    harness.it_is("2026-03-23T09:00:00Z");
    assert_eq!(
        of(&booked().await, "steps"),
        [json!(["check-in", "mark-attended", "mark-did-not-attend"]), json!(["check-in"])]
    );
    assert_eq!(of(&listed().await, "isComing"), [false, true]);
    let session = harness.get(&desk, &format!("/sessions/{MONDAY}?after={last}")).await.json();
    assert_eq!(
        (&session["from"], &session["until"], &session["on"]),
        (&json!("09:00"), &json!("10:00"), &json!("2026-03-23"))
    );
}

#[tokio::test]
async fn upcoming_appointments_come_soonest_first_and_past_ones_newest_first() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    harness.publish(MONDAY, "2026-03-23", "10:00", 20, "gp-routine").await;
    harness.publish(TUESDAY, "2026-03-24", "10:00", 20, "gp-routine").await;
    harness.book(alice, TUESDAY, "2026-03-24T09:00:00Z").await;
    let booked = harness.book(alice, MONDAY, "2026-03-23T09:00:00Z").await;
    let list = async |when: &str| -> Vec<Value> {
        let path = format!("/patients/{alice}/appointments?when={when}&after={booked}");
        let listed = harness.get(&themselves(alice, "P9"), &path).await.items();
        listed.iter().map(|appointment| appointment["session"].clone()).collect()
    };
    assert_eq!(list("upcoming").await, [MONDAY, TUESDAY]);
    assert_eq!(list("past").await, Vec::<Value>::new());
    harness.it_is("2026-03-23T12:00:00Z");
    assert_eq!((list("upcoming").await, list("past").await), (vec![json!(TUESDAY)], vec![json!(MONDAY)]));
    harness.it_is("2026-03-25T12:00:00Z");
    assert_eq!((list("upcoming").await, list("past").await), (vec![], vec![json!(TUESDAY), json!(MONDAY)]));
    let newest = format!("/patients/{alice}/appointments?when=past&limit=1");
    let first = harness.get(&themselves(alice, "P9"), &newest).await;
    let cursor = first.json()["next"].as_str().expect("there is one more").to_owned();
    let second = harness.get(&themselves(alice, "P9"), &format!("{newest}&cursor={cursor}")).await;
    assert_eq!((&first.items()[0]["session"], &second.items()[0]["session"]), (&json!(TUESDAY), &json!(MONDAY)));
    assert_eq!((second.items().len(), &second.json()["next"]), (1, &Value::Null));
}

#[tokio::test]
async fn a_donor_who_withdraws_is_told_that_no_decision_stands() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    let me = themselves(alice, "P9");
    let see = async |after: &str| -> Value {
        let path = format!("/patients/{alice}/organ-donation?strict=true&after={after}");
        let answer = harness.get(&me, &path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, Some("no-store")));
        answer.json()
    };
    let none = see("care:0").await;
    assert_eq!((&none["decision"], &none["history"]), (&Value::Null, &json!([])));

    let some = json!({"kind": "opt-in-some", "organs": ["heart", "kidneys"]});
    let registered = harness.give(&me, "register-donor", json!({"subject": alice, "decision": some})).await;
    let seen = see(&registered).await;
    assert_eq!((&seen["decision"], &seen["notice"]), (&some, &Value::Null));

    harness.give(&me, "declare-faith", json!({"subject": alice, "faith": "prefer-not-to-say"})).await;
    let withdrawn = harness.give(&me, "withdraw-decision", json!({"subject": alice})).await;
    let seen = see(&withdrawn).await;
    assert_eq!((&seen["decision"], &seen["faith"]), (&Value::Null, &json!("prefer-not-to-say")));
    let notice = seen["notice"].as_str().expect("what it means");
    assert!(notice.contains("not an opt-out") && notice.contains("deemed consent"), "{notice}");
    let steps: Vec<&Value> = seen["history"].as_array().expect("a history").iter().map(|step| &step["what"]).collect();
    assert_eq!(steps, ["registered", "faith-declared", "withdrawn"]);
}

/// Steps of one day, and one more: a decision can be withdrawn at any time.
#[tokio::test]
async fn a_donor_sees_the_newest_steps_at_once_and_all_of_them_in_pages() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    let me = themselves(alice, "P9");
    let kinds = ["opt-in-all", "opt-out"];
    let decision = |n: usize| json!({"subject": alice, "decision": {"kind": kinds[n % 2]}});
    harness.give(&me, "register-donor", decision(0)).await;
    for n in 1..20 {
        harness.give(&me, "amend-decision", decision(n)).await;
    }
    let withdrawn = harness.give(&me, "withdraw-decision", json!({"subject": alice})).await;
    let path = format!("/patients/{alice}/organ-donation");
    let seen = harness.get(&me, &format!("{path}?strict=true&after={withdrawn}")).await.json();
    let newest = seen["history"].as_array().expect("a history").clone();
    assert_eq!((newest.len(), &seen["steps"]), (20, &json!(21)));
    assert_eq!((&newest[0]["what"], &newest[19]["what"]), (&json!("amended"), &json!("withdrawn")));

    let (mut all, mut cursor) = (Vec::new(), String::new());
    for page in 1.. {
        let list = harness.get(&me, &format!("{path}/history?strict=true&after={withdrawn}&limit=8{cursor}")).await;
        assert_eq!((list.status, list.header("cache-control")), (StatusCode::OK, Some("no-store")), "{list:?}");
        all.extend(list.items());
        let Some(next) = list.json()["next"].as_str().map(str::to_owned) else {
            assert_eq!(page, 3);
            break;
        };
        cursor = format!("&cursor={next}");
    }
    all.reverse();
    assert_eq!((all.len(), &all[0]["what"]), (21, &json!("registered")));
    assert_eq!(all[1..], newest);
}

#[tokio::test]
async fn the_practices_are_listed_with_what_they_have_set() {
    let harness = Harness::new().await;
    harness.open_practice("B54321").await;
    let opened = harness.open_practice(SITE).await;
    let listed = harness.get(&auditor(), &format!("/practices?after={opened}")).await;
    let codes: Vec<Value> = listed.items().iter().map(|practice| practice["practice"].clone()).collect();
    assert_eq!(codes, [SITE, "B54321"]);
    assert_eq!(
        listed.items()[0]["settings"],
        json!({"bookingWindowDays": 42, "openBookingsMax": 3, "cancelCutOffMinutes": 30})
    );
    assert_eq!(listed.header("frontdoor-position"), Some(opened.as_str()));
    assert_eq!(listed.header("frontdoor-stale"), None);
}
