//! The slots that can be booked: one row per slot, with its taken and held places. Availability is computed at read
//! time, because a hold ends without an event.

use std::collections::BTreeSet;

use event_core::{Key, Keys, OrganisationCode, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    appointments::{Channel, Practitioner, ServiceType, SessionEvent, Timetable},
};

use super::added_slots::AddedSlots;

pub struct FreeSlots;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FreeSlotRow {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub slot_minutes: u16,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    pub capacity: u16,
    pub taken: u16,
    pub holds: Vec<Hold>,
    /// Before this instant, patients neither see nor book the slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    pub by: SubjectId,
    pub expires_at: Timestamp,
}

impl FreeSlotRow {
    /// The number of patients that can still book this slot.
    pub fn places(&self, now: Timestamp) -> u16 {
        let held = self.holds.iter().filter(|hold| hold.expires_at > now).count();
        let held = u16::try_from(held).unwrap_or(u16::MAX);
        self.capacity.saturating_sub(self.taken).saturating_sub(held)
    }
}

impl FreeSlots {
    pub fn partition(site: &OrganisationCode) -> String {
        site.to_string()
    }

    /// The first sort key of the slots that start in this instant's second or later.
    pub fn from(starts_at: Timestamp) -> String {
        starts_at.whole_second().to_string()
    }

    pub fn key(session: &SessionId, starts_at: Timestamp) -> Key {
        Key::new(session.site(), format_args!("{starts_at}.{session}"))
    }
}

fn all(session: &SessionId, timetable: &Timetable) -> Keys {
    timetable.slots().map(|starts_at| FreeSlots::key(session, starts_at)).collect()
}

impl Projection for FreeSlots {
    const NAME: &'static str = "free_slots";
    const VERSION: u32 = 2;
    type Row = FreeSlotRow;
    type Event = SessionEvent;

    fn keys(fact: &Recorded<SessionEvent>) -> Keys {
        match &fact.data {
            SessionEvent::Published(event) => all(&event.session, &event.timetable),
            SessionEvent::Extended(event) => all(&event.session, &event.added),
            SessionEvent::Withdrawn(event) => all(&event.session, &event.timetable),
            SessionEvent::Amended(event) => {
                let both: BTreeSet<_> = event.before.slots().chain(event.timetable.slots()).collect();
                both.into_iter().map(|starts_at| Self::key(&event.session, starts_at)).collect()
            }
            SessionEvent::Held(event) => vec![Self::key(&event.session, event.starts_at)],
            SessionEvent::Released(event) => vec![Self::key(&event.session, event.starts_at)],
            SessionEvent::Taken(event) => vec![Self::key(&event.session, event.starts_at)],
            SessionEvent::Freed(event) => vec![Self::key(&event.session, event.starts_at)],
        }
    }

    fn evolve(key: &Key, row: Option<FreeSlotRow>, fact: &Recorded<SessionEvent>) -> Option<FreeSlotRow> {
        if let Some(added) = AddedSlots::of(&fact.data) {
            // A booking that no longer fits takes its place until it is orphaned, which frees it.
            let taken = row.filter(|_| added.keeps_bookings).map_or(0, |row| row.taken);
            return added.slot(key).map(|starts_at| FreeSlotRow {
                session: added.session.clone(),
                starts_at,
                ends_at: added.ends_at(starts_at),
                slot_minutes: added.timetable.slot_minutes,
                service: added.service.clone(),
                channel: added.channel,
                practitioner: added.practitioner.clone(),
                capacity: added.capacity,
                taken,
                holds: Vec::new(),
                released_at: added.released_at,
            });
        }
        let mut row = row?;
        match &fact.data {
            SessionEvent::Published(_) | SessionEvent::Extended(_) | SessionEvent::Amended(_) => {}
            SessionEvent::Withdrawn(_) => return None,
            SessionEvent::Held(event) => {
                // Expired holds take no place, and would let the row grow without limit.
                row.holds.retain(|hold| hold.by != event.by && hold.expires_at > fact.recorded_at);
                row.holds.push(Hold { by: event.by, expires_at: event.expires_at });
            }
            SessionEvent::Released(event) => row.holds.retain(|hold| hold.by != event.by),
            SessionEvent::Taken(event) => {
                row.holds.retain(|hold| hold.by != event.by);
                row.taken += 1;
            }
            SessionEvent::Freed(_) => row.taken = row.taken.saturating_sub(1),
        }
        Some(row)
    }
}

#[cfg(test)]
mod specs {
    use std::time::{Duration, Instant};

