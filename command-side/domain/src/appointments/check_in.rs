use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{PatientCheckedIn, is_open_for_check_in},
    time::LONDON,
};

use super::{
    diary::{BookingStatus, Diary},
    rejections::{ALREADY_CANCELLED, APPOINTMENT_ORPHANED, ATTENDANCE_RECORDED, NOT_TODAY, NOT_YOUR_APPOINTMENT},
};
use crate::prelude::*;

/// Say that the patient has arrived, on the day of the appointment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckIn {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

impl Command for CheckIn {
    const NAME: &'static str = "check-in";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOT_YOUR_APPOINTMENT, &ALREADY_CANCELLED, &APPOINTMENT_ORPHANED, &NOT_TODAY, &ATTENDANCE_RECORDED];
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
        booking.has_to_stand()?;
        let starts_at = booking.time.starts_at;
        if !is_open_for_check_in(starts_at, context.now) {
            return Err(NOT_TODAY.with("on", LONDON.day(starts_at).to_string()));
        }
        match booking.status {
            BookingStatus::CheckedIn => Ok(nothing_new()),
            BookingStatus::Attended | BookingStatus::DidNotAttend => Err((&ATTENDANCE_RECORDED).into()),
            BookingStatus::Booked | BookingStatus::Cancelled | BookingStatus::Orphaned => {
                Ok(record(PatientCheckedIn {
                    patient: self.patient,
                    time: booking.time.clone(),
                    checked_in_at: context.now,
                    version: booking.version + 1,
                }))
            }
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{AppointmentCancelled, CancellationReason, DiaryEvent};

    use super::*;
    use crate::{
        appointments::{MarkAttended, MarkDidNotAttend},
        spec::*,
    };

    const HALF_PAST_EIGHT: &str = "2026-03-09T08:30:00Z";

    fn check_in() -> CheckIn {
        CheckIn { patient: alice(), session: clinic(), starts_at: at(NINE) }
    }

    fn alice_at_nine() -> World {
        surgery().given(booked(alice(), time(clinic(), NINE, TEN_PAST))).at(HALF_PAST_EIGHT)
    }

    #[test]
    fn a_patient_checks_in_once_with_the_time() {
        let arrived: DiaryEvent = PatientCheckedIn {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            checked_in_at: at(HALF_PAST_EIGHT),
            version: 2,
        }
        .into();
        alice_at_nine().when(check_in()).records(&[&arrived]).when(check_in()).nothing_new();
    }

    #[test]
    fn check_in_is_on_the_day_of_the_appointment_in_london() {
        let details = alice_at_nine().at("2026-03-08T23:59:59Z").when(check_in()).rejected_with(&NOT_TODAY);
        assert_eq!(details["on"], "2026-03-09");
        alice_at_nine().at("2026-03-10T00:00:00Z").when(check_in()).rejected(&NOT_TODAY);
        let kinds = ["appointment.checked-in.v1"];
        alice_at_nine().at("2026-03-09T00:00:00Z").when(check_in()).records_kinds(&kinds);
        // A late patient may still be seen.
        alice_at_nine().at("2026-03-09T23:59:59Z").when(check_in()).records_kinds(&kinds);
    }

    #[test]
    fn the_desk_checks_a_patient_in() {
        alice_at_nine().by(as_staff()).when(check_in()).records_kinds(&["appointment.checked-in.v1"]);
    }

    #[test]
    fn only_an_own_appointment_that_stands_and_has_no_note_is_checked_in() {
        let bobs = CheckIn { patient: bob(), ..check_in() };
        alice_at_nine().when(bobs).rejected(&NOT_YOUR_APPOINTMENT);
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        };
        alice_at_nine().given(cancelled).when(check_in()).rejected(&ALREADY_CANCELLED);
        let (patient, session, starts_at) = (alice(), clinic(), at(NINE));
        let mark = MarkAttended { patient, session: session.clone(), starts_at };
        let came = alice_at_nine().at(NINE).when(mark).records_kinds(&["appointment.attended.v1"]);
        came.when(check_in()).rejected(&ATTENDANCE_RECORDED);
        let mark = MarkDidNotAttend { patient, session, starts_at };
        let missed = alice_at_nine().at(NINE).when(mark).records_kinds(&["appointment.did-not-attend.v1"]);
        missed.when(check_in()).rejected(&ATTENDANCE_RECORDED);
    }
}
