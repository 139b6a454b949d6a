//! Random histories of every service that a read model follows. They follow no business rules: a read model has to
//! accept every sequence of events.

use event_core::{SubjectId, Timestamp};
use proptest::prelude::*;
use vocabulary::{
    SessionId,
    appointments::{
        AppointmentAmended, AppointmentAttended, AppointmentBooked, AppointmentCancelled, AppointmentNotAttended,
        AppointmentOrphaned, AppointmentPractitionerChanged, AppointmentRescheduled, BookedTime, CancellationReason,
        Channel, DiaryEvent, HoldReleased, PatientCheckedIn, Practitioner, SessionAmended, SessionEvent,
        SessionExtended, SessionPublished, SessionWithdrawn, SlotFreed, SlotHeld, SlotTaken, Timetable,
    },
    organ_donation::{
        DecisionAmended, DecisionRegistered, DecisionWithdrawn, DonorEvent, FaithDeclaration, FaithDeclared,
        OrganDecision,
    },
    practices::{PracticeEvent, PracticeSettings, SettingsChanged},
};

use crate::harness::{Written, opened, practice};

/// One event: its kind, and small numbers that select its person and place.
#[derive(Debug, Clone, Copy)]
pub struct Happening {
    what: u8,
    who: u8,
    which: u8,
    slot: u8,
    to: u8,
}

const WHATS: u8 = 16;

