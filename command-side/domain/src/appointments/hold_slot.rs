//! Hold a slot for five minutes, while the details of a booking are filled in.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, SessionId, SubjectId, Timestamp,
    appointment::{HoldPlaced, SlotHeld},
    envelope::IdentityLevel::P0,
};

use super::{
    diary::Diary,
    rejections::{IN_THE_PAST, LIMIT_REACHED, OUTSIDE_BOOKING_WINDOW, SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN},
    session::{HOLD_MINUTES, Session},
};
use crate::{
    Access, Capability, Command, Context, Decision, Permission, Rejected, Rejection, Stream,
    access::{patient, proxy, staff},
    command::{nothing_new, record},
    practices::{Practice, rejections::PRACTICE_NOT_FOUND},
    registration::{Registration, rejections::NOT_REGISTERED_HERE},
};

/// Hold a slot for five minutes, while the details of a booking are filled in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HoldSlot {
    pub session: SessionId,
    /// The start of the slot.
    pub starts_at: Timestamp,
    pub patient: SubjectId,
}

impl Command for HoldSlot {
    const NAME: &'static str = "hold-slot";
    const WHO: Access = patient(P0).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &SLOT_TAKEN,
        &LIMIT_REACHED,
    ];
    type Reads = (Session, Diary, Practice, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OdsCode> {
        Some(self.session.site())
    }

    fn streams(&self) -> (Stream<Session>, Stream<Diary>, Stream<Practice>, Stream<Registration>) {
        let site = self.session.site();
        (Stream::of(&self.session), Stream::of(self.patient), Stream::of(site), Stream::of(self.patient))
    }

    fn decide(
        &self,
        (session, diary, practice, registration): (&Session, &Diary, &Practice, &Registration),
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let clinic = session.clinic()?;
        registration.has_to_be_at(&self.session.site())?;
        let time = clinic.time_of(self.starts_at, &[], practice.settings()?, context.now)?;
        if diary.holds(&time) {
            return Ok(nothing_new());
        }
        match clinic.live_hold(self.patient, context.now) {
            Some(hold) if hold.starts_at == self.starts_at => return Ok(nothing_new()),
            Some(_) => return Err(LIMIT_REACHED.with("limit", 1).with("of", "held slots in one session")),
            None => {}
        }
        clinic.has_room(&time, self.patient, None, context.now)?;
        let today = context.now.local_date();
        diary.may_hold(today)?;
        let (in_session, in_diary, ..) = self.streams();
        let (session, starts_at, by) = (self.session.clone(), self.starts_at, self.patient);
        let expires_at = context.now.plus_minutes(HOLD_MINUTES);
        let placed = HoldPlaced { patient: by, session: session.clone(), starts_at, on: today };
        Ok(record(&in_session, SlotHeld { session, starts_at, by, expires_at }).and(&in_diary, placed))
    }
}
