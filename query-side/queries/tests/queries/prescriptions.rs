//! Repeat prescriptions, from the plan to the pharmacy's reports. The commands of policies are given by staff here.

use domain::messages::TellPrescriptionReady;
use event_core::SubjectId;
use serde_json::{Value, json};

use crate::harness::{Harness, NOW, SITE, operator, somebody_new, staff, themselves};

const PHARMACY: &str = "FA123";
const PLAN: &str = "000000000001";
const REQUEST: &str = "0000000000R1";

/// Alice has a repeat plan and a nominated pharmacy.
async fn with_a_plan() -> (Harness, SubjectId) {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let pharmacy = json!({"pharmacy": PHARMACY, "name": "Green Cross", "address": "3 High Street"});
    harness.give(&operator(), "open-pharmacy", pharmacy).await;
    let medicine = json!({"code": "39113611000001102", "name": "Atorvastatin 20mg tablets", "dose": "One each evening",
        "quantity": "28 tablets"});
    let plan = json!({"patient": alice, "practice": SITE, "plan": PLAN, "medicine": medicine, "supplyDays": 28,
        "issues": 6, "reviewOn": "2026-12-31"});
    harness.give(&staff(SITE), "authorise-repeat", plan).await;
    let nominate = json!({"patient": alice, "pharmacy": PHARMACY});
    harness.give(&themselves(alice, "P5"), "nominate-pharmacy", nominate).await;
    (harness, alice)
}

async fn request(harness: &Harness, alice: SubjectId) {
    let body =
        json!({"patient": alice, "practice": SITE, "request": REQUEST, "plans": [PLAN], "note": "away on Friday"});
    harness.give(&themselves(alice, "P9"), "request-repeat", body).await;
}

async fn send(harness: &Harness, alice: SubjectId) {
    request(harness, alice).await;
    let body = json!({"patient": alice, "practice": SITE, "request": REQUEST});
    harness.give(&staff(SITE), "approve-request", body).await;
    let body = json!({"patient": alice, "practice": SITE, "request": REQUEST, "pharmacy": PHARMACY});
    harness.give(&staff(SITE), "send-to-pharmacy", body).await;
}

async fn report(harness: &Harness, alice: SubjectId, status: &str, at: &str) {
    let body = json!({"pharmacy": PHARMACY, "patient": alice, "request": REQUEST, "status": status, "at": at});
    harness.give(&staff(PHARMACY), "report-dispense", body).await;
}

async fn first(harness: &Harness, caller: &Value, path: &str) -> Value {
    harness.get(caller, path).await.items().into_iter().next().unwrap_or_default()
}

#[tokio::test]
async fn a_patient_sees_what_can_be_ordered_and_why_not() {
    let (harness, alice) = with_a_plan().await;
    let (herself, path) = (themselves(alice, "P9"), format!("/patients/{alice}/repeats"));
    let before = first(&harness, &herself, &path).await;
    assert_eq!(before["medicine"]["name"], "Atorvastatin 20mg tablets");
    assert_eq!((&before["issuesLeft"], before.get("hindrance")), (&json!(6), None));
    request(&harness, alice).await;
    let open = first(&harness, &herself, &path).await;
    assert_eq!(open["hindrance"], json!({"code": "already-requested", "request": REQUEST}));
    let approve = json!({"patient": alice, "practice": SITE, "request": REQUEST});
    harness.give(&staff(SITE), "approve-request", approve).await;
    let sent = json!({"patient": alice, "practice": SITE, "request": REQUEST, "pharmacy": PHARMACY});
    harness.give(&staff(SITE), "send-to-pharmacy", sent).await;
    report(&harness, alice, "collected", NOW).await;
    harness
        .give(&staff(PHARMACY), "complete-request", json!({"patient": alice, "request": REQUEST, "pharmacy": PHARMACY}))
        .await;
    let early = first(&harness, &herself, &path).await;
    assert_eq!(early["hindrance"], json!({"code": "too-early", "earliest": "2026-04-10"}));
    assert_eq!((&early["issuesLeft"], &early["nextOrderOn"]), (&json!(5), &json!("2026-04-10")));
    harness.it_is("2026-04-10T08:00:00Z");
    assert_eq!(first(&harness, &herself, &path).await.get("hindrance"), None);
    let settings = json!({"practice": SITE, "settings": {"repeatOrdering": false}});
    harness.give(&staff(SITE), "change-practice-settings", settings).await;
    assert_eq!(first(&harness, &herself, &path).await["hindrance"], json!({"code": "ordering-disabled"}));
}

