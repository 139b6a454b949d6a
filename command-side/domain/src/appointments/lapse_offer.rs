use event_core::{LocalDate, OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{HoldReleased, OfferLapsed},
};

use super::{session::Session, waiting_list::WaitingList};
use crate::prelude::*;

/// End an offer that was not accepted in time. The patient stays on the waiting list until three offers have lapsed, and
/// is not offered the same slot again.
///
/// The timer that gives this command is the clock of the offer: otherwise a process with a late clock would not
/// lapse it, and the slot would not be offered again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LapseOffer {
    pub patient: SubjectId,
    /// The list: the first day of the month in which the patient joined.
    pub month: LocalDate,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

impl Command for LapseOffer {
    const NAME: &'static str = "lapse-offer";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    const GIVES_UP: bool = true;
    type Reads = (Session, WaitingList);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.session), WaitingList::of(&self.session.site(), self.month))
    }

    fn decide(&self, (session, list): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        Ok(ended_offer(self, session, list, context.now))
    }
}

/// The decision if this offer ends without a booking: the slot is not held any more, and goes to the next in line.
pub(super) fn ended_offer(offer: &LapseOffer, session: &Session, list: &WaitingList, now: Timestamp) -> Decision {
    let LapseOffer { patient, month, session: session_id, starts_at } = offer;
    let Some(waiter) = list.offered(*patient, session_id, *starts_at) else { return nothing_new() };
    let is_held = match session {
        Session::Open(clinic) => clinic.hold(*starts_at, *patient).is_some_and(|hold| hold.expires_at > now),
        Session::Unpublished | Session::Withdrawn(_) => false,
    };
    let ended = waiter.is_last_lapse();
    // A slot that was free meanwhile may suit others, too, so it is offered also where this patient waits no longer.
    let passed = list.passed_for(waiter, now);
    let (session, starts_at, patient) = (session_id.clone(), *starts_at, *patient);
    let released = is_held.then(|| HoldReleased { session: session.clone(), starts_at, by: patient });
    nothing_new().and_all(released).and(OfferLapsed {
        site: session.site(),
        month: *month,
        patient,
        session,
        starts_at,
        lapsed_at: now,
        ended,
        passed,
    })
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        appointments::{OfferSlot, waiting_list::LAPSES_MAX},
        spec::*,
    };

    const OFFERED: [&str; 2] = ["appointment.slot-held.v1", "waiting.slot-offered.v1"];

    fn lapse(slot: &str) -> LapseOffer {
        LapseOffer { patient: alice(), month: march(), session: clinic(), starts_at: at(slot) }
    }

    fn offer(slot: &str) -> OfferSlot {
        OfferSlot { session: clinic(), starts_at: at(slot), more_slots: vec![] }
    }

    #[test]
    fn an_offer_lapses_once_and_the_slot_goes_to_the_next_in_line() {
        let waits = surgery().given(joined(alice())).given(joined(bob()));
        let offered = waits.when(offer(NINE)).records_kinds(&OFFERED).at("2026-03-02T08:30:00Z");
        let lapsed = offered.when(lapse(NINE)).records_kinds(&["waiting.offer-lapsed.v1"]);
        let next = lapsed.when(lapse(NINE)).nothing_new().when(offer(NINE)).records_kinds(&OFFERED);
        let bobs = LapseOffer { patient: bob(), ..lapse(NINE) };
        let none = next.at("2026-03-02T09:00:00Z").when(bobs).records_kinds(&["waiting.offer-lapsed.v1"]);
        // Neither is offered the same slot again.
        none.when(offer(NINE)).nothing_new();
    }

    #[test]
    fn an_offer_that_lapses_before_its_hold_ends_frees_the_slot() {
        let offered = surgery().given(joined(alice())).when(offer(NINE)).records_kinds(&OFFERED);
        offered.when(lapse(NINE)).records_kinds(&["appointment.hold-released.v1", "waiting.offer-lapsed.v1"]);
    }

    #[test]
    fn after_three_lapses_the_patient_waits_no_longer() {
        let slots = [NINE, TEN_PAST, TWENTY_PAST];
        assert_eq!(slots.len(), LAPSES_MAX);
        let (waits, half_past) = (surgery().given(joined(alice())), "2026-03-09T09:30:00Z");
        let tired = slots.into_iter().fold(waits, |world, slot| {
            let kinds = ["appointment.hold-released.v1", "waiting.offer-lapsed.v1"];
            world.when(offer(slot)).records_kinds(&OFFERED).when(lapse(slot)).records_kinds(&kinds)
        });
        let more = tired.given(vocabulary::testing::extended(clinic(), 1));
        more.clone().when(offer(half_past)).nothing_new();
        more.given(joined(bob())).when(offer(half_past)).records_kinds(&OFFERED);
    }

    #[test]
    fn an_offer_that_is_not_open_does_not_lapse() {
        surgery().given(joined(alice())).when(lapse(NINE)).nothing_new();
        world().when(lapse(NINE)).nothing_new();
    }
}
