//! A patient's diary: the bookings of one person. It enforces the limits that apply to a person.

use std::sync::Arc;
use vocabulary::{
    SessionId,
    access::patient_of,
    appointments::{BookedTime, DiaryEvent, is_open_for_marks},
    practices::PracticeSettings,
    text::{Comment, Reason},
    time::LONDON,
};

use event_core::{Caller, Context, LocalDate, OrganisationCode, Personal, Rejected, State, Timestamp};

use super::rejections::{
    ALREADY_CANCELLED, APPOINTMENT_ORPHANED, CUT_OFF_PASSED, IN_THE_PAST, LIMIT_REACHED, NOT_STARTED,
    NOT_YOUR_APPOINTMENT, OVERLAPPING_BOOKING, STALE_VERSION,
};
use crate::daily::Daily;

/// The number of holds that one patient may place on one day (in London).
pub const HOLDS_A_DAY_MAX: u32 = 20;
/// The number of bookings, moves and amendments that a patient may make on one day (in London). A diary holds 10,000
/// events: without this limit one person could fill it within seconds by booking and cancelling in turn. Cancelling has
/// no limit, and needs a booking each time.
pub const CHANGES_A_DAY_MAX: u32 = 20;
/// The same limit for the practice's staff. It includes the patient's own changes, and is higher, so that staff can
/// still book after a patient has used up their own limit.
pub const CHANGES_A_DAY_BY_STAFF_MAX: u32 = 40;
/// The number of bookings, moves and amendments of one patient in one session. A session's stream holds 10,000 events:
/// without this limit one person could fill it by booking and cancelling in turn, which closes the session to all
/// patients. Cancelling has no limit.
pub const CHANGES_IN_A_SESSION_MAX: u16 = 30;
/// The number of times that the practice may note whether a patient came to one appointment. A note can be corrected;
/// without this limit, corrections could fill the diary.
pub const MARKS_MAX: u8 = 10;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diary {
    bookings: Vec<Arc<BookedSlot>>,
    /// The number of holds that were placed.
    holds: Daily,
    /// The number of bookings, moves and amendments.
    changes: Daily,
    /// The same number, by session.
    changes_in: Vec<(SessionId, u16)>,
}

/// A booking of this person, identified by its session and its start.
#[derive(Debug, Clone, PartialEq)]
pub struct BookedSlot {
    pub time: BookedTime,
    pub reason: Option<Personal<Reason>>,
    pub comment: Option<Personal<Comment>>,
    pub version: u32,
    pub status: BookingStatus,
    /// The number of times that the practice noted whether the patient came.
    pub marks: u8,
    /// The previous place of a booking that was moved.
    pub moved_from: Option<(SessionId, Timestamp)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingStatus {
    Booked,
    CheckedIn,
    Attended,
    DidNotAttend,
    Cancelled,
    /// Its session was changed or withdrawn.
    Orphaned,
}

impl BookedSlot {
    fn is(&self, session: &SessionId, starts_at: Timestamp) -> bool {
        self.time.session == *session && self.time.starts_at == starts_at
    }

    fn mark(&mut self, status: BookingStatus, version: u32) {
        self.status = status;
        self.version = version;
        self.marks = self.marks.saturating_add(1);
    }

    /// True for a booking that counts against the person's limit of open bookings.
    fn is_open(&self, now: Timestamp) -> bool {
        self.stands() && self.time.ends_at > now
    }

    /// True unless the booking was cancelled or orphaned.
    pub fn stands(&self) -> bool {
        match self.status {
            BookingStatus::Booked
            | BookingStatus::CheckedIn
            | BookingStatus::Attended
            | BookingStatus::DidNotAttend => true,
            BookingStatus::Cancelled | BookingStatus::Orphaned => false,
        }
    }

    /// # Errors
    /// `already-cancelled`, `appointment-orphaned`.
    pub fn has_to_stand(&self) -> Result<(), Rejected> {
        match self.status {
            BookingStatus::Booked
            | BookingStatus::CheckedIn
            | BookingStatus::Attended
            | BookingStatus::DidNotAttend => Ok(()),
            BookingStatus::Cancelled => Err((&ALREADY_CANCELLED).into()),
            BookingStatus::Orphaned => Err((&APPOINTMENT_ORPHANED).into()),
        }
    }

