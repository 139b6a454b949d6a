//! The offers of a session's free places to those who wait.

use std::collections::{BTreeMap, BTreeSet};

use event_core::{Decision, EventData, LocalDate, SubjectId, Timestamp, nothing_new};
use vocabulary::appointments::{BookedTime, SlotHeld, SlotOffered, SlotPassed};

use super::{
    session::Clinic,
    waiting_list::{Waiter, WaitingList},
};

/// The maximum number of events of one command (CONTRACTS.md).
const EVENTS_MAX: usize = 500;

/// The offers of one command.
pub struct Offers<'a> {
    clinic: &'a Clinic,
    /// With the months in which the people joined: the oldest list first.
    lists: [(LocalDate, &'a WaitingList); 3],
    /// The time for which an offer stands.
    minutes: i64,
    now: Timestamp,
    decision: Decision,
    /// Those who have an offer from this command.
    offered: BTreeSet<SubjectId>,
    /// The number of slots that this command notes in each list.
    noted: BTreeMap<LocalDate, u16>,
}

impl<'a> Offers<'a> {
    /// Offers of a session's slots to those on these lists, the oldest list first. An offer stands for so many minutes.
    pub fn new(clinic: &'a Clinic, lists: [&'a WaitingList; 3], minutes: i64, now: Timestamp) -> Offers<'a> {
        let ([oldest, middle, newest], [first, second, third]) = (WaitingList::months(now), lists);
        Offers {
            clinic,
            lists: [(oldest, first), (middle, second), (newest, third)],
            minutes,
            now,
            decision: nothing_new(),
            offered: BTreeSet::new(),
            noted: BTreeMap::new(),
        }
    }

    /// True if one more slot does not take more events than a command can have.
    pub fn have_room(&self) -> bool {
        let of_a_slot = 2 * usize::from(self.clinic.details.capacity) + self.lists.len();
        self.decision.events.len() + of_a_slot <= EVENTS_MAX
    }

    pub fn into_decision(self) -> Decision {
        self.decision
    }

    /// Offers the free places of a slot. The oldest list comes first, and each in the order of joining.
    pub fn add(&mut self, starts_at: Timestamp) {
        let (now, clinic) = (self.now, self.clinic);
        let Some(time) = clinic.coming_slot(starts_at, now) else { return };
        let mut free = clinic.free_places(starts_at, now);
        let (session, site) = (&clinic.details.session, clinic.details.session.site());
        let expires_at = now.plus_minutes(self.minutes).min(starts_at);
        let mut passing = Vec::new();
        for (month, list) in self.lists {
            let suited = list.entries().filter(|waiter| suits(waiter, clinic, &time, now));
            for waiter in suited {
                if free == 0 {
                    break;
                }
                if waiter.has_offer() || self.offered.contains(&waiter.patient) {
                    passing.push((month, list));
                    continue;
                }
                free -= 1;
                self.offered.insert(waiter.patient);
                let (session, by) = (session.clone(), waiter.patient);
                let (site, patient, time) = (site.clone(), waiter.patient, time.clone());
                let held = SlotHeld { session, starts_at, by, expires_at };
                let offered = SlotOffered { site, month, patient, time, offered_at: now, expires_at };
                self.record(held);
                self.record(offered);
            }
        }
        if free > 0 {
            passing.dedup_by_key(|(month, _)| *month);
            for (month, list) in passing {
                let noted = self.noted.entry(month).or_default();
                if list.may_pass(&time, *noted) {
                    *noted += 1;
                    self.record(SlotPassed { site: site.clone(), month, time: time.clone(), passed_at: now });
                }
            }
        }
    }

    fn record(&mut self, event: impl EventData) {
        self.decision = std::mem::take(&mut self.decision).and(event);
    }
}

/// True if this person, on the list, is suited by the slot, and neither has it nor gave it back.
fn suits(waiter: &Waiter, clinic: &Clinic, time: &BookedTime, now: Timestamp) -> bool {
    let by: SubjectId = waiter.patient;
    let holds_it = clinic.hold(time.starts_at, by).is_some_and(|hold| hold.expires_at > now);
    waiter.is_suited_by(time)
        && !holds_it
        && !clinic.has_place(time.starts_at, by)
        && !clinic.was_given_back(time.starts_at, by)
}