pub fn histories(events: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Happening>> {
    let happening = (0..WHATS, 0..3_u8, 0..3_u8, 0..4_u8, 0..4_u8);
    let happening = happening.prop_map(|(what, who, which, slot, to)| Happening { what, who, which, slot, to });
    prop::collection::vec(happening, events)
}

impl Happening {
    pub async fn append(self, to: &mut Written) -> u64 {
        match self.what {
            0..=5 => to.append(self.session(), self.in_session()).await,
            6..=10 => to.append(self.patient(), self.in_diary()).await,
            11..=13 => to.append(self.patient(), self.of_donor()).await,
            _ => to.append(practice(self.which.into()), self.of_practice()).await,
        }
    }

    fn in_session(self) -> SessionEvent {
        let (session, by, starts_at) = (self.session(), self.patient(), slot(self.slot));
        match self.what {
            0 => self.published().into(),
            1 if self.to == 0 => self.extended().into(),
            1 if self.to == 1 => self.amended().into(),
            1 => SessionWithdrawn { session, timetable: timetable(), orphaned: vec![], freed: None }.into(),
            2 => SlotHeld { session, starts_at, by, expires_at: starts_at.plus_minutes(self.to.into()) }.into(),
            3 => HoldReleased { session, starts_at, by }.into(),
            4 => SlotTaken { session, starts_at, by }.into(),
            _ => SlotFreed { session, starts_at, by }.into(),
        }
    }

    fn in_diary(self) -> DiaryEvent {
        let (patient, time, version) = (self.patient(), self.time(self.slot), u32::from(self.to) + 1);
        let (reason, comment) = (Some("a sore knee".parse::<vocabulary::text::Reason>().expect("valid").into()), None);
        let cause = CancellationReason::CancelledByCitizen;
        match self.what {
            6 | 7 => AppointmentBooked { patient, time, reason, comment, version, booked_at: Some(slot(0)) }.into(),
            8 => {
                let to = self.time(self.to);
                let rescheduled_at = Some(slot(0));
                AppointmentRescheduled { patient, from: time, to, cause, reason, comment, version, rescheduled_at }
                    .into()
            }
            10 if self.to == 0 => {
                let checked_in_at = slot(self.slot);
                PatientCheckedIn { patient, time, checked_in_at, version }.into()
            }
            10 if self.to == 1 => AppointmentAttended { patient, time, marked_at: slot(0), version }.into(),
            10 if self.to == 2 => AppointmentNotAttended { patient, time, marked_at: slot(0), version }.into(),
            9 if self.to == 0 => AppointmentOrphaned { patient, time, orphaned_at: slot(0), version }.into(),
            9 if self.to == 1 => AppointmentPractitionerChanged { patient, time, version }.into(),
            9 => AppointmentCancelled { patient, time, cause, cancelled_at: slot(0), version }.into(),
            _ => {
                let amended_at = Some(slot(0));
                AppointmentAmended { patient, time, reason: None, comment, version, amended_at }.into()
            }
        }
    }

    fn of_donor(self) -> DonorEvent {
        let (subject, decided_at) = (self.patient(), slot(self.slot));
        match (self.what, self.to) {
            (11, _) => DecisionRegistered { subject, decision: OrganDecision::OptInAll.into(), decided_at }.into(),
            (12, _) => DecisionAmended { subject, decision: OrganDecision::OptOut.into(), decided_at }.into(),
            (_, 0) => FaithDeclared { subject, faith: FaithDeclaration::Yes.into(), declared_at: decided_at }.into(),
            _ => DecisionWithdrawn { subject, decided_at }.into(),
        }
    }

    fn of_practice(self) -> PracticeEvent {
        let number = self.which.into();
        if self.what == 14 {
            return opened(number).into();
        }
        let settings = PracticeSettings { open_bookings_max: self.to, ..PracticeSettings::default() };
        SettingsChanged { practice: practice(number), settings, changed_at: Some(slot(0)) }.into()
    }

    fn patient(self) -> SubjectId {
        format!("8f14e45f-ceea-467f-a9b5-{:012}", self.who).parse().expect("a subject")
    }

    fn session(self) -> SessionId {
        format!("{}.{:012}", practice(usize::from(self.which) % 2), self.which).parse().expect("a session")
    }

    fn time(self, first: u8) -> BookedTime {
        BookedTime {
            session: self.session(),
            starts_at: slot(first),
            ends_at: slot(first).plus_minutes(20),
            slot_minutes: 10,
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::Video,
            practitioner: practitioner(),
        }
    }

    fn extended(self) -> SessionExtended {
        let starts_at = timetable().ends_at;
        SessionExtended {
            session: self.session(),
            until: "00:30".parse().expect("a time"),
            added: Timetable { starts_at, ends_at: starts_at.plus_minutes(10), slot_minutes: 10 },
            capacity: u16::from(self.slot) + 1,
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::Video,
            practitioner: practitioner(),
            released_at: None,
        }
    }

    fn amended(self) -> SessionAmended {
        let SessionPublished { session, on, from, until, timetable, service, practitioner, .. } = self.published();
        SessionAmended {
            session,
            on,
            from,
            until,
            before: timetable.clone(),
            timetable: Timetable { slot_minutes: 10 + u16::from(self.slot) * 5, ..timetable },
            capacity: 2,
            service,
            channel: Channel::Telephone,
            practitioner,
            orphaned: Vec::new(),
            taken_over: Vec::new(),
            released_at: None,
        }
    }

    fn published(self) -> SessionPublished {
        SessionPublished {
            session: self.session(),
            on: "2026-07-01".parse().expect("a date"),
            from: "23:30".parse().expect("a time"),
            until: "23:59".parse().expect("a time"),
            zone: vocabulary::time::LONDON.name().into(),
            timetable: timetable(),
            capacity: u16::from(self.to) + 1,
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::Video,
            practitioner: practitioner(),
            practitioner_id: None,
            released_at: None,
        }
    }
}

fn practitioner() -> Practitioner {
    Practitioner { name: "Dr Ada Synthetic".parse().expect("a line"), role: "GP".parse().expect("a line") }
}

/// Slots around midnight in London, so that one session spans two days.
fn slot(number: u8) -> Timestamp {
    timetable().starts_at.plus_minutes(i64::from(number) * 10)
}

fn timetable() -> Timetable {
    let instant = |text: &str| text.parse().expect("an instant");
    Timetable { starts_at: instant("2026-07-01T22:40:00Z"), ends_at: instant("2026-07-01T23:20:00Z"), slot_minutes: 10 }
}
