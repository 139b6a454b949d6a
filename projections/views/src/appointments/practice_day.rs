//! A practice's day: every slot with its state and its patients.

use event_core::{Key, Keys, LocalDate, OrganisationCode, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    appointments::{BookedTime, Channel, DiaryEvent, Practitioner, ServiceType, SessionEvent, Timetable},
    text::Reason,
    time::LONDON,
};

use super::added_slots::AddedSlots;

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
    pub reason: Option<Personal<Reason>>,
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
    const VERSION: u32 = 1;
    type Row = DaySlotRow;
    type Event = DayEvent;

    fn keys(fact: &Recorded<DayEvent>) -> Keys {
        match &fact.data {
            DayEvent::Session(SessionEvent::Published(event)) => of_table(&event.session, &event.timetable),
            DayEvent::Session(SessionEvent::Extended(event)) => of_table(&event.session, &event.added),
            DayEvent::Session(SessionEvent::Withdrawn(event)) => of_table(&event.session, &event.timetable),
            DayEvent::Session(SessionEvent::Held(event)) => vec![Self::key(&event.session, event.starts_at)],
            DayEvent::Session(SessionEvent::Released(event)) => vec![Self::key(&event.session, event.starts_at)],
            DayEvent::Session(SessionEvent::Taken(event)) => vec![Self::key(&event.session, event.starts_at)],
            DayEvent::Session(SessionEvent::Freed(event)) => vec![Self::key(&event.session, event.starts_at)],
            // The session's events name the patients of a slot; the diary's events add the reasons.
            DayEvent::Diary(DiaryEvent::Booked(event)) => of_booking(&event.time),
            DayEvent::Diary(DiaryEvent::Rescheduled(event)) => of_booking(&event.to),
            DayEvent::Diary(DiaryEvent::Amended(event)) => of_booking(&event.time),
            DayEvent::Diary(DiaryEvent::Cancelled(_) | DiaryEvent::HoldPlaced(_)) => vec![],
        }
    }

    fn evolve(key: &Key, row: Option<DaySlotRow>, fact: &Recorded<DayEvent>) -> Option<DaySlotRow> {
        match &fact.data {
            DayEvent::Session(event @ (SessionEvent::Published(_) | SessionEvent::Extended(_))) => {
                let added = AddedSlots::of(event)?;
                added.slot(key).map(|starts_at| DaySlotRow {
                    session: added.session.clone(),
                    starts_at,
                    ends_at: added.ends_at(starts_at),
                    service: added.service.clone(),
                    channel: added.channel,
                    practitioner: added.practitioner.clone(),
                    capacity: added.capacity,
                    bookings: Vec::new(),
                    holds: Vec::new(),
                })
            }
            DayEvent::Session(SessionEvent::Withdrawn(_)) => None,
            DayEvent::Session(event) => row.map(|row| slot(row, event, fact.recorded_at)),
            DayEvent::Diary(DiaryEvent::Booked(event)) => row.map(|row| why(row, event.patient, &event.reason)),
            DayEvent::Diary(DiaryEvent::Rescheduled(event)) => row.map(|row| why(row, event.patient, &event.reason)),
            DayEvent::Diary(DiaryEvent::Amended(event)) => row.map(|row| why(row, event.patient, &event.reason)),
            DayEvent::Diary(DiaryEvent::Cancelled(_) | DiaryEvent::HoldPlaced(_)) => row,
        }
    }
}

fn slot(mut row: DaySlotRow, event: &SessionEvent, recorded_at: Timestamp) -> DaySlotRow {
    match event {
        SessionEvent::Published(_) | SessionEvent::Extended(_) | SessionEvent::Withdrawn(_) => {}
        SessionEvent::Held(event) => {
            // Expired holds take no place, and would let the row grow without limit.
            row.holds.retain(|hold| hold.patient != event.by && hold.expires_at > recorded_at);
            row.holds.push(DayHold { patient: event.by, expires_at: event.expires_at });
        }
        SessionEvent::Released(event) => row.holds.retain(|hold| hold.patient != event.by),
        SessionEvent::Taken(event) => {
            row.holds.retain(|hold| hold.patient != event.by);
            row.bookings.push(DayBooking { patient: event.by, reason: None });
        }
        SessionEvent::Freed(event) => row.bookings.retain(|booking| booking.patient != event.by),
    }
    row
}

fn why(mut row: DaySlotRow, patient: SubjectId, reason: &Option<Personal<Reason>>) -> DaySlotRow {
    for booking in row.bookings.iter_mut().filter(|booking| booking.patient == patient) {
        booking.reason.clone_from(reason);
    }
    row
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{AppointmentBooked, SlotFreed, SlotHeld, SlotTaken};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, clinic, extended, fold, published, time};

    fn taken() -> DayEvent {
        DayEvent::Session(SlotTaken { session: clinic(), starts_at: at(NINE), by: alice() }.into())
    }

    fn nine(events: Vec<DayEvent>) -> DaySlotRow {
        let rows = fold::<PracticeDay>(events);
        rows.get(&PracticeDay::key(&clinic(), at(NINE))).expect("a row").clone()
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
        assert_eq!(nine(booked.clone()).bookings, [DayBooking { patient: alice(), reason: Some(reason) }]);
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
