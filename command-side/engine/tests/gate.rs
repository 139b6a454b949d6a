//! Access: commands and queries use the same gate, and the registration that admits staff is validated, too.

mod common;

use command_engine::{Answer, Failure, Origin};
use common::{Harness, append, harness, new_key, new_subject, nurse, patient, somebody};
use event_core::{AccessRequest, Caller, Command, Denied, Event, Personal, Stream, SubjectId, testing::encoded};
use event_log::Log;
use http_edge::Gate;
use serde_json::json;
use vocabulary::{
    access::IdentityLevel,
    registrations::{PatientRegistered, Registration, RegistrationEvent},
};

const HERE: &str = "A12345";
const ELSEWHERE: &str = "B67890";

async fn register(log: &Log, subject: SubjectId, practice: &str, revision: u64) {
    let registered = RegistrationEvent::Registered(PatientRegistered {
        subject,
        practice: practice.parse().expect("a code"),
        name: Personal::new("Ada Example".parse().expect("a name")),
        nhs_number: Personal::new("9990000026".parse().expect("a number")),
        born_on: Personal::new(vocabulary::text::BirthDate("1990-02-28".parse().expect("a day"))),
    });
    let stream = Stream::<Registration>::of(subject).name().clone();
    let mut append = append(stream, revision, registered.kind(), encoded(&registered));
    append.provenance.subject = Some(subject);
    log.append(append).await.expect("stored");
}

async fn look_after(harness: &Harness, caller: Caller, subject: SubjectId) -> Result<Answer, Failure> {
    harness.give(caller, "look-after", &new_key(), json!({"patient": subject})).await
}

const NOT_YOURS: Failure = Failure::Denied(Denied::NotYours);

#[tokio::test]
async fn patients_are_let_in_to_their_own_from_their_identity_level_on() {
    let harness = harness().await;
    let (alice, bob) = (new_subject(), new_subject());
    assert!(look_after(&harness, patient(alice, IdentityLevel::P9), alice).await.is_ok());
    assert_eq!(look_after(&harness, patient(bob, IdentityLevel::P9), alice).await, Err(NOT_YOURS));
    let too_low = Failure::Denied(Denied::IdentityTooLow { level: "P9" });
    assert_eq!(look_after(&harness, patient(alice, IdentityLevel::P5), alice).await, Err(too_low));
}

#[tokio::test]
async fn staff_are_let_in_to_those_who_are_registered_with_them() {
    let harness = harness().await;
    let (here, elsewhere, nowhere) = (new_subject(), new_subject(), new_subject());
    register(&harness.log, here, HERE, 0).await;
    register(&harness.log, elsewhere, ELSEWHERE, 0).await;
    assert!(look_after(&harness, nurse(HERE), here).await.is_ok());
    for other in [elsewhere, nowhere] {
        assert_eq!(look_after(&harness, nurse(HERE), other).await, Err(NOT_YOURS));
    }
    let mut without = nurse(HERE);
    without.permissions.clear();
    assert_eq!(look_after(&harness, without, here).await, Err(NOT_YOURS));
    assert_eq!(look_after(&harness, somebody(), here).await, Err(NOT_YOURS));
}

/// Access is always decided on the current state, so a denial is not remembered with its key.
#[tokio::test]
async fn a_denial_is_not_remembered_with_its_key() {
    let (harness, subject, key) = (harness().await, new_subject(), new_key());
    let wish = async || harness.give(nurse(HERE), "look-after", &key, json!({"patient": subject})).await;
    assert_eq!(wish().await, Err(NOT_YOURS));
    register(&harness.log, subject, HERE, 0).await;
    assert!(!wish().await.expect("admitted now").replayed);
}

/// The trap: write skew over a stream that is only read.
#[tokio::test]
async fn who_moved_away_a_moment_ago_is_no_longer_let_in_though_the_cache_says_so() {
    let harness = harness().await;
    let person = new_subject();
    register(&harness.log, person, HERE, 0).await;
    look_after(&harness, nurse(HERE), person).await.expect("registered here");
    register(&harness.log, person, ELSEWHERE, 1).await;
    assert_eq!(look_after(&harness, nurse(HERE), person).await, Err(NOT_YOURS));
    assert!(look_after(&harness, nurse(ELSEWHERE), person).await.is_ok());
}

/// The trap: wrong refusal from a stale cache.
#[tokio::test]
async fn who_has_come_a_moment_ago_is_let_in_though_the_cache_does_not_know() {
    let harness = harness().await;
    let person = new_subject();
    assert_eq!(look_after(&harness, nurse(HERE), person).await, Err(NOT_YOURS));
    register(&harness.log, person, HERE, 0).await;
    assert!(look_after(&harness, nurse(HERE), person).await.is_ok());
}

#[tokio::test]
async fn queries_ask_the_same_gate_on_what_is_durable() {
    let harness = harness().await;
    let person = new_subject();
    let admit = async |caller: Caller| {
        let request = AccessRequest { caller, subject: Some(person), organisation: None };
        harness.engine.admit(common::LookAfter::WHO, &request).await.map_err(|problem| problem.code())
    };
    assert_eq!(admit(patient(person, IdentityLevel::P9)).await, Ok(()));
    assert_eq!(admit(nurse(HERE)).await, Err("not-yours"));
    register(&harness.log, person, HERE, 0).await;
    assert_eq!(admit(nurse(HERE)).await, Ok(()));
    register(&harness.log, person, ELSEWHERE, 1).await;
    assert_eq!(admit(nurse(HERE)).await, Err("not-yours"));
    assert_eq!(admit(somebody()).await, Err("not-yours"));
}

#[tokio::test]
async fn an_event_keeps_who_did_it_and_for_whom() {
    let harness = harness().await;
    let person = new_subject();
    register(&harness.log, person, HERE, 0).await;
    let (correlation, causation) = (uuid::Uuid::from_u128(7), uuid::Uuid::from_u128(8));
    let origin = Origin {
        acting_for: Some("relationship-1".parse().expect("a stream")),
        causation: Some(causation),
        correlation: Some(correlation),
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        ..Origin::new(nurse(HERE), new_key())
    };
    let body = json!({"patient": person}).to_string().into();
    harness.engine.execute("look-after", body, origin).await.expect("granted");
    let event = harness.events(&common::desk_stream(&person.to_string())).await.remove(0);
    let actor =
        r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null,"issuer":"https://issuer.example"}"#;
    assert_eq!((&*event.actor, event.subject), (actor, Some(person)));
    assert_eq!((event.correlation, event.causation), (correlation, Some(causation)));
    assert_eq!(event.acting_for.as_ref().map(|stream| stream.as_str()), Some("relationship-1"));
    assert_eq!(event.trace.as_deref(), Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    assert!(event.command_key.is_some() && event.request_hash.is_some());
    assert_eq!(event.id.get_version_num(), 7);
}
