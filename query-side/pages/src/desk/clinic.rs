//! A clinic session as the slots of a day show it. There is no query for a session alone.

use std::collections::HashMap;

use event_core::Timestamp;
use queries::appointments::DaySlot;
use vocabulary::{
    SessionId,
    appointments::{Channel, ServiceType},
};

use super::clocks;
use crate::words;

/// A session and its slots, earliest first.
pub struct ClinicOfDay<'a> {
    pub session: &'a SessionId,
    pub first: &'a DaySlot,
    pub slots: Vec<&'a DaySlot>,
}

impl ClinicOfDay<'_> {
    /// The sessions of these slots, in the order of their first slots.
    pub fn all(slots: &[DaySlot]) -> Vec<ClinicOfDay<'_>> {
        let mut clinics: Vec<ClinicOfDay<'_>> = Vec::new();
        let mut places: HashMap<&SessionId, usize> = HashMap::new();
        for slot in slots {
            let place = *places.entry(&slot.session).or_insert(clinics.len());
            match clinics.get_mut(place) {
                Some(clinic) => clinic.slots.push(slot),
                None => clinics.push(ClinicOfDay { session: &slot.session, first: slot, slots: vec![slot] }),
            }
        }
        clinics
    }

    pub fn details(&self) -> ClinicDetails {
        let booked = self.slots.iter().map(|slot| slot.bookings.len() as u64).sum();
        ClinicDetails {
            session: self.session.to_string(),
            time: format!("{} to {}", clocks::time(self.first.starts_at), clocks::time(self.ends_at())),
            clinician: self.first.practitioner.name.to_string(),
            role: self.first.practitioner.role.to_string(),
            what: what(&self.first.service, self.first.channel),
            slots: words::count(self.slots.len() as u64, "slot", "slots"),
            booked,
        }
    }

    fn ends_at(&self) -> Timestamp {
        self.slots.last().map_or(self.first.ends_at, |last| last.ends_at)
    }
}

/// A session, as pages show it.
pub struct ClinicDetails {
    pub session: String,
    /// `9:00am to 12:00pm`
    pub time: String,
    pub clinician: String,
    pub role: String,
    pub what: String,
    pub slots: String,
    /// The number of places that are booked.
    pub booked: u64,
}

/// `GP appointment, face to face`
pub fn what(service: &ServiceType, channel: Channel) -> String {
    format!("{}, {}", words::service(service), words::channel(channel).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use queries::appointments::SlotState;
    use vocabulary::appointments::Practitioner;

    fn slot(session: &str, starts_at: &str) -> DaySlot {
        let starts_at: Timestamp = starts_at.parse().expect("an instant");
        DaySlot {
            session: session.parse().expect("a session"),
            starts_at,
            ends_at: starts_at.plus_minutes(10),
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::Telephone,
            practitioner: Practitioner {
                name: "Dr Mei Tanaka".parse().expect("a name"),
                role: "General practitioner".parse().expect("a role"),
            },
            state: SlotState::Free,
            capacity: 1,
            bookings: Vec::new(),
            holds: Vec::new(),
        }
    }

    #[test]
    fn slots_are_grouped_by_session_in_the_order_of_their_first_slots() {
        let (one, two) = ("A12345.BBBBBBBBBBBB", "A12345.AAAAAAAAAAAA");
        let slots = [
            slot(one, "2026-11-26T09:00:00Z"),
            slot(two, "2026-11-26T09:10:00Z"),
            slot(one, "2026-11-26T09:10:00Z"),
            slot(two, "2026-11-26T09:20:00Z"),
            slot(two, "2026-11-26T09:30:00Z"),
        ];
        let clinics: Vec<ClinicDetails> = ClinicOfDay::all(&slots).iter().map(ClinicOfDay::details).collect();
        let shown: Vec<_> = clinics.iter().map(|one| (&*one.session, &*one.time, &*one.slots)).collect();
        assert_eq!(shown, [(one, "9:00am to 9:20am", "2 slots"), (two, "9:10am to 9:40am", "3 slots")]);
        assert_eq!(clinics[0].what, "GP appointment, by telephone");
    }
}
