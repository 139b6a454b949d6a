//! Amend what the practice reads about an appointment: its reason and its comment, nothing else.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, Personal, SessionId, SubjectId, Timestamp,
    appointment::AppointmentAmended,
    envelope::IdentityLevel::P9,
    text::{Comment, Reason},
};

use super::{
    diary::Diary,
    rejections::{ALREADY_CANCELLED, LIMIT_REACHED, NOT_YOUR_APPOINTMENT, STALE_VERSION},
};
use crate::{
    Access, Capability, Command, Context, Decision, Permission, Rejected, Rejection, Stream,
    access::{patient, proxy, staff},
    command::{nothing_new, record},
};

/// Amend what the practice reads about an appointment: its reason and its comment, nothing else.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmendAppointment {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
    /// The version that was seen.
    pub version: u32,
    /// Left out: there is none any more.
    pub reason: Option<Reason>,
    /// Left out: there is none any more.
    pub comment: Option<Comment>,
}

impl Command for AmendAppointment {
    const NAME: &'static str = "amend-appointment";
    const WHO: Access = patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOT_YOUR_APPOINTMENT, &ALREADY_CANCELLED, &STALE_VERSION, &LIMIT_REACHED];
    type Reads = Diary;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OdsCode> {
        Some(self.session.site())
    }

    fn streams(&self) -> Stream<Diary> {
        Stream::of(self.patient)
    }

    fn decide(&self, diary: &Diary, _: &Context) -> Result<Decision, Rejected> {
        let booking = diary.own(&self.session, self.starts_at)?;
        if booking.cancelled {
            return Err((&ALREADY_CANCELLED).into());
        }
        let reason: Option<Personal<Reason>> = self.reason.clone().map(Into::into);
        let comment: Option<Personal<Comment>> = self.comment.clone().map(Into::into);
        if booking.reason == reason && booking.comment == comment {
            return Ok(nothing_new());
        }
        if self.version != booking.version {
            return Err(STALE_VERSION.with("version", booking.version));
        }
        diary.may_change(&self.session)?;
        let (time, version) = (booking.time.clone(), booking.version + 1);
        Ok(record(&self.streams(), AppointmentAmended { patient: self.patient, time, reason, comment, version }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointment::{AppointmentCancelled, CancellationReason, DiaryEvent};

    use super::*;
    use crate::{appointments::diary::CHANGES_IN_A_SESSION_MAX, spec::*};

    fn amend(version: u32, reason: &str) -> AmendAppointment {
        AmendAppointment {
            patient: alice(),
            session: clinic(),
            starts_at: at(NINE),
            version,
            reason: Some(reason.parse().expect("valid")),
            comment: None,
        }
    }

    fn alice_at_nine() -> World {
        surgery().given::<DiaryEvent>(booked(alice(), time(clinic(), NINE, TEN_PAST)))
    }

    #[test]
    fn reason_and_comment_are_amended_and_the_version_grows() {
        let amended: DiaryEvent = AppointmentAmended {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            reason: Some("a sore knee".parse::<Reason>().expect("valid").into()),
            comment: None,
            version: 2,
        }
        .into();
        let once = alice_at_nine().when(amend(1, "a sore knee")).records(&[&amended]);
        let same = once.when(amend(1, "a sore knee")).nothing_new();
        same.when(amend(2, "a sore elbow")).records_kinds(&["appointment.amended.v1"]);
    }

    #[test]
    fn an_appointment_is_amended_at_most_29_times_after_it_was_booked() {
        let amended = (1..CHANGES_IN_A_SESSION_MAX).fold(alice_at_nine(), |world, n| {
            world.when(amend(n.into(), &format!("{n}"))).records_kinds(&["appointment.amended.v1"])
        });
        amended.when(amend(CHANGES_IN_A_SESSION_MAX.into(), "again")).rejected(&LIMIT_REACHED);
    }

    #[test]
    fn a_stale_version_is_refused() {
        let amended = alice_at_nine().when(amend(1, "a sore knee")).records_kinds(&["appointment.amended.v1"]);
        amended.when(amend(1, "a sore elbow")).rejected(&STALE_VERSION);
    }

    #[test]
    fn a_cancelled_or_another_patients_appointment_is_not_amended() {
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        };
        alice_at_nine().given::<DiaryEvent>(cancelled).when(amend(2, "a sore knee")).rejected(&ALREADY_CANCELLED);
        let bobs = AmendAppointment { patient: bob(), ..amend(1, "a sore knee") };
        alice_at_nine().by(as_patient(bob())).when(bobs).rejected(&NOT_YOUR_APPOINTMENT);
    }
}
