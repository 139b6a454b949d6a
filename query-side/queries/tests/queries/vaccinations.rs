//! Vaccinations, from the programme to the recall of a lot.

use event_core::SubjectId;
use serde_json::{Value, json};

use crate::harness::{Harness, SITE, operator, somebody_new, staff, themselves};

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
    assert_eq!(ids, ["covid-19", "influenza", "mmr"]);
    assert_eq!(offered[0]["service"], "vaccination-covid-19");
    assert!(offered.iter().all(|one| one["contraindications"].as_array().is_some_and(|all| !all.is_empty())));
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
