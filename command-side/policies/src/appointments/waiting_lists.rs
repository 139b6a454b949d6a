//! Waiting lists: a place that may have become free is offered, an offer lapses when its time is over, and the slot goes to
//! the next in line.

use domain::appointments::{LapseOffer, OfferSlot, PLACES_AT_ONCE_MAX, ReleaseHold};
use event_core::{Policy, Reactions, Recorded, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{SessionEvent, Timetable, WaitingEvent},
};

pub struct WaitingLists;

event_core::followed! {
    /// The events that free a place, and those of the lists.
    pub enum FreedOrWaiting {
        Session(SessionEvent),
        Waiting(WaitingEvent),
    }
}

impl Policy for WaitingLists {
    const NAME: &'static str = "waiting-lists";
    type Event = FreedOrWaiting;

    fn react(fact: &Recorded<FreedOrWaiting>) -> Reactions {
        match &fact.data {
            FreedOrWaiting::Session(event) => in_session(event, fact.recorded_at),
            FreedOrWaiting::Waiting(event) => in_list(event),
        }
    }
}

fn offer(session: &SessionId, starts_at: Timestamp) -> OfferSlot {
    OfferSlot { session: session.clone(), starts_at, more_slots: Vec::new() }
}

/// Those who wait are asked first when the slots are released. At the hour at which most sessions are released, that is a command of
/// each session and not of each slot.
fn offers_at(released_at: Timestamp, session: &SessionId, timetable: &Timetable, capacity: u16) -> Reactions {
    let slots: Vec<Timestamp> = timetable.slots().collect();
    let at_once = (PLACES_AT_ONCE_MAX / usize::from(capacity.max(1))).max(1);
    slots.chunks(at_once).fold(Reactions::none(), |reactions, chunk| match chunk {
        [first, more @ ..] => {
            reactions.and_at(released_at, &OfferSlot { more_slots: more.to_vec(), ..offer(session, *first) })
        }
        [] => reactions,
    })
}

fn in_session(event: &SessionEvent, recorded_at: Timestamp) -> Reactions {
    match event {
        SessionEvent::Freed(event) => Reactions::give(&offer(&event.session, event.starts_at)),
        SessionEvent::Released(event) => Reactions::give(&offer(&event.session, event.starts_at)),
        // A hold ends without an event.
        SessionEvent::Held(event) => Reactions::give_at(event.expires_at, &offer(&event.session, event.starts_at)),
        SessionEvent::Published(event) => event.released_at.map_or_else(Reactions::none, |released_at| {
            offers_at(released_at, &event.session, &event.timetable, event.capacity)
        }),
        // Before the release, its slots are others now. Offers of slots that are no longer there do nothing.
        SessionEvent::Amended(event) => match event.released_at {
            Some(released_at) if released_at > recorded_at => {
                offers_at(released_at, &event.session, &event.timetable, event.capacity)
            }
            Some(_) | None => Reactions::none(),
        },
        SessionEvent::Extended(event) => match event.released_at {
            Some(released_at) if released_at > recorded_at => {
                offers_at(released_at, &event.session, &event.added, event.capacity)
            }
            Some(_) | None => Reactions::none(),
        },
        SessionEvent::Withdrawn(_) | SessionEvent::Taken(_) => Reactions::none(),
    }
}

fn in_list(event: &WaitingEvent) -> Reactions {
    match event {
        WaitingEvent::Offered(event) => {
            let (patient, month, starts_at) = (event.patient, event.month, event.time.starts_at);
            let lapse = LapseOffer { patient, month, session: event.time.session.clone(), starts_at };
            Reactions::give_at(event.expires_at, &lapse)
        }
        WaitingEvent::Lapsed(event) => {
            let first = Reactions::give(&offer(&event.session, event.starts_at));
            event.passed.iter().fold(first, |reactions, slot| reactions.and(&offer(&slot.session, slot.starts_at)))
        }
        // The slot is offered to the next in line once the hold is released.
        WaitingEvent::Left(event) => event.offered.as_ref().map_or_else(Reactions::none, |slot| {
            let (session, starts_at) = (slot.session.clone(), slot.starts_at);
            Reactions::give(&ReleaseHold { session, starts_at, patient: event.patient })
        }),
        WaitingEvent::Joined(_) | WaitingEvent::Accepted(_) | WaitingEvent::Passed(_) => Reactions::none(),
    }
}

#[cfg(test)]
mod specs {
    use event_core::Reaction;
    use serde_json::json;
    use vocabulary::appointments::{
        HoldReleased, OfferLapsed, OfferedSlot, SessionAmended, SessionPublished, SlotFreed, SlotHeld, SlotOffered,
        WaitingLeft,
    };

    use vocabulary::testing::extended;

    use super::*;
    use crate::spec::*;

    const NOW: &str = "2026-03-02T08:00:00Z";
    const LATER: &str = "2026-03-02T08:30:00Z";
    const TWENTY_PAST: &str = "2026-03-09T09:20:00Z";

    fn after_session(event: impl Into<SessionEvent>) -> Vec<Reaction> {
        reactions::<WaitingLists>(NOW, FreedOrWaiting::Session(event.into()))
    }