#[tokio::test]
async fn a_practice_sees_what_waits_with_all_that_a_decision_needs() {
    let (harness, alice) = with_a_plan().await;
    request(&harness, alice).await;
    let path = format!("/practices/{SITE}/prescriptions");
    let waiting = first(&harness, &staff(SITE), &path).await;
    assert_eq!((&waiting["details"]["name"], &waiting["note"]), (&json!("Alice Example"), &json!("away on Friday")));
    assert_eq!(waiting["pharmacy"]["name"], "Green Cross");
    let item = &waiting["items"][0];
    assert_eq!(
        (&item["issuesLeft"], &item["reviewOn"], &item["changed"]),
        (&json!(6), &json!("2026-12-31"), &json!(false))
    );
    let reject = json!({"patient": alice, "practice": SITE, "request": REQUEST, "reason": "Please call us."});
    harness.give(&staff(SITE), "reject-request", reject).await;
    assert!(harness.get(&staff(SITE), &path).await.items().is_empty());
    let own = first(&harness, &themselves(alice, "P9"), &format!("/patients/{alice}/prescriptions")).await;
    assert_eq!((&own["stage"], &own["reason"]), (&json!("rejected"), &json!("Please call us.")));
}

#[tokio::test]
async fn reports_out_of_order_and_post_dated_show_by_the_time_at_which_they_are_true() {
    let (harness, alice) = with_a_plan().await;
    send(&harness, alice).await;
    let work = format!("/pharmacies/{PHARMACY}/prescriptions");
    let task = first(&harness, &staff(PHARMACY), &work).await;
    assert_eq!((&task["details"]["name"], task["items"][0].get("status")), (&json!("Alice Example"), None));
    let number = task["prescription"].as_str().expect("a number").to_owned();
    assert!(number.parse::<vocabulary::prescriptions::PrescriptionId>().is_ok(), "{number}");
    report(&harness, alice, "ready-to-collect", "2026-03-21T09:00:00Z").await;
    report(&harness, alice, "preparing", NOW).await;
    let mine = format!("/patients/{alice}/prescriptions");
    let status = async || first(&harness, &themselves(alice, "P9"), &mine).await["items"][0]["status"].clone();
    assert_eq!(status().await, "preparing");
    harness.it_is("2026-03-21T09:00:00Z");
    assert_eq!(status().await, "ready-to-collect");
    let own = first(&harness, &themselves(alice, "P9"), &mine).await;
    let timeline = own["items"][0]["timeline"].as_array().expect("a timeline").clone();
    assert_eq!(
        timeline.iter().map(|step| step["status"].clone()).collect::<Vec<_>>(),
        ["preparing", "ready-to-collect"]
    );
    assert_eq!((&own["stage"], &own["prescription"]), (&json!("sent-to-pharmacy"), &json!(number)));
}

#[tokio::test]
async fn a_pharmacy_sees_and_reports_on_its_own_prescriptions_only() {
    let (harness, alice) = with_a_plan().await;
    send(&harness, alice).await;
    let other = staff("FB456");
    assert_eq!(harness.get(&other, &format!("/pharmacies/{PHARMACY}/prescriptions")).await.problem().0, 403);
    assert!(harness.get(&other, "/pharmacies/FB456/prescriptions").await.items().is_empty());
    report(&harness, alice, "collected", NOW).await;
    let complete = json!({"patient": alice, "request": REQUEST, "pharmacy": PHARMACY});
    harness.give(&staff(PHARMACY), "complete-request", complete).await;
    assert!(harness.get(&staff(PHARMACY), &format!("/pharmacies/{PHARMACY}/prescriptions")).await.items().is_empty());
}

#[tokio::test]
async fn a_nominated_pharmacy_is_shown_with_its_name() {
    let (harness, alice) = with_a_plan().await;
    let (herself, path) = (themselves(alice, "P5"), format!("/patients/{alice}/pharmacy"));
    assert_eq!(harness.get(&herself, &path).await.json()["pharmacy"]["name"], "Green Cross");
    assert_eq!(harness.get(&herself, "/pharmacies").await.items().len(), 1);
    harness.give(&herself, "clear-pharmacy", json!({"patient": alice})).await;
    assert_eq!(harness.get(&herself, &path).await.json(), json!({}));
}

#[tokio::test]
async fn medicines_that_are_ready_are_a_message_of_the_pharmacy() {
    let (harness, alice) = with_a_plan().await;
    send(&harness, alice).await;
    report(&harness, alice, "ready-to-collect", NOW).await;
    let tell = TellPrescriptionReady {
        patient: alice,
        request: REQUEST.parse().expect("an id"),
        pharmacy: PHARMACY.parse().expect("a code"),
        at: NOW.parse().expect("an instant"),
    };
    harness.give_as_policy(&tell).await;
    let herself = themselves(alice, "P9");
    let told = first(&harness, &herself, &format!("/patients/{alice}/messages")).await;
    assert_eq!((&told["kind"], &told["sender"]["name"]), (&json!("prescription-ready"), &json!("Green Cross")));
    let message = told["message"].as_str().expect("an id");
    let thread = harness.get(&herself, &format!("/patients/{alice}/messages/{message}")).await.json();
    let text = thread["text"].as_str().expect("a text");
    assert!(text.starts_with("Your medicines are ready to collect from Green Cross since "), "{text}");
    assert_eq!(thread["sender"]["address"], "3 High Street");
}
