//! Vaccinations, from the programme to the recall of a lot.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use event_core::{SubjectId, testing::RecordingKeyRing};
use passes::{PassFault, RevocationList, TrustList, verify};
use serde_json::{Value, json};

use crate::harness::{ELSEWHERE, Harness, NOW, SITE, at, operator, somebody_new, staff, themselves};

const DOSE: &str = "0000000000D1";

async fn registered() -> (Harness, SubjectId) {
    let (harness, alice) = (Harness::new().await, somebody_new());
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    (harness, alice)
}

fn given(lot: &str) -> Value {
    json!({"programme": "mmr", "number": 1, "vaccine": "mmr", "lot": lot, "expiresOn": "2026-12-31",
        "givenOn": "2026-03-20", "site": SITE, "route": "intramuscular", "givenBy": "Nora Example"})
}

async fn record(harness: &Harness, alice: SubjectId, lot: &str) {
    let body = json!({"subject": alice, "dose": DOSE, "given": given(lot)});
    harness.give(&staff(SITE), "record-dose", body).await;
}

async fn eligibility(harness: &Harness, alice: SubjectId, on: &str) -> Value {
    let path = format!("/patients/{alice}/vaccination-eligibility/mmr?on={on}&site={SITE}");
    harness.get(&themselves(alice, "P9"), &path).await.json()
}

