//! A practice's day: every slot with its state and its patients.

use std::collections::BTreeSet;

use event_core::{Key, Keys, LocalDate, OrganisationCode, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    appointments::{BookedTime, Channel, DiaryEvent, Practitioner, ServiceType, SessionEvent, Timetable},
    text::Reason,
    time::LONDON,
};

use super::{added_slots::AddedSlots, attendance::Attendance};

pub struct PracticeDay;

event_core::followed! {
    /// The events of slots and of the patients that book them.
    pub enum DayEvent {
        Session(SessionEvent),
        Diary(DiaryEvent),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaySlotRow {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    pub capacity: u16,
    pub bookings: Vec<DayBooking>,
    pub holds: Vec<DayHold>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayBooking {
    pub patient: SubjectId,
    /// The start of the appointment, which may have several slots. Each of them has a row.
    pub starts_at: Timestamp,
    pub reason: Option<Personal<Reason>>,
    pub attendance: Attendance,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayHold {
    pub patient: SubjectId,
    pub expires_at: Timestamp,
}

impl PracticeDay {
    pub fn partition(site: &OrganisationCode, day: LocalDate) -> String {
        format!("{site}.{day}")
    }

    pub fn key(session: &SessionId, starts_at: Timestamp) -> Key {
        let partition = Self::partition(&session.site(), LONDON.day(starts_at));
        Key { partition, sort: format!("{starts_at}.{session}") }
    }
}

fn of_table(session: &SessionId, timetable: &Timetable) -> Keys {
    timetable.slots().map(|starts_at| PracticeDay::key(session, starts_at)).collect()
}

fn of_booking(time: &BookedTime) -> Keys {
    time.slots().map(|starts_at| PracticeDay::key(&time.session, starts_at)).collect()
}

impl Projection for PracticeDay {
    const NAME: &'static str = "practice_day";
    const VERSION: u32 = 2;
    type Row = DaySlotRow;
    type Event = DayEvent;

    fn keys(fact: &Recorded<DayEvent>) -> Keys {
        match &fact.data {
            DayEvent::Session(SessionEvent::Published(event)) => of_table(&event.session, &event.timetable),
            DayEvent::Session(SessionEvent::Extended(event)) => of_table(&event.session, &event.added),
            DayEvent::Session(SessionEvent::Withdrawn(event)) => of_table(&event.session, &event.timetable),
            DayEvent::Session(SessionEvent::Amended(event)) => {
                let both: BTreeSet<_> = event.before.slots().chain(event.timetable.slots()).collect();
                both.into_iter().map(|starts_at| Self::key(&event.session, starts_at)).collect()
            }
            DayEvent::Session(SessionEvent::Held(event)) => vec![Self::key(&event.session, event.starts_at)],
            DayEvent::Session(SessionEvent::Released(event)) => vec![Self::key(&event.session, event.starts_at)],
            DayEvent::Session(SessionEvent::Taken(event)) => vec![Self::key(&event.session, event.starts_at)],
            DayEvent::Session(SessionEvent::Freed(event)) => vec![Self::key(&event.session, event.starts_at)],
            // The session's events name the patients of a slot; the diary's events add the reasons.
            DayEvent::Diary(DiaryEvent::Booked(event)) => of_booking(&event.time),
            DayEvent::Diary(DiaryEvent::Rescheduled(event)) => of_booking(&event.to),
            DayEvent::Diary(DiaryEvent::Amended(event)) => of_booking(&event.time),
            DayEvent::Diary(DiaryEvent::CheckedIn(event)) => of_booking(&event.time),
            DayEvent::Diary(DiaryEvent::Attended(event)) => of_booking(&event.time),
            DayEvent::Diary(DiaryEvent::NotAttended(event)) => of_booking(&event.time),
            DayEvent::Diary(
                DiaryEvent::Cancelled(_)
                | DiaryEvent::Orphaned(_)
                | DiaryEvent::PractitionerChanged(_)
                | DiaryEvent::HoldPlaced(_),
            ) => vec![],
        }
    }

    fn evolve(key: &Key, row: Option<DaySlotRow>, fact: &Recorded<DayEvent>) -> Option<DaySlotRow> {
        match &fact.data {
            DayEvent::Session(
                event @ (SessionEvent::Published(_) | SessionEvent::Extended(_) | SessionEvent::Amended(_)),
            ) => {
                let added = AddedSlots::of(event)?;
                let bookings = row.filter(|_| added.keeps_bookings).map(|row| row.bookings).unwrap_or_default();
                added.slot(key).map(|starts_at| DaySlotRow {
                    session: added.session.clone(),
                    starts_at,
                    ends_at: added.ends_at(starts_at),
                    service: added.service.clone(),
                    channel: added.channel,
                    practitioner: added.practitioner.clone(),
                    capacity: added.capacity,
                    bookings,
                    holds: Vec::new(),
                })
            }
            DayEvent::Session(SessionEvent::Withdrawn(_)) => None,
            DayEvent::Session(event) => row.map(|row| slot(row, event, fact.recorded_at)),
            DayEvent::Diary(DiaryEvent::Booked(event)) => {
                row.map(|row| why(row, event.patient, &event.time, &event.reason))
            }
            DayEvent::Diary(DiaryEvent::Rescheduled(event)) => {
                row.map(|row| why(row, event.patient, &event.to, &event.reason))
            }
            DayEvent::Diary(DiaryEvent::Amended(event)) => {
                row.map(|row| why(row, event.patient, &event.time, &event.reason))
            }
            DayEvent::Diary(DiaryEvent::CheckedIn(event)) => {
                row.map(|row| of(row, event.patient, |booking| booking.attendance = booking.attendance.arrived(event)))
            }
            DayEvent::Diary(DiaryEvent::Attended(event)) => {
                row.map(|row| of(row, event.patient, |booking| booking.attendance = booking.attendance.attended(event)))
            }
            DayEvent::Diary(DiaryEvent::NotAttended(event)) => {
                row.map(|row| of(row, event.patient, |booking| booking.attendance = booking.attendance.missed(event)))
            }
            DayEvent::Diary(
                DiaryEvent::Cancelled(_)
                | DiaryEvent::Orphaned(_)
                | DiaryEvent::PractitionerChanged(_)
                | DiaryEvent::HoldPlaced(_),
            ) => row,
        }
    }
}

fn slot(mut row: DaySlotRow, event: &SessionEvent, recorded_at: Timestamp) -> DaySlotRow {
    match event {
        SessionEvent::Published(_)
        | SessionEvent::Extended(_)
        | SessionEvent::Amended(_)
        | SessionEvent::Withdrawn(_) => {}
        SessionEvent::Held(event) => {
            // Expired holds take no place, and would let the row grow without limit.
            row.holds.retain(|hold| hold.patient != event.by && hold.expires_at > recorded_at);
            row.holds.push(DayHold { patient: event.by, expires_at: event.expires_at });
        }
        SessionEvent::Released(event) => row.holds.retain(|hold| hold.patient != event.by),
        SessionEvent::Taken(event) => {
            row.holds.retain(|hold| hold.patient != event.by);
            row.bookings.push(DayBooking {
                patient: event.by,
                starts_at: event.starts_at,
                reason: None,
                attendance: Attendance::default(),
            });
        }
        SessionEvent::Freed(event) => row.bookings.retain(|booking| booking.patient != event.by),
    }
    row
}

/// Changes the bookings of this patient in the slot.
fn of(mut row: DaySlotRow, patient: SubjectId, change: impl Fn(&mut DayBooking)) -> DaySlotRow {
    row.bookings.iter_mut().filter(|booking| booking.patient == patient).for_each(change);
    row
}

fn why(row: DaySlotRow, patient: SubjectId, time: &BookedTime, reason: &Option<Personal<Reason>>) -> DaySlotRow {
    of(row, patient, |booking| {
        booking.starts_at = time.starts_at;
        booking.reason.clone_from(reason);
    })
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{
        AppointmentAttended, AppointmentBooked, PatientCheckedIn, SlotFreed, SlotHeld, SlotTaken,
    };

    use super::*;
    use crate::AttendanceState;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, clinic, extended, fold, published, time};

    fn taken() -> DayEvent {
        DayEvent::Session(SlotTaken { session: clinic(), starts_at: at(NINE), by: alice() }.into())
    }

    fn nine(events: Vec<DayEvent>) -> DaySlotRow {
        let rows = fold::<PracticeDay>(events);
        rows.get(&PracticeDay::key(&clinic(), at(NINE))).expect("a row").clone()
    }

    fn booking_at_nine(reason: Option<Personal<Reason>>) -> DayBooking {
        DayBooking { patient: alice(), starts_at: at(NINE), reason, attendance: Attendance::default() }
    }

    /// The trap: an attendance that only the first slot of an appointment shows.
    #[test]
    fn each_slot_of_an_appointment_shows_its_start_and_whether_the_patient_came() {
        let (patient, place) = (alice(), time(clinic(), NINE, "2026-03-09T09:20:00Z"));
        let take = |start| SlotTaken { session: clinic(), starts_at: at(start), by: alice() };
        let take = |start| DayEvent::Session(take(start).into());
        let booked = AppointmentBooked {
            patient,
            time: place.clone(),
            reason: None,
            comment: None,
            version: 1,
            booked_at: None,
        };
        let arrived = PatientCheckedIn { patient, time: place.clone(), checked_in_at: at(NINE), version: 2 };
        let came = AppointmentAttended { patient, time: place, marked_at: at(TEN_PAST), version: 3 };
        let diary = [booked.into(), arrived.into(), came.into()].map(DayEvent::Diary);
        let before = vec![DayEvent::Session(published(clinic(), 1)), take(NINE), take(TEN_PAST)];
        let rows = fold::<PracticeDay>([before, diary.to_vec()].concat());
        let attended = Attendance {
            state: AttendanceState::Attended,
            checked_in_at: Some(at(NINE)),
            marked_at: Some(at(TEN_PAST)),
        };
        let shown: Vec<_> = rows.values().flat_map(|row| &row.bookings).collect();
        let expected = DayBooking { attendance: attended, ..booking_at_nine(None) };
        assert_eq!(shown, [&expected, &expected]);
    }

    #[test]
    fn every_slot_of_the_day_is_there_whoever_has_it() {
        let rows = fold::<PracticeDay>([DayEvent::Session(published(clinic(), 1)), taken()]);
        let bookings: Vec<_> = rows.values().map(|row| row.bookings.len()).collect();
        assert_eq!(bookings, [1, 0, 0]);
        assert!(rows.keys().all(|key| key.partition == "A12345.2026-03-09"));
    }

    #[test]
    fn an_extension_adds_slots_to_the_day() {
        let rows = fold::<PracticeDay>([published(clinic(), 1), extended(clinic(), 1)].map(DayEvent::Session));
        let starts: Vec<_> = rows.values().map(|row| row.starts_at.to_string()).collect();
        assert_eq!(starts, [NINE, TEN_PAST, "2026-03-09T09:20:00Z", "2026-03-09T09:30:00Z"]);
    }

    #[test]
    fn a_booking_comes_with_its_reason_and_goes_when_it_is_freed() {
        let reason: Personal<Reason> = serde_json::from_str("\"p0.ImtuZWUi\"").expect("a closed text");
        let booked = AppointmentBooked {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            reason: Some(reason.clone()),
            comment: None,
            version: 1,
            booked_at: None,
        };
        let booked = vec![DayEvent::Session(published(clinic(), 1)), taken(), DayEvent::Diary(booked.into())];
        assert_eq!(nine(booked.clone()).bookings, [booking_at_nine(Some(reason))]);
        let freed = DayEvent::Session(SlotFreed { session: clinic(), starts_at: at(NINE), by: alice() }.into());
        assert_eq!(nine([booked, vec![freed]].concat()).bookings, []);
    }

    #[test]
    fn a_hold_is_shown_until_it_is_booked() {
        let held = SlotHeld { session: clinic(), starts_at: at(NINE), by: bob(), expires_at: at(NINE) };
        let held = vec![DayEvent::Session(published(clinic(), 2)), DayEvent::Session(held.into())];
        assert_eq!(nine(held.clone()).holds.len(), 1);
        let bobs = DayEvent::Session(SlotTaken { session: clinic(), starts_at: at(NINE), by: bob() }.into());
        assert_eq!(nine([held, vec![bobs]].concat()).holds, []);
    }
}
