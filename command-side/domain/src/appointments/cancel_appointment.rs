use crate::{practices::Practice, prelude::*};
use event_core::{Caller, OrganisationCode, SubjectId, Timestamp};
use serde_json::json;
use vocabulary::{
    SessionId,
    access::{CallerRole, IdentityLevel::P9},
    appointments::{
        AppointmentCancelled,
        CancellationReason::{self, CancelledByCitizen, CancelledByService, CancelledBySite, RescheduledByCitizen},
        SlotFreed,
    },
    practices::PRACTICE_NOT_FOUND,
};

use super::{
    diary::Diary,
    rejections::{
        ALREADY_CANCELLED, APPOINTMENT_ORPHANED, CUT_OFF_PASSED, IN_THE_PAST, NOT_YOUR_APPOINTMENT, REASON_REQUIRED,
        STALE_VERSION,
    },
    session::Session,
};

/// Cancel an appointment, so that another patient can book the slot.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelAppointment {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
    /// The reason for the cancellation. A patient may say `cancelled-by-citizen` or `rescheduled-by-citizen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<CancellationReason>,
    /// The version that the caller has seen. If it is left out, every version is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

impl Command for CancelAppointment {
    const NAME: &'static str = "cancel-appointment";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &NOT_YOUR_APPOINTMENT,
        &REASON_REQUIRED,
        &ALREADY_CANCELLED,
        &APPOINTMENT_ORPHANED,
        &STALE_VERSION,
        &IN_THE_PAST,
        &CUT_OFF_PASSED,
        &PRACTICE_NOT_FOUND,
    ];
    const GIVES_UP: bool = true;
    type Reads = (Session, Diary, Practice);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.session), Stream::of(self.patient), Stream::of(self.session.site()))
    }

    fn decide(&self, (_, diary, practice): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let booking = diary.own(&self.session, self.starts_at)?;
        let cause = self.cause(&context.caller)?;
        booking.can_be_given_up(self.version, practice.settings()?, &context.caller, context.now)?;
        let free = |starts_at| SlotFreed { session: self.session.clone(), starts_at, by: self.patient };
        let cancelled = AppointmentCancelled {
            patient: self.patient,
            time: booking.time.clone(),
            cause,
            cancelled_at: context.now,
            version: booking.version + 1,
        };
        Ok(nothing_new().and_all(booking.time.slots().map(free)).and(cancelled))
    }
}

impl CancelAppointment {
    /// The reason, if this caller may give it.
    fn cause(&self, caller: &Caller) -> Result<CancellationReason, Rejected> {
        let allowed: &[CancellationReason] = match CallerRole::of(caller) {
            Some(CallerRole::Patient) => &[CancelledByCitizen, RescheduledByCitizen],
            Some(CallerRole::Anonymous) => &[],
            Some(CallerRole::Staff | CallerRole::Auditor | CallerRole::Operator | CallerRole::System) | None => {
                &[CancelledByCitizen, CancelledBySite, CancelledByService, RescheduledByCitizen]
            }
        };
        let given = self.reason.filter(|reason| allowed.contains(reason));
        given.ok_or_else(|| REASON_REQUIRED.with("allowed", json!(allowed)))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{DiaryEvent, SessionEvent};

    use super::*;
    use crate::{
        appointments::{BookAppointment, diary::CHANGES_IN_A_SESSION_MAX, rejections::LIMIT_REACHED},
        spec::*,
    };

    const BOOKED: [&str; 2] = ["appointment.slot-taken.v1", "appointment.booked.v1"];
    const CANCELLED: [&str; 2] = ["appointment.slot-freed.v1", "appointment.cancelled.v1"];

    fn book(patient: SubjectId) -> BookAppointment {
        BookAppointment {
            session: clinic(),
            starts_at: at(NINE),
            more_slots: vec![],
            patient,
            reason: None,
            comment: None,
            confirms_hold: false,
        }
    }

    fn cancel(reason: Option<CancellationReason>) -> CancelAppointment {
        CancelAppointment { patient: alice(), session: clinic(), starts_at: at(NINE), reason, version: None }
    }

    fn by_citizen() -> CancelAppointment {
        cancel(Some(CancelledByCitizen))
    }

    fn alice_at_nine() -> World {
        let nine = time(clinic(), NINE, TEN_PAST);
        surgery().given(taken(NINE, alice())).given(booked(alice(), nine))
    }

    #[test]
    fn a_cancelled_slot_is_free_for_somebody_else() {
        let freed: SessionEvent = SlotFreed { session: clinic(), starts_at: at(NINE), by: alice() }.into();
        let cancelled: DiaryEvent = AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        }
        .into();
        let free = alice_at_nine().when(by_citizen()).records(&[&freed, &cancelled]);
        free.clone().when(book(bob())).records_kinds(&BOOKED);
        free.when(book(alice())).records_kinds(&BOOKED).when(by_citizen()).records_kinds(&CANCELLED);
    }

