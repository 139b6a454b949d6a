//! Cancel an appointment, so that somebody else can have the slot.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use vocabulary::{
    OdsCode, SessionId, SubjectId, Timestamp,
    appointment::{
        AppointmentCancelled,
        CancellationReason::{self, CancelledByCitizen, CancelledByService, CancelledBySite, RescheduledByCitizen},
        SlotFreed,
    },
    envelope::{IdentityLevel::P9, Role},
};

use super::{
    diary::Diary,
    rejections::{
        ALREADY_CANCELLED, CUT_OFF_PASSED, IN_THE_PAST, NOT_YOUR_APPOINTMENT, REASON_REQUIRED, STALE_VERSION,
    },
    session::Session,
};
use crate::{
    Access, Caller, Capability, Command, Context, Decision, Permission, Rejected, Rejection, Stream,
    access::{patient, proxy, staff},
    command::nothing_new,
    practices::{Practice, rejections::PRACTICE_NOT_FOUND},
};

/// Cancel an appointment, so that somebody else can have the slot.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelAppointment {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
    /// Why it is given up. A patient may say `cancelled-by-citizen` or `rescheduled-by-citizen`.
    pub reason: Option<CancellationReason>,
    /// The version that was seen; left out, any.
    pub version: Option<u32>,
}

impl Command for CancelAppointment {
    const NAME: &'static str = "cancel-appointment";
    const WHO: Access = patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &NOT_YOUR_APPOINTMENT,
        &REASON_REQUIRED,
        &ALREADY_CANCELLED,
        &STALE_VERSION,
        &IN_THE_PAST,
        &CUT_OFF_PASSED,
        &PRACTICE_NOT_FOUND,
    ];
    type Reads = (Session, Diary, Practice);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OdsCode> {
        Some(self.session.site())
    }

    fn streams(&self) -> (Stream<Session>, Stream<Diary>, Stream<Practice>) {
        (Stream::of(&self.session), Stream::of(self.patient), Stream::of(self.session.site()))
    }

    fn decide(
        &self,
        (_, diary, practice): (&Session, &Diary, &Practice),
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let booking = diary.own(&self.session, self.starts_at)?;
        let cause = self.cause(&context.caller)?;
        booking.can_be_given_up(self.version, practice.settings()?, &context.caller, context.now)?;
        let (in_session, in_diary, _) = self.streams();
        let free = |starts_at| SlotFreed { session: self.session.clone(), starts_at, by: self.patient };
        let cancelled = AppointmentCancelled {
            patient: self.patient,
            time: booking.time.clone(),
            cause,
            cancelled_at: context.now,
            version: booking.version + 1,
        };
        Ok(nothing_new().and_all(&in_session, booking.time.slots().map(free)).and(&in_diary, cancelled))
    }
}

impl CancelAppointment {
    /// The reason, if this caller may give it.
    fn cause(&self, caller: &Caller) -> Result<CancellationReason, Rejected> {
        let allowed: &[CancellationReason] = match caller.role {
            Role::Patient => &[CancelledByCitizen, RescheduledByCitizen],
            Role::Staff | Role::Auditor | Role::Operator => {
                &[CancelledByCitizen, CancelledBySite, CancelledByService, RescheduledByCitizen]
            }
        };
        let given = self.reason.filter(|reason| allowed.contains(reason));
        given.ok_or_else(|| REASON_REQUIRED.with("allowed", json!(allowed)))
    }
}