    use vocabulary::appointments::{HoldReleased, SessionAmended, SessionWithdrawn, SlotFreed, SlotHeld, SlotTaken};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, clinic, extended, fold, fold_recorded, published};

    fn places(events: Vec<SessionEvent>, now: &str) -> Option<u16> {
        fold::<FreeSlots>(events).get(&FreeSlots::key(&clinic(), at(NINE))).map(|row| row.places(at(now)))
    }

    fn held(by: SubjectId) -> SessionEvent {
        SlotHeld { session: clinic(), starts_at: at(NINE), by, expires_at: at("2026-03-02T08:05:00Z") }.into()
    }

    fn taken(by: SubjectId) -> SessionEvent {
        SlotTaken { session: clinic(), starts_at: at(NINE), by }.into()
    }

    /// Enough slots for a quadratic algorithm to take minutes.
    const MANY: i64 = 20_000;
    const DEADLINE: Duration = Duration::from_secs(20);
    const BEFORE: &str = "2026-03-02T08:04:59Z";
    const AFTER: &str = "2026-03-02T08:05:00Z";

    #[test]
    fn every_slot_of_a_session_is_a_row() {
        let rows = fold::<FreeSlots>([published(clinic(), 1)]);
        let starts: Vec<_> = rows.values().map(|row| row.starts_at.to_string()).collect();
        assert_eq!(starts, [NINE, TEN_PAST, "2026-03-09T09:20:00Z"]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a deadline of the test, not a time of a row")]
    fn a_session_of_many_slots_costs_each_slot_once() {
        let SessionEvent::Published(mut session) = published(clinic(), 1) else { panic!("it is published") };
        let minutes = i64::from(session.timetable.slot_minutes);
        session.timetable.ends_at = at(NINE).plus_minutes(minutes * MANY);
        let began = Instant::now();
        let rows = fold::<FreeSlots>([session.into()]);
        assert_eq!(rows.len(), usize::try_from(MANY).expect("small"));
        assert!(rows.iter().all(|(key, row)| FreeSlots::key(&row.session, row.starts_at) == *key));
        assert!(began.elapsed() < DEADLINE, "it took {:?}", began.elapsed());
    }

    #[test]
    fn a_hold_takes_a_place_until_it_expires_or_is_released() {
        assert_eq!(places(vec![published(clinic(), 1), held(alice())], BEFORE), Some(0));
        assert_eq!(places(vec![published(clinic(), 1), held(alice())], AFTER), Some(1));
        let released = HoldReleased { session: clinic(), starts_at: at(NINE), by: alice() }.into();
        assert_eq!(places(vec![published(clinic(), 1), held(alice()), released], BEFORE), Some(1));
    }

    #[test]
    fn expired_holds_do_not_pile_up() {
        let events = [(at(BEFORE), published(clinic(), 1)), (at(BEFORE), held(alice())), (at(AFTER), held(bob()))];
        let rows = fold_recorded::<FreeSlots>(events);
        let holders: Vec<_> = rows[&FreeSlots::key(&clinic(), at(NINE))].holds.iter().map(|hold| hold.by).collect();
        assert_eq!(holders, [bob()]);
    }

    #[test]
    fn a_booking_takes_a_place_and_ends_the_hold_of_the_same_patient_only() {
        assert_eq!(places(vec![published(clinic(), 2), held(alice()), taken(alice())], BEFORE), Some(1));
        assert_eq!(places(vec![published(clinic(), 2), held(alice()), taken(bob())], BEFORE), Some(0));
        let freed = SlotFreed { session: clinic(), starts_at: at(NINE), by: alice() }.into();
        assert_eq!(places(vec![published(clinic(), 1), taken(alice()), freed], BEFORE), Some(1));
    }

    #[test]
    fn the_slots_of_an_extension_are_rows_and_the_earlier_ones_stay_as_they_are() {
        let rows = fold::<FreeSlots>([published(clinic(), 1), taken(alice()), extended(clinic(), 1)]);
        let slots: Vec<_> = rows.values().map(|row| (row.starts_at.to_string(), row.taken)).collect();
        let expected = [(NINE, 1), (TEN_PAST, 0), ("2026-03-09T09:20:00Z", 0), ("2026-03-09T09:30:00Z", 0)];
        assert_eq!(slots, expected.map(|(start, taken)| (start.to_owned(), taken)));
    }

    #[test]
    fn an_amended_session_has_its_new_slots_and_keeps_the_bookings_at_the_same_start() {
        let SessionEvent::Published(session) = published(clinic(), 1) else { panic!("it is published") };
        let amended = SessionAmended {
            session: clinic(),
            on: session.on,
            from: session.from,
            until: session.until,
            before: session.timetable.clone(),
            timetable: Timetable { slot_minutes: 15, ..session.timetable.clone() },
            capacity: 2,
            service: session.service.clone(),
            channel: Channel::Video,
            practitioner: session.practitioner.clone(),
            orphaned: vec![],
            taken_over: vec![],
            released_at: None,
        };
        let freed = |start| SlotFreed { session: clinic(), starts_at: at(start), by: alice() }.into();
        let ten_past = SlotTaken { session: clinic(), starts_at: at(TEN_PAST), by: alice() }.into();
        let held = SlotHeld { session: clinic(), starts_at: at(NINE), by: bob(), expires_at: at(NINE) }.into();
        let events = vec![session.clone().into(), taken(alice()), ten_past, held, amended.into()];
        let shown = |events: Vec<SessionEvent>| -> Vec<_> {
            let rows = fold::<FreeSlots>(events);
            rows.into_values()
                .map(|row| (row.starts_at, row.taken, row.holds.len(), row.capacity, row.channel))
                .collect()
        };
        let quarter_past = at("2026-03-09T09:15:00Z");
        let row = |start, taken| (start, taken, 0, 2, Channel::Video);
        assert_eq!(shown(events.clone()), [row(at(NINE), 1), row(quarter_past, 0)]);
        let orphaned = [events, vec![freed(NINE), freed(TEN_PAST)]].concat();
        assert_eq!(shown(orphaned), [row(at(NINE), 0), row(quarter_past, 0)]);
    }

    #[test]
    fn a_withdrawn_session_has_no_rows() {
        let SessionEvent::Published(session) = published(clinic(), 1) else { panic!("it is published") };
        let withdrawn =
            SessionWithdrawn { session: clinic(), timetable: session.timetable.clone(), orphaned: vec![], freed: None }
                .into();
        assert!(fold::<FreeSlots>([published(clinic(), 1), withdrawn]).is_empty());
    }
}
