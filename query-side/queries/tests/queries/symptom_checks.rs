//! Symptom checks, from the choice of a pathway to the advice, and the recall of a release.

use domain::symptom_checks::flag_symptom_check::FlagSymptomCheck;
use event_core::SubjectId;
use serde_json::{Value, json};
use vocabulary::{
    messages::{MessageId, NATIONAL_SERVICE},
    symptom_checks::ClaimCode,
};

use crate::harness::{Harness, SITE, anonymous, operator, somebody_new, themselves};

const NUMBER: &str = "0123456789AB";
const CHECK: &str = "headache.1.0123456789AB";

async fn started(harness: &Harness, alice: SubjectId) {
    let body = json!({"subject": alice, "check": CHECK, "consentsToStorage": true, "consentsToSharing": false,
        "person": {"ageYears": 30, "sex": "female", "party": "first"}});
    harness.give(&themselves(alice, "P0"), "start-symptom-check", body).await;
}

async fn seen(harness: &Harness, alice: SubjectId) -> Value {
    harness.get(&themselves(alice, "P0"), &format!("/patients/{alice}/symptom-checks/{NUMBER}")).await.json()
}

/// Gives the answer `choice` to the question that is asked now.
async fn answer(harness: &Harness, alice: SubjectId, choice: &str) -> Value {
    let question = seen(harness, alice).await["question"]["question"].clone();
    let body = json!({"subject": alice, "check": CHECK, "question": question,
        "answer": {"kind": "choice", "choice": choice}});
    harness.give(&themselves(alice, "P0"), "answer-question", body).await;
    question
}

#[tokio::test]
async fn a_pathway_is_offered_with_the_people_for_whom_it_is_made() {
    let (harness, alice) = (Harness::new().await, somebody_new());
    let answer = harness.get(&themselves(alice, "P0"), "/pathways").await.json();
    let offered = answer["pathways"].as_array().expect("pathways");
    let releases: Vec<_> = offered.iter().map(|pathway| pathway["release"].as_str().expect("a release")).collect();
    assert_eq!(releases, ["abdominal-pain.1", "chest-pain.1", "child-fever.1", "headache.1", "minor-skin-problem.1"]);
    let fever = &offered[2];
    assert!(fever["ageMax"].as_u64() < Some(18), "{fever}");
    assert!(offered.iter().all(|pathway| pathway["contentHash"].as_str().is_some_and(|hash| hash.len() == 64)));
    assert!(answer["notice"].as_str().is_some_and(|notice| notice.starts_with("Not for clinical use")));
}

#[tokio::test]
async fn a_red_flag_ends_the_check_at_999_and_the_answers_say_why() {
    let (harness, alice) = (Harness::new().await, somebody_new());
    started(&harness, alice).await;
    let first = seen(&harness, alice).await;
    assert_eq!((&first["stage"], &first["question"]["isRedFlag"]), (&json!("open"), &json!(true)));
    assert_eq!(first["question"]["answer"]["kind"], "choice");
    assert_eq!((&first["answers"], first.get("outcome")), (&json!([]), None));
    assert_eq!(first["person"], json!({"ageYears": 30, "sex": "female", "party": "first"}));
    let question = answer(&harness, alice, "no").await;
    let second = seen(&harness, alice).await;
    assert_eq!((&second["answers"][0]["question"], &second["answers"][0]["words"]), (&question, &json!("No")));
    assert_ne!(second["question"]["question"], question);
    let flag = answer(&harness, alice, "yes").await;
    let ended = seen(&harness, alice).await;
    assert_eq!((&ended["stage"], ended.get("question")), (&json!("disposed"), None));
    let outcome = &ended["outcome"];
    assert_eq!((&outcome["disposition"], &outcome["within"]), (&json!("call-999"), &json!("immediately")));
    assert_eq!(outcome["onward"], json!({"kind": "telephone", "number": "999"}));
    assert_eq!(outcome["because"][0]["question"], flag);
    assert!(outcome["text"].as_str().is_some_and(|text| text.contains("999")));
    assert_eq!(ended["notice"], first["notice"]);
    let listed = harness.get(&themselves(alice, "P0"), &format!("/patients/{alice}/symptom-checks")).await.items();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["check"], &listed[0]["disposition"]), (&json!(CHECK), &json!("call-999")));
}

