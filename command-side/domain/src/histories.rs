//! Laws of appointments over random histories: capacity, diaries and limits hold for any requests in any order. The
//! laws are checked on a separate fold of the recorded events, not on the states that made the decisions.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use event_core::{Command, Context, Event, Reads, StreamName, SubjectId, Timestamp, state::AnyState};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use vocabulary::{
    SessionId,
    appointments::{BookedPlace, BookedTime, CancellationReason, DiaryEvent, SessionEvent, Timetable},
    bookings_version::BookingsVersion,
    practices::PracticeSettings,
    time::LONDON,
};

use crate::{
    appointments::{
        AmendAppointment, BookAppointment, CancelAppointment, CheckIn, HoldSlot, MarkAttended, MarkDidNotAttend,
        OrphanBooking, ReleaseHold, RescheduleAppointment, WithdrawSession,
    },
    spec::{alice, as_patient, at, bob, practice_opened, published, registered},
};

const CASES: u32 = 400;
const STEPS_MAX: usize = 80;
const OPEN_BOOKINGS_MAX: usize = 3;
const START: &str = "2026-03-09T08:00:00Z";

fn people() -> [SubjectId; 3] {
    [alice(), bob(), "ca201000-0000-4000-8000-000000000003".parse().expect("a subject")]
}

fn sessions() -> [SessionId; 3] {
    ["A12345.000000000001", "A12345.000000000002", "A12345.000000000003"].map(|id| id.parse().expect("a session"))
}

/// One room at nine, two rooms at nine, one room at ten; three slots of ten minutes each.
fn clinics() -> [(SessionEvent, usize, Timestamp); 3] {
    let [first, second, third] = sessions();
    let nine = at("2026-03-09T09:00:00Z");
    let ten = at("2026-03-09T10:00:00Z");
    let mut later = published(third, 1);
    if let SessionEvent::Published(session) = &mut later {
        session.timetable = Timetable { starts_at: ten, ends_at: ten.plus_minutes(30), slot_minutes: 10 };
    }
    [(published(first, 1), 1, nine), (published(second, 2), 2, nine), (later, 1, ten)]
}

fn slot(session: usize, n: usize) -> Timestamp {
    clinics()[session].2.plus_minutes(10 * i64::try_from(n).expect("small"))
}

/// One request, as small numbers, which shrink well.
#[derive(Debug, Clone)]
struct HistoryStep {
    what: usize,
    who: usize,
    from: (usize, usize),
    to: (usize, usize),
    /// The number of slots, and the minutes that pass before the request.
    count: usize,
    minutes: i64,
}

fn steps() -> impl Strategy<Value = Vec<HistoryStep>> {
    let place = || (0..3usize, 0..3usize);
    let step =
        (0..14usize, 0..3usize, place(), place(), 1..3usize, prop_oneof![4 => Just(0), 2 => 1..4i64, 1 => 4..25i64])
            .prop_map(|(what, who, from, to, count, minutes)| HistoryStep { what, who, from, to, count, minutes });
    prop::collection::vec(step, 1..STEPS_MAX)
}

/// The streams as the engine stores them, and an independent interpretation of the events.
struct History {
    states: HashMap<StreamName, Box<dyn AnyState>>,
    now: Timestamp,
    places: BTreeSet<(SessionId, Timestamp, SubjectId)>,
    holds: BTreeMap<(SessionId, SubjectId), (Timestamp, Timestamp)>,
    bookings: BTreeMap<(SubjectId, SessionId, Timestamp), BookedTime>,
    versions: HashMap<(SubjectId, SessionId, Timestamp), u32>,
    /// The booked places for which `OrphanBooking` has still to be given.
    orphans: Vec<(SessionId, BookedPlace)>,
}

