//! Access to queries: a row for each query. "Not yours" and "unknown" are one answer.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;

use crate::{
    contract,
    harness::{ELSEWHERE, Harness, SITE, anonymous, auditor, operator, somebody_new, staff, themselves},
};

const YES: (u16, &str) = (200, "");
const NOT_YOURS: (u16, &str) = (403, "not-yours");
const TOO_LOW: (u16, &str) = (403, "identity-too-low");
const NONE_THERE: (u16, &str) = (404, "appointment-not-found");
const NO_SESSION: (u16, &str) = (404, "session-not-found");
const NO_MESSAGE: (u16, &str) = (404, "message-not-found");
const NO_CHECK: (u16, &str) = (404, "check-not-found");
const NO_VISIT: (u16, &str) = (404, "visit-not-found");
const NO_PASS: (u16, &str) = (404, "pass-unknown");

/// Every path that needs a token, as the API's description names it.
async fn every_query(harness: &Harness) -> BTreeSet<String> {
    let document = harness.send(Request::get("/openapi.json").body(Body::empty()).expect("a request")).await.json();
    let paths = document["paths"].as_object().expect("paths").iter();
    let asked = paths.filter(|(_, path)| path["get"]["security"].as_array().is_some_and(|schemes| !schemes.is_empty()));
    asked.map(|(template, _)| template.clone()).collect()
}

#[tokio::test]
async fn who_may_ask_what() {
    let harness = Harness::new().await;
    let (alice, bob) = (somebody_new(), somebody_new());
    harness.open_practice(SITE).await;
    harness.open_practice(ELSEWHERE).await;
    harness.register(alice, SITE).await;
    let after = harness.register(bob, ELSEWHERE).await;
    let unpermitted = json!({"sub": "clerk-1", "role": "staff", "organisation": SITE, "permissions": ["clinics"]});
    let blind = json!({"sub": "auditor-2", "role": "auditor"});
    let callers = [
        ("alice", themselves(alice, "P9")),
        ("alice at P5", themselves(alice, "P5")),
        ("alice at P0", themselves(alice, "P0")),
        ("bob", themselves(bob, "P9")),
        ("staff of her practice", staff(SITE)),
        ("staff of another", staff(ELSEWHERE)),
        ("staff without the permission", unpermitted),
        ("an auditor", auditor()),
        ("an auditor without the permission", blind),
        ("an operator", operator()),
    ];
    #[rustfmt::skip]
    let matrix = [
        (format!("/patients/{alice}/appointments"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/appointments/{SITE}.0123456789AB/2026-03-23T09:00:00Z"),
            [NONE_THERE, TOO_LOW, TOO_LOW, NOT_YOURS, NONE_THERE, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/appointments/{SITE}.0123456789AB/2026-03-23T09:00:00Z/calendar-file"),
            [NONE_THERE, TOO_LOW, TOO_LOW, NOT_YOURS, NONE_THERE, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/appointments/{SITE}.0123456789AB/2026-03-23T09:00:00Z/proof"),
            [NONE_THERE, TOO_LOW, TOO_LOW, NOT_YOURS, NONE_THERE, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{}/appointments", somebody_new()),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/organ-donation"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/organ-donation/history"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/carers"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/waiting"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/registration"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/contact"),
            [YES, YES, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/messages"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/messages/{SITE}.000000000001"),
            [NO_MESSAGE, TOO_LOW, TOO_LOW, NOT_YOURS, NO_MESSAGE, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/unread-messages"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/practices/{SITE}/sent-messages"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{}/registration", somebody_new()),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/pharmacy"),
            [YES, YES, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/repeats"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/prescriptions"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/practices/{SITE}/prescriptions"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/pharmacies/{SITE}/prescriptions"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/symptom-checks"),
            [YES, YES, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/symptom-checks/0123456789AB"),
            [NO_CHECK, NO_CHECK, NO_CHECK, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/vaccinations"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/vaccination-eligibility/covid-19?on=2026-03-23"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        ("/vaccine-lots/comirnaty.EL1484/doses".to_owned(),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES]),
        (format!("/patients/{alice}/vaccination-passes"),
            [YES, TOO_LOW, TOO_LOW, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/patients/{alice}/vaccination-passes/0000000000P1"),
            [NO_PASS, TOO_LOW, TOO_LOW, NOT_YOURS, NO_PASS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/practices/{SITE}/vaccination-visits/{SITE}.0123456789AB/2026-03-23T09:00:00Z/{alice}"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NO_VISIT, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        ("/vaccination-programmes".to_owned(), [YES; 10]),
        ("/vaccination-programmes/covid-19/sites".to_owned(), [YES; 10]),
        ("/pathways".to_owned(), [YES; 10]),
        ("/pharmacies".to_owned(), [YES; 10]),
        (format!("/practices/{SITE}/days/2026-03-23"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/practices/{SITE}/days/2026-03-23/sessions/{SITE}.0123456789AB/bookings"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/sessions/{SITE}.0123456789AB"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NO_SESSION, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/practices/{SITE}/waiting"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS]),
        (format!("/practices/{SITE}/clinic-kinds"), [YES; 10]),
        (format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-03-24&after={after}"), [YES; 10]),
        ("/practices".to_owned(), [YES; 10]),
        (format!("/practices/{SITE}"), [YES; 10]),
        ("/events".to_owned(),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS]),
        (format!("/streams/diary-{alice}"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS]),
        (format!("/streams/diary-{alice}/fields"),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS]),
        ("/events/search?kind=practice".to_owned(),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS]),
        ("/events/by-time?time=2026-03-20T09:00:00Z".to_owned(),
            [NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, NOT_YOURS, YES, NOT_YOURS, NOT_YOURS]),
    ];
    let with_a_row: BTreeSet<String> = matrix.iter().filter_map(|(path, _)| contract::template_of(path)).collect();
    let every_query = every_query(&harness).await;
    let forgotten: Vec<&String> = every_query.difference(&with_a_row).collect();
    assert!(forgotten.is_empty(), "the matrix has no row that says who may ask {forgotten:?}");
    for (path, expected) in matrix {
        for ((name, caller), (status, code)) in callers.iter().zip(expected) {
            let answer = harness.get(caller, &path).await;
            let told = if answer.status == StatusCode::OK { (200, String::new()) } else { answer.problem() };
            assert_eq!(told, (status, code.to_owned()), "{name} asks {path}");
        }
        // A person without an account may ask what every caller may ask.
        let (status, code) = if expected == [YES; 10] { YES } else { NOT_YOURS };
        let answer = harness.get(&anonymous(somebody_new()), &path).await;
        let told = if answer.status == StatusCode::OK { (200, String::new()) } else { answer.problem() };
        assert_eq!(told, (status, code.to_owned()), "a person without an account asks {path}");
        let without = harness.send(Request::get(&path).body(Body::empty()).expect("a request")).await;
        assert_eq!(without.problem(), (401, "unauthenticated".to_owned()), "without a token: {path}");
    }
}

#[tokio::test]
async fn the_gate_asks_the_log_and_not_the_views() {
    let harness = Harness::still().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let answer = harness.get(&staff(SITE), &format!("/patients/{alice}/appointments")).await;
    assert_eq!(answer.status, StatusCode::OK, "registered a moment ago, before any view knew: {answer:?}");
}
