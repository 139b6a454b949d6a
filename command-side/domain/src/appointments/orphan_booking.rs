use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{AppointmentOrphaned, SlotFreed},
};

use super::{diary::Diary, session::Session};
use crate::prelude::*;

/// Give up a booking that no longer fits its clinic session, which was changed or withdrawn. The patient may book again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrphanBooking {
    pub patient: SubjectId,
    pub session: SessionId,
    /// The start of a slot of the booking.
    pub starts_at: Timestamp,
}

impl Command for OrphanBooking {
    const NAME: &'static str = "orphan-booking";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    const GIVES_UP: bool = true;
    type Reads = (Session, Diary);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.session), Stream::of(self.patient))
    }

    fn decide(&self, (session, diary): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        if !session.is_orphaned(self.starts_at, self.patient) {
            return Ok(nothing_new());
        }
        // The patient may have cancelled or moved the booking in the meantime.
        let Some(booking) = diary.standing_at(&self.session, self.starts_at) else {
            return Ok(nothing_new());
        };
        let free = |starts_at| SlotFreed { session: self.session.clone(), starts_at, by: self.patient };
        let orphaned = AppointmentOrphaned {
            patient: self.patient,
            time: booking.time.clone(),
            orphaned_at: context.now,
            version: booking.version + 1,
        };
        Ok(nothing_new().and_all(booking.time.slots().map(free)).and(orphaned))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{
        appointments::{BookedPlace, CancellationReason, SessionWithdrawn, Timetable},
        practices::PracticeSettings,
    };

    use super::*;
    use crate::{
        appointments::{
            AmendAppointment, BookAppointment, CancelAppointment, CheckIn, MarkAttended, MarkDidNotAttend,
            RescheduleAppointment, rejections::APPOINTMENT_ORPHANED,
        },
        spec::*,
    };

    fn orphan(slot: &str) -> OrphanBooking {
        OrphanBooking { patient: alice(), session: clinic(), starts_at: at(slot) }
    }

    fn withdrawn(orphaned: &[&str]) -> SessionWithdrawn {
        SessionWithdrawn {
            session: clinic(),
            timetable: Timetable { starts_at: at(NINE), ends_at: at("2026-03-09T09:30:00Z"), slot_minutes: 10 },
            orphaned: orphaned.iter().map(|start| BookedPlace { starts_at: at(start), by: alice() }).collect(),
            freed: None,
        }
    }

    fn two_slots() -> World {
        let both = time(clinic(), NINE, TWENTY_PAST);
        surgery().given(taken(NINE, alice())).given(taken(TEN_PAST, alice())).given(booked(alice(), both))
    }

    const ORPHANED: [&str; 3] = ["appointment.slot-freed.v1", "appointment.slot-freed.v1", "appointment.orphaned.v1"];

    #[test]
    fn a_booking_is_orphaned_once_as_a_whole() {
        let gone = two_slots().given(withdrawn(&[NINE, TEN_PAST]));
        let gone = gone.when(orphan(NINE)).records_kinds(&ORPHANED);
        gone.when(orphan(TEN_PAST)).nothing_new().when(orphan(NINE)).nothing_new();
    }

    #[test]
    fn a_booking_that_fits_or_was_given_up_in_the_meantime_is_not_orphaned() {
        two_slots().when(orphan(NINE)).nothing_new();
        two_slots().given(withdrawn(&[TEN_PAST])).when(orphan(NINE)).nothing_new();
        let reason = Some(CancellationReason::CancelledByCitizen);
        let cancel =
            CancelAppointment { patient: alice(), session: clinic(), starts_at: at(NINE), reason, version: None };
        let kinds = ["appointment.slot-freed.v1", "appointment.slot-freed.v1", "appointment.cancelled.v1"];
        let cancelled = two_slots().given(withdrawn(&[NINE, TEN_PAST])).when(cancel).records_kinds(&kinds);
        cancelled.when(orphan(NINE)).nothing_new();
    }

    #[test]
    fn an_orphaned_booking_is_not_open_and_its_patient_books_again() {
        let other: SessionId = "A12345.000000000002".parse().expect("valid");
        let one = PracticeSettings { open_bookings_max: 1, ..PracticeSettings::default() };
        let gone = two_slots().given(settings_changed(one)).given(published(other.clone(), 1));
        let gone = gone.given(withdrawn(&[NINE, TEN_PAST])).when(orphan(NINE)).records_kinds(&ORPHANED);
        let again = BookAppointment {
            session: other,
            starts_at: at(NINE),
            more_slots: vec![],
            patient: alice(),
            reason: None,
            comment: None,
            confirms_hold: false,
        };
        gone.when(again).records_kinds(&["appointment.slot-taken.v1", "appointment.booked.v1"]);
    }

    #[test]
    fn an_orphaned_booking_is_neither_changed_nor_attended() {
        let (patient, session, starts_at) = (alice(), clinic(), at(NINE));
        let gone = two_slots().given(withdrawn(&[NINE])).when(orphan(NINE)).records_kinds(&ORPHANED);
        let reason = Some(CancellationReason::CancelledByCitizen);
        let cancel = CancelAppointment { patient, session: session.clone(), starts_at, reason, version: None };
        gone.clone().when(cancel).rejected(&APPOINTMENT_ORPHANED);
        let (reason, comment, version) = (Some("knee".parse().expect("valid")), None, 2);
        let amend = AmendAppointment { patient, session: session.clone(), starts_at, version, reason, comment };
        gone.clone().when(amend).rejected(&APPOINTMENT_ORPHANED);
        let (to_session, to_starts_at, to_more_slots) = (session.clone(), at(TWENTY_PAST), vec![]);
        let version = None;
        let reschedule = RescheduleAppointment {
            patient,
            session: session.clone(),
            starts_at,
            version,
            to_session,
            to_starts_at,
            to_more_slots,
        };
        gone.clone().when(reschedule).rejected(&APPOINTMENT_ORPHANED);
        let session = || clinic();
        gone.clone().when(CheckIn { patient, session: session(), starts_at }).rejected(&APPOINTMENT_ORPHANED);
        gone.clone().when(MarkAttended { patient, session: session(), starts_at }).rejected(&APPOINTMENT_ORPHANED);
        gone.when(MarkDidNotAttend { patient, session: session(), starts_at }).rejected(&APPOINTMENT_ORPHANED);
    }
}
