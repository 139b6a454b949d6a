//! Move an appointment to another time: the old slot is freed if and only if the new one is booked.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, SessionId, SubjectId, Timestamp,
    appointment::{AppointmentRescheduled, CancellationReason, SlotFreed, SlotTaken},
    envelope::IdentityLevel::P9,
};

use super::{
    book_appointment::SLOTS_MAX,
    diary::Diary,
    rejections::{
        ALREADY_CANCELLED, CUT_OFF_PASSED, IN_THE_PAST, LIMIT_REACHED, NOT_YOUR_APPOINTMENT, OUTSIDE_BOOKING_WINDOW,
        OVERLAPPING_BOOKING, SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN, SLOTS_NOT_ADJACENT, STALE_VERSION,
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

/// Move an appointment to another time: the old slot is freed if and only if the new one is booked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RescheduleAppointment {
    pub patient: SubjectId,
    /// The session of the appointment as it is.
    pub session: SessionId,
    /// The start of the appointment as it is.
    pub starts_at: Timestamp,
    /// The version that was seen; left out, any.
    pub version: Option<u32>,
    /// The session to move to; it may be the same.
    pub to_session: SessionId,
    /// The start of the (first) slot to move to.
    pub to_starts_at: Timestamp,
    /// The starts of further slots there, each where the one before ends.
    #[serde(default)]
    pub to_more_slots: Vec<Timestamp>,
}

type Streams =
    (Stream<Session>, Stream<Session>, Stream<Diary>, Stream<Practice>, Stream<Practice>, Stream<Registration>);

impl Command for RescheduleAppointment {
    const NAME: &'static str = "reschedule-appointment";
    const WHO: Access = patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &NOT_YOUR_APPOINTMENT,
        &ALREADY_CANCELLED,
        &STALE_VERSION,
        &CUT_OFF_PASSED,
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &SLOTS_NOT_ADJACENT,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &SLOT_TAKEN,
        &OVERLAPPING_BOOKING,
        &LIMIT_REACHED,
    ];
    type Reads = (Session, Session, Diary, Practice, Practice, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OdsCode> {
        Some(self.session.site())
    }

    fn streams(&self) -> Streams {
        (
            Stream::of(&self.session),
            Stream::of(&self.to_session),
            Stream::of(self.patient),
            Stream::of(self.session.site()),
            Stream::of(self.to_session.site()),
            Stream::of(self.patient),
        )
    }

    fn decide(
        &self,
        (_, there, diary, practice, practice_there, registration): (
            &Session,
            &Session,
            &Diary,
            &Practice,
            &Practice,
            &Registration,
        ),
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let now = context.now;
        if self.has_happened(diary) {
            return Ok(nothing_new());
        }
        let booking = diary.own(&self.session, self.starts_at)?;
        booking.can_be_given_up(self.version, practice.settings()?, &context.caller, now)?;
        registration.has_to_be_at(&self.to_session.site())?;
        if self.to_more_slots.len() >= SLOTS_MAX {
            return Err(LIMIT_REACHED.with("limit", SLOTS_MAX).with("of", "slots of one booking"));
        }
        let (clinic, settings) = (there.clinic()?, practice_there.settings()?);
        let to = clinic.time_of(self.to_starts_at, &self.to_more_slots, settings, now)?;
        if to == booking.time {
            return Ok(nothing_new());
        }
        clinic.has_room(&to, self.patient, Some(&booking.time), now)?;
        diary.has_room_for(&to, Some(&booking.time), settings, now)?;

        let (in_old, in_new, in_diary, ..) = self.streams();
        let free = |starts_at| SlotFreed { session: self.session.clone(), starts_at, by: self.patient };
        let take = |starts_at| SlotTaken { session: self.to_session.clone(), starts_at, by: self.patient };
        let moved = AppointmentRescheduled {
            patient: self.patient,
            from: booking.time.clone(),
            to: to.clone(),
            cause: CancellationReason::RescheduledByCitizen,
            reason: booking.reason.clone(),
            comment: booking.comment.clone(),
            version: (booking.version + 1).max(diary.next_version(&to)),
        };
        Ok(nothing_new()
            .and_all(&in_old, booking.time.slots().map(free))
            .and_all(&in_new, to.slots().map(take))
            .and(&in_diary, moved))
    }
}

impl RescheduleAppointment {
    /// The very same move has been made, and nothing since.
    fn has_happened(&self, diary: &Diary) -> bool {
        let old_is_open = diary.booking(&self.session, self.starts_at).is_some_and(|booking| !booking.cancelled);
        let from = Some((self.session.clone(), self.starts_at));
        let arrived = diary.booking(&self.to_session, self.to_starts_at);
        !old_is_open && arrived.is_some_and(|booking| !booking.cancelled && booking.moved_from == from)
    }
}
