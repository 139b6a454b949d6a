//! The platform's own commands through the engine: a practice is opened, patients are registered, sessions are
//! published, 500 requests race for 30 slots, and two nodes meet at the limit of a day.

mod common;

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use command_engine::{Answer, Catalogue, Engine, EngineOptions, Failure, Origin};
use common::{issuer, new_key, new_subject, open, patient};
use domain::{
    appointments::{
        publishing_day::SESSIONS_A_DAY_MAX,
        rejections::{LIMIT_REACHED, SLOT_TAKEN},
    },
    practices::OpenPractice,
};
use event_core::{Caller, Denied, StreamName, SubjectId, Timestamp};
use event_log::{Log, LogOptions};
use futures::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use vocabulary::{
    access::{CallerRole, IdentityLevel, Permission},
    practices::PracticeSettings,
    text::NhsNumber,
};

const PRACTICE: &str = "A12345";
const SESSION: &str = "A12345.0123456789AB";
const PATIENTS: usize = 500;
const SLOTS: usize = 30;

fn second_of_november() -> Timestamp {
    "2026-11-02T08:00:00Z".parse().expect("an instant")
}

fn start(log: &Log) -> Engine {
    let options = EngineOptions { clock: second_of_november, ..EngineOptions::default() };
    Engine::start(log.clone(), Catalogue::of(domain::every_command), options)
}

async fn give(engine: &Engine, caller: Caller, name: &str, body: Value) -> Result<Answer, Failure> {
    give_as(engine, caller, name, &new_key(), body).await
}

async fn give_as(engine: &Engine, caller: Caller, name: &str, key: &str, body: Value) -> Result<Answer, Failure> {
    engine.execute(name, Bytes::from(body.to_string()), Origin::new(caller, key)).await
}

fn operator() -> Caller {
    let permissions = vec![Permission::Practices.into()];
    Caller {
        issuer: issuer(),
        id: "operator-1".into(),
        role: CallerRole::Operator.into(),
        permissions,
        organisation: None,
        level: None,
    }
}

fn reception() -> Caller {
    Caller {
        issuer: issuer(),
        id: "reception-1".into(),
        role: CallerRole::Staff.into(),
        permissions: [Permission::Registration, Permission::Clinics, Permission::Booking].map(Box::from).into(),
        organisation: Some(PRACTICE.parse().expect("a code")),
        level: None,
    }
}

fn slot(at: usize) -> String {
    format!("2026-11-09T{:02}:{:02}:00Z", 9 + at / 6, at % 6 * 10)
}

async fn register(engine: &Engine, subject: SubjectId, nhs_number: NhsNumber) {
    let body = json!({
        "subject": subject, "practice": PRACTICE, "name": "Sam Example", "nhsNumber": nhs_number, "bornOn": "1980-02-29",
    });
    give(engine, reception(), "register-patient", body).await.expect("registered");
}

async fn open_the_practice(engine: &Engine) {
    let practice = json!({"practice": PRACTICE, "name": "Example Surgery", "address": "1 Example Street"});
    give(engine, operator(), "open-practice", practice).await.expect("opened");
    give(engine, reception(), "publish-session", session(SESSION)).await.expect("published");
}

fn session(id: &str) -> Value {
    json!({
        "session": id, "on": "2026-11-09", "from": "09:00", "until": "14:00", "slotMinutes": 10, "capacity": 1,
        "service": "gp", "channel": "in-person", "practitioner": {"name": "Dr Example", "role": "GP"},
    })
}

async fn book(engine: &Engine, subject: SubjectId, at: usize) -> Result<Answer, Failure> {
    let body = json!({"session": SESSION, "startsAt": slot(at), "patient": subject, "reason": "a sore knee"});
    give(engine, patient(subject, IdentityLevel::P0), "book-appointment", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_of_500_patients_for_30_slots_gives_30_bookings_and_470_who_are_told_that_the_slot_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let engine = start(&log);
    open_the_practice(&engine).await;
    let subjects: Vec<SubjectId> = (0..PATIENTS).map(|_| new_subject()).collect();
    let registrations = subjects
        .iter()
        .zip((0..).map(NhsNumber::synthetic))
        .map(|(subject, number)| register(&engine, *subject, number));
    stream::iter(registrations).buffer_unordered(64).collect::<Vec<()>>().await;

    // The states are read from the log: half of the race is a cold cache.
    let engine = start(&log);
    let race = subjects.iter().enumerate().map(|(at, subject)| book(&engine, *subject, at % SLOTS));
    let answers = join_all(race).await;
    let booked = answers.iter().filter(|answer| answer.is_ok()).count();
    let told = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Failure::Rejected(rejected)) if rejected.rejection == &SLOT_TAKEN));
    assert_eq!((booked, told.count()), (SLOTS, PATIENTS - SLOTS));
    let session: StreamName = StreamName::of("session", SESSION);
    let events = log.read_streams(&[session]).await.expect("read").remove(0);
    assert_eq!(events.len(), 1 + SLOTS, "published, and one booking for each slot");
}

