//! The document describes the body of a command exactly: bodies at and beyond every edge of each schema are accepted or
//! refused as the schema says.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use event_core::SubjectId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    contract,
    harness::{Answer, Harness, SITE, anonymous, operator, somebody_new, staff, themselves},
};

const SESSION: &str = "A12345.0123456789AB";
const MESSAGE: &str = "A12345.000000000001";

/// The name of each command, a caller that it admits (any caller, if it admits policies only), and a body with all members that its schema accepts.
fn bodies(alice: SubjectId) -> Vec<(&'static str, Value, Value)> {
    let themselves = themselves(alice, "P9");
    let (desk, start) = (staff(SITE), "2026-03-23T09:00:00Z");
    let settings = json!({"bookingWindowDays": 42, "openBookingsMax": 3, "cancelCutOffMinutes": 30,
        "repeatOrdering": true, "repeatDaysEarly": 7, "offerMinutes": 30});
    let time = json!({"session": SESSION, "startsAt": start, "patient": alice});
    let with = |more: Value| {
        let mut body = time.clone();
        body.as_object_mut().expect("a body").extend(more.as_object().expect("members").clone());
        body
    };
    let mut bodies = vec![
        (
            "open-practice",
            operator(),
            json!({"practice": SITE, "name": "A practice", "address": "1 High Street", "settings": settings}),
        ),
        ("change-practice-settings", desk.clone(), json!({"practice": SITE, "settings": settings})),
        (
            "register-patient",
            desk.clone(),
            json!({"subject": alice, "practice": SITE, "name": "Alice Example", "nhsNumber": "9990000026",
                "bornOn": "1980-02-29"}),
        ),
        (
            "publish-session",
            desk.clone(),
            json!({"session": SESSION, "on": "2026-03-23", "from": "09:00", "until": "10:00", "slotMinutes": 10,
                "capacity": 1, "service": "gp-routine", "channel": "in-person",
                "practitioner": {"name": "Dr Ada Example", "role": "General practitioner"},
                "practitionerId": "G1234567", "releasedAt": "2026-03-20T08:00:00Z"}),
        ),
        ("hold-slot", themselves.clone(), time.clone()),
        ("release-hold", themselves.clone(), time.clone()),
        (
            "book-appointment",
            themselves.clone(),
            with(json!({"moreSlots": ["2026-03-23T09:10:00Z"], "reason": "a sore knee", "comment": "since\nTuesday",
                "confirmsHold": false})),
        ),
        ("amend-appointment", themselves.clone(), with(json!({"version": 1, "reason": "a knee", "comment": "both"}))),
        (
            "reschedule-appointment",
            themselves.clone(),
            with(json!({"version": 1, "toSession": SESSION, "toStartsAt": "2026-03-23T09:30:00Z",
                "toMoreSlots": ["2026-03-23T09:40:00Z"]})),
        ),
        ("cancel-appointment", themselves.clone(), with(json!({"version": 1, "reason": "cancelled-by-citizen"}))),
        ("check-in", themselves.clone(), with(json!({}))),
        ("book-together", desk.clone(), with(json!({"companion": "b0b00000-0000-4000-8000-000000000002"}))),
        ("orphan-booking", desk.clone(), with(json!({}))),
        ("follow-practitioner", desk.clone(), with(json!({}))),
        ("offer-slot", desk.clone(), json!({"session": SESSION, "startsAt": "2026-03-23T09:00:00Z"})),
        (
            "free-practitioner",
            desk.clone(),
            json!({"practitioner": "G1234567", "on": "2026-03-23", "session": SESSION}),
        ),
        ("lapse-offer", desk.clone(), with(json!({"month": "2026-03-01"}))),
        ("decline-offer", themselves.clone(), with(json!({"month": "2026-03-01"}))),
        ("mark-attended", desk.clone(), with(json!({}))),
        ("mark-did-not-attend", desk.clone(), with(json!({}))),
        (
            "register-donor",
            themselves.clone(),
            json!({"subject": alice, "decision": {"kind": "opt-in-some", "organs": ["heart", "lungs"]}}),
        ),
        (
            "amend-decision",
            themselves.clone(),
            json!({"subject": alice, "decision":
                {"kind": "appointed-representative", "representatives": ["Bob Example", "Carol Example"]}}),
        ),
        ("declare-faith", themselves.clone(), json!({"subject": alice, "faith": "prefer-not-to-say"})),
        ("withdraw-decision", themselves.clone(), json!({"subject": alice})),
        (
            "register-carer",
            themselves.clone(),
            json!({"subject": alice, "carer": "000000000001", "name": "Sam Example", "relationship": "friend"}),
        ),
        (
            "join-waiting-list",
            themselves.clone(),
            json!({"patient": alice, "site": SITE, "service": "gp-routine", "channel": "video", "earliest": "2026-03-20",
                "latest": "2026-03-27"}),
        ),
        ("leave-waiting-list", themselves.clone(), json!({"patient": alice, "site": SITE, "month": "2026-03-01"})),
        (
            "accept-offer",
            themselves.clone(),
            with(json!({"month": "2026-03-01", "reason": "a sore knee", "comment": "since\nTuesday"})),
        ),
        (
            "extend-session",
            desk.clone(),
            json!({"session": SESSION, "until": "10:30",
            "practitionerDay": {"practitioner": "G1234567", "on": "2026-03-23"}}),
        ),
        (
            "amend-session",
            desk.clone(),
            json!({"session": SESSION, "from": "09:00", "until": "10:00", "slotMinutes": 10, "capacity": 1,
                "channel": "in-person", "practitioner": {"name": "Dr Ada Example", "role": "General practitioner"},
                "affected": "0123456789abcdef",
                "practitionerDay": {"practitioner": "G1234567", "on": "2026-03-23"}}),
        ),
        ("withdraw-session", desk.clone(), json!({"session": SESSION, "affected": "0123456789abcdef"})),
        ("remove-carer", themselves.clone(), json!({"subject": alice, "carer": "000000000001"})),
        (
            "change-contact",
            themselves.clone(),
            json!({"subject": alice, "phone": "+447700900123", "email": "alice@example.com"}),
        ),
        (
            "set-preferences",
            themselves.clone(),
            json!({"subject": alice, "preferences":
                {"push": true, "sms": true, "email": false, "reminders": true, "researchOptOut": false}}),
        ),
        (
            "send-message",
            desk.clone(),
            json!({"sender": SITE, "request": "000000000001", "patient": alice, "title": "Your blood test",
                "body": "Please book\na blood test.", "replies": {"kind": "keywords", "keywords": ["YES", "NO"]}}),
        ),
        ("mark-read", themselves.clone(), json!({"subject": alice, "message": MESSAGE})),
        (
            "reply-to-message",
            themselves,
            json!({"subject": alice, "message": MESSAGE, "reply": {"kind": "keyword", "keyword": "YES"}}),
        ),
        (
            "send-system-message",
            desk.clone(),
            json!({"message": "A12345.00000000000000000000000001", "patient": alice,
                "facts": {"kind": "appointment-reminder", "session": SESSION, "startsAt": start}}),
        ),
        ("remind-of-appointment", desk.clone(), json!({"patient": alice, "session": SESSION, "startsAt": start})),
        (
            "tell-prescription-ready",
            desk.clone(),
            json!({"patient": alice, "request": "000000000001", "pharmacy": "FA123", "at": start}),
        ),
        ("notify-by-sms", desk.clone(), json!({"message": MESSAGE, "subject": alice})),
        ("record-notified", desk.clone(), json!({"message": MESSAGE, "subject": alice, "channel": "push"})),
        ("record-delivered", desk, json!({"message": MESSAGE, "subject": alice, "channel": "sms"})),
    ];
    bodies.extend(prescriptions(alice));
    bodies.extend(symptom_checks(alice));
    bodies.extend(vaccinations(alice));
    bodies
}