    /// Checks that the practice may note now whether the patient came.
    ///
    /// # Errors
    /// `already-cancelled`, `appointment-orphaned`, `not-started`, `limit-reached`.
    pub fn can_be_marked(&self, now: Timestamp) -> Result<(), Rejected> {
        self.has_to_stand()?;
        if !is_open_for_marks(self.time.starts_at, now) {
            return Err((&NOT_STARTED).into());
        }
        if self.marks >= MARKS_MAX {
            return Err(LIMIT_REACHED.with("limit", MARKS_MAX).with("of", "notes about one appointment"));
        }
        Ok(())
    }

    /// Checks that the booking can still be moved or cancelled. The cut-off applies to patients only: a practice may
    /// have to cancel at any time before the start.
    ///
    /// # Errors
    /// `already-cancelled`, `appointment-orphaned`, `stale-version`, `in-the-past`, `cut-off-passed`.
    pub fn can_be_given_up(
        &self,
        version: Option<u32>,
        settings: &PracticeSettings,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Rejected> {
        self.has_to_stand()?;
        if version.is_some_and(|seen| seen != self.version) {
            return Err(STALE_VERSION.with("version", self.version));
        }
        if self.time.starts_at <= now {
            return Err((&IN_THE_PAST).into());
        }
        let minutes = i64::from(settings.cancel_cut_off_minutes);
        if patient_of(caller).is_some() && now.plus_minutes(minutes) > self.time.starts_at {
            return Err(CUT_OFF_PASSED.with("minutes", minutes));
        }
        Ok(())
    }
}

impl State for Diary {
    type Event = DiaryEvent;

    fn evolve(&mut self, event: &DiaryEvent) {
        match event {
            DiaryEvent::HoldPlaced(placed) => self.holds.count(placed.on),
            DiaryEvent::Booked(booked) => {
                self.changes.count_at(booked.booked_at);
                self.count_change_in(&booked.time);
                self.put(BookedSlot {
                    time: booked.time.clone(),
                    reason: booked.reason.clone(),
                    comment: booked.comment.clone(),
                    version: booked.version,
                    status: BookingStatus::Booked,
                    marks: 0,
                    moved_from: None,
                });
            }
            DiaryEvent::Rescheduled(moved) => {
                self.changes.count_at(moved.rescheduled_at);
                self.count_change_in(&moved.from);
                self.count_change_in(&moved.to);
                self.bookings.retain(|booking| !booking.is(&moved.from.session, moved.from.starts_at));
                self.put(BookedSlot {
                    time: moved.to.clone(),
                    reason: moved.reason.clone(),
                    comment: moved.comment.clone(),
                    version: moved.version,
                    status: BookingStatus::Booked,
                    marks: 0,
                    moved_from: Some((moved.from.session.clone(), moved.from.starts_at)),
                });
            }
            DiaryEvent::Cancelled(cancelled) => {
                self.change(&cancelled.time, |booking| {
                    booking.status = BookingStatus::Cancelled;
                    booking.version = cancelled.version;
                });
            }
            DiaryEvent::Orphaned(orphaned) => {
                self.change(&orphaned.time, |booking| {
                    booking.status = BookingStatus::Orphaned;
                    booking.version = orphaned.version;
                });
            }
            DiaryEvent::PractitionerChanged(changed) => {
                self.change(&changed.time, |booking| {
                    booking.time = changed.time.clone();
                    booking.version = changed.version;
                });
            }
            DiaryEvent::CheckedIn(arrived) => {
                self.change(&arrived.time, |booking| {
                    booking.status = BookingStatus::CheckedIn;
                    booking.version = arrived.version;
                });
            }
            DiaryEvent::Attended(attended) => {
                self.change(&attended.time, |booking| {
                    booking.mark(BookingStatus::Attended, attended.version);
                });
            }
            DiaryEvent::NotAttended(missed) => {
                self.change(&missed.time, |booking| {
                    booking.mark(BookingStatus::DidNotAttend, missed.version);
                });
            }
            DiaryEvent::Amended(amended) => {
                self.changes.count_at(amended.amended_at);
                self.count_change_in(&amended.time);
                self.change(&amended.time, |booking| {
                    booking.reason = amended.reason.clone();
                    booking.comment = amended.comment.clone();
                    booking.version = amended.version;
                });
            }
        }
    }
}

impl Diary {
    fn put(&mut self, new: BookedSlot) {
        self.bookings.retain(|booking| !booking.is(&new.time.session, new.time.starts_at));
        self.bookings.push(Arc::new(new));
    }

    fn change(&mut self, time: &BookedTime, change: impl FnOnce(&mut BookedSlot)) {
        let booking = self.bookings.iter_mut().find(|booking| booking.is(&time.session, time.starts_at));
        booking.map(Arc::make_mut).map(change);
    }

