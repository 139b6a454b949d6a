//! A clinic session: one clinician at one site on one day, cut into slots. It enforces the capacity of its slots.

use std::sync::Arc;
use vocabulary::{
    appointments::{BookedTime, SessionEvent, SessionPublished},
    practices::PracticeSettings,
    time::LONDON,
};

use event_core::{Rejected, State, SubjectId, Timestamp};

use super::rejections::{
    HOLD_EXPIRED, HOLD_NOT_FOUND, IN_THE_PAST, NOT_A_HOLD, OUTSIDE_BOOKING_WINDOW, SESSION_NOT_FOUND, SLOT_NOT_FOUND,
    SLOT_TAKEN, SLOTS_NOT_ADJACENT,
};

/// The time for which a hold takes capacity.
pub const HOLD_MINUTES: i64 = 5;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Session {
    #[default]
    Unpublished,
    Open(Clinic),
    Withdrawn,
}

/// A published session. Both lists are short: a session has at most `PLACES_MAX` places.
#[derive(Debug, Clone, PartialEq)]
pub struct Clinic {
    pub details: Arc<SessionPublished>,
    taken: Vec<(Timestamp, SubjectId)>,
    /// The latest hold of each patient. It may have expired: readers compare it with the current time.
    holds: Vec<HeldSlot>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldSlot {
    pub starts_at: Timestamp,
    pub by: SubjectId,
    pub expires_at: Timestamp,
}

impl State for Session {
    type Event = SessionEvent;

    fn evolve(&mut self, event: &SessionEvent) {
        match (self, event) {
            (session, SessionEvent::Published(published)) => {
                let details = Arc::new(published.clone());
                *session = Session::Open(Clinic { details, taken: Vec::new(), holds: Vec::new() });
            }
            (Session::Open(clinic), SessionEvent::Extended(extended)) => {
                let details = Arc::make_mut(&mut clinic.details);
                details.until = extended.until;
                details.timetable.ends_at = extended.added.ends_at;
            }
            (session, SessionEvent::Withdrawn(_)) => *session = Session::Withdrawn,
            (Session::Open(clinic), SessionEvent::Held(held)) => {
                clinic.holds.retain(|hold| hold.by != held.by);
                clinic.holds.push(HeldSlot { starts_at: held.starts_at, by: held.by, expires_at: held.expires_at });
            }
            (Session::Open(clinic), SessionEvent::Released(released)) => {
                clinic.holds.retain(|hold| hold.by != released.by || hold.starts_at != released.starts_at);
            }
            (Session::Open(clinic), SessionEvent::Taken(taken)) => {
                clinic.holds.retain(|hold| hold.by != taken.by || hold.starts_at != taken.starts_at);
                clinic.taken.push((taken.starts_at, taken.by));
            }
            (Session::Open(clinic), SessionEvent::Freed(freed)) => {
                let place = clinic.taken.iter().position(|place| *place == (freed.starts_at, freed.by));
                place.map(|place| clinic.taken.swap_remove(place));
            }
            (
                Session::Unpublished | Session::Withdrawn,
                SessionEvent::Extended(_)
                | SessionEvent::Held(_)
                | SessionEvent::Released(_)
                | SessionEvent::Taken(_)
                | SessionEvent::Freed(_),
            ) => {}
        }
    }
}

impl Session {
    /// # Errors
    /// `session-not-found`, also for a session that was withdrawn.
    pub fn clinic(&self) -> Result<&Clinic, Rejected> {
        match self {
            Session::Open(clinic) => Ok(clinic),
            Session::Unpublished | Session::Withdrawn => Err((&SESSION_NOT_FOUND).into()),
        }
    }
}

impl Clinic {
    pub fn bookings(&self) -> usize {
        self.taken.len()
    }

    /// The hold that this patient has on this slot, live or expired.
    pub fn hold(&self, starts_at: Timestamp, by: SubjectId) -> Option<&HeldSlot> {
        self.holds.iter().find(|hold| hold.by == by && hold.starts_at == starts_at)
    }

    /// The hold that this patient has anywhere in the session and that still takes capacity at `now`.
    pub fn live_hold(&self, by: SubjectId, now: Timestamp) -> Option<&HeldSlot> {
        self.holds.iter().find(|hold| hold.by == by && hold.expires_at > now)
    }

    /// The time of these slots. They must be adjacent, in the future and within the booking window.
    ///
    /// # Errors
    /// `slot-not-found`, `slots-not-adjacent`, `in-the-past`, `outside-booking-window`.
    pub fn time_of(
        &self,
        first: Timestamp,
        more: &[Timestamp],
        settings: &PracticeSettings,
        now: Timestamp,
    ) -> Result<BookedTime, Rejected> {
        let minutes = i64::from(self.details.timetable.slot_minutes);
        let mut ends_at = first.plus_minutes(minutes);
        for next in more {
            if *next != ends_at {
                return Err((&SLOTS_NOT_ADJACENT).into());
            }
            ends_at = next.plus_minutes(minutes);
        }
        if std::iter::once(&first).chain(more).any(|slot| !self.details.timetable.has_slot(*slot)) {
            return Err((&SLOT_NOT_FOUND).into());
        }
        if first <= now {
            return Err((&IN_THE_PAST).into());
        }
        let days = i64::from(settings.booking_window_days);
        if LONDON.day(first) > LONDON.day(now).plus_days(days) {
            return Err(OUTSIDE_BOOKING_WINDOW.with("days", days));
        }
        Ok(BookedTime {
            session: self.details.session.clone(),
            starts_at: first,
            ends_at,
            slot_minutes: self.details.timetable.slot_minutes,
            service: self.details.service.clone(),
            channel: self.details.channel,
            practitioner: self.details.practitioner.clone(),
        })
    }

    /// Checks that this patient can have a place in each of these slots. The patient's own holds, and the places that
    /// are given up in the same step (`leaving`), do not count.
    ///
    /// # Errors
    /// `slot-taken`.
    pub fn has_room(
        &self,
        time: &BookedTime,
        by: SubjectId,
        leaving: Option<&BookedTime>,
        now: Timestamp,
    ) -> Result<(), Rejected> {
        let left: Vec<Timestamp> =
            leaving.filter(|left| left.session == time.session).map(|left| left.slots().collect()).unwrap_or_default();
        for slot in time.slots() {
            let taken = self.taken.iter().filter(|(start, _)| *start == slot).count();
            let given_up = usize::from(left.contains(&slot));
            let held = |hold: &&HeldSlot| hold.starts_at == slot && hold.by != by && hold.expires_at > now;
            let held = self.holds.iter().filter(held).count();
            if taken + held - given_up.min(taken) >= usize::from(self.details.capacity) {
                return Err((&SLOT_TAKEN).into());
            }
        }
        Ok(())
    }

    /// Checks that this patient currently holds the slot.
    ///
    /// # Errors
    /// `hold-expired`, `not-a-hold` where the slot is booked, `hold-not-found`.
    pub fn confirms(&self, starts_at: Timestamp, by: SubjectId, now: Timestamp) -> Result<(), Rejected> {
        match self.hold(starts_at, by) {
            Some(hold) if hold.expires_at > now => Ok(()),
            Some(_) => Err((&HOLD_EXPIRED).into()),
            None if self.taken.iter().any(|(start, _)| *start == starts_at) => Err((&NOT_A_HOLD).into()),
            None => Err((&HOLD_NOT_FOUND).into()),
        }
    }
}
