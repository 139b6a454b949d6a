//! Given, when, then: how the specs beside the commands are written. A world is what has happened so far, by stream.

use std::{collections::HashMap, sync::Arc};

use vocabulary::{
    Event, OdsCode, SessionId, StreamName, SubjectId, Timestamp,
    appointment::{
        AppointmentBooked, BookedTime, Channel, DiaryEvent, HoldPlaced, Practitioner, SessionEvent, SessionPublished,
        SlotHeld, SlotTaken, Timetable,
    },
    envelope::{IdentityLevel, Role},
    organ_donation::DonorEvent,
    personal::{Unsealed, with_key},
    practice::{PracticeEvent, PracticeOpened, PracticeSettings, SettingsChanged},
    publishing::PublishingEvent,
    registration::{PatientRegistered, RegistrationEvent},
    text::{BirthDate, Line},
};

use crate::{Caller, Command, Context, Decision, Reads, Rejected, Rejection, command::AnyEvent, state::AnyState};

/// Monday, 2 March 2026, eight o'clock.
pub const NOW: &str = "2026-03-02T08:00:00Z";
/// The first three slots of `clinic`, a week later.
pub const NINE: &str = "2026-03-09T09:00:00Z";
pub const TEN_PAST: &str = "2026-03-09T09:10:00Z";
pub const TWENTY_PAST: &str = "2026-03-09T09:20:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub fn alice() -> SubjectId {
    "a11ce000-0000-4000-8000-000000000001".parse().expect("a subject")
}

pub fn bob() -> SubjectId {
    "b0b00000-0000-4000-8000-000000000002".parse().expect("a subject")
}

pub fn site() -> OdsCode {
    "A12345".parse().expect("an ODS code")
}

pub fn clinic() -> SessionId {
    "A12345.000000000001".parse().expect("a session")
}

pub fn line(text: &str) -> Line {
    text.parse().expect("a line")
}

pub fn as_patient(subject: SubjectId) -> Caller {
    let id = subject.to_string().into();
    Caller { id, role: Role::Patient, permissions: vec![], organisation: None, level: Some(IdentityLevel::P9) }
}

pub fn as_staff() -> Caller {
    Caller { id: "nurse-1".into(), role: Role::Staff, permissions: vec![], organisation: Some(site()), level: None }
}

/// Which stream an event belongs on.
pub trait OnStream: Event {
    fn id(&self) -> String;
}

impl OnStream for PracticeEvent {
    fn id(&self) -> String {
        match self {
            PracticeEvent::Opened(event) => event.practice.to_string(),
            PracticeEvent::SettingsChanged(event) => event.practice.to_string(),
        }
    }
}

impl OnStream for RegistrationEvent {
    fn id(&self) -> String {
        match self {
            RegistrationEvent::Registered(event) => event.subject.to_string(),
        }
    }
}

impl OnStream for SessionEvent {
    fn id(&self) -> String {
        match self {
            SessionEvent::Published(event) => event.session.to_string(),
            SessionEvent::Withdrawn(event) => event.session.to_string(),
            SessionEvent::Held(event) => event.session.to_string(),
            SessionEvent::Released(event) => event.session.to_string(),
            SessionEvent::Taken(event) => event.session.to_string(),
            SessionEvent::Freed(event) => event.session.to_string(),
        }
    }
}

impl OnStream for PublishingEvent {
    fn id(&self) -> String {
        match self {
            PublishingEvent::Counted(event) => format!("{}.{}", event.site, event.on),
        }
    }
}

impl OnStream for DiaryEvent {
    fn id(&self) -> String {
        match self {
            DiaryEvent::HoldPlaced(event) => event.patient.to_string(),
            DiaryEvent::Booked(event) => event.patient.to_string(),
            DiaryEvent::Rescheduled(event) => event.patient.to_string(),
            DiaryEvent::Cancelled(event) => event.patient.to_string(),
            DiaryEvent::Amended(event) => event.patient.to_string(),
        }
    }
}

impl OnStream for DonorEvent {
    fn id(&self) -> String {
        match self {
            DonorEvent::Registered(event) => event.subject.to_string(),
            DonorEvent::Amended(event) => event.subject.to_string(),
            DonorEvent::Withdrawn(event) => event.subject.to_string(),
            DonorEvent::FaithDeclared(event) => event.subject.to_string(),
        }
    }
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
    pub fn given<E: OnStream>(mut self, event: impl Into<E>) -> World {
        let event: E = event.into();
        let stream = StreamName::of(E::CATEGORY, event.id());
        self.happened.entry(stream).or_default().push(written(&event));
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

/// A session of three slots of ten minutes from nine o'clock, on 9 March 2026.
pub fn published(session: SessionId, capacity: u16) -> SessionEvent {
    SessionPublished {
        session,
        on: "2026-03-09".parse().expect("valid"),
        from: "09:00".parse().expect("valid"),
        until: "09:30".parse().expect("valid"),
        zone: "Europe/London".into(),
        timetable: Timetable { starts_at: at(NINE), ends_at: at("2026-03-09T09:30:00Z"), slot_minutes: 10 },
        capacity,
        service: "gp-routine".parse().expect("valid"),
        channel: Channel::InPerson,
        practitioner: practitioner(),
    }
    .into()
}

pub fn practitioner() -> Practitioner {
    Practitioner { name: line("Dr Example"), role: line("General practitioner") }
}

pub fn time(session: SessionId, from: &str, until: &str) -> BookedTime {
    BookedTime {
        session,
        starts_at: at(from),
        ends_at: at(until),
        slot_minutes: 10,
        service: "gp-routine".parse().expect("valid"),
        channel: Channel::InPerson,
        practitioner: practitioner(),
    }
}

pub fn held(slot: &str, by: SubjectId, until: &str) -> SessionEvent {
    SlotHeld { session: clinic(), starts_at: at(slot), by, expires_at: at(until) }.into()
}

pub fn hold_placed(slot: &str, by: SubjectId) -> DiaryEvent {
    HoldPlaced { patient: by, session: clinic(), starts_at: at(slot), on: at(NOW).local_date() }.into()
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
        .given::<PracticeEvent>(practice_opened(PracticeSettings::default()))
        .given::<RegistrationEvent>(registered(alice(), "1980-02-29"))
        .given::<RegistrationEvent>(registered(bob(), "1975-05-05"))
        .given::<SessionEvent>(published(clinic(), 1))
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
