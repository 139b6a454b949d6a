//! Laws of waiting lists over random histories, with the policies that make offers. They are checked on a fold of their
//! own of the recorded events.

use std::{cell::RefCell, collections::BTreeSet};

use domain::{
    appointments::{
        AcceptOffer, BookAppointment, CancelAppointment, DeclineOffer, HoldSlot, JoinWaitingList, LeaveWaitingList,
        ReleaseHold, Session,
    },
    practices::Practice,
};
use event_core::{Caller, Command, SubjectId};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use vocabulary::{
    SessionId,
    access::{CallerRole, IdentityLevel},
    appointments::{CancellationReason, WaitingEvent, WaitingJoined},
    practices::{PracticeOpened, PracticeSettings},
    registrations::{PatientRegistered, Registration},
    testing::{at, line, published, site},
    text::BirthDate,
};

use super::waiting_observed::{Observed, WaitedSlot};
use crate::runner::PolicyRunner;

const CASES: u32 = 200;
const STEPS_MAX: usize = 60;
/// Saturday. The slots are on Monday, so that those who joined in February and in March wait for them.
const START: &str = "2026-02-28T23:00:00Z";

fn people() -> Vec<SubjectId> {
    (1..=5).map(|n| format!("5742a900-0000-4000-8000-{n:012}").parse().expect("a subject")).collect()
}

pub(super) fn sessions() -> [SessionId; 2] {
    ["A12345.000000000001", "A12345.000000000002"].map(|id| id.parse().expect("a session"))
}

/// The slots of both sessions: one has one place in each slot, the other two.
fn slot(n: usize) -> WaitedSlot {
    (sessions()[n % 2].clone(), at("2026-03-09T09:00:00Z").plus_minutes(10 * (n as i64 / 2 % 3)))
}

fn caller(patient: SubjectId) -> Caller {
    Caller {
        issuer: "https://issuer.example".parse().expect("an issuer"),
        id: patient.to_string().into(),
        role: CallerRole::Patient.into(),
        permissions: vec![],
        organisation: None,
        level: Some(IdentityLevel::P9.into()),
    }
}

/// One request, or a pause.
#[derive(Debug, Clone)]
struct WaitingStep {
    what: usize,
    who: usize,
    slot: usize,
    minutes: i64,
}

fn steps() -> impl Strategy<Value = Vec<WaitingStep>> {
    let minutes = prop_oneof![4 => Just(0), 2 => 1..4i64, 1 => 4..15i64, 1 => 15..40i64];
    let step = (0..14usize, 0..5usize, 0..6usize, minutes).prop_map(|(what, who, slot, minutes)| WaitingStep {
        what,
        who,
        slot,
        minutes,
    });
    prop::collection::vec(step, 1..STEPS_MAX)
}

struct WaitingHistory {
    runner: PolicyRunner,
    seen: Observed,
}

impl WaitingHistory {
    fn new() -> WaitingHistory {
        let mut runner = PolicyRunner::at(at(START));
        let (name, address, settings) = (line("High Street"), line("1 High Street"), PracticeSettings::default());
        runner.given::<Practice>(PracticeOpened { practice: site(), name, address, settings });
        for subject in people() {
            runner.given::<Registration>(PatientRegistered {
                subject,
                practice: site(),
                name: "Alice Example".parse::<vocabulary::text::PersonName>().expect("valid").into(),
                nhs_number: "9990000026".parse::<vocabulary::text::NhsNumber>().expect("valid").into(),
                born_on: BirthDate("1980-02-29".parse().expect("valid")).into(),
            });
        }
        let [first, second] = sessions();
        runner.given::<Session>(published(first, 1));
        runner.given::<Session>(published(second, 2));
        WaitingHistory { runner, seen: Observed::default() }
    }

