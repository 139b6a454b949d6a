//! Registrations, from the command to the answer.

use axum::http::StatusCode;
use event_core::Timestamp;
use serde_json::json;

use crate::harness::{Harness, SITE, somebody_new, staff, themselves};

#[tokio::test]
async fn a_patient_and_their_practice_see_the_registration() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    let registered = harness.register(alice, SITE).await;
    let path = format!("/patients/{alice}/registration?strict=true&after={registered}");
    for caller in [themselves(alice, "P9"), staff(SITE)] {
        let seen = harness.get(&caller, &path).await;
        assert_eq!((seen.status, seen.header("cache-control")), (StatusCode::OK, Some("no-store")), "{seen:?}");
        let recorded = harness.log.read(1, 1).await.expect("readable")[0].recorded_at;
        let expected = json!({"subject": alice,
            "practice": {"code": SITE, "name": "Practice A12345", "address": "1 High Street"},
            "name": "Alice Example", "nhsNumber": "9990000026", "bornOn": "1980-02-29", "registeredAt": recorded});
        assert_eq!(seen.json(), expected);
        assert!(recorded > Timestamp::EPOCH);
    }
}

#[tokio::test]
async fn a_person_without_a_registration_gets_a_rejection_of_their_own() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    let path = format!("/patients/{alice}/registration");
    let refused = harness.get(&themselves(alice, "P9"), &path).await;
    assert_eq!(refused.problem(), (404, "not-registered".to_owned()));
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    harness.register(alice, SITE).await;
    assert_eq!(harness.get(&themselves(alice, "P9"), &path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn staff_are_refused_a_registration_that_the_view_does_not_have_yet_and_learn_that_it_is_stale() {
    let harness = Harness::still().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    let registered = harness.register(alice, SITE).await;
    let path = format!("/patients/{alice}/registration?after={registered}");
    let strict_path = format!("{path}&strict=true");
    let reception = staff(SITE);
    let (refused, strict) = tokio::join!(harness.get(&reception, &path), harness.get(&reception, &strict_path));
    assert_eq!(refused.problem(), (404, "not-registered".to_owned()));
    assert_eq!(refused.header("frontdoor-stale"), Some("true"));
    assert_eq!(strict.problem(), (504, "view-behind".to_owned()));
}
