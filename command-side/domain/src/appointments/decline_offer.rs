use event_core::{LocalDate, OrganisationCode, SubjectId, Timestamp};
use vocabulary::SessionId;

use super::{
    lapse_offer::{LapseOffer, ended_offer},
    rejections::{OFFER_LAPSED, OFFER_NOT_FOUND},
    session::Session,
    waiting_list::WaitingList,
};
use crate::prelude::*;

/// Decline a slot that is offered, so that the next in line has it at once. It counts like an offer that lapsed: the
/// patient stays on the waiting list until there are three of them, and is not offered the same slot again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclineOffer {
    pub patient: SubjectId,
    /// The list: the first day of the month in which the patient joined.
    pub month: LocalDate,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

impl Command for DeclineOffer {
    const NAME: &'static str = "decline-offer";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[&OFFER_NOT_FOUND, &OFFER_LAPSED];
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
        let DeclineOffer { patient, month, session: session_id, starts_at } = self.clone();
        list.can_accept(patient, &session_id, starts_at, context.now)?;
        let offer = LapseOffer { patient, month, session: session_id, starts_at };
        Ok(ended_offer(&offer, session, list, context.now))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        appointments::{OfferSlot, waiting_list::LAPSES_MAX},
        spec::*,
    };

    const OFFERED: [&str; 2] = ["appointment.slot-held.v1", "waiting.slot-offered.v1"];
    const DECLINED: [&str; 2] = ["appointment.hold-released.v1", "waiting.offer-lapsed.v1"];

    fn decline(slot: &str) -> DeclineOffer {
        DeclineOffer { patient: alice(), month: march(), session: clinic(), starts_at: at(slot) }
    }

    fn offer(slot: &str) -> OfferSlot {
        OfferSlot { session: clinic(), starts_at: at(slot), more_slots: vec![] }
    }

    #[test]
    fn a_slot_that_is_declined_goes_to_the_next_in_line_and_does_not_come_back() {
        let waits = surgery().given(joined(alice())).given(joined(bob()));
        let declined = waits.when(offer(NINE)).records_kinds(&OFFERED).when(decline(NINE)).records_kinds(&DECLINED);
        declined.clone().when(decline(NINE)).rejected(&OFFER_LAPSED);
        let next = declined.when(offer(NINE)).records_kinds(&OFFERED);
        let bobs = DeclineOffer { patient: bob(), ..decline(NINE) };
        let nobody = next.by(as_patient(bob())).when(bobs).records_kinds(&DECLINED).when(offer(NINE)).nothing_new();
        nobody.when(offer(TEN_PAST)).records_kinds(&OFFERED);
    }

    #[test]
    fn who_declines_three_times_waits_no_longer() {
        let slots = [NINE, TEN_PAST, TWENTY_PAST];
        assert_eq!(slots.len(), LAPSES_MAX);
        let tired = slots.into_iter().fold(surgery().given(joined(alice())), |world, slot| {
            world.when(offer(slot)).records_kinds(&OFFERED).when(decline(slot)).records_kinds(&DECLINED)
        });
        let more = tired.given(vocabulary::testing::extended(clinic(), 1));
        more.when(offer("2026-03-09T09:30:00Z")).nothing_new();
    }

    #[test]
    fn only_an_open_offer_is_declined() {
        surgery().given(joined(alice())).when(decline(NINE)).rejected(&OFFER_NOT_FOUND);
        let offered = surgery().given(joined(alice())).when(offer(NINE)).records_kinds(&OFFERED);
        offered.at("2026-03-02T08:30:00Z").when(decline(NINE)).rejected(&OFFER_LAPSED);
    }
}
