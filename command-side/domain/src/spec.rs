//! The people, practices and events that the tests beside the commands use.

use std::collections::HashMap;

pub use event_core::given::{World, refuses};
use event_core::{Caller, Command, CommandVisitor, Issuer, LocalDate, Rejection, SubjectId, Timestamp};
use serde_json::json;
pub use vocabulary::testing::{NINE, TEN_PAST, alice, at, bob, clinic, line, practitioner, published, site, time};
use vocabulary::{
    PractitionerId,
    access::{CallerRole, IdentityLevel},
    appointments::{
        AppointmentBooked, BookedTime, DiaryEvent, HoldPlaced, PractitionerPlanned, SessionEvent, SlotHeld,
        SlotOffered, SlotTaken, WaitingJoined,
    },
    contacts::{ContactChanged, ContactDetails, ContactEvent, NotificationChannel, Preferences, PreferencesSet},
    messages::{MessageContent, MessageEvent, MessageKind, MessageSent, NotificationRequested, ReplyOffer},
    practices::{PracticeEvent, PracticeOpened, PracticeSettings, SettingsChanged},
    registrations::{PatientRegistered, RegistrationEvent},
    text::BirthDate,
    time::LONDON,
};

use crate::{
    appointments::{
        AmendAppointment, BookAppointment, CancelAppointment, RescheduleAppointment, StrictPractitionersDay,
    },
    messages::SendMessage,
    practices::OpenPractice,
    symptom_checks::StartSymptomCheck,
};

/// Monday, 2 March 2026, eight o'clock.
pub const NOW: &str = "2026-03-02T08:00:00Z";
/// The third slot of `clinic`.
pub const TWENTY_PAST: &str = "2026-03-09T09:20:00Z";

pub fn issuer() -> Issuer {
    "https://issuer.example".parse().expect("an issuer")
}

pub fn as_patient(subject: SubjectId) -> Caller {
    let (issuer, id) = (issuer(), subject.to_string().into());
    Caller {
        issuer,
        id,
        role: CallerRole::Patient.into(),
        permissions: vec![],
        organisation: None,
        level: Some(IdentityLevel::P9.into()),
    }
}

pub fn as_staff() -> Caller {
    let (issuer, id) = (issuer(), "nurse-1".into());
    Caller { issuer, id, role: CallerRole::Staff.into(), permissions: vec![], organisation: Some(site()), level: None }
}

