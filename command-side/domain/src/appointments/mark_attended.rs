use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{SessionId, appointments::AppointmentAttended};

use super::{
    diary::{BookingStatus, Diary},
    rejections::{ALREADY_CANCELLED, APPOINTMENT_ORPHANED, LIMIT_REACHED, NOT_STARTED, NOT_YOUR_APPOINTMENT},
};
use crate::prelude::*;

/// Note that a patient came to an appointment.
///
/// From the start of the appointment on. The newest note holds, so that a mistake can be corrected; there are ten notes
/// about one appointment at most.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkAttended {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

impl Command for MarkAttended {
    const NAME: &'static str = "mark-attended";
    const WHO: &'static dyn AccessRule = &staff(Permission::Booking);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOT_YOUR_APPOINTMENT, &ALREADY_CANCELLED, &APPOINTMENT_ORPHANED, &NOT_STARTED, &LIMIT_REACHED];
    type Reads = Diary;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.patient)
    }

    fn decide(&self, diary: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let booking = diary.own(&self.session, self.starts_at)?;
        if booking.status == BookingStatus::Attended {
            return Ok(nothing_new());
        }
        booking.can_be_marked(context.now)?;
        Ok(record(AppointmentAttended {
            patient: self.patient,
            time: booking.time.clone(),
            marked_at: context.now,
            version: booking.version + 1,
        }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{AppointmentCancelled, CancellationReason, DiaryEvent};

    use super::*;
    use crate::spec::*;

    fn mark() -> MarkAttended {
        MarkAttended { patient: alice(), session: clinic(), starts_at: at(NINE) }
    }

    fn alice_at_nine() -> World {
        surgery().given(booked(alice(), time(clinic(), NINE, TEN_PAST))).by(as_staff()).at(NINE)
    }

    #[test]
    fn the_practice_notes_once_that_a_patient_came_with_the_time() {
        let attended: DiaryEvent = AppointmentAttended {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            marked_at: at(NINE),
            version: 2,
        }
        .into();
        alice_at_nine().when(mark()).records(&[&attended]).when(mark()).nothing_new();
    }

    #[test]
    fn only_after_its_start_is_an_appointment_marked_as_attended() {
        alice_at_nine().at("2026-03-09T08:59:59Z").when(mark()).rejected(&NOT_STARTED);
        alice_at_nine().at("2026-03-12T09:00:00Z").when(mark()).records_kinds(&["appointment.attended.v1"]);
    }

    #[test]
    fn only_an_appointment_that_stands_is_marked_as_attended() {
        let bobs = MarkAttended { patient: bob(), ..mark() };
        alice_at_nine().when(bobs).rejected(&NOT_YOUR_APPOINTMENT);
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        };
        alice_at_nine().given(cancelled).when(mark()).rejected(&ALREADY_CANCELLED);
    }
}
