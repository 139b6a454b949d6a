//! A patient's appointments, soonest first. Cancelled appointments stay in the list and are marked.

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
    pub reason: Option<Personal<Reason>>,
    pub comment: Option<Personal<Comment>>,
    pub version: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppointmentStatus {
    Booked,
    Cancelled,
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
    const VERSION: u32 = 1;
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
        }
    }

    fn evolve(key: &Key, row: Option<AppointmentRow>, fact: &Recorded<DiaryEvent>) -> Option<AppointmentRow> {
        match &fact.data {
            DiaryEvent::HoldPlaced(_) => row,
            DiaryEvent::Booked(event) => Some(AppointmentRow {
                time: event.time.clone(),
                status: AppointmentStatus::Booked,
                reason: event.reason.clone(),
                comment: event.comment.clone(),
                version: event.version,
            }),
            DiaryEvent::Rescheduled(event) => (*key == Self::at(event.patient, &event.to)).then(|| AppointmentRow {
                time: event.to.clone(),
                status: AppointmentStatus::Booked,
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
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{
        AppointmentAmended, AppointmentBooked, AppointmentCancelled, AppointmentRescheduled, CancellationReason,
    };

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, clinic, fold, time};

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