impl History {
    fn new() -> History {
        let mut history = History {
            states: HashMap::new(),
            now: at(START),
            places: BTreeSet::new(),
            holds: BTreeMap::new(),
            bookings: BTreeMap::new(),
            versions: HashMap::new(),
            orphans: Vec::new(),
        };
        history.given(practice_opened(PracticeSettings::default()), Box::new(crate::practices::Practice::default()));
        for person in people() {
            let nobody = Box::new(vocabulary::registrations::Registration::default());
            history.given(registered(person, "1980-02-29"), nobody);
        }
        for (published, ..) in clinics() {
            history.given(published, Box::new(crate::appointments::Session::default()));
        }
        history
    }

    fn given<E: Event>(&mut self, event: E, empty: Box<dyn AnyState>) {
        self.states.entry(event.stream()).or_insert(empty).evolve_proposed(&event);
    }

    /// The kinds of the recorded events, or the code of the rejection.
    fn ask<C: Command>(&mut self, command: &C, who: SubjectId) -> Vec<&'static str> {
        let context = Context { now: self.now, caller: as_patient(who) };
        let wanted = C::Reads::wanted(&command.streams(&context));
        let states: Vec<Arc<dyn AnyState>> = wanted
            .iter()
            .map(|wanted| {
                let known = self.states.get(&wanted.stream);
                Arc::from(known.map_or_else(|| (wanted.empty)(), |state| state.boxed_clone()))
            })
            .collect();
        let decision = match command.decide(C::Reads::borrow(&states).expect("the states that were wanted"), &context) {
            Ok(decision) => decision,
            Err(rejected) => return vec![rejected.rejection.code],
        };
        for (stream, event) in &decision.events {
            let empty = wanted.iter().find(|wanted| wanted.stream == *stream).expect("a stream that it reads").empty;
            self.states.entry(stream.clone()).or_insert_with(empty).evolve_proposed(event.as_any());
            self.note(event.as_any());
        }
        decision.events.iter().map(|(_, event)| event.kind()).collect()
    }

    fn note(&mut self, event: &dyn std::any::Any) {
        if let Some(event) = event.downcast_ref::<SessionEvent>() {
            self.note_session(event);
        }
        if let Some(event) = event.downcast_ref::<DiaryEvent>() {
            self.note_diary(event);
        }
    }

    fn note_session(&mut self, event: &SessionEvent) {
        match event {
            SessionEvent::Published(_) | SessionEvent::Extended(_) => {}
            SessionEvent::Withdrawn(e) => self.orphans.extend(e.orphaned.iter().map(|at| (e.session.clone(), *at))),
            SessionEvent::Amended(e) => self.orphans.extend(e.orphaned.iter().map(|at| (e.session.clone(), *at))),
            SessionEvent::Held(e) => {
                self.holds.insert((e.session.clone(), e.by), (e.starts_at, e.expires_at));
            }
            SessionEvent::Released(e) => {
                assert!(self.holds.remove(&(e.session.clone(), e.by)).is_some(), "a hold that nobody had is released");
            }
            SessionEvent::Taken(e) => {
                let held = (e.session.clone(), e.by);
                if self.holds.get(&held).is_some_and(|(slot, _)| *slot == e.starts_at) {
                    self.holds.remove(&held);
                }
                assert!(self.places.insert((e.session.clone(), e.starts_at, e.by)), "one person has a slot twice");
            }
            SessionEvent::Freed(e) => {
                assert!(self.places.remove(&(e.session.clone(), e.starts_at, e.by)), "a slot nobody had is freed");
            }
        }
    }

    fn note_diary(&mut self, event: &DiaryEvent) {
        match event {
            DiaryEvent::HoldPlaced(_) => {}
            DiaryEvent::Booked(e) => self.put(e.patient, &e.time, e.version),
            DiaryEvent::Rescheduled(e) => {
                self.remove(e.patient, &e.from);
                self.put(e.patient, &e.to, e.version);
            }
            DiaryEvent::Cancelled(e) => {
                self.remove(e.patient, &e.time);
                self.grows(e.patient, &e.time, e.version);
            }
            DiaryEvent::Amended(e) => self.grows(e.patient, &e.time, e.version),
            DiaryEvent::Orphaned(e) => {
                self.remove(e.patient, &e.time);
                self.grows(e.patient, &e.time, e.version);
            }
            DiaryEvent::PractitionerChanged(e) => self.grows(e.patient, &e.time, e.version),
            DiaryEvent::CheckedIn(e) => {
                assert_eq!(LONDON.day(self.now), LONDON.day(e.time.starts_at), "a check-in on another day");
                self.grows(e.patient, &e.time, e.version);
            }
            DiaryEvent::Attended(e) => self.marked(e.patient, &e.time, e.version),
            DiaryEvent::NotAttended(e) => self.marked(e.patient, &e.time, e.version),
        }
    }

    fn put(&mut self, patient: SubjectId, time: &BookedTime, version: u32) {
        let before = self.bookings.insert((patient, time.session.clone(), time.starts_at), time.clone());
        assert!(before.is_none(), "a booking is overwritten");
        self.versions.insert((patient, time.session.clone(), time.starts_at), version);
    }

    fn remove(&mut self, patient: SubjectId, time: &BookedTime) {
        let before = self.bookings.remove(&(patient, time.session.clone(), time.starts_at));
        assert_eq!(before.as_ref(), Some(time), "a booking that does not stand is given up");
    }

    fn grows(&mut self, patient: SubjectId, time: &BookedTime, version: u32) {
        let before = self.versions.insert((patient, time.session.clone(), time.starts_at), version);
        assert_eq!(before, Some(version - 1), "a version counts the changes");
    }

    fn marked(&mut self, patient: SubjectId, time: &BookedTime, version: u32) {
        assert!(time.starts_at <= self.now, "attendance is known before the start");
        let standing = self.bookings.get(&(patient, time.session.clone(), time.starts_at));
        assert_eq!(standing, Some(time), "a booking that does not stand is attended");
        self.grows(patient, time, version);
    }

    fn laws_hold(&self) {
        for (session, (_, capacity, _)) in sessions().iter().zip(clinics()) {
            for n in 0..3 {
                let starts_at = slot(sessions().iter().position(|id| id == session).expect("known"), n);
                let taken = self.places.iter().filter(|(s, start, _)| s == session && *start == starts_at).count();
                let held = |((s, _), (start, until)): &(&(SessionId, SubjectId), &(Timestamp, Timestamp))| {
                    s == session && *start == starts_at && *until > self.now
                };
                let held = self.holds.iter().filter(held).count();
                assert!(taken + held <= capacity, "{taken} taken and {held} held of {capacity} at {starts_at}");
            }
        }
        let booked: BTreeSet<_> = self
            .bookings
            .iter()
            .flat_map(|((who, session, _), time)| time.slots().map(|start| (session.clone(), start, *who)))
            .collect();
        assert_eq!(booked, self.places, "diaries and sessions tell the same");
        for person in people() {
            let own: Vec<&BookedTime> =
                self.bookings.iter().filter(|((who, ..), _)| *who == person).map(|(_, time)| time).collect();
            let open = own.iter().filter(|time| time.ends_at > self.now).count();
            assert!(open <= OPEN_BOOKINGS_MAX, "{open} bookings are open");
            let apart = |(n, one): (usize, &&BookedTime)| own[n + 1..].iter().all(|other| !one.overlaps(other));
            assert!(own.iter().enumerate().all(apart), "two bookings of one person overlap");
        }
    }

    fn take(&mut self, step: &HistoryStep) -> Vec<&'static str> {
        self.now = self.now.plus_minutes(step.minutes);
        let patient = people()[step.who];
        let (from, to) = (sessions()[step.from.0].clone(), sessions()[step.to.0].clone());
        let (starts_at, to_starts_at) = (slot(step.from.0, step.from.1), slot(step.to.0, step.to.1));
        let following = |start: Timestamp| (1..step.count).map(move |n| start.plus_minutes(10 * n as i64)).collect();
        match step.what {
            0 => self.ask(&HoldSlot { session: from, starts_at, patient }, patient),
            1 => self.ask(&ReleaseHold { session: from, starts_at, patient }, patient),
            2..=4 => {
                let (more_slots, confirms_hold) = (following(starts_at), step.what == 2);
                let (session, reason, comment) = (from, None, None);
                let book = BookAppointment { session, starts_at, more_slots, patient, reason, comment, confirms_hold };
                let first = self.ask(&book, patient);
                if first.contains(&"appointment.booked.v1") {
                    assert!(self.ask(&book, patient).is_empty(), "the same wish twice is nothing new");
                }
                first
            }
            5 | 6 => {
                let (session, to_session, to_more_slots) = (from, to, following(to_starts_at));
                let (version, to_starts_at) = (None, to_starts_at);
                self.ask(
                    &RescheduleAppointment {
                        patient,
                        session,
                        starts_at,
                        version,
                        to_session,
                        to_starts_at,
                        to_more_slots,
                    },
                    patient,
                )
            }
            7 => {
                let reason = Some(CancellationReason::CancelledByCitizen);
                self.ask(&CancelAppointment { patient, session: from, starts_at, reason, version: None }, patient)
            }
            8 => self.ask(&CheckIn { patient, session: from, starts_at }, patient),
            9 => self.ask(&MarkAttended { patient, session: from, starts_at }, patient),
            11 => {
                let own = |(held_in, start, by): &(SessionId, Timestamp, SubjectId)| {
                    (*held_in == from).then_some((*start, *by))
                };
                let seen = BookingsVersion::of(self.places.iter().filter_map(own));
                self.ask(&WithdrawSession { session: from, affected: Some(seen) }, patient)
            }
            12 => {
                let Some((session, place)) = self.orphans.pop() else { return vec![] };
                self.ask(&OrphanBooking { session, patient: place.by, starts_at: place.starts_at }, patient)
            }
            10 => self.ask(&MarkDidNotAttend { patient, session: from, starts_at }, patient),
            _ => {
                let version = self.versions.get(&(patient, from.clone(), starts_at)).copied().unwrap_or(1);
                let reason = Some(format!("reason {}", step.to.0).parse().expect("valid"));
                let (session, comment) = (from, None);
                self.ask(&AmendAppointment { patient, session, starts_at, version, reason, comment }, patient)
            }
        }
    }
}