#[tokio::test]
async fn what_is_personal_is_stored_closed_and_read_again_by_the_next_decision() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let engine = start(&log);
    open_the_practice(&engine).await;
    let subject = new_subject();
    register(&engine, subject, NhsNumber::synthetic(0)).await;
    book(&engine, subject, 0).await.expect("booked");
    let texts: Vec<String> = log
        .read(0, 100)
        .await
        .expect("read")
        .iter()
        .map(|event| String::from_utf8_lossy(&event.data).into_owned())
        .collect();
    assert!(texts.iter().any(|text| text.contains("\"p0.")), "a personal field is closed");
    for plain in ["Sam Example", "1980-02-29", "a sore knee", "99900"] {
        assert!(!texts.iter().any(|text| text.contains(plain)), "{plain}");
    }
    // Another engine opens it: the same registration is nothing new, which compares what is personal.
    let number = NhsNumber::synthetic(0);
    let body = json!({
        "subject": subject, "practice": PRACTICE, "name": "Sam Example", "nhsNumber": number, "bornOn": "1980-02-29",
    });
    let again = give(&start(&log), reception(), "register-patient", body).await.expect("nothing new");
    assert!(again.events.is_empty() && !again.replayed);
}

/// The maximum number of times that a client sends a command that is answered 503.
const SENDS_MAX: u32 = 1_000;

/// Publishes as a client does: with the same key, until there is an answer.
async fn publish(engine: &Engine, id: &str) -> Result<Answer, Failure> {
    let (key, body) = (new_key(), Bytes::from(session(id).to_string()));
    for _ in 0..SENDS_MAX {
        match engine.execute("publish-session", body.clone(), Origin::new(reception(), key.as_str())).await {
            Err(Failure::Contended) => {}
            answer => return answer,
        }
    }
    Err(Failure::Contended)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_together_publish_as_many_sessions_as_one_day_allows() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let nodes = [start(&log), start(&log)];
    let practice = json!({"practice": PRACTICE, "name": "Example Surgery", "address": "1 Example Street"});
    give(&nodes[0], operator(), "open-practice", practice).await.expect("opened");
    let limit = usize::try_from(SESSIONS_A_DAY_MAX).expect("small");
    let too_many = limit + 40;
    let ids: Vec<String> = (0..too_many).map(|number| format!("{PRACTICE}.{number:012}")).collect();
    let published = ids.iter().enumerate().map(|(at, id)| publish(&nodes[at % 2], id));
    let answers: Vec<_> = stream::iter(published).buffer_unordered(64).collect().await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Failure::Rejected(rejected)) if rejected.rejection == &LIMIT_REACHED));
    assert_eq!((granted, refused.count()), (limit, 40), "{:?}", answers.iter().find(|answer| answer.is_err()));
    let day = StreamName::of("publishing", format_args!("{PRACTICE}.2026-11-02"));
    assert_eq!(log.read_streams(&[day]).await.expect("read").remove(0).len(), limit);
}

#[tokio::test]
async fn a_command_has_one_time_for_its_streams_and_its_rules() {
    /// A clock that advances by a day with each reading.
    fn day_after_day() -> Timestamp {
        static LOOKS: AtomicI64 = AtomicI64::new(0);
        second_of_november().plus_days(LOOKS.fetch_add(1, Ordering::Relaxed))
    }
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let options = EngineOptions { clock: day_after_day, ..EngineOptions::default() };
    let engine = Engine::start(log.clone(), Catalogue::of(domain::every_command), options);
    open_the_practice(&engine).await;
    let day = StreamName::of("publishing", format_args!("{PRACTICE}.2026-11-03"));
    assert_eq!(log.read_streams(&[day]).await.expect("read").remove(0).len(), 1, "the second command, the second day");
}

