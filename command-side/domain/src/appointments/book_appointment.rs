//! Book an appointment: one free slot of a clinic session, or several adjacent ones, for one patient.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, SessionId, SubjectId, Timestamp,
    appointment::{AppointmentBooked, SlotTaken},
    envelope::IdentityLevel::P0,
    text::{Comment, Reason},
};

use super::{
    diary::Diary,
    rejections::{
        HOLD_EXPIRED, HOLD_NOT_FOUND, IN_THE_PAST, LIMIT_REACHED, NOT_A_HOLD, OUTSIDE_BOOKING_WINDOW,
        OVERLAPPING_BOOKING, SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN, SLOTS_NOT_ADJACENT,
    },
    session::Session,
};
use crate::{
    Access, Capability, Command, Context, Decision, Permission, Rejected, Rejection, Stream,
    access::{patient, proxy, staff},
    command::nothing_new,
    practices::{Practice, rejections::PRACTICE_NOT_FOUND},
    registration::{Registration, rejections::NOT_REGISTERED_HERE},
};

/// Slots of one booking.
pub const SLOTS_MAX: usize = 12;

/// Book an appointment: one free slot of a clinic session, or several adjacent ones, for one patient.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BookAppointment {
    pub session: SessionId,
    /// The start of the (first) slot.
    pub starts_at: Timestamp,
    /// The starts of further slots, each where the one before ends.
    #[serde(default)]
    pub more_slots: Vec<Timestamp>,
    pub patient: SubjectId,
    /// Why, in the patient's words; the practice reads it.
    pub reason: Option<Reason>,
    pub comment: Option<Comment>,
    /// Book only by confirming a hold that this patient has on the (first) slot.
    #[serde(default)]
    pub confirms_hold: bool,
}

impl Command for BookAppointment {
    const NAME: &'static str = "book-appointment";
    const WHO: Access = patient(P0).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &SLOTS_NOT_ADJACENT,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &HOLD_EXPIRED,
        &HOLD_NOT_FOUND,
        &NOT_A_HOLD,
        &SLOT_TAKEN,
        &OVERLAPPING_BOOKING,
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
        let now = context.now;
        let clinic = session.clinic()?;
        registration.has_to_be_at(&self.session.site())?;
        if self.more_slots.len() >= SLOTS_MAX {
            return Err(LIMIT_REACHED.with("limit", SLOTS_MAX).with("of", "slots of one booking"));
        }
        let settings = practice.settings()?;
        let time = clinic.time_of(self.starts_at, &self.more_slots, settings, now)?;
        if diary.holds(&time) {
            return Ok(nothing_new());
        }
        if self.confirms_hold {
            clinic.confirms(self.starts_at, self.patient, now)?;
        }
        clinic.has_room(&time, self.patient, None, now)?;
        diary.has_room_for(&time, None, settings, now)?;
        let (in_session, in_diary, ..) = self.streams();
        let take = |starts_at| SlotTaken { session: self.session.clone(), starts_at, by: self.patient };
        let booked = AppointmentBooked {
            patient: self.patient,
            version: diary.next_version(&time),
            reason: self.reason.clone().map(Into::into),
            comment: self.comment.clone().map(Into::into),
            time: time.clone(),
        };
        Ok(nothing_new().and_all(&in_session, time.slots().map(take)).and(&in_diary, booked))
    }
}
