//! A patient's appointments, soonest first. Cancelled appointments stay in the list and are marked.

use super::attendance::Attendance;
use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    appointments::{BookedTime, DiaryEvent},
    text::{Comment, Reason},
};

pub struct MyAppointments;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentRow {
    pub time: BookedTime,
    pub status: AppointmentStatus,
    pub attendance: Attendance,
    pub reason: Option<Personal<Reason>>,
    pub comment: Option<Personal<Comment>>,
    pub version: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppointmentStatus {
    Booked,
    Cancelled,
    Orphaned,
}

impl MyAppointments {
    pub fn partition(patient: SubjectId) -> String {
        patient.to_string()
    }

    /// The first sort key of the appointments that start in this instant's second or later.
    pub fn from(starts_at: Timestamp) -> String {
        starts_at.whole_second().to_string()
    }

    pub fn key(patient: SubjectId, session: &SessionId, starts_at: Timestamp) -> Key {
        Key::new(patient, format_args!("{starts_at}.{session}"))
    }

    fn at(patient: SubjectId, time: &BookedTime) -> Key {
        Self::key(patient, &time.session, time.starts_at)
    }
}

impl Projection for MyAppointments {
    const NAME: &'static str = "my_appointments";
    const VERSION: u32 = 2;
    type Row = AppointmentRow;
    type Event = DiaryEvent;

    fn keys(fact: &Recorded<DiaryEvent>) -> Keys {
        match &fact.data {
            DiaryEvent::HoldPlaced(_) => vec![],
            DiaryEvent::Booked(event) => vec![Self::at(event.patient, &event.time)],
            DiaryEvent::Rescheduled(event) => {
                let (from, to) = (Self::at(event.patient, &event.from), Self::at(event.patient, &event.to));
                // A booking that was only made longer keeps its key.
                if from == to { vec![to] } else { vec![from, to] }
            }
            DiaryEvent::Cancelled(event) => vec![Self::at(event.patient, &event.time)],
            DiaryEvent::Amended(event) => vec![Self::at(event.patient, &event.time)],
            DiaryEvent::Orphaned(event) => vec![Self::at(event.patient, &event.time)],
            DiaryEvent::PractitionerChanged(event) => vec![Self::at(event.patient, &event.time)],
            DiaryEvent::CheckedIn(event) => vec![Self::at(event.patient, &event.time)],
            DiaryEvent::Attended(event) => vec![Self::at(event.patient, &event.time)],
            DiaryEvent::NotAttended(event) => vec![Self::at(event.patient, &event.time)],
        }
    }

    fn evolve(key: &Key, row: Option<AppointmentRow>, fact: &Recorded<DiaryEvent>) -> Option<AppointmentRow> {
        match &fact.data {
            DiaryEvent::HoldPlaced(_) => row,
            DiaryEvent::Booked(event) => Some(AppointmentRow {
                time: event.time.clone(),
                status: AppointmentStatus::Booked,
                attendance: Attendance::default(),
                reason: event.reason.clone(),
                comment: event.comment.clone(),
                version: event.version,
            }),
            DiaryEvent::Rescheduled(event) => (*key == Self::at(event.patient, &event.to)).then(|| AppointmentRow {
                time: event.to.clone(),
                status: AppointmentStatus::Booked,
                attendance: Attendance::default(),
                reason: event.reason.clone(),
                comment: event.comment.clone(),
                version: event.version,
            }),
            DiaryEvent::Cancelled(event) => {
                row.map(|row| AppointmentRow { status: AppointmentStatus::Cancelled, version: event.version, ..row })
            }
            DiaryEvent::Amended(event) => row.map(|row| AppointmentRow {
                reason: event.reason.clone(),
                comment: event.comment.clone(),
                version: event.version,
                ..row
            }),
            DiaryEvent::Orphaned(event) => {
                row.map(|row| AppointmentRow { status: AppointmentStatus::Orphaned, version: event.version, ..row })
            }
            DiaryEvent::PractitionerChanged(event) => {
                row.map(|row| AppointmentRow { time: event.time.clone(), version: event.version, ..row })
            }
            DiaryEvent::CheckedIn(event) => row.map(|row| AppointmentRow {
                attendance: row.attendance.arrived(event),
                version: event.version,
                ..row
            }),
            DiaryEvent::Attended(event) => row.map(|row| AppointmentRow {
                attendance: row.attendance.attended(event),
                version: event.version,
                ..row
            }),
            DiaryEvent::NotAttended(event) => row.map(|row| AppointmentRow {
                attendance: row.attendance.missed(event),
                version: event.version,
                ..row
            }),
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{
        AppointmentAmended, AppointmentAttended, AppointmentBooked, AppointmentCancelled, AppointmentNotAttended,
        AppointmentOrphaned, AppointmentPractitionerChanged, AppointmentRescheduled, CancellationReason,
        PatientCheckedIn, Practitioner,
    };

    use super::*;
    use crate::AttendanceState;
    use crate::spec::{NINE, TEN_PAST, alice, at, clinic, fold, time};
    use vocabulary::testing::line;

    fn booked() -> DiaryEvent {
        AppointmentBooked {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            reason: None,
            comment: None,
            version: 1,
            booked_at: Some(at(NINE)),
        }
        .into()
    }

    fn moved(to: BookedTime) -> DiaryEvent {
        AppointmentRescheduled {
            patient: alice(),
            from: time(clinic(), NINE, TEN_PAST),
            to,
            cause: CancellationReason::RescheduledByCitizen,
            reason: None,
            comment: None,
            version: 2,
            rescheduled_at: Some(at(NINE)),
        }
        .into()
    }

    #[test]
    fn a_moved_appointment_is_in_its_new_place_only() {
        let rows = fold::<MyAppointments>([booked(), moved(time(clinic(), TEN_PAST, "2026-03-09T09:20:00Z"))]);
        let starts: Vec<_> = rows.values().map(|row| (row.time.starts_at.to_string(), row.version)).collect();
        assert_eq!(starts, [(TEN_PAST.to_owned(), 2)]);
    }

    #[test]
    fn an_appointment_that_grew_longer_stays_one_row() {
        let rows = fold::<MyAppointments>([booked(), moved(time(clinic(), NINE, "2026-03-09T09:20:00Z"))]);
        let ends: Vec<_> = rows.values().map(|row| row.time.ends_at.to_string()).collect();
        assert_eq!(ends, ["2026-03-09T09:20:00Z"]);
    }

    #[test]
    fn a_cancelled_appointment_stays_and_says_so() {
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NINE),
            version: 2,
        };
        let rows = fold::<MyAppointments>([booked(), cancelled.into()]);
        let states: Vec<_> = rows.values().map(|row| (row.status, row.version)).collect();
        assert_eq!(states, [(AppointmentStatus::Cancelled, 2)]);
    }