/// The same for the commands of symptom checks.
fn symptom_checks(alice: SubjectId) -> Vec<(&'static str, Value, Value)> {
    let themselves = themselves(alice, "P0");
    let check = json!({"subject": alice, "check": "headache.1.0123456789AB"});
    let with = |more: Value| {
        let mut body = check.clone();
        body.as_object_mut().expect("a body").extend(more.as_object().expect("members").clone());
        body
    };
    vec![
        (
            "start-symptom-check",
            anonymous(alice),
            with(json!({"person": {"ageYears": 30, "sex": "female", "party": "first"}, "consentsToStorage": true,
                "consentsToSharing": false, "claim": "0a".repeat(32)})),
        ),
        (
            "answer-question",
            themselves.clone(),
            with(json!({"question": "sudden-onset", "answer": {"kind": "choice", "choice": "no"}})),
        ),
        (
            "revise-answer",
            themselves.clone(),
            with(json!({"question": "sudden-onset", "answer": {"kind": "text", "text": "since\nTuesday"}})),
        ),
        ("abandon-symptom-check", themselves.clone(), check.clone()),
        ("resume-symptom-check", themselves.clone(), check.clone()),
        (
            "claim-symptom-check",
            themselves,
            json!({"subject": alice, "from": "headache.1.0123456789AC", "code": "0123456789ABCDEFGHJKMNPQRS",
                "number": "0123456789AB", "consentsToSharing": false}),
        ),
        (
            "recall-release",
            operator(),
            json!({"release": "headache.1", "reason": "A question about the neck was missing."}),
        ),
        ("flag-symptom-check", staff(SITE), with(json!({"message": MESSAGE}))),
    ]
}