    fn after_waiting(event: impl Into<WaitingEvent>) -> Vec<Reaction> {
        reactions::<WaitingLists>(NOW, FreedOrWaiting::Waiting(event.into()))
    }

    fn offer_of_nine(due_at: Option<&str>) -> [Reaction; 1] {
        let body = json!({"session": clinic(), "startsAt": NINE});
        [Reaction { command: "offer-slot", body, due_at: due_at.map(at), awaits: None }]
    }

    #[test]
    fn a_freed_slot_a_released_hold_and_a_hold_that_expires_are_offered() {
        let (session, starts_at, by, expires_at) = (clinic(), at(NINE), alice(), at(LATER));
        assert_eq!(after_session(SlotFreed { session: session.clone(), starts_at, by }), offer_of_nine(None));
        assert_eq!(after_session(HoldReleased { session: session.clone(), starts_at, by }), offer_of_nine(None));
        assert_eq!(after_session(SlotHeld { session, starts_at, by, expires_at }), offer_of_nine(Some(LATER)));
        assert_eq!(after_session(published(clinic(), 1)), []);
    }

    #[test]
    fn the_slots_of_a_session_are_offered_when_they_are_released() {
        let SessionEvent::Published(mut session) = published(clinic(), 1) else { panic!("it is published") };
        session.released_at = Some(at(LATER));
        let offer = |body| Reaction { command: "offer-slot", body, due_at: Some(at(LATER)), awaits: None };
        let all = json!({"session": clinic(), "startsAt": NINE, "moreSlots": [TEN_PAST, TWENTY_PAST]});
        assert_eq!(after_session(session.clone()), [offer(all)]);
        // A command offers 100 places.
        session.capacity = 40;
        let two = json!({"session": clinic(), "startsAt": NINE, "moreSlots": [TEN_PAST]});
        let third = json!({"session": clinic(), "startsAt": TWENTY_PAST});
        assert_eq!(after_session(session.clone()), [offer(two), offer(third)]);
        // The slots of a session that was amended before are others.
        let (mut amended, half) = (amended(&session), "2026-03-09T09:30:00Z");
        amended.timetable.starts_at = at(half);
        amended.timetable.ends_at = at("2026-03-09T09:40:00Z");
        assert_eq!(after_session(amended.clone()), [offer(json!({"session": clinic(), "startsAt": half}))]);
        amended.released_at = Some(at(NOW));
        assert_eq!(after_session(amended), []);
        // One that was extended has more.
        let SessionEvent::Extended(mut longer) = extended(clinic(), 1) else { panic!("it is extended") };
        assert_eq!(after_session(longer.clone()), []);
        longer.released_at = Some(at(LATER));
        assert_eq!(after_session(longer.clone()), [offer(json!({"session": clinic(), "startsAt": half}))]);
        longer.released_at = Some(at(NOW));
        assert_eq!(after_session(longer), []);
    }

    fn amended(session: &SessionPublished) -> SessionAmended {
        let session = session.clone();
        SessionAmended {
            session: session.session,
            on: session.on,
            from: session.from,
            until: session.until,
            before: session.timetable.clone(),
            timetable: session.timetable,
            capacity: session.capacity,
            service: session.service,
            channel: session.channel,
            practitioner: session.practitioner,
            orphaned: vec![],
            taken_over: vec![],
            released_at: session.released_at,
        }
    }

    #[test]
    fn an_offer_lapses_when_its_time_is_over_and_the_slot_is_offered_to_the_next() {
        let (month, patient) = ("2026-03-01".parse().expect("a date"), alice());
        let (time, offered_at, expires_at) = (time(clinic(), NINE, TEN_PAST), at(NOW), at(LATER));
        let offered = SlotOffered { site: site(), month, patient, time, offered_at, expires_at };
        let body = json!({"patient": alice(), "month": "2026-03-01", "session": clinic(), "startsAt": NINE});
        let lapse = Reaction { command: "lapse-offer", body, due_at: Some(at(LATER)), awaits: None };
        assert_eq!(after_waiting(offered), [lapse]);
        let passed = vec![OfferedSlot { session: clinic(), starts_at: at(TEN_PAST) }];
        let (session, starts_at, lapsed_at, ended) = (clinic(), at(NINE), at(LATER), false);
        let lapsed = OfferLapsed { site: site(), month, patient, session, starts_at, lapsed_at, ended, passed };
        let second =
            Reaction { body: json!({"session": clinic(), "startsAt": TEN_PAST}), ..offer_of_nine(None)[0].clone() };
        assert_eq!(after_waiting(lapsed), [offer_of_nine(None)[0].clone(), second]);
    }

    #[test]
    fn who_leaves_with_an_offer_gives_the_slot_back() {
        let (month, patient, left_at) = ("2026-03-01".parse().expect("a date"), alice(), at(NOW));
        let left = |offered| WaitingLeft { site: site(), month, patient, offered, left_at };
        let body = json!({"session": clinic(), "startsAt": NINE, "patient": alice()});
        let slot = OfferedSlot { session: clinic(), starts_at: at(NINE) };
        assert_eq!(
            after_waiting(left(Some(slot))),
            [Reaction { command: "release-hold", body, due_at: None, awaits: None }]
        );
        assert_eq!(after_waiting(left(None)), []);
    }
}