#[tokio::test]
async fn an_answer_is_changed_and_a_check_is_left_and_resumed() {
    let (harness, alice) = (Harness::new().await, somebody_new());
    let herself = themselves(alice, "P0");
    started(&harness, alice).await;
    let first = answer(&harness, alice, "no").await;
    answer(&harness, alice, "no").await;
    let of_check = json!({"subject": alice, "check": CHECK});
    harness.give(&herself, "abandon-symptom-check", of_check.clone()).await;
    let left = seen(&harness, alice).await;
    assert_eq!((&left["stage"], left["question"].is_object()), (&json!("abandoned"), true));
    harness.give(&herself, "resume-symptom-check", of_check).await;
    assert_eq!(seen(&harness, alice).await["stage"], "open");
    // The question says what it offers, so that an app can ask it again.
    let before = seen(&harness, alice).await;
    assert_eq!(before["answers"][0]["offered"]["kind"], "choice");
    let revise = json!({"subject": alice, "check": CHECK, "question": first,
        "answer": {"kind": "choice", "choice": "yes"}});
    harness.give(&herself, "revise-answer", revise).await;
    let changed = seen(&harness, alice).await;
    assert_eq!(
        (changed["answers"].as_array().map(Vec::len), &changed["answers"][0]["words"]),
        (Some(1), &json!("Yes"))
    );
    assert_eq!(changed["outcome"]["disposition"], "call-999");
}

#[tokio::test]
async fn a_recalled_release_is_not_offered_and_its_checks_say_so() {
    let (harness, alice) = (Harness::new().await, somebody_new());
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    started(&harness, alice).await;
    let reason = "A question about the neck was missing.";
    harness.give(&operator(), "recall-release", json!({"release": "headache.1", "reason": reason})).await;
    let withdrawn = seen(&harness, alice).await;
    assert_eq!((&withdrawn["withdrawn"]["reason"], withdrawn.get("question")), (&json!(reason), None));
    let pathways = harness.get(&themselves(alice, "P0"), "/pathways").await.json();
    let is_headache = |pathway: &Value| pathway["release"] == "headache.1";
    assert!(!pathways["pathways"].as_array().expect("pathways").iter().any(is_headache));
    let message = MessageId::of_event(&NATIONAL_SERVICE, 1);
    let flag = FlagSymptomCheck { subject: alice, check: CHECK.parse().expect("a check"), message };
    harness.give_as_policy(&flag).await;
    let messages = harness.get(&themselves(alice, "P9"), &format!("/patients/{alice}/messages")).await.items();
    assert_eq!(messages[0]["kind"], "symptom-check-flagged");
    assert_eq!(messages[0]["sender"]["name"], "Frontdoor");
    let path = format!("/patients/{alice}/messages/{}", messages[0]["message"].as_str().expect("an id"));
    let read = harness.get(&themselves(alice, "P9"), &path).await.json();
    assert!(read["text"].as_str().is_some_and(|text| text.contains("Friday 20 March 2026")), "{read}");
}

#[tokio::test]
async fn a_check_without_an_account_is_seen_by_its_person_only_and_goes_on_with_the_person_that_claims_it() {
    let (harness, nameless, alice) = (Harness::new().await, somebody_new(), somebody_new());
    let code: ClaimCode = "0123456789ABCDEFGHJKMNPQRS".parse().expect("a code");
    let body = json!({"subject": nameless, "check": CHECK, "consentsToStorage": true, "consentsToSharing": false,
        "person": {"ageYears": 30, "sex": "female", "party": "first"}, "claim": code.hash()});
    harness.give(&anonymous(nameless), "start-symptom-check", body).await;
    let of_nameless = format!("/patients/{nameless}/symptom-checks/{NUMBER}");
    let asked = harness.get(&anonymous(nameless), &of_nameless).await.json();
    let question = asked["question"]["question"].clone();
    let answer = json!({"subject": nameless, "check": CHECK, "question": question,
        "answer": {"kind": "choice", "choice": "no"}});
    harness.give(&anonymous(nameless), "answer-question", answer).await;
    let before = harness.get(&anonymous(nameless), &of_nameless).await.json();
    assert_eq!(before["answers"][0]["words"], "No");
    for other in [anonymous(somebody_new()), themselves(alice, "P9")] {
        assert_eq!(harness.get(&other, &of_nameless).await.problem(), (403, "not-yours".to_owned()));
    }

    let claim = json!({"subject": alice, "from": CHECK, "code": code, "number": "CCCCCCCCCCCC",
        "consentsToSharing": true});
    harness.give(&themselves(alice, "P0"), "claim-symptom-check", claim).await;
    let path = format!("/patients/{alice}/symptom-checks/CCCCCCCCCCCC");
    let after = harness.get(&themselves(alice, "P0"), &path).await.json();
    for same in ["answers", "question", "person", "startedAt", "changedAt", "stage", "title"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(after["consent"], json!({"storage": true, "sharing": true}));
    assert_eq!(harness.get(&anonymous(nameless), &of_nameless).await.problem(), (404, "check-not-found".to_owned()));
    let listed = harness.get(&anonymous(nameless), &format!("/patients/{nameless}/symptom-checks")).await.items();
    assert_eq!(listed, [] as [Value; 0]);
}