/// The same for the commands of vaccinations.
fn vaccinations(alice: SubjectId) -> Vec<(&'static str, Value, Value)> {
    let (desk, id) = (staff(SITE), "0000000000D1");
    let given = json!({"programme": "covid-19", "number": 1, "vaccine": "comirnaty", "lot": "EL1484",
        "expiresOn": "2026-12-31", "givenOn": "2026-03-20", "site": SITE, "route": "intramuscular",
        "givenBy": "Nora Example"});
    let lot = "comirnaty.EL1484";
    vec![
        (
            "book-vaccination",
            themselves(alice, "P9"),
            json!({"patient": alice, "session": format!("{SITE}.0123456789AB"), "startsAt": "2026-03-23T09:00:00Z",
                "declared": {"cohorts": ["carer"], "contraindications": [{"id": "pregnancy", "on": "2026-03-01"}]},
                "second": {"session": format!("{SITE}.0123456789AC"), "startsAt": "2026-05-25T09:00:00Z"}}),
        ),
        ("record-dose", desk.clone(), json!({"subject": alice, "dose": id, "given": given})),
        (
            "correct-dose",
            desk.clone(),
            json!({"subject": alice, "dose": id, "given": given, "reason": "A typing error"}),
        ),
        ("void-dose", desk.clone(), json!({"subject": alice, "dose": id, "site": SITE, "reason": "Another person"})),
        (
            "issue-pass",
            desk.clone(),
            json!({"subject": alice, "pass": "0000000000P1", "dose": id,
                "name": {"surname": "Example", "forename": "Alice", "surnameLatin": "EXAMPLE", "forenameLatin": "ALICE"}}),
        ),
        ("revoke-pass", themselves(alice, "P9"), json!({"subject": alice, "pass": "0000000000P1"})),
        ("recall-lot", operator(), json!({"lot": lot, "reason": "Glass in a vial"})),
        ("flag-dose", desk, json!({"subject": alice, "dose": id, "lot": lot})),
    ]
}

/// The same for the commands of repeat prescriptions.
fn prescriptions(alice: SubjectId) -> Vec<(&'static str, Value, Value)> {
    let (themselves, desk) = (themselves(alice, "P9"), staff(SITE));
    let id = "000000000001";
    let with = |more: Value| {
        let mut body = json!({"patient": alice});
        body.as_object_mut().expect("a body").extend(more.as_object().expect("members").clone());
        body
    };
    let medicine = json!({"code": "39113611000001102", "name": "Atorvastatin 20mg tablets", "dose": "One each evening",
        "quantity": "28 tablets"});
    let plan = with(json!({"practice": SITE, "plan": id, "medicine": medicine, "supplyDays": 28, "issues": 6,
        "reviewOn": "2026-12-31"}));
    let request = with(json!({"practice": SITE, "request": id}));
    let rejected = with(json!({"practice": SITE, "request": id, "reason": "a blood test\nfirst"}));
    vec![
        ("open-pharmacy", operator(), json!({"pharmacy": SITE, "name": "A pharmacy", "address": "3 High Street"})),
        ("nominate-pharmacy", themselves.clone(), with(json!({"pharmacy": SITE}))),
        ("clear-pharmacy", themselves.clone(), with(json!({}))),
        ("authorise-repeat", desk.clone(), plan.clone()),
        ("change-repeat", desk.clone(), plan),
        ("stop-repeat", desk.clone(), with(json!({"practice": SITE, "plan": id}))),
        (
            "request-repeat",
            themselves.clone(),
            with(
                json!({"practice": SITE, "request": id, "plans": [id], "note": "away\nfrom Friday", "pharmacy": SITE}),
            ),
        ),
        ("cancel-request", themselves, with(json!({"request": id}))),
        ("approve-request", desk.clone(), request),
        ("reject-request", desk.clone(), rejected),
        ("send-to-pharmacy", desk.clone(), with(json!({"practice": SITE, "request": id, "pharmacy": SITE}))),
        (
            "report-dispense",
            desk.clone(),
            with(json!({"pharmacy": SITE, "request": id, "plans": [id], "status": "collected",
                "at": "2026-03-20T09:00:00Z"})),
        ),
        ("complete-request", desk, with(json!({"request": id, "pharmacy": SITE}))),
    ]
}

