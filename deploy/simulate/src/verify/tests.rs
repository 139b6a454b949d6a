use std::{collections::HashMap, io::Write};

use async_trait::async_trait;
use event_core::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{sources::LoggedEvent, *};
use crate::told::{ToldEvent, ToldLine, ToldOutcome, ToldSlot, ViewClaim};

const SESSION: &str = "SIM00000.000000000001";

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn slot() -> ToldSlot {
    ToldSlot { session: SESSION.to_owned(), starts_at: at(1_000) }
}

fn id(n: u128) -> Uuid {
    uuid::Builder::from_random_bytes(n.to_be_bytes()).into_uuid()
}

/// A log and views, as a test makes them.
#[derive(Default)]
struct FakeSystem {
    log: Vec<LoggedEvent>,
    views: HashMap<String, Value>,
}

#[async_trait]
impl LogSource for FakeSystem {
    async fn after(&self, position: u64) -> anyhow::Result<Vec<LoggedEvent>> {
        // Pages of two events.
        Ok(self.log.iter().filter(|event| event.position > position).take(2).cloned().collect())
    }

    async fn stream(&self, name: &str) -> anyhow::Result<Vec<LoggedEvent>> {
        Ok(self.log.iter().filter(|event| event.stream == name).cloned().collect())
    }
}

#[async_trait]
impl ViewSource for FakeSystem {
    async fn get(&self, _: &str, _: Option<&str>, path: &str, _: u64) -> anyhow::Result<Option<Value>> {
        Ok(self.views.get(path).cloned())
    }
}

impl FakeSystem {
    /// A log in which a session with one slot was published at second 10.
    fn with_session() -> FakeSystem {
        let mut system = FakeSystem::default();
        let timetable = json!({"startsAt": at(1_000), "endsAt": at(1_600), "slotMinutes": 10});
        system.logs("appointment.session-published.v1", 10, 0, json!({"timetable": timetable, "capacity": 1}));
        system
    }

    /// Appends an event of the session's stream, recorded at this second, of the command with this correlation.
    fn logs(&mut self, kind: &str, second: i64, correlation: u128, data: Value) -> ToldEvent {
        let position = self.log.len() as u64 + 1;
        let event = ToldEvent {
            id: id(u128::from(position) << 64),
            kind: kind.to_owned(),
            stream: format!("session-{SESSION}"),
            revision: position,
            position,
        };
        self.log.push(LoggedEvent {
            position,
            revision: event.revision,
            id: event.id,
            kind: event.kind.clone(),
            stream: event.stream.clone(),
            time: at(second),
            correlation: id(correlation),
            data: serde_json::value::to_raw_value(&data).expect("JSON"),
        });
        event
    }

    fn takes(&mut self, second: i64, correlation: u128, by: &str) -> ToldEvent {
        let data = json!({"session": SESSION, "startsAt": at(1_000), "by": by});
        self.logs("appointment.slot-taken.v1", second, correlation, data)
    }

    fn frees(&mut self, second: i64, by: &str) -> ToldEvent {
        let data = json!({"session": SESSION, "startsAt": at(1_000), "by": by});
        self.logs("appointment.slot-freed.v1", second, 0, data)
    }
}

/// An answer to `book-appointment` that was sent and answered within this second.
fn answer(key: u128, second: i64, outcome: ToldOutcome) -> ToldLine {
    ToldLine {
        key: format!("key-{key:016}"),
        correlation: Some(id(key)),
        visit: 1,
        activity: "bookings".to_owned(),
        who: "somebody".to_owned(),
        asked: "book-appointment".to_owned(),
        intended: at(second),
        sent: at(second),
        answered: at(second + 1),
        attempt: 1,
        outcome,
        status: if outcome == ToldOutcome::Granted { 200 } else { 409 },
        code: None,
        position: None,
        after: None,
        stale: false,
        events: Vec::new(),
        slot: Some(slot()),
        claims: Vec::new(),
    }
}

fn granted(key: u128, second: i64, event: &ToldEvent) -> ToldLine {
    let position = Some(format!("care:{}", event.position));
    ToldLine { position, events: vec![event.clone()], ..answer(key, second, ToldOutcome::Granted) }
}

fn refused(key: u128, second: i64) -> ToldLine {
    ToldLine { code: Some("slot-taken".to_owned()), ..answer(key, second, ToldOutcome::Refused) }
}

fn asked(second: i64, position: u64, after: Option<u64>) -> ToldLine {
    ToldLine {
        key: String::new(),
        correlation: None,
        position: Some(format!("care:{position}")),
        after: after.map(|after| format!("care:{after}")),
        slot: None,
        ..answer(0, second, ToldOutcome::Granted)
    }
}

