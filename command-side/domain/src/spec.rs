//! Given, when, then: how the specs beside the commands are written. A world is what has happened so far, by stream.

use std::{collections::HashMap, sync::Arc};
use vocabulary::time::LONDON;

use event_core::{
    Event, EventData, Issuer, StreamName, SubjectId, Timestamp,
    envelope::{IdentityLevel, Role},
    personal::{Unsealed, with_key},
};
use vocabulary::{
    appointments::{AppointmentBooked, BookedTime, DiaryEvent, HoldPlaced, SessionEvent, SlotHeld, SlotTaken},
    practices::{PracticeEvent, PracticeOpened, PracticeSettings, SettingsChanged},
    registrations::{PatientRegistered, RegistrationEvent},
    text::BirthDate,
};

pub use vocabulary::testing::{NINE, TEN_PAST, alice, at, bob, clinic, line, practitioner, published, site, time};

use crate::{Caller, Command, Context, Decision, Reads, Rejected, Rejection, command::AnyEvent, state::AnyState};

/// Monday, 2 March 2026, eight o'clock.
pub const NOW: &str = "2026-03-02T08:00:00Z";
/// The third slot of `clinic`.
pub const TWENTY_PAST: &str = "2026-03-09T09:20:00Z";

pub fn issuer() -> Issuer {
    "https://issuer.example".parse().expect("an issuer")
}

pub fn as_patient(subject: SubjectId) -> Caller {
    let (issuer, id) = (issuer(), subject.to_string().into());
    Caller { issuer, id, role: Role::Patient, permissions: vec![], organisation: None, level: Some(IdentityLevel::P9) }
}

pub fn as_staff() -> Caller {
    let (issuer, id) = (issuer(), "nurse-1".into());
    Caller { issuer, id, role: Role::Staff, permissions: vec![], organisation: Some(site()), level: None }
}

/// True if no way of reading makes a command of this type of this body.
pub fn refuses<C: Command>(body: serde_json::Value) -> bool {
    serde_json::from_str::<C>(&body.to_string()).is_err() && serde_json::from_value::<C>(body).is_err()
}

/// What has happened so far, who acts, and when.
#[derive(Clone)]
pub struct World {
    happened: HashMap<StreamName, Vec<(&'static str, Vec<u8>)>>,
    caller: Caller,
    now: Timestamp,
}

/// Nothing has happened yet; Alice acts.
pub fn world() -> World {
    World { happened: HashMap::new(), caller: as_patient(alice()), now: at(NOW) }
}

impl World {
    pub fn given<D: EventData>(mut self, event: D) -> World {
        let event: D::Event = event.into();
        self.happened.entry(event.stream()).or_default().push(written(&event));
        self
    }

    pub fn by(self, caller: Caller) -> World {
        World { caller, ..self }
    }

    pub fn at(self, now: &str) -> World {
        World { now: at(now), ..self }
    }

    fn state(&self, wanted: &crate::state::Wanted) -> Arc<dyn AnyState> {
        let mut state = (wanted.empty)();
        for (kind, data) in self.happened.get(&wanted.stream).into_iter().flatten() {
            with_key(Arc::new(Unsealed), || state.evolve_stored(kind, data)).expect("a stored event is readable");
        }
        state.into()
    }

    pub fn when<C: Command>(self, command: C) -> Then {
        let context = Context { now: self.now, caller: self.caller.clone() };
        let wanted = C::Reads::wanted(&command.streams(&context));
        let states: Vec<_> = wanted.iter().map(|wanted| self.state(wanted)).collect();
        let decided = command.decide(C::Reads::borrow(&states).expect("the states that were wanted"), &context);
        if let Err(rejected) = &decided {
            let code = rejected.rejection.code;
            assert!(C::REJECTIONS.contains(&rejected.rejection), "{} does not list {code}", C::NAME);
        }
        if let Ok(decision) = &decided {
            let reads = |stream: &StreamName| wanted.iter().any(|wanted| wanted.stream == *stream);
            assert!(
                decision.events.iter().all(|(stream, _)| reads(stream)),
                "it writes a stream that it does not read"
            );
        }
        Then { decided, world: self }
    }
}

fn written(event: &dyn AnyEvent) -> (&'static str, Vec<u8>) {
    (event.kind(), with_key(Arc::new(Unsealed), || event.encode()).expect("an event is writable"))
}

/// What a command led to.
pub struct Then {
    decided: Result<Decision, Rejected>,
    world: World,
}

impl Then {
    fn decision(self) -> (Decision, World) {
        match self.decided {
            Ok(decision) => (decision, self.world),
            Err(rejected) => panic!("rejected: {} {:?}", rejected.rejection.code, rejected.details),
        }
    }

