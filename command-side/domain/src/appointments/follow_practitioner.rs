use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{AppointmentPractitionerChanged, BookedTime},
};

use super::{diary::Diary, session::Session};
use crate::prelude::*;

/// Note in a patient's diary that another practitioner has taken over the clinic session of a booking.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FollowPractitioner {
    pub patient: SubjectId,
    pub session: SessionId,
    /// The start of a slot of the booking.
    pub starts_at: Timestamp,
}

impl Command for FollowPractitioner {
    const NAME: &'static str = "follow-practitioner";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
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

    fn decide(&self, (session, diary): States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
        let (Session::Open(clinic), Some(booking)) = (session, diary.standing_at(&self.session, self.starts_at)) else {
            return Ok(nothing_new());
        };
        let practitioner = clinic.details.practitioner.clone();
        if booking.time.practitioner == practitioner {
            return Ok(nothing_new());
        }
        let time = BookedTime { practitioner, ..booking.time.clone() };
        let changed = AppointmentPractitionerChanged { patient: self.patient, time, version: booking.version + 1 };
        Ok(record(changed))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{
        AppointmentCancelled, CancellationReason, DiaryEvent, Practitioner, SessionAmended, Timetable,
    };

    use super::*;
    use crate::spec::*;

    fn follow() -> FollowPractitioner {
        FollowPractitioner { patient: alice(), session: clinic(), starts_at: at(NINE) }
    }

    fn other() -> Practitioner {
        Practitioner { name: line("Dr Other"), ..practitioner() }
    }

    fn covered() -> World {
        let timetable = Timetable { starts_at: at(NINE), ends_at: at("2026-03-09T09:30:00Z"), slot_minutes: 10 };
        let amended = SessionAmended {
            session: clinic(),
            on: "2026-03-09".parse().expect("a date"),
            from: "09:00".parse().expect("a time"),
            until: "09:30".parse().expect("a time"),
            before: timetable.clone(),
            timetable,
            capacity: 1,
            service: "gp-routine".parse().expect("a service"),
            channel: vocabulary::appointments::Channel::InPerson,
            practitioner: other(),
            orphaned: vec![],
            taken_over: vec![],
            released_at: None,
        };
        let nine = time(clinic(), NINE, TEN_PAST);
        surgery().given(taken(NINE, alice())).given(booked(alice(), nine)).given(amended)
    }

    #[test]
    fn an_appointment_shows_its_new_practitioner_once() {
        let time = BookedTime { practitioner: other(), ..time(clinic(), NINE, TEN_PAST) };
        let changed: DiaryEvent = AppointmentPractitionerChanged { patient: alice(), time, version: 2 }.into();
        covered().when(follow()).records(&[&changed]).when(follow()).nothing_new();
    }

    #[test]
    fn a_booking_that_was_given_up_in_the_meantime_has_no_new_practitioner() {
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        };
        covered().given(cancelled).when(follow()).nothing_new();
        surgery().when(follow()).nothing_new();
    }
}