/// The verdict on these lines, by way of a file.
async fn verdict(system: &FakeSystem, lines: &[ToldLine], filled: &[String]) -> ToldVerdict {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    for line in lines {
        writeln!(file, "{}", serde_json::to_string(line).expect("JSON")).expect("it is written");
    }
    let mut untruths = Untruths::default();
    let facts = ToldFacts::read(file.path(), &mut untruths).expect("it is read");
    let from = facts.start();
    hold(facts, untruths, system, from, filled).await.expect("it is held")
}

async fn untrue(system: &FakeSystem, lines: &[ToldLine]) -> String {
    let verdict = verdict(system, lines, &[]).await;
    assert!(verdict.untruths.count > 0, "the lie was not found: {}", verdict.line());
    verdict.untruths.texts.join("\n")
}

#[tokio::test]
async fn true_answers_are_held_and_none_is_untrue() {
    let mut system = FakeSystem::with_session();
    let taken = system.takes(20, 1, "alice");
    let path = "/patients/alice/appointments";
    system.views.insert(path.to_owned(), json!({"items": [{"session": SESSION, "status": "booked"}]}));
    let claims = vec![ViewClaim::new(path, json!({"session": SESSION}), json!({"status": "booked"}))];
    let lines = [
        ToldLine { slot: Some(slot()), ..asked(19, 1, None) },
        ToldLine { claims, ..granted(1, 20, &taken) },
        refused(2, 21),
        asked(22, 2, Some(2)),
        ToldLine { stale: true, ..asked(22, 1, Some(2)) },
        answer(3, 23, ToldOutcome::Unanswered),
    ];
    let verdict = verdict(&system, &lines, &[SESSION.to_owned()]).await;
    assert_eq!(verdict.line(), "Told: 4 answers held against the log and the views: none untrue.", "{verdict:?}");
    assert_eq!((verdict.others, verdict.filled, verdict.views_asked), (2, Some((1, 1)), 1));
}

#[tokio::test]
async fn every_event_of_the_first_answer_is_held_against_the_log() {
    let mut system = FakeSystem::with_session();
    let (first, second) = (system.takes(20, 1, "alice"), system.frees(20, "alice"));
    let line = |first: &ToldEvent| ToldLine { events: vec![first.clone(), second.clone()], ..granted(1, 20, &second) };
    let verdict = verdict(&system, &[line(&first)], &[]).await;
    assert_eq!(verdict.untruths.count, 0, "{:?}", verdict.untruths);
    let other = ToldEvent { revision: 7, ..first };
    assert_eq!(untrue(&system, &[line(&other)]).await, "line 1: its event at 2 is not in the log as told");
}

#[tokio::test]
async fn a_granted_command_that_is_not_in_the_log_is_found() {
    let mut system = FakeSystem::with_session();
    let taken = system.takes(20, 1, "alice");
    let beyond = ToldEvent { position: 9, ..taken.clone() };
    assert!(
        untrue(&system, &[granted(1, 20, &beyond)]).await.contains("line 1: its event at 9 is not in the log, which")
    );
    let other = ToldEvent { revision: 7, ..taken.clone() };
    assert!(untrue(&system, &[granted(1, 20, &other)]).await.contains("is not in the log as told"));
    let another_id = ToldEvent { id: id(77), ..taken };
    assert!(untrue(&system, &[granted(1, 20, &another_id)]).await.contains("is not in the log as told"));
}

#[tokio::test]
async fn a_key_that_was_told_both_is_found() {
    let mut system = FakeSystem::with_session();
    let taken = system.takes(20, 1, "alice");
    let both = untrue(&system, &[granted(1, 20, &taken), refused(1, 22)]).await;
    assert!(both.contains("line 2: book-appointment was refused, and granted in line 1"), "{both}");
    let both = untrue(&system, &[refused(1, 20), granted(1, 22, &taken)]).await;
    assert!(both.contains("line 2: book-appointment was granted, and refused in line 1"), "{both}");
    let again = ToldEvent { id: id(5), ..taken.clone() };
    let twice = untrue(&system, &[granted(1, 20, &taken), granted(1, 22, &again)]).await;
    assert!(twice.contains("line 2: book-appointment had another effect in line 1"), "{twice}");
}

#[tokio::test]
async fn a_refused_command_that_had_an_effect_is_found() {
    let mut system = FakeSystem::with_session();
    system.takes(20, 1, "alice");
    let found = untrue(&system, &[refused(1, 20)]).await;
    assert!(found.contains("line 1: it was refused, but appointment.slot-taken.v1 at 2 followed from it"), "{found}");
}