    /// Just these events, in this order. The world goes on with them.
    pub fn records(self, expected: &[&dyn AnyEvent]) -> World {
        let (decision, mut world) = self.decision();
        let readable = |(kind, data): &(&'static str, Vec<u8>)| format!("{kind} {}", String::from_utf8_lossy(data));
        let happened: Vec<_> =
            decision.events.iter().map(|(stream, event)| (stream.clone(), written(event.as_ref()))).collect();
        let expected: Vec<_> = expected.iter().map(|event| readable(&written(*event))).collect();
        assert_eq!(happened.iter().map(|(_, event)| readable(event)).collect::<Vec<_>>(), expected);
        for (stream, event) in happened {
            world.happened.entry(stream).or_default().push(event);
        }
        world
    }

    /// Events of these kinds. The world goes on with them.
    pub fn records_kinds(self, expected: &[&str]) -> World {
        let (decision, mut world) = self.decision();
        assert_eq!(decision.events.iter().map(|(_, event)| event.kind()).collect::<Vec<_>>(), expected);
        for (stream, event) in decision.events {
            world.happened.entry(stream).or_default().push(written(event.as_ref()));
        }
        world
    }

    pub fn nothing_new(self) -> World {
        self.records(&[])
    }

    /// The facts that the rejection gives about the case.
    #[track_caller]
    pub fn rejected_with(self, expected: &'static Rejection) -> serde_json::Map<String, serde_json::Value> {
        let details = self.decided.as_ref().err().map(|rejected| rejected.details.clone());
        self.rejected(expected);
        details.unwrap_or_default()
    }

    #[track_caller]
    pub fn rejected(self, expected: &'static Rejection) -> World {
        match self.decided {
            Err(rejected) => assert_eq!(rejected.rejection.code, expected.code, "{:?}", rejected.details),
            Ok(decision) => {
                let kinds: Vec<_> = decision.events.iter().map(|(_, event)| event.kind()).collect();
                panic!("granted: {kinds:?}, not {}", expected.code)
            }
        }
        self.world
    }
}

pub fn practice_opened(settings: PracticeSettings) -> PracticeEvent {
    let (name, address) = (line("High Street"), line("1 High Street"));
    PracticeOpened { practice: site(), name, address, settings }.into()
}

pub fn settings_changed(settings: PracticeSettings) -> PracticeEvent {
    SettingsChanged { practice: site(), settings, changed_at: Some(at(NOW)) }.into()
}

pub fn registered(subject: SubjectId, born_on: &str) -> RegistrationEvent {
    PatientRegistered {
        subject,
        practice: site(),
        name: "Alice Example".parse::<vocabulary::text::PersonName>().expect("valid").into(),
        nhs_number: "9990000026".parse::<vocabulary::text::NhsNumber>().expect("valid").into(),
        born_on: BirthDate(born_on.parse().expect("valid")).into(),
    }
    .into()
}

pub fn held(slot: &str, by: SubjectId, until: &str) -> SessionEvent {
    SlotHeld { session: clinic(), starts_at: at(slot), by, expires_at: at(until) }.into()
}

pub fn hold_placed(slot: &str, by: SubjectId) -> DiaryEvent {
    HoldPlaced { patient: by, session: clinic(), starts_at: at(slot), on: LONDON.day(at(NOW)) }.into()
}

pub fn taken(slot: &str, by: SubjectId) -> SessionEvent {
    SlotTaken { session: clinic(), starts_at: at(slot), by }.into()
}

pub fn booked(patient: SubjectId, time: BookedTime) -> DiaryEvent {
    AppointmentBooked { patient, time, reason: None, comment: None, version: 1, booked_at: Some(at(NOW)) }.into()
}

/// Alice and Bob are patients of a practice that has published `clinic`, one place a slot.
pub fn surgery() -> World {
    world()
        .given(practice_opened(PracticeSettings::default()))
        .given(registered(alice(), "1980-02-29"))
        .given(registered(bob(), "1975-05-05"))
        .given(published(clinic(), 1))
}

#[test]
fn every_rejection_has_one_code_and_helps() {
    struct Rejections(HashMap<&'static str, &'static Rejection>);
    impl crate::Visitor for Rejections {
        fn visit<C: Command>(&mut self) {
            let kebab = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            assert!(kebab(C::NAME), "{}", C::NAME);
            for rejection in C::REJECTIONS {
                assert!(kebab(rejection.code) && !rejection.title.is_empty() && !rejection.advice.is_empty());
                let other = self.0.insert(rejection.code, rejection);
                assert!(other.is_none_or(|other| other == *rejection), "two rejections are {}", rejection.code);
            }
        }
    }
    let mut all = Rejections(HashMap::new());
    crate::every_command(&mut all);
    assert!(all.0.len() >= 25, "only {} rejections were seen", all.0.len());
}