/// A world without events, in which Alice acts.
pub fn world() -> World {
    World::new(as_patient(alice()), NOW)
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

/// The first day of the month of `NOW`.
pub fn march() -> LocalDate {
    "2026-03-01".parse().expect("a date")
}

/// This person waits for a slot of `clinic`.
pub fn joined(patient: SubjectId) -> WaitingJoined {
    WaitingJoined {
        site: site(),
        month: march(),
        patient,
        service: "gp-routine".parse().expect("a service"),
        channel: None,
        earliest: "2026-03-02".parse().expect("a date"),
        latest: "2026-03-09".parse().expect("a date"),
        joined_at: at(NOW),
    }
}

/// This slot of `clinic` is offered to this person.
pub fn offered(slot: &str, patient: SubjectId) -> SlotOffered {
    let time = time(clinic(), slot, &at(slot).plus_minutes(10).to_string());
    let (offered_at, expires_at) = (at(NOW), at(NOW).plus_minutes(30));
    SlotOffered { site: site(), month: march(), patient, time, offered_at, expires_at }
}

pub fn booked(patient: SubjectId, time: BookedTime) -> DiaryEvent {
    AppointmentBooked { patient, time, reason: None, comment: None, version: 1, booked_at: Some(at(NOW)) }.into()
}

/// `clinic` is a session of an identified practitioner, who has another one from this instant on.
pub fn planned_before(next: Timestamp) -> (World, StrictPractitionersDay) {
    let SessionEvent::Published(mut session) = published(clinic(), 1) else { panic!("it is published") };
    let (practitioner, on): (PractitionerId, _) = ("G1234567".parse().expect("a code"), session.on);
    session.practitioner_id = Some(practitioner.clone());
    let next = PractitionerPlanned {
        practitioner: practitioner.clone(),
        on,
        session: "A12345.000000000002".parse().expect("a session"),
        starts_at: next,
        ends_at: next.plus_minutes(30),
    };
    (world().given(session).given(next), StrictPractitionersDay { practitioner, on })
}

/// Alice and Bob are patients of a practice that has published `clinic`, with one place per slot.
pub fn surgery() -> World {
    world()
        .given(practice_opened(PracticeSettings::default()))
        .given(registered(alice(), "1980-02-29"))
        .given(registered(bob(), "1975-05-05"))
        .given(published(clinic(), 1))
}

/// A world without events, in which a member of staff acts.
pub fn desk() -> World {
    World::new(as_staff(), NOW)
}

/// A world without events, in which a policy acts.
pub fn policy() -> World {
    World::new(event_core::policy::policy_caller("spec").expect("a name"), NOW)
}

pub fn contact_details() -> ContactEvent {
    let details = ContactDetails { phone: "+447700900123".parse().ok(), email: "alice@example.com".parse().ok() };
    ContactChanged { subject: alice(), details: details.into(), changed_at: at(NOW) }.into()
}

/// Alice agreed to these, and to nothing else.
pub fn consent(to: &[&str]) -> ContactEvent {
    let to = |word| to.contains(&word);
    let preferences = Preferences {
        push: to("push"),
        sms: to("sms"),
        email: to("email"),
        reminders: to("reminders"),
        research_opt_out: false,
    };
    PreferencesSet { subject: alice(), preferences, set_at: at(NOW) }.into()
}

/// The practice's message to Alice with this request.
pub fn message(request: u32, replies: ReplyOffer) -> SendMessage {
    SendMessage {
        sender: site(),
        request: format!("{request:012}").parse().expect("a request"),
        patient: alice(),
        title: "Your blood test".parse().expect("a title"),
        body: "Please book a blood test.".parse().expect("a text"),
        replies,
    }
}

/// The event of such a message.
pub fn written(request: u32, replies: ReplyOffer) -> MessageEvent {
    let sent = message(request, replies);
    let message = sent.message();
    let SendMessage { title, body, replies, .. } = sent;
    let content = MessageContent { body, replies };
    MessageSent { message, subject: alice(), title: title.into(), content: content.into(), sent_at: at(NOW) }.into()
}

/// A notification of such a message is to be sent.
pub fn notification_requested(request: u32, channel: NotificationChannel) -> MessageEvent {
    let message = message(request, ReplyOffer::None).message();
    let (sent_at, kind) = (at(NOW), MessageKind::FromPractice);
    NotificationRequested { message, subject: alice(), sent_at, kind, channel, requested_at: sent_at }.into()
}

/// A repeat is recognised by its body. A serialised command therefore has exactly the members that its client sent: a
/// member that a later release adds does not make a repeat look like a different command.
#[test]
fn a_command_is_written_without_what_its_client_left_out() {
    fn assert_same<C: Command>(body: serde_json::Value) {
        let command: C = serde_json::from_value(body.clone()).expect(C::NAME);
        assert_eq!(serde_json::to_value(&command).expect(C::NAME), body, "{}", C::NAME);
    }
    let (session, other) = ("A12345.000000000001", "A12345.000000000002");
    let of_alice = json!({"patient": alice(), "session": session, "startsAt": NINE});
    let moved =
        json!({"patient": alice(), "session": session, "startsAt": NINE, "toSession": other, "toStartsAt": NINE});
    let amended = json!({"patient": alice(), "session": session, "startsAt": NINE, "version": 1});
    assert_same::<BookAppointment>(of_alice.clone());
    assert_same::<CancelAppointment>(of_alice);
    assert_same::<RescheduleAppointment>(moved);
    assert_same::<AmendAppointment>(amended);
    let person = json!({"ageYears": 30, "sex": "female", "party": "first"});
    assert_same::<StartSymptomCheck>(json!({"subject": alice(), "check": "headache.1.000000000001", "person": person,
        "consentsToStorage": true, "consentsToSharing": false}));
    assert_same::<OpenPractice>(json!({"practice": "A12345", "name": "High Street", "address": "1 High Street"}));
}

#[test]
fn every_rejection_has_one_code_and_helps() {
    struct Rejections(HashMap<&'static str, &'static Rejection>);
    impl CommandVisitor for Rejections {
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
