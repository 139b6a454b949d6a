//! A fold of its own of the events of sessions and waiting lists, with which the laws are checked.

use std::collections::{BTreeMap, BTreeSet};

use event_core::{SubjectId, Timestamp, event::AnyEvent};
use vocabulary::{
    SessionId,
    appointments::{SessionEvent, WaitingEvent, WaitingJoined},
    time::LONDON,
};

use super::waiting_laws::sessions;

pub(super) type WaitedSlot = (SessionId, Timestamp);

pub(super) fn capacity(slot: &WaitedSlot) -> usize {
    if slot.0 == sessions()[0] { 1 } else { 2 }
}

/// A person on a list, as the events tell.
#[derive(Debug, Clone)]
pub(super) struct OnList {
    pub(super) joined: WaitingJoined,
    /// The number of events before.
    pub(super) since: usize,
    pub(super) offer: Option<WaitedSlot>,
    pub(super) lapsed: BTreeSet<WaitedSlot>,
}

impl OnList {
    fn is_suited_by(&self, slot: &WaitedSlot) -> bool {
        let on = LONDON.day(slot.1);
        (self.joined.earliest..=self.joined.latest).contains(&on) && !self.lapsed.contains(slot)
    }
}

#[derive(Default)]
pub(super) struct Observed {
    pub(super) events: usize,
    pub(super) waiting: Vec<OnList>,
    pub(super) taken: BTreeSet<(WaitedSlot, SubjectId)>,
    /// The slots that people had and gave back.
    pub(super) given_back: BTreeSet<(WaitedSlot, SubjectId)>,
    pub(super) holds: BTreeMap<(WaitedSlot, SubjectId), Timestamp>,
    /// The number of events when the slot became free the last time.
    pub(super) freed: BTreeMap<WaitedSlot, usize>,
    pub(super) offers: usize,
}

impl Observed {
    fn is_held(&self, slot: &WaitedSlot, by: SubjectId, now: Timestamp) -> bool {
        self.holds.get(&(slot.clone(), by)).is_some_and(|until| *until > now)
    }

    fn free_places(&self, slot: &WaitedSlot, now: Timestamp) -> usize {
        let taken = self.taken.iter().filter(|(of, _)| of == slot).count();
        let held = self.holds.iter().filter(|((of, _), until)| of == slot && **until > now).count();
        capacity(slot) - (taken + held).min(capacity(slot))
    }

    /// The people to whom the slot could be offered now, in the order of joining.
    fn matches(&self, slot: &WaitedSlot, now: Timestamp) -> Vec<&OnList> {
        let suits = |one: &&OnList| {
            let by = one.joined.patient;
            let has_it = self.taken.contains(&(slot.clone(), by)) || self.is_held(slot, by, now);
            let had_it = self.given_back.contains(&(slot.clone(), by));
            one.offer.is_none() && one.is_suited_by(slot) && !has_it && !had_it
        };
        self.waiting.iter().filter(suits).collect()
    }

    pub(super) fn see(&mut self, events: &[Box<dyn AnyEvent>], now: Timestamp) {
        for (n, event) in events.iter().enumerate() {
            self.events += 1;
            if let Some(event) = event.as_any().downcast_ref::<SessionEvent>() {
                self.see_session(event, now, events.get(n + 1).map(AsRef::as_ref));
            }
            if let Some(event) = event.as_any().downcast_ref::<WaitingEvent>() {
                self.see_list(event);
            }
        }
    }