    fn ask<C: Command>(&mut self, command: &C, patient: SubjectId) -> Vec<&'static str> {
        match self.runner.give(command, caller(patient)) {
            Ok(events) => {
                self.seen.see(&events, self.runner.now);
                events.iter().map(|event| event.kind()).collect()
            }
            Err(code) => vec![code],
        }
    }

    fn settle(&mut self) -> Vec<&'static str> {
        let mut kinds = Vec::new();
        while let Some(events) = self.runner.next() {
            self.seen.see(&events, self.runner.now);
            kinds.extend(events.iter().map(|event| event.kind()));
        }
        self.seen.no_free_slot_is_unoffered(self.runner.now);
        kinds
    }

    fn pass(&mut self, minutes: i64) {
        let until = self.runner.now.plus_minutes(minutes);
        self.seen.pass(self.runner.now, until);
        self.runner.now = until;
    }

    fn take(&mut self, step: &WaitingStep) -> Vec<&'static str> {
        self.pass(step.minutes);
        let patient = people()[step.who];
        let (session, starts_at) = slot(step.slot);
        let own = self.seen.waiting.iter().find(|one| one.joined.patient == patient).cloned();
        match step.what {
            0..=2 => {
                let latest = ["2026-03-09", "2026-03-20"][step.slot % 2].parse().expect("a date");
                let join = JoinWaitingList {
                    patient,
                    site: site(),
                    service: "gp-routine".parse().expect("a service"),
                    channel: None,
                    earliest: "2026-03-02".parse().expect("a date"),
                    latest,
                };
                self.ask(&join, patient)
            }
            3 => {
                let Some(own) = own else { return vec![] };
                self.ask(&LeaveWaitingList { patient, site: site(), month: own.joined.month }, patient)
            }
            4 | 5 => {
                let Some((month, (session, starts_at))) = own.and_then(|own| Some((own.joined.month, own.offer?)))
                else {
                    return vec![];
                };
                let (reason, comment) = (None, None);
                self.ask(&AcceptOffer { patient, month, session, starts_at, reason, comment }, patient)
            }
            6 | 7 => {
                let (more_slots, reason, comment, confirms_hold) = (vec![], None, None, false);
                let book = BookAppointment { session, starts_at, more_slots, patient, reason, comment, confirms_hold };
                self.ask(&book, patient)
            }
            8 => {
                let taken = self.seen.taken.iter().nth(step.slot).cloned();
                let Some(((session, starts_at), patient)) = taken else { return vec![] };
                let reason = Some(CancellationReason::CancelledByCitizen);
                self.ask(&CancelAppointment { patient, session, starts_at, reason, version: None }, patient)
            }
            9 => self.ask(&HoldSlot { session, starts_at, patient }, patient),
            10 => self.ask(&ReleaseHold { session, starts_at, patient }, patient),
            11 => {
                let Some((month, (session, starts_at))) = own.and_then(|own| Some((own.joined.month, own.offer?)))
                else {
                    return vec![];
                };
                self.ask(&DeclineOffer { patient, month, session, starts_at }, patient)
            }
            _ => self.settle(),
        }
    }
}

#[test]
fn whatever_happens_offers_are_one_at_a_time_in_the_order_of_joining_and_no_freed_slot_is_lost() {
    let met: RefCell<BTreeSet<&'static str>> = RefCell::default();
    // A fixed seed makes failures reproducible, and guarantees that the outcomes listed below occur.
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, random)
        .run(&steps(), |steps| {
            let mut history = WaitingHistory::new();
            for step in &steps {
                met.borrow_mut().extend(history.take(step));
            }
            for _ in 0..8 {
                met.borrow_mut().extend(history.settle());
                history.pass(31);
            }
            Ok(())
        })
        .expect("the laws hold");
    let met = met.into_inner();
    let expected = [
        "waiting.joined.v1",
        "waiting.slot-offered.v1",
        "waiting.offer-accepted.v1",
        "waiting.offer-lapsed.v1",
        "waiting.left.v1",
        "waiting.slot-passed.v1",
        "appointment.hold-released.v1",
        "already-waiting",
        "slot-taken",
    ];
    let missed: Vec<_> = expected.iter().filter(|what| !met.contains(*what)).collect();
    assert!(missed.is_empty(), "never met: {missed:?}");
}

/// Fairness at scale: a thousand people wait for one clinic of 30 slots, which are freed one after the other.
#[test]
fn a_thousand_people_who_wait_for_one_clinic_are_offered_slots_in_the_order_of_joining() {
    let mut runner = PolicyRunner::at(at("2026-03-02T08:00:00Z"));
    runner.given::<Session>(published(sessions()[0].clone(), 1));
    let person = |n: usize| -> SubjectId { format!("5742a900-0000-4000-8000-{n:012}").parse().expect("a subject") };
    for n in 0..1_000 {
        runner.given::<domain::appointments::WaitingList>(WaitingJoined {
            site: site(),
            month: "2026-03-01".parse().expect("a date"),
            // Not in the order of their ids.
            patient: person(n * 7 % 1_000),
            service: "gp-routine".parse().expect("a service"),
            channel: None,
            earliest: "2026-03-02".parse().expect("a date"),
            latest: "2026-03-09".parse().expect("a date"),
            joined_at: runner.now,
        });
    }
    let mut offered = Vec::new();
    for n in [0, 2, 4] {
        let (session, starts_at) = slot(n);
        let by = person(5_000 + n);
        runner.given::<Session>(vocabulary::appointments::SlotTaken { session: session.clone(), starts_at, by });
        runner.given::<Session>(vocabulary::appointments::SlotFreed { session, starts_at, by });
    }
    for _ in 0..100 {
        for event in runner.settle() {
            if let Some(WaitingEvent::Offered(event)) = event.as_any().downcast_ref::<WaitingEvent>() {
                offered.push(event.patient);
            }
        }
        runner.now = runner.now.plus_minutes(30);
    }
    let firsts: Vec<_> = offered.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    // Each slot is offered every 30 minutes, to those who are next in line or whose other offers have lapsed.
    assert!(offered.len() >= 290, "{} offers", offered.len());
    let in_order: Vec<SubjectId> = (0..firsts.len()).map(|n| person(n * 7 % 1_000)).collect();
    assert_eq!(firsts.iter().copied().collect::<BTreeSet<_>>(), in_order.into_iter().collect());
}