    #[test]
    fn nobody_fills_a_session_with_bookings_and_cancellations_in_turn() {
        let last = (1..CHANGES_IN_A_SESSION_MAX).fold(alice_at_nine(), |world, n| {
            // The changes are spread over three days because of the daily limit.
            let free =
                world.at(&format!("2026-03-0{}T08:00:00Z", 3 + n / 10)).when(by_citizen()).records_kinds(&CANCELLED);
            free.when(book(alice())).records_kinds(&BOOKED)
        });
        let free = last.at("2026-03-06T08:00:00Z").when(by_citizen()).records_kinds(&CANCELLED);
        free.clone().when(book(alice())).rejected(&LIMIT_REACHED);
        free.when(book(bob())).records_kinds(&BOOKED);
    }

    #[test]
    fn it_is_cancelled_once() {
        alice_at_nine().when(by_citizen()).records_kinds(&CANCELLED).when(by_citizen()).rejected(&ALREADY_CANCELLED);
    }

    #[test]
    fn a_cancellation_needs_a_reason_that_the_caller_may_give() {
        alice_at_nine().when(cancel(None)).rejected(&REASON_REQUIRED);
        alice_at_nine().when(cancel(Some(CancelledBySite))).rejected(&REASON_REQUIRED);
        let kinds = ["appointment.slot-freed.v1", "appointment.cancelled.v1"];
        alice_at_nine().by(as_staff()).when(cancel(Some(CancelledBySite))).records_kinds(&kinds);
        alice_at_nine().when(cancel(Some(RescheduledByCitizen))).records_kinds(&kinds);
    }

    #[test]
    fn the_past_and_what_is_past_the_cut_off_is_not_cancelled() {
        alice_at_nine().at(NINE).when(by_citizen()).rejected(&IN_THE_PAST);
        alice_at_nine().at("2026-03-09T08:30:01Z").when(by_citizen()).rejected(&CUT_OFF_PASSED);
        alice_at_nine()
            .at("2026-03-09T08:30:00Z")
            .when(by_citizen())
            .records_kinds(&["appointment.slot-freed.v1", "appointment.cancelled.v1"]);
    }

    #[test]
    fn without_its_practice_nothing_is_cancelled() {
        let nine = time(clinic(), NINE, TEN_PAST);
        world().given(booked(alice(), nine)).when(by_citizen()).rejected(&PRACTICE_NOT_FOUND);
    }

    #[test]
    fn another_patients_appointment_or_a_stale_version_is_refused() {
        let bobs = CancelAppointment { patient: bob(), ..by_citizen() };
        alice_at_nine().by(as_patient(bob())).when(bobs).rejected(&NOT_YOUR_APPOINTMENT);
        alice_at_nine().when(CancelAppointment { version: Some(2), ..by_citizen() }).rejected(&STALE_VERSION);
    }
}
