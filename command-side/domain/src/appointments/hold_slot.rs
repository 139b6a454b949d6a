use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{HoldPlaced, SlotHeld},
    practices::PRACTICE_NOT_FOUND,
    registrations::Registration,
    time::LONDON,
};

use super::{
    diary::Diary,
    rejections::{
        EMBARGOED, IN_THE_PAST, LIMIT_REACHED, OUTSIDE_BOOKING_WINDOW, SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN,
    },
    session::{HOLD_MINUTES, Session},
};
use crate::{
    practices::Practice,
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// Hold a slot for five minutes, while the details of a booking are filled in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HoldSlot {
    pub session: SessionId,
    /// The start of the slot.
    pub starts_at: Timestamp,
    pub patient: SubjectId,
}

impl Command for HoldSlot {
    const NAME: &'static str = "hold-slot";
    const WHO: &'static dyn AccessRule = &patient(P0).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &EMBARGOED,
        &SLOT_TAKEN,
        &LIMIT_REACHED,
    ];
    type Reads = (Session, Diary, Practice, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let site = self.session.site();
        (Stream::of(&self.session), Stream::of(self.patient), Stream::of(site), Stream::of(self.patient))
    }

    fn decide(
        &self,
        (session, diary, practice, registration): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let clinic = session.clinic()?;
        has_to_be_at(registration, &self.session.site())?;
        let time = clinic.time_of(self.starts_at, &[], practice.settings()?, context.now)?;
        if diary.standing(&time).is_some() {
            return Ok(nothing_new());
        }
        let held = clinic.hold(self.starts_at, self.patient);
        if held.is_some_and(|hold| hold.expires_at > context.now) {
            return Ok(nothing_new());
        }
        if clinic.live_hold(self.patient, context.now).is_some() {
            return Err(LIMIT_REACHED.with("limit", 1).with("of", "held slots in one session"));
        }
        clinic.has_to_be_released(context)?;
        clinic.has_room(&time, self.patient, None, context.now)?;
        let today = LONDON.day(context.now);
        diary.may_hold(today)?;
        let (session, starts_at, by) = (self.session.clone(), self.starts_at, self.patient);
        let expires_at = context.now.plus_minutes(HOLD_MINUTES);
        let placed = HoldPlaced { patient: by, session: session.clone(), starts_at, on: today };
        Ok(record(SlotHeld { session, starts_at, by, expires_at }).and(placed))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::SlotTaken;

    use super::*;
    use crate::spec::*;

    fn hold(slot: &str, patient: SubjectId) -> HoldSlot {
        HoldSlot { session: clinic(), starts_at: at(slot), patient }
    }

    #[test]
    fn a_hold_takes_capacity_for_five_minutes() {
        let until = "2026-03-02T08:05:00Z";
        let by_alice =
            surgery().when(hold(NINE, alice())).records(&[&held(NINE, alice(), until), &hold_placed(NINE, alice())]);
        let refused = by_alice.at("2026-03-02T08:04:59Z").when(hold(NINE, bob())).rejected(&SLOT_TAKEN);
        refused
            .at(until)
            .when(hold(NINE, bob()))
            .records_kinds(&["appointment.slot-held.v1", "appointment.hold-placed.v1"]);
    }

    #[test]
    fn holding_the_same_slot_again_is_nothing_new() {
        let kinds = ["appointment.slot-held.v1", "appointment.hold-placed.v1"];
        surgery().when(hold(NINE, alice())).records_kinds(&kinds).when(hold(NINE, alice())).nothing_new();
    }

    #[test]
    fn a_patient_holds_one_slot_of_a_session() {
        let kinds = ["appointment.slot-held.v1", "appointment.hold-placed.v1"];
        let holding = surgery().when(hold(NINE, alice())).records_kinds(&kinds);
        let refused = holding.when(hold(TEN_PAST, alice())).rejected(&LIMIT_REACHED);
        refused.at("2026-03-02T08:05:00Z").when(hold(TEN_PAST, alice())).records_kinds(&kinds);
    }

    #[test]
    fn a_patient_places_twenty_holds_a_day() {
        let placed = |world: World, _| world.given(hold_placed(NINE, alice()));
        let nineteen = (0..19).fold(surgery(), placed);
        nineteen
            .clone()
            .when(hold(NINE, alice()))
            .records_kinds(&["appointment.slot-held.v1", "appointment.hold-placed.v1"]);
        let twenty = placed(nineteen, 19).when(hold(NINE, alice())).rejected(&LIMIT_REACHED);
        twenty
            .at("2026-03-03T00:00:00Z")
            .when(hold(NINE, alice()))
            .records_kinds(&["appointment.slot-held.v1", "appointment.hold-placed.v1"]);
    }

    #[test]
    fn a_booked_slot_is_not_held_and_a_full_one_neither() {
        let full = surgery().given(SlotTaken { session: clinic(), starts_at: at(NINE), by: bob() });
        full.when(hold(NINE, alice())).rejected(&SLOT_TAKEN);
    }

    #[test]
    fn only_slots_that_exist_in_the_future_and_at_the_own_practice_are_held() {
        world().when(hold(NINE, alice())).rejected(&SESSION_NOT_FOUND);
        world()
            .given(registered(alice(), "1980-02-29"))
            .given(published(clinic(), 1))
            .when(hold(NINE, alice()))
            .rejected(&PRACTICE_NOT_FOUND);
        surgery().when(hold("2026-03-09T09:05:00Z", alice())).rejected(&SLOT_NOT_FOUND);
        surgery().at(NINE).when(hold(NINE, alice())).rejected(&IN_THE_PAST);
        surgery().at("2026-01-02T08:00:00Z").when(hold(NINE, alice())).rejected(&OUTSIDE_BOOKING_WINDOW);
        let stranger = "5742a900-0000-4000-8000-000000000009".parse().expect("valid");
        surgery().when(hold(NINE, stranger)).rejected(&NOT_REGISTERED_HERE);
    }
}
