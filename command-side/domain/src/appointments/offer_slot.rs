use std::collections::BTreeSet;

use event_core::{OrganisationCode, Timestamp};
use vocabulary::SessionId;

use super::{offers::Offers, session::Session, waiting_list::WaitingList};
use crate::{practices::Practice, prelude::*};

/// The maximum number of places that one command offers, as policies give it: each is two events, and a slot without an offer is
/// noted in three lists at most.
pub const PLACES_AT_ONCE_MAX: usize = 100;
/// The maximum number of slots of one command.
pub const SLOTS_AT_ONCE_MAX: usize = PLACES_AT_ONCE_MAX;

/// Offer the free places of a slot to the patients that wait for one like it, in the order of joining. The slot is held
/// for them for as long as the practice has set. It is not offered to a patient who has just given it back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferSlot {
    pub session: SessionId,
    pub starts_at: Timestamp,
    /// Further slots of the session. A patient has one offer at a time, so each is offered to others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = SLOTS_AT_ONCE_MAX - 1), extend("default" = serde_json::json!([])))]
    pub more_slots: Vec<Timestamp>,
}

impl Command for OfferSlot {
    const NAME: &'static str = "offer-slot";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = (Session, WaitingList, WaitingList, WaitingList, Practice);

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, context: &Context) -> Streams<Self> {
        let site = self.session.site();
        let [first, second, third] = WaitingList::months(context.now).map(|month| WaitingList::of(&site, month));
        (Stream::of(&self.session), first, second, third, Stream::of(site))
    }

    fn decide(
        &self,
        (session, first, second, third, practice): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let now = context.now;
        let Session::Open(clinic) = session else { return Ok(nothing_new()) };
        if !clinic.is_released(now) {
            return Ok(nothing_new());
        }
        let minutes = i64::from(practice.settings().copied().unwrap_or_default().offer_minutes);
        let mut offers = Offers::new(clinic, [first, second, third], minutes, now);
        let slots: BTreeSet<Timestamp> = std::iter::once(&self.starts_at).chain(&self.more_slots).copied().collect();
        for slot in slots {
            // The capacity was raised since the command was made. What it does not offer is free for all, unless the change came
            // before the release: then it has commands of its own.
            if !offers.have_room() {
                break;
            }
            offers.add(slot);
        }
        Ok(offers.into_decision())
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{
        appointments::{
            BookedPlace, CancellationReason, Channel, OfferLapsed, OfferedSlot, SessionAmended, SessionEvent,
            SlotFreed, SlotOffered, SlotPassed, WaitingEvent, WaitingJoined,
        },
        practices::PracticeSettings,
    };

    use super::*;
    use crate::{
        appointments::{
            BookAppointment, CancelAppointment, HoldSlot, LapseOffer,
            rejections::{LIMIT_REACHED, SLOT_TAKEN},
            waiting_list::PASSES_MAX,
        },
        spec::*,
    };

    const OFFERED: [&str; 2] = ["appointment.slot-held.v1", "waiting.slot-offered.v1"];
    const TAKEN: [&str; 2] = ["appointment.slot-taken.v1", "appointment.booked.v1"];
    const CANCELLED: [&str; 2] = ["appointment.slot-freed.v1", "appointment.cancelled.v1"];

    fn offer(slot: &str) -> OfferSlot {
        OfferSlot { session: clinic(), starts_at: at(slot), more_slots: vec![] }
    }

    fn offer_all() -> OfferSlot {
        OfferSlot { more_slots: vec![at(TEN_PAST), at(TWENTY_PAST)], ..offer(NINE) }
    }

    fn book(slot: &str) -> BookAppointment {
        BookAppointment {
            session: clinic(),
            starts_at: at(slot),
            more_slots: vec![],
            patient: bob(),
            reason: None,
            comment: None,
            confirms_hold: false,
        }
    }

    fn both_wait() -> World {
        surgery().given(joined(alice())).given(joined(bob()))
    }

    #[test]
    fn a_free_slot_is_offered_to_who_joined_first_and_held_for_30_minutes() {
        let until = at(NOW).plus_minutes(30);
        let hold = held(NINE, alice(), "2026-03-02T08:30:00Z");
        let offer_of_nine: WaitingEvent = SlotOffered {
            site: site(),
            month: march(),
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            offered_at: at(NOW),
            expires_at: until,
        }
        .into();
        let offered = both_wait().when(offer(NINE)).records(&[&hold, &offer_of_nine]);
        let held = offered.when(offer(NINE)).nothing_new();
        let hold = HoldSlot { session: clinic(), starts_at: at(NINE), patient: bob() };
        held.clone().when(hold).rejected(&SLOT_TAKEN);
        held.when(book(NINE)).rejected(&SLOT_TAKEN);
    }

    #[test]
    fn an_offer_stands_for_as_long_as_the_practice_has_set() {
        let hour = PracticeSettings { offer_minutes: 60, ..PracticeSettings::default() };
        let offered = both_wait().given(settings_changed(hour)).when(offer(NINE)).records_kinds(&OFFERED);
        offered.clone().at("2026-03-02T08:59:59Z").when(book(NINE)).rejected(&SLOT_TAKEN);
        offered.at("2026-03-02T09:00:00Z").when(book(NINE)).records_kinds(&TAKEN);
    }

    #[test]
    fn a_slot_is_not_offered_to_who_has_just_given_it_back() {
        let has_nine = surgery().given(taken(NINE, alice())).given(booked(alice(), time(clinic(), NINE, TEN_PAST)));
        let waits = has_nine.given(joined(alice()));
        let cancel = CancelAppointment {
            patient: alice(),
            session: clinic(),
            starts_at: at(NINE),
            reason: Some(CancellationReason::CancelledByCitizen),
            version: None,
        };
        let cancelled = waits.when(cancel).records_kinds(&CANCELLED);
        cancelled.clone().when(offer(NINE)).nothing_new();
        // Another slot is, and so is this one to the next in line.
        cancelled.clone().when(offer(TEN_PAST)).records_kinds(&OFFERED);
        let next = cancelled.given(joined(bob())).when(offer(NINE));
        next.records_kinds(&OFFERED).when(book(NINE)).records_kinds(&TAKEN);
    }

    #[test]
    fn a_booking_that_no_longer_fitted_was_not_given_back() {
        let freed = SlotFreed { session: clinic(), starts_at: at(NINE), by: alice() };
        let waits = surgery().given(taken(NINE, alice())).given(joined(alice()));
        waits.clone().given(freed.clone()).when(offer(NINE)).nothing_new();
        // The same slot by telephone.
        let SessionEvent::Published(details) = published(clinic(), 1) else { panic!("it is published") };
        let amended = SessionAmended {
            session: clinic(),
            on: details.on,
            from: details.from,
            until: details.until,
            before: details.timetable.clone(),
            timetable: details.timetable,
            capacity: 1,
            service: details.service,
            channel: Channel::Telephone,
            practitioner: details.practitioner,
            orphaned: vec![BookedPlace { starts_at: at(NINE), by: alice() }],
            taken_over: vec![],
            released_at: None,
        };
        waits.given(amended).given(freed).when(offer(NINE)).records_kinds(&OFFERED);
    }

    #[test]
    fn one_person_has_one_offer_at_a_time() {
        let offered = both_wait().when(offer(NINE)).records_kinds(&OFFERED);
        let second = offered.when(offer(TEN_PAST)).records(&[
            &held(TEN_PAST, bob(), "2026-03-02T08:30:00Z"),
            &WaitingEvent::from(SlotOffered {
                site: site(),
                month: march(),
                patient: bob(),
                time: time(clinic(), TEN_PAST, TWENTY_PAST),
                offered_at: at(NOW),
                expires_at: at(NOW).plus_minutes(30),
            }),
        ]);
        // Both have an offer. The third slot is noted once, and offered when one of the offers lapses.
        let noted = second.when(offer(TWENTY_PAST)).records_kinds(&["waiting.slot-passed.v1"]);
        let noted = noted.when(offer(TWENTY_PAST)).nothing_new().at("2026-03-02T08:30:00Z");
        let lapse = LapseOffer { patient: bob(), month: march(), session: clinic(), starts_at: at(TEN_PAST) };
        let lapsed: WaitingEvent = OfferLapsed {
            site: site(),
            month: march(),
            patient: bob(),
            session: clinic(),
            starts_at: at(TEN_PAST),
            lapsed_at: at("2026-03-02T08:30:00Z"),
            ended: false,
            passed: vec![OfferedSlot { session: clinic(), starts_at: at(TWENTY_PAST) }],
        }
        .into();
        noted.when(lapse).records(&[&lapsed]).when(offer(TWENTY_PAST)).records_kinds(&OFFERED);
    }

    #[test]
    fn several_slots_are_offered_to_one_person_each() {
        let both = [OFFERED, OFFERED].concat();
        let offered = both_wait().when(offer_all()).records_kinds(&[&both[..], &["waiting.slot-passed.v1"]].concat());
        // As if they were offered one after the other.
        let each = both_wait().when(offer(NINE)).records_kinds(&OFFERED).when(offer(TEN_PAST)).records_kinds(&OFFERED);
        each.when(offer(TWENTY_PAST)).records_kinds(&["waiting.slot-passed.v1"]);
        offered.clone().when(offer_all()).nothing_new();
        offered.when(book(TWENTY_PAST)).records_kinds(&TAKEN);
    }

    #[test]
    fn the_events_of_one_command_are_as_many_as_the_log_takes() {
        // The capacity was raised after the command was made.
        let large = surgery().given(published(clinic(), 100));
        let waiting = (0..300).fold(large, |world, n| {
            world.given(joined(format!("5742a900-0000-4000-8000-{n:012}").parse().expect("a subject")))
        });
        let offered = waiting.when(offer_all()).records_kinds(&[OFFERED; 200].concat());
        offered.when(offer(TWENTY_PAST)).records_kinds(&[OFFERED; 100].concat());
    }

    #[test]
    fn a_list_notes_250_slots_that_were_free_meanwhile() {
        let noted = |n: u16| SlotPassed {
            site: site(),
            month: march(),
            time: time(format!("A12345.{n:012}").parse().expect("a session"), NINE, TEN_PAST),
            passed_at: at(NOW),
        };
        let offered = surgery().given(joined(alice())).when(offer(NINE)).records_kinds(&OFFERED);
        let almost = (11..10 + PASSES_MAX).fold(offered, |world, n| world.given(noted(n)));
        let both = OfferSlot { more_slots: vec![at(TWENTY_PAST)], ..offer(TEN_PAST) };
        almost.clone().when(both).records_kinds(&["waiting.slot-passed.v1"]);
        let full = almost.when(offer(TEN_PAST)).records_kinds(&["waiting.slot-passed.v1"]);
        full.when(offer(TWENTY_PAST)).nothing_new();
    }

    #[test]
    fn each_free_place_of_a_slot_is_offered() {
        let two_rooms = surgery().given(published(clinic(), 2)).given(joined(alice())).given(joined(bob()));
        let both = [OFFERED, OFFERED].concat();
        two_rooms.when(offer(NINE)).records_kinds(&both);
    }

    #[test]
    fn only_a_slot_that_suits_is_offered() {
        let wants = |change: fn(&mut WaitingJoined)| {
            let mut wish = joined(alice());
            change(&mut wish);
            surgery().given(wish).when(offer(NINE))
        };
        wants(|wish| wish.service = "vaccination".parse().expect("a service")).nothing_new();
        wants(|wish| wish.channel = Some(Channel::Video)).nothing_new();
        wants(|wish| wish.channel = Some(Channel::InPerson)).records_kinds(&OFFERED);
        wants(|wish| wish.latest = "2026-03-08".parse().expect("a date")).nothing_new();
        wants(|wish| wish.earliest = "2026-03-10".parse().expect("a date")).nothing_new();
        wants(|wish| wish.earliest = "2026-03-09".parse().expect("a date")).records_kinds(&OFFERED);
    }

    #[test]
    fn a_slot_that_is_not_free_or_not_there_or_past_is_not_offered() {
        both_wait().given(taken(NINE, bob())).when(offer(NINE)).nothing_new();
        both_wait().given(held(NINE, bob(), "2026-03-02T08:05:00Z")).when(offer(NINE)).nothing_new();
        both_wait().when(offer("2026-03-09T09:05:00Z")).nothing_new();
        both_wait().at(NINE).when(offer(NINE)).nothing_new();
        world().given(joined(alice())).when(offer(NINE)).nothing_new();
        let freed = SlotFreed { session: clinic(), starts_at: at(NINE), by: bob() };
        both_wait().given(taken(NINE, bob())).given(freed).when(offer(NINE)).records_kinds(&OFFERED);
    }

    #[test]
    fn a_slot_is_offered_when_it_is_released() {
        let SessionEvent::Published(mut session) = published(clinic(), 1) else { panic!("it is published") };
        session.released_at = Some(at("2026-03-02T09:00:00Z"));
        let embargoed = world().given(session).given(joined(alice()));
        embargoed.clone().when(offer(NINE)).nothing_new();
        embargoed.at("2026-03-02T09:00:00Z").when(offer(NINE)).records_kinds(&OFFERED);
    }

    #[test]
    fn an_offer_ends_when_the_slot_starts() {
        let soon = both_wait().at("2026-03-09T08:50:00Z").when(offer(NINE));
        soon.records_kinds(&OFFERED).at(NINE).when(offer(NINE)).nothing_new();
    }

    #[test]
    fn who_holds_another_slot_of_the_session_keeps_it_beside_the_offer() {
        let holding = both_wait().given(held(TEN_PAST, alice(), "2026-03-02T08:05:00Z"));
        let offered = holding.when(offer(NINE)).records_kinds(&OFFERED);
        offered.clone().when(book(NINE)).rejected(&SLOT_TAKEN);
        offered.clone().when(book(TEN_PAST)).rejected(&SLOT_TAKEN);
        let hold = |slot| HoldSlot { session: clinic(), starts_at: at(slot), patient: alice() };
        offered.clone().when(hold(NINE)).nothing_new().when(hold(TEN_PAST)).nothing_new();
        offered.when(hold(TWENTY_PAST)).rejected(&LIMIT_REACHED);
    }
}