    fn see_session(&mut self, event: &SessionEvent, now: Timestamp, next: Option<&dyn AnyEvent>) {
        match event {
            SessionEvent::Held(held) => {
                let slot = (held.session.clone(), held.starts_at);
                let next = next.and_then(|next| next.as_any().downcast_ref::<WaitingEvent>());
                if let Some(WaitingEvent::Offered(_)) = next {
                    let first = self.matches(&slot, now).first().map(|one| one.joined.patient);
                    assert_eq!(first, Some(held.by), "an offer is made to who joined first");
                }
                assert!(self.free_places(&slot, now) > 0, "a slot without a free place is held");
                self.holds.insert((slot, held.by), held.expires_at);
            }
            SessionEvent::Released(released) => {
                let slot = (released.session.clone(), released.starts_at);
                self.holds.remove(&(slot.clone(), released.by));
                self.freed.insert(slot, self.events);
            }
            SessionEvent::Taken(taken) => {
                let slot = (taken.session.clone(), taken.starts_at);
                self.holds.remove(&(slot.clone(), taken.by));
                self.given_back.remove(&(slot.clone(), taken.by));
                self.taken.insert((slot, taken.by));
            }
            SessionEvent::Freed(freed) => {
                let slot = (freed.session.clone(), freed.starts_at);
                self.taken.remove(&(slot.clone(), freed.by));
                self.given_back.insert((slot.clone(), freed.by));
                self.freed.insert(slot, self.events);
            }
            SessionEvent::Published(_)
            | SessionEvent::Extended(_)
            | SessionEvent::Withdrawn(_)
            | SessionEvent::Amended(_) => {}
        }
    }

    fn see_list(&mut self, event: &WaitingEvent) {
        let position = |waiting: &[OnList], patient: SubjectId| {
            waiting.iter().position(|one| one.joined.patient == patient).expect("a person on the list")
        };
        match event {
            WaitingEvent::Joined(joined) => {
                assert!(self.waiting.iter().all(|one| one.joined.patient != joined.patient), "one person waits twice");
                let (joined, since) = (joined.clone(), self.events);
                self.waiting.push(OnList { joined, since, offer: None, lapsed: BTreeSet::new() });
            }
            WaitingEvent::Offered(offered) => {
                let at = position(&self.waiting, offered.patient);
                let slot = (offered.time.session.clone(), offered.time.starts_at);
                let before = self.waiting[at].offer.replace(slot);
                assert_eq!(before, None, "one person has one offer at a time");
                self.offers += 1;
            }
            WaitingEvent::Lapsed(lapsed) => {
                let at = position(&self.waiting, lapsed.patient);
                let slot = (lapsed.session.clone(), lapsed.starts_at);
                assert_eq!(self.waiting[at].offer.take(), Some(slot.clone()), "an offer that is not open lapses");
                self.waiting[at].lapsed.insert(slot);
                if lapsed.ended {
                    self.waiting.remove(at);
                }
            }
            WaitingEvent::Accepted(accepted) => {
                let at = position(&self.waiting, accepted.patient);
                let slot = (accepted.time.session.clone(), accepted.time.starts_at);
                assert_eq!(self.waiting.remove(at).offer, Some(slot), "an offer that is not open is accepted");
            }
            WaitingEvent::Left(left) => {
                let at = position(&self.waiting, left.patient);
                self.waiting.remove(at);
            }
            WaitingEvent::Passed(_) => {}
        }
    }

    /// Notes the holds that end until then.
    pub(super) fn pass(&mut self, from: Timestamp, until: Timestamp) {
        let ended = self.holds.iter().filter(|(_, end)| **end > from && **end <= until);
        let ended: Vec<WaitedSlot> = ended.map(|((slot, _), _)| slot.clone()).collect();
        self.freed.extend(ended.into_iter().map(|slot| (slot, self.events)));
    }

    /// The law that each freed slot is offered while a person waits for it, checked when all policies have nothing to do.
    pub(super) fn no_free_slot_is_unoffered(&self, now: Timestamp) {
        for (slot, freed) in &self.freed {
            if slot.1 <= now || self.free_places(slot, now) == 0 {
                continue;
            }
            let lost: Vec<_> = self.matches(slot, now).into_iter().filter(|one| one.since < *freed).collect();
            assert!(lost.is_empty(), "{slot:?} is free and {lost:?} wait for it");
        }
    }
}