    #[test]
    fn an_orphaned_appointment_stays_and_says_so_and_another_practitioner_is_shown() {
        let (patient, place) = (alice(), time(clinic(), NINE, TEN_PAST));
        let other = Practitioner { name: line("Dr Other"), ..place.practitioner.clone() };
        let time = BookedTime { practitioner: other.clone(), ..place };
        let covered = AppointmentPractitionerChanged { patient, time: time.clone(), version: 2 };
        let orphaned = AppointmentOrphaned { patient, time, orphaned_at: at(NINE), version: 3 };
        let rows = fold::<MyAppointments>([booked(), covered.into(), orphaned.into()]);
        let row = rows.values().next().expect("a row");
        assert_eq!((row.status, row.version), (AppointmentStatus::Orphaned, 3));
        assert_eq!(row.time.practitioner, other);
    }

    #[test]
    fn an_appointment_says_when_the_patient_checked_in_and_whether_the_patient_came() {
        let (patient, place) = (alice(), time(clinic(), NINE, TEN_PAST));
        let arrived = PatientCheckedIn { patient, time: place.clone(), checked_in_at: at(NINE), version: 2 };
        let missed = AppointmentNotAttended { patient, time: place.clone(), marked_at: at(TEN_PAST), version: 3 };
        let came = AppointmentAttended { patient, time: place, marked_at: at(TEN_PAST), version: 4 };
        let of = |events: Vec<DiaryEvent>| {
            let rows = fold::<MyAppointments>(events);
            rows.values().map(|row| (row.attendance, row.version)).next().expect("a row")
        };
        let checked_in =
            Attendance { state: AttendanceState::CheckedIn, checked_in_at: Some(at(NINE)), marked_at: None };
        assert_eq!(of(vec![booked(), arrived.clone().into()]), (checked_in, 2));
        let marked = |state| Attendance { state, checked_in_at: Some(at(NINE)), marked_at: Some(at(TEN_PAST)) };
        let events = vec![booked(), arrived.into(), missed.into()];
        assert_eq!(of(events.clone()), (marked(AttendanceState::DidNotAttend), 3));
        assert_eq!(of([events, vec![came.into()]].concat()), (marked(AttendanceState::Attended), 4));
    }

    #[test]
    fn reason_and_comment_are_the_newest_and_stay_closed() {
        let reason: Personal<Reason> = serde_json::from_str("\"p0.ImtuZWUi\"").expect("a closed text");
        let amended = AppointmentAmended {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            reason: Some(reason.clone()),
            comment: None,
            version: 2,
            amended_at: Some(at(NINE)),
        };
        let rows = fold::<MyAppointments>([booked(), amended.into()]);
        let row = rows.values().next().expect("a row");
        assert_eq!((row.reason.as_ref(), row.version), (Some(&reason), 2));
        assert!(serde_json::to_string(row).expect("writes").contains("p0.ImtuZWUi"));
    }
}