#[tokio::test]
async fn programmes_are_offered_with_their_questions() {
    let (harness, alice) = registered().await;
    let answer = harness.get(&themselves(alice, "P0"), "/vaccination-programmes").await.json();
    let offered = answer["programmes"].as_array().expect("programmes");
    let ids: Vec<_> = offered.iter().map(|one| one["programme"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["covid-19", "influenza", "mmr", "pneumococcal"]);
    assert_eq!(offered[0]["service"], "vaccination-covid-19");
    assert!(offered.iter().all(|one| one["contraindications"].as_array().is_some_and(|all| !all.is_empty())));
}

#[tokio::test]
async fn the_sites_of_a_programme_are_listed_in_parts_with_their_last_day() {
    let (harness, alice) = registered().await;
    harness.open_practice(ELSEWHERE).await;
    let mut after = String::new();
    for (site, number, on, service) in [
        (SITE, "A2", "2026-03-24", "vaccination-covid-19"),
        (SITE, "A3", "2026-03-23", "vaccination-covid-19"),
        (SITE, "A4", "2026-03-30", "gp-routine"),
        (ELSEWHERE, "A5", "2026-03-25", "vaccination-covid-19"),
    ] {
        after = harness.publish(&format!("{site}.0000000000{number}"), on, "09:30", 30, service).await;
    }
    let me = themselves(alice, "P0");
    let path = |rest: &str| format!("/vaccination-programmes/covid-19/sites?after={after}{rest}");
    let all = harness.get(&me, &path("")).await.items();
    let shown: Vec<_> = all.iter().map(|one| (one["site"]["code"].clone(), one["until"].clone())).collect();
    let mut expected = [(json!(SITE), json!("2026-03-24")), (json!(ELSEWHERE), json!("2026-03-25"))];
    expected.sort_by_key(|(site, _)| site.to_string());
    assert_eq!(shown, expected);
    assert!(all.iter().all(|one| one["site"]["name"].is_string()), "{all:?}");
    let first = harness.get(&me, &path("&limit=1")).await.json();
    let next = first["next"].as_str().expect("there are more");
    let second = harness.get(&me, &path(&format!("&limit=1&cursor={next}"))).await.items();
    assert_eq!([first["items"][0].clone(), second[0].clone()], [all[0].clone(), all[1].clone()]);
    let none = harness.get(&me, &format!("/vaccination-programmes/mmr/sites?after={after}")).await.items();
    assert!(none.is_empty());
}

#[tokio::test]
async fn a_dose_is_seen_by_the_person_and_changes_what_they_can_have_next() {
    let (harness, alice) = registered().await;
    let before = eligibility(&harness, alice, "2026-09-07").await;
    assert_eq!((&before["answer"], &before["dose"]), (&json!("eligible"), &json!(1)));
    record(&harness, alice, "EL1484").await;
    let path = format!("/patients/{alice}/vaccinations");
    let doses = harness.get(&themselves(alice, "P9"), &path).await.items();
    assert_eq!((doses.len(), &doses[0]["given"]["lot"]), (1, &json!("EL1484")));
    assert_eq!((&doses[0]["givenBy"], &doses[0]["isRecalled"]), (&json!("Nora Example"), &json!(false)));
    // It was given before the campaign begins, which is recorded with it.
    assert_eq!(doses[0]["deviations"][0]["deviation"], "outside-campaigns");
    let early = eligibility(&harness, alice, "2026-04-09").await;
    assert_eq!((&early["answer"], &early["from"]), (&json!("not-yet"), &json!("2026-09-01")));
    assert!(early["words"].as_str().is_some_and(|words| !words.is_empty()), "{early}");
    let later = eligibility(&harness, alice, "2026-09-07").await;
    assert_eq!((&later["answer"], &later["dose"]), (&json!("eligible"), &json!(2)));
    let void = json!({"subject": alice, "dose": DOSE, "site": SITE, "reason": "Another person"});
    harness.give(&staff(SITE), "void-dose", void).await;
    assert_eq!(eligibility(&harness, alice, "2026-09-07").await["dose"], 1);
    let doses = harness.get(&themselves(alice, "P9"), &path).await.items();
    assert_eq!(doses[0]["voidReason"], "Another person");
}

#[tokio::test]
async fn two_doses_that_are_booked_together_have_days_for_the_second_and_declared_facts_are_in_no_address() {
    let (harness, alice) = (Harness::new().await, somebody_new());
    harness.open_practice(SITE).await;
    let body = json!({"subject": alice, "practice": SITE, "name": "Alice Example", "nhsNumber": "9990000026",
        "bornOn": "1940-02-29"});
    harness.give(&staff(SITE), "register-patient", body).await;
    let path = |rest: &str| format!("/patients/{alice}/vaccination-eligibility/{rest}");
    let answer = harness.get(&themselves(alice, "P9"), &path("covid-19?on=2026-05-11")).await.json();
    assert_eq!(answer["second"], json!({"dose": 2, "from": "2026-07-06", "until": "2026-08-03"}), "{answer}");
    let alone = harness.get(&themselves(alice, "P9"), &path("pneumococcal?on=2026-05-11")).await.json();
    assert_eq!((&alone["answer"], alone.get("second")), (&json!("eligible"), None), "{alone}");
    let refused = harness.get(&themselves(alice, "P9"), &path("pneumococcal?on=2026-05-11&declared=%7B%7D")).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_recall_finds_everybody_that_had_the_lot() {
    let (harness, alice) = registered().await;
    record(&harness, alice, "EL-1/4").await;
    let lot = "mmr.EL.2D1.2F4";
    harness.give(&operator(), "recall-lot", json!({"lot": lot, "reason": "Glass in a vial"})).await;
    let doses = harness.get(&operator(), &format!("/vaccine-lots/{lot}/doses")).await.items();
    assert_eq!((doses.len(), &doses[0]["subject"], &doses[0]["isFlagged"]), (1, &json!(alice), &json!(false)));
    let others = harness.get(&operator(), "/vaccine-lots/mmr.EL1/doses").await.items();
    assert!(others.is_empty());
    let seen = harness.get(&themselves(alice, "P9"), &format!("/patients/{alice}/vaccinations")).await.items();
    assert_eq!(seen[0]["isRecalled"], true);
}

/// Records a dose of a vaccine with passes.
async fn record_covid(harness: &Harness, alice: SubjectId) {
    let given = json!({"programme": "covid-19", "number": 1, "vaccine": "comirnaty", "lot": "EL1484",
        "expiresOn": "2026-12-31", "givenOn": "2026-03-20", "site": SITE, "route": "intramuscular",
        "givenBy": "Nora Example"});
    harness.give(&staff(SITE), "record-dose", json!({"subject": alice, "dose": DOSE, "given": given})).await;
}

/// Issues a pass, and returns its address.
async fn passed(harness: &Harness, alice: SubjectId, pass: &str) -> String {
    let body = json!({"subject": alice, "pass": pass, "dose": DOSE,
        "name": {"surname": "Example", "forename": "Alice"}});
    harness.give(&themselves(alice, "P9"), "issue-pass", body).await;
    format!("/patients/{alice}/vaccination-passes/{pass}")
}

/// The lists with everything until this position, as a verifier without a token gets them.
async fn lists(harness: &Harness, after: &str) -> (TrustList, RevocationList) {
    let get = async |path: String| {
        let request = Request::get(format!("/vaccination-passes/{path}")).body(Body::empty());
        harness.send(request.expect("a request")).await.json().to_string()
    };
    let trusted = get("trust-list".to_owned()).await;
    let revoked = get(format!("revocation-list?after={after}&strict=true")).await;
    (TrustList::parse(&trusted).expect("a trust list"), RevocationList::parse(&revoked).expect("a revocation list"))
}

#[tokio::test]
async fn a_pass_is_verified_with_the_published_lists_until_its_dose_is_void() {
    let (harness, alice) = registered().await;
    record_covid(&harness, alice).await;
    let doses = harness.get(&themselves(alice, "P9"), &format!("/patients/{alice}/vaccinations")).await.items();
    assert_eq!(doses[0]["hasPasses"], true);
    let (path, other) = (passed(&harness, alice, "0000000000P1").await, passed(&harness, alice, "0000000000P2").await);
    let caller = themselves(alice, "P9");
    let shown = harness.get(&caller, &path).await.json();
    assert_eq!((&shown["state"], &shown["contents"]["born"]), (&json!("valid"), &json!("1980-02-29")));
    let text = shown["signed"]["text"].as_str().expect("a text").to_owned();
    assert!(shown["signed"]["svg"].as_str().is_some_and(|svg| svg.starts_with("<svg")));
    let png = STANDARD.decode(shown["signed"]["png"].as_str().expect("a picture")).expect("base64");
    assert!(png.starts_with(b"\x89PNG"));
    assert_eq!(harness.get(&caller, &path).await.json()["signed"]["text"], text.as_str(), "the same each time");

    let (trusted, revoked) = lists(&harness, "care:1").await;
    let contents = verify(&text, &trusted, &revoked, at(NOW)).expect("it is valid");
    assert_eq!((contents.vaccination.dose, contents.vaccination.doses), (1, 2));
    let of_other = harness.get(&caller, &other).await.json()["signed"]["text"].as_str().expect("a text").to_owned();

    let after = harness.give(&caller, "revoke-pass", json!({"subject": alice, "pass": "0000000000P2"})).await;
    let (trusted, revoked) = lists(&harness, &after).await;
    assert_eq!(verify(&of_other, &trusted, &revoked, at(NOW)).err(), Some(PassFault::Revoked));
    assert!(verify(&text, &trusted, &revoked, at(NOW)).is_ok());
    let list = harness.get(&caller, &format!("/patients/{alice}/vaccination-passes")).await.json();
    assert_eq!(
        (list["passes"].as_array().map(Vec::len), &list["passes"][0]["pass"]),
        (Some(1), &json!("0000000000P1"))
    );

    let void = json!({"subject": alice, "dose": DOSE, "site": SITE, "reason": "Another person"});
    let after = harness.give(&staff(SITE), "void-dose", void).await;
    let (trusted, revoked) = lists(&harness, &after).await;
    assert_eq!(verify(&text, &trusted, &revoked, at(NOW)).err(), Some(PassFault::Revoked));
    let shown = harness.get(&caller, &path).await.json();
    assert_eq!((&shown["state"], shown.get("signed")), (&json!("revoked"), None));
}

#[tokio::test]
async fn passes_that_expired_are_on_no_list() {
    let (harness, alice) = registered().await;
    record_covid(&harness, alice).await;
    let path = passed(&harness, alice, "0000000000P1").await;
    passed(&harness, alice, "0000000000P2").await;
    let revoke = json!({"subject": alice, "pass": "0000000000P2"});
    let after = harness.give(&themselves(alice, "P9"), "revoke-pass", revoke).await;
    assert_eq!(lists(&harness, &after).await.1.len(), 1);
    harness.it_is("2026-04-19T09:00:01Z");
    assert!(lists(&harness, &after).await.1.is_empty());
    let shown = harness.get(&themselves(alice, "P9"), &path).await.json();
    assert_eq!((&shown["state"], shown.get("signed")), (&json!("expired"), None));
}

#[tokio::test]
async fn a_list_for_everybody_refuses_a_token_that_is_not_valid() {
    let harness = Harness::still().await;
    let request = Request::get("/vaccination-passes/trust-list").header("authorization", "Bearer forged");
    let answer = harness.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
}

const ELSEWHERE_SESSION: &str = "B54321.0123456789AB";
const VISIT_AT: &str = "2026-04-13T08:00:00Z";

/// A dose of Alice is recorded at her practice, and another site publishes a clinic for the next one. Returns the address of her visit.
async fn clinic_elsewhere(harness: &Harness, alice: SubjectId) -> String {
    harness.open_practice(ELSEWHERE).await;
    let publish = json!({"session": ELSEWHERE_SESSION, "on": "2026-04-13", "from": "09:00", "until": "10:00",
        "slotMinutes": 10, "capacity": 1, "service": "vaccination-covid-19", "channel": "in-person",
        "practitioner": {"name": "Nora Example", "role": "Nurse"}});
    harness.give(&staff(ELSEWHERE), "publish-session", publish).await;
    record_covid(harness, alice).await;
    format!("/practices/{ELSEWHERE}/vaccination-visits/{ELSEWHERE_SESSION}/{VISIT_AT}/{alice}")
}

async fn book_elsewhere(harness: &Harness, alice: SubjectId) {
    let declared = json!({"cohorts": ["weak-immune-system"], "contraindications": []});
    let book = json!({"patient": alice, "session": ELSEWHERE_SESSION, "startsAt": VISIT_AT, "declared": declared});
    harness.give(&themselves(alice, "P9"), "book-vaccination", book).await;
}

#[tokio::test]
async fn a_site_sees_what_it_needs_of_the_people_that_booked_there_and_of_nobody_else() {
    let (harness, alice) = registered().await;
    let path = clinic_elsewhere(&harness, alice).await;
    let none = harness.get(&staff(ELSEWHERE), &path).await;
    assert_eq!(none.problem(), (404, "visit-not-found".to_owned()), "without an appointment nothing is shown");

    book_elsewhere(&harness, alice).await;
    let visit = harness.get(&staff(ELSEWHERE), &path).await.json();
    assert_eq!((&visit["name"], &visit["bornOn"]), (&json!("Alice Example"), &json!("1980-02-29")));
    assert_eq!((&visit["programme"], &visit["number"]), (&json!("covid-19"), &json!(2)));
    assert_eq!(visit["declared"]["cohorts"].as_array().map(Vec::len), Some(1), "{visit}");
    assert_eq!(visit["doses"][0]["given"]["lot"], "EL1484");
    assert_eq!(harness.get(&staff(SITE), &path).await.status, StatusCode::FORBIDDEN, "staff of another site");
    let at_own = path.replace(&format!("/practices/{ELSEWHERE}/"), &format!("/practices/{SITE}/"));
    assert_eq!(harness.get(&staff(SITE), &at_own).await.problem().0, 404, "a session of another site");

    let cancel = json!({"patient": alice, "session": ELSEWHERE_SESSION, "startsAt": VISIT_AT, "version": 1,
        "reason": "cancelled-by-citizen"});
    harness.give(&themselves(alice, "P9"), "cancel-appointment", cancel).await;
    let gone = harness.get(&staff(ELSEWHERE), &path).await;
    assert_eq!(gone.problem(), (404, "visit-not-found".to_owned()), "after the cancellation nothing is shown");
}

#[tokio::test]
async fn answers_that_cannot_be_opened_are_absent_and_not_empty() {
    let ring = Arc::new(RecordingKeyRing::default());
    let (harness, alice) = (Harness::with_keys(ring.clone()).await, somebody_new());
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let path = clinic_elsewhere(&harness, alice).await;
    book_elsewhere(&harness, alice).await;
    assert!(harness.get(&staff(ELSEWHERE), &path).await.json()["declared"].is_object());
    ring.erase(alice);
    let visit = harness.get(&staff(ELSEWHERE), &path).await.json();
    assert_eq!((visit.get("declared"), &visit["number"]), (None, &json!(2)));
}