/// Replacements of a value, at the edges on which a schema and a reader may differ.
fn others(value: &Value) -> Vec<Value> {
    let mut others = vec![Value::Null, json!(true), json!({}), json!([]), json!(""), json!(-1), json!(1.5), json!("x")];
    match value {
        Value::Number(_) => {
            let whole = [0, 1, 2, 20, 21, 100, 101, 255, 256, 365, 366, 480, 481, 10_080, 10_081, 65_535, 65_536];
            others.extend(whole.map(Value::from));
            others.extend([u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX].map(Value::from));
        }
        Value::String(text) => {
            let near = [" ", "\n", "\0", "\u{200b}", "\u{202e}", "\u{e0041}", "é"];
            others.extend(
                near.iter()
                    .flat_map(|c| [format!("{text}{c}"), format!("{c}{text}"), (*c).to_owned()])
                    .map(Value::from),
            );
            others.extend(
                [1, 50, 99, 100, 101, 199, 200, 201, 500, 501, 5_000, 5_001]
                    .map(|length| Value::from("é".repeat(length))),
            );
            others.push(text.to_uppercase().into());
            others.push(text.to_lowercase().into());
        }
        Value::Array(items) => {
            let first = items.first().cloned().unwrap_or_default();
            others.extend((1..=13).map(|length| Value::from(vec![first.clone(); length])));
        }
        Value::Object(_) | Value::Bool(_) | Value::Null => {}
    }
    others
}

/// The body with one value changed, left out or added, at every depth.
fn variations(body: &Value) -> Vec<Value> {
    let mut all = others(body);
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                let mut without = members.clone();
                without.remove(name);
                all.push(without.into());
                for value in variations(value) {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), value);
                    all.push(changed.into());
                }
            }
            let mut more = members.clone();
            more.insert("more".to_owned(), json!(1));
            all.push(more.into());
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                for value in variations(item) {
                    let mut changed = items.clone();
                    changed[at] = value;
                    all.push(changed.into());
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

async fn give(harness: &Harness, who: &Value, name: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/commands/{name}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", harness.token(who)))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", Uuid::new_v4().to_string())
        .body(Body::from(body.to_string()))
        .expect("a request");
    harness.send(request).await
}

/// True for a command that admits policies and no caller with a token.
fn is_of_policies(command: &Value) -> bool {
    let who = command["who"].as_object().expect("an access rule");
    let admits = |role: &&String| !matches!(who[*role], Value::Null | Value::Bool(false));
    who.keys().filter(admits).eq(["system"])
}

/// True for the fault that a schema cannot express: the check digit of an NHS number.
fn is_excused(body: &Value, answer: &Answer) -> bool {
    body["nhsNumber"].is_string() && answer.text.contains("Modulus 11")
}

#[tokio::test]
async fn a_body_is_refused_as_unreadable_where_its_schema_refuses_it_and_nowhere_else() {
    let harness = Harness::still().await;
    let alice = somebody_new();
    let bodies = bodies(alice);
    let listed = harness.send(Request::get("/commands").body(Body::empty()).expect("a request")).await.json();
    let listed = listed["items"].as_array().expect("items");
    let of_policies: Vec<&str> = listed
        .iter()
        .filter(|command| is_of_policies(command))
        .filter_map(|command| command["name"].as_str())
        .collect();
    let mut described = Vec::new();
    for (name, who, body) in &bodies {
        assert!(contract::accepts(name, body), "{name}: {body}");
        let answer = give(&harness, who, name, body).await;
        // A rule may refuse it, because the variations before it have used up a limit; the gate does not.
        let by_a_rule = [403, 404, 409, 412, 422].contains(&answer.status.as_u16());
        let by_the_gate =
            ["/problems/not-yours", "/problems/identity-too-low"].iter().any(|code| answer.text.contains(code));
        let is_right = answer.status.is_success() || by_a_rule;
        assert!(is_right && by_the_gate == of_policies.contains(name), "{name}: {answer:?}");
        described.push(*name);
        for body in variations(body) {
            let answer = give(&harness, who, name, &body).await;
            if contract::accepts(name, &body) {
                assert!(answer.status != 400 || is_excused(&body, &answer), "{name}: {body}\n{answer:?}");
                assert!(!answer.text.contains("text-too-long"), "{name}: {body}\n{answer:?}");
            } else {
                // Beyond some edges a rule refuses it, and not before the rules about what is there.
                assert!(answer.status.is_client_error(), "{name}: {body}\n{answer:?}");
            }
        }
    }
    let mut listed: Vec<&str> = listed.iter().filter_map(|command| command["name"].as_str()).collect();
    listed.sort_unstable();
    described.sort_unstable();
    assert_eq!(described, listed, "a body of each command is here");
}