#[tokio::test]
async fn a_slot_that_two_people_have_is_found_in_the_log_and_in_what_they_were_told() {
    let mut system = FakeSystem::with_session();
    let (first, second) = (system.takes(20, 1, "alice"), system.takes(21, 2, "bob"));
    let found = untrue(&system, &[granted(1, 20, &first), granted(2, 21, &second)]).await;
    assert!(found.contains("is booked twice, at 3"), "{found}");
    assert!(found.contains("line 2: the slot was told to more people than it has places for"), "{found}");
}

#[tokio::test]
async fn a_refusal_of_a_slot_that_was_free_is_found() {
    let mut system = FakeSystem::with_session();
    assert!(untrue(&system, &[refused(1, 20)]).await.contains("line 1: the slot was told to be taken"));
    system.takes(30, 2, "alice");
    system.frees(40, "alice");
    for (second, was_free) in [(20, true), (29, false), (35, false), (39, false), (50, true)] {
        let verdict = verdict(&system, &[refused(1, second)], &[]).await;
        assert_eq!(verdict.untruths.count, u64::from(was_free), "{second}: {:?}", verdict.untruths);
    }
    // A repeat gets the first decision, however late it is.
    let silent = answer(1, 35, ToldOutcome::Unanswered);
    let verdict = verdict(&system, &[silent, refused(1, 60)], &[]).await;
    assert_eq!(verdict.untruths.count, 0, "{:?}", verdict.untruths);
}

#[tokio::test]
async fn a_hold_makes_a_refusal_true_until_it_expires() {
    let mut system = FakeSystem::with_session();
    let data = json!({"session": SESSION, "startsAt": at(1_000), "by": "alice", "expiresAt": at(50)});
    system.logs("appointment.slot-held.v1", 30, 0, data);
    for (second, was_free) in [(20, true), (35, false), (49, false), (60, true)] {
        let verdict = verdict(&system, &[refused(1, second)], &[]).await;
        assert_eq!(verdict.untruths.count, u64::from(was_free), "{second}: {:?}", verdict.untruths);
    }
}

#[tokio::test]
async fn a_slot_that_was_shown_as_free_but_was_taken_is_found() {
    let mut system = FakeSystem::with_session();
    system.takes(20, 1, "alice");
    let shown = |position| ToldLine { slot: Some(slot()), ..asked(30, position, None) };
    let found = untrue(&system, &[shown(2)]).await;
    assert!(found.contains("line 1: the slot was told to be free at 2, but was taken"), "{found}");
    // An old answer that says how old it is, is true.
    assert_eq!(verdict(&system, &[shown(1)], &[]).await.untruths.count, 0);
}

#[tokio::test]
async fn a_view_that_does_not_show_what_was_granted_is_found() {
    let mut system = FakeSystem::with_session();
    let taken = system.takes(20, 1, "alice");
    let path = "/patients/alice/appointments";
    let claims = vec![ViewClaim::new(path, json!({"session": SESSION}), json!({"status": "booked"}))];
    let lines = [ToldLine { claims, ..granted(1, 20, &taken) }];
    assert!(untrue(&system, &lines).await.contains(&format!("line 1: {path} does not show it")));
    system.views.insert(path.to_owned(), json!({"items": []}));
    assert!(untrue(&system, &lines).await.contains(&format!("line 1: {path} does not show it")));
    system.views.insert(path.to_owned(), json!({"items": [{"session": SESSION, "status": "cancelled"}]}));
    assert!(untrue(&system, &lines).await.contains(&format!("line 1: {path} shows another `status`")));
}

#[tokio::test]
async fn an_old_answer_that_does_not_say_so_is_found() {
    let system = FakeSystem::with_session();
    let found = untrue(&system, &[asked(20, 4, Some(5))]).await;
    assert!(found.contains("was asked as of care:5, and answered as of care:4"), "{found}");
    let nothing = ToldLine { outcome: ToldOutcome::Refused, status: 404, ..asked(20, 5, Some(5)) };
    assert!(untrue(&system, &[nothing]).await.contains("found nothing as of care:5"));
}

#[tokio::test]
async fn clinics_that_are_not_filled_are_found() {
    let system = FakeSystem::with_session();
    let verdict = verdict(&system, &[], &[SESSION.to_owned()]).await;
    assert_eq!(verdict.filled, Some((1, 0)));
    assert_eq!(verdict.untruths.texts, ["0 of 1 places are booked: the clinics are not filled exactly"]);
}

#[test]
fn numbers_have_groups() {
    assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
}