/// Sends a late repeat, which gets the first answer and stores nothing.
async fn repeat_late(engine: &Engine, caller: &Caller, name: &str, key: &str, body: &Value, first: &Answer) {
    let late = give_as(engine, caller.clone(), name, key, body.clone()).await.expect("the first answer");
    assert!(late.replayed && !first.replayed);
    assert_eq!((late.position, late.events), (first.position, first.events.clone()));
}

/// The failure: opt in (nothing new), opt out, and a late repeat of the first made it an opt-in again.
#[tokio::test]
async fn the_late_repeat_of_an_opt_in_does_not_take_an_opt_out_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let (engine, subject) = (start(&log), new_subject());
    let donor = patient(subject, IdentityLevel::P9);
    let wish = |kind: &str| json!({"subject": subject, "decision": {"kind": kind}});
    let opt_in = wish("opt-in-all");
    let give_in = async |name: &str, key: &str| {
        give_as(&engine, donor.clone(), name, key, opt_in.clone()).await.expect("an opt-in")
    };
    let registered = give_in("register-donor", "the-first-opt-in").await;
    let nothing_new = give_in("amend-decision", "the-second-opt-in").await;
    assert_eq!((registered.events.len(), nothing_new.events.len()), (1, 0));
    give(&engine, donor.clone(), "amend-decision", wish("opt-out")).await.expect("opted out");

    // An engine that has just been started has nothing in memory.
    for engine in [&engine, &start(&log)] {
        repeat_late(engine, &donor, "register-donor", "the-first-opt-in", &opt_in, &registered).await;
        repeat_late(engine, &donor, "amend-decision", "the-second-opt-in", &opt_in, &nothing_new).await;
    }
    assert_eq!(log.end(), 2, "registered, and opted out");
    let again = give(&engine, donor, "amend-decision", wish("opt-out")).await.expect("it still holds");
    assert!(again.events.is_empty());
}

/// The failure: booked (nothing new), cancelled, and a late repeat of the first booked it again.
#[tokio::test]
async fn the_late_repeat_of_a_booking_does_not_book_again_what_was_cancelled() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let engine = start(&log);
    open_the_practice(&engine).await;
    let (subject, other) = (new_subject(), new_subject());
    for (subject, number) in [subject, other].into_iter().zip((0..).map(NhsNumber::synthetic)) {
        register(&engine, subject, number).await;
    }
    let sam = patient(subject, IdentityLevel::P9);
    let slot = json!({"session": SESSION, "startsAt": slot(0), "patient": subject});
    let wish =
        async |key: &str| give_as(&engine, sam.clone(), "book-appointment", key, slot.clone()).await.expect("booked");
    let (booked, nothing_new) = (wish("the-first-booking").await, wish("the-second-booking").await);
    assert_eq!((booked.events.len(), nothing_new.events.len()), (2, 0));
    let mut cancel = slot.clone();
    cancel["reason"] = json!("cancelled-by-citizen");
    give(&engine, sam.clone(), "cancel-appointment", cancel).await.expect("cancelled");

    let end = log.end();
    for engine in [&engine, &start(&log)] {
        repeat_late(engine, &sam, "book-appointment", "the-first-booking", &slot, &booked).await;
        repeat_late(engine, &sam, "book-appointment", "the-second-booking", &slot, &nothing_new).await;
    }
    assert_eq!(log.end(), end);
    assert!(!book(&engine, other, 0).await.expect("the slot is free").events.is_empty());
}

#[tokio::test]
async fn a_command_of_a_known_type_is_the_same_command_as_its_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&folder, LogOptions::default()).await;
    let engine = start(&log);
    let typed = OpenPractice {
        practice: PRACTICE.parse().expect("a code"),
        name: "Example Surgery".parse().expect("a line"),
        address: "1 Example Street".parse().expect("a line"),
        settings: PracticeSettings::default(),
    };
    let opened = engine.submit(&typed, Origin::new(operator(), "typed-or-not-0001")).await.expect("opened");
    assert_eq!((opened.events.len(), opened.replayed), (1, false));
    let json = serde_json::to_string(&typed).expect("JSON");
    let again = engine.execute("open-practice", json.into(), Origin::new(operator(), "typed-or-not-0001")).await;
    assert_eq!(again.expect("opened").position, opened.position);
    let refused = engine.submit(&typed, Origin::new(reception(), "typed-or-not-0002")).await;
    assert_eq!(refused, Err(Failure::Denied(Denied::NotYours)));
}
