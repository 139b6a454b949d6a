//! The part of a clinic session that its bookings depend on, and the bookings that do not fit after a change.

use super::{BookedPlace, Channel, SessionPublished, Timetable};

/// The slots of a session, how many patients can have the same slot, and how they meet the clinician.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCut {
    pub timetable: Timetable,
    pub capacity: u16,
    pub channel: Channel,
}

impl SessionCut {
    pub fn of(session: &SessionPublished) -> SessionCut {
        let timetable = session.timetable.clone();
        SessionCut { timetable, capacity: session.capacity, channel: session.channel }
    }

    /// The places that do not fit after the change to `plan`. The places come in the order in which they were booked:
    /// where the capacity is reduced, the latest do not fit.
    pub fn misfits(&self, plan: &SessionCut, places: impl IntoIterator<Item = BookedPlace>) -> Vec<BookedPlace> {
        let recut = plan.timetable.slot_minutes != self.timetable.slot_minutes;
        let (every, mut kept) = (recut || plan.channel != self.channel, Vec::new());
        let mut misfits = Vec::new();
        for place in places {
            let before = kept.iter().filter(|start| **start == place.starts_at).count();
            if every || !plan.timetable.has_slot(place.starts_at) || before >= usize::from(plan.capacity) {
                misfits.push(place);
            } else {
                kept.push(place.starts_at);
            }
        }
        misfits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NINE, TEN_PAST, alice, at, bob};

    fn cut(starts_at: &str, capacity: u16, channel: Channel) -> SessionCut {
        let timetable = Timetable { starts_at: at(starts_at), ends_at: at("2026-03-09T09:30:00Z"), slot_minutes: 10 };
        SessionCut { timetable, capacity, channel }
    }

    #[test]
    fn places_without_a_slot_of_their_own_do_not_fit_and_the_latest_are_too_many() {
        let place = |start, by| BookedPlace { starts_at: at(start), by };
        let places = [place(NINE, bob()), place(NINE, alice()), place(TEN_PAST, alice())];
        let before = cut(NINE, 2, Channel::InPerson);
        let misfits = |plan: &SessionCut| before.misfits(plan, places);
        assert_eq!(misfits(&before), []);
        assert_eq!(misfits(&cut(NINE, 1, Channel::InPerson)), [places[1]]);
        assert_eq!(misfits(&cut(TEN_PAST, 2, Channel::InPerson)), places[..2]);
        assert_eq!(misfits(&cut(NINE, 2, Channel::Video)), places);
        let mut recut = before.clone();
        recut.timetable.slot_minutes = 15;
        assert_eq!(misfits(&recut), places);
    }
}