#[test]
fn whatever_people_ask_capacity_diaries_and_limits_hold() {
    let seen: RefCell<BTreeSet<&'static str>> = RefCell::default();
    // A fixed seed makes failures reproducible, and guarantees that the outcomes listed below occur.
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, random)
        .run(&steps(), |steps| {
            let mut history = History::new();
            for step in &steps {
                seen.borrow_mut().extend(history.take(step));
                history.laws_hold();
            }
            Ok(())
        })
        .expect("the laws hold");
    // The laws prove nothing unless the histories produce each of these outcomes.
    let met = [
        "appointment.booked.v1",
        "appointment.rescheduled.v1",
        "appointment.cancelled.v1",
        "appointment.amended.v1",
        "appointment.checked-in.v1",
        "appointment.attended.v1",
        "appointment.did-not-attend.v1",
        "not-started",
        "appointment.session-withdrawn.v1",
        "appointment.orphaned.v1",
        "appointment-orphaned",
        "appointment.slot-held.v1",
        "appointment.hold-released.v1",
        "slot-taken",
        "limit-reached",
        "overlapping-booking",
        "hold-expired",
        "hold-not-found",
        "not-a-hold",
        "in-the-past",
        "cut-off-passed",
        "not-your-appointment",
        "already-cancelled",
        "slot-not-found",
    ];
    let missed: Vec<_> = met.iter().filter(|what| !seen.borrow().contains(*what)).collect();
    assert!(missed.is_empty(), "never met: {missed:?}");
}