    fn count_change_in(&mut self, time: &BookedTime) {
        match self.changes_in.iter_mut().find(|(session, _)| *session == time.session) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.changes_in.push((time.session.clone(), 1)),
        }
    }

    /// Checks the daily limit of changes, and the limit of changes in this session.
    ///
    /// # Errors
    /// `limit-reached`.
    pub fn may_change(&self, session: &SessionId, context: &Context) -> Result<(), Rejected> {
        let by_patient = patient_of(&context.caller).is_some();
        let limit = if by_patient { CHANGES_A_DAY_MAX } else { CHANGES_A_DAY_BY_STAFF_MAX };
        if self.changes.on(LONDON.day(context.now)) >= limit {
            return Err(LIMIT_REACHED.with("limit", limit).with("of", "changes a day"));
        }
        let changes = self.changes_in.iter().find(|(known, _)| known == session).map_or(0, |(_, count)| *count);
        if changes < CHANGES_IN_A_SESSION_MAX {
            Ok(())
        } else {
            Err(LIMIT_REACHED.with("limit", CHANGES_IN_A_SESSION_MAX).with("of", "changes in one session"))
        }
    }

    /// True if a booking stands at this site that begins at such a time.
    pub fn comes_to(&self, site: &OrganisationCode, at: impl Fn(Timestamp) -> bool) -> bool {
        let comes = |booking: &&Arc<BookedSlot>| {
            booking.stands() && booking.time.session.site() == *site && at(booking.time.starts_at)
        };
        self.bookings.iter().any(|booking| comes(&booking))
    }

    /// This person's booking of this session and start, cancelled or not.
    pub fn booking(&self, session: &SessionId, starts_at: Timestamp) -> Option<&BookedSlot> {
        self.bookings.iter().find(|booking| booking.is(session, starts_at)).map(Arc::as_ref)
    }

    /// The booking of this session that stands and has this slot.
    pub fn standing_at(&self, session: &SessionId, slot: Timestamp) -> Option<&BookedSlot> {
        let has_slot = |booking: &&Arc<BookedSlot>| {
            booking.stands() && booking.time.session == *session && booking.time.slots().any(|start| start == slot)
        };
        self.bookings.iter().find(has_slot).map(Arc::as_ref)
    }

    /// # Errors
    /// `not-your-appointment`.
    pub fn own(&self, session: &SessionId, starts_at: Timestamp) -> Result<&BookedSlot, Rejected> {
        self.booking(session, starts_at).ok_or_else(|| (&NOT_YOUR_APPOINTMENT).into())
    }

    /// The booking for exactly this time, unless it was cancelled.
    pub fn standing(&self, time: &BookedTime) -> Option<&BookedSlot> {
        self.booking(&time.session, time.starts_at).filter(|booking| booking.stands() && booking.time == *time)
    }

    /// The version of the next booking at this place: 1, or one more than the version of an earlier, cancelled booking.
    pub fn next_version(&self, time: &BookedTime) -> u32 {
        self.booking(&time.session, time.starts_at).map_or(1, |booking| booking.version + 1)
    }

    /// Checks that another booking fits beside the open ones. A booking that is given up in the same step (`leaving`)
    /// does not count.
    ///
    /// # Errors
    /// `overlapping-booking`, `limit-reached`.
    pub fn has_room_for(
        &self,
        time: &BookedTime,
        leaving: Option<&BookedTime>,
        settings: &PracticeSettings,
        context: &Context,
    ) -> Result<(), Rejected> {
        let now = context.now;
        let stays = |booking: &&Arc<BookedSlot>| {
            booking.is_open(now) && leaving.is_none_or(|left| !booking.is(&left.session, left.starts_at))
        };
        if self.bookings.iter().filter(stays).any(|booking| booking.time.overlaps(time)) {
            return Err((&OVERLAPPING_BOOKING).into());
        }
        let limit = settings.open_bookings_max;
        if self.bookings.iter().filter(stays).count() >= usize::from(limit) {
            return Err(LIMIT_REACHED.with("limit", limit).with("of", "open bookings"));
        }
        leaving.map_or(Ok(()), |left| self.may_change(&left.session, context))?;
        self.may_change(&time.session, context)
    }

    /// # Errors
    /// `limit-reached`.
    pub fn may_hold(&self, today: LocalDate) -> Result<(), Rejected> {
        if self.holds.on(today) < HOLDS_A_DAY_MAX {
            Ok(())
        } else {
            Err(LIMIT_REACHED.with("limit", HOLDS_A_DAY_MAX).with("of", "holds a day"))
        }
    }
}
