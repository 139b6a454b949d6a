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
    rejections::{ALREADY_CANCELLED, NOT_YOUR_APPOINTMENT, STALE_VERSION},
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
    const REJECTIONS: &'static [&'static Rejection] = &[&NOT_YOUR_APPOINTMENT, &ALREADY_CANCELLED, &STALE_VERSION];
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
        let (time, version) = (booking.time.clone(), booking.version + 1);
        Ok(record(&self.streams(), AppointmentAmended { patient: self.patient, time, reason, comment, version }))
    }
}
