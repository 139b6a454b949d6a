//! A clinic session: one clinician at one site on one day, cut into slots. It enforces the capacity of its slots.

use std::{collections::BTreeSet, sync::Arc};
use vocabulary::{
    access::patient_of,
    appointments::{BookedPlace, BookedTime, SessionAmended, SessionCut, SessionEvent, SessionPublished, SlotFreed},
    bookings_version::BookingsVersion,
    practices::PracticeSettings,
    time::LONDON,
};

use event_core::{Context, Rejected, State, SubjectId, Timestamp};

use super::rejections::{
    BOOKINGS_AFFECTED, BOOKINGS_CHANGED, BOOKINGS_PENDING, EMBARGOED, HOLD_EXPIRED, HOLD_NOT_FOUND, IN_THE_PAST,
    LIMIT_REACHED, NOT_A_HOLD, OUTSIDE_BOOKING_WINDOW, SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN,
    SLOTS_NOT_ADJACENT,
};
use crate::practices::practice::OFFER_MINUTES_MAX;

/// The time for which a hold takes capacity.
pub const HOLD_MINUTES: i64 = 5;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Session {
    #[default]
    Unpublished,
    Open(Clinic),
    /// Withdrawn, with the booked places that `OrphanBooking` has still to give up.
    Withdrawn(Vec<BookedPlace>),
}

/// A published session. Both lists are short: a session has at most `PLACES_MAX` places.
#[derive(Debug, Clone, PartialEq)]
pub struct Clinic {
    pub details: Arc<SessionPublished>,
    taken: Vec<(Timestamp, SubjectId)>,
    /// The latest holds of each patient. They may have expired: readers compare them with the current time.
    holds: Vec<HeldSlot>,
    /// The booked places that no longer fit, and that `OrphanBooking` has still to give up. They are among the taken ones.
    orphans: Vec<BookedPlace>,
    /// The number of times that the session was amended.
    amendments: u16,
    /// The slots that patients had and gave back: they are not offered to them from the waiting list.
    given_back: BTreeSet<(Timestamp, SubjectId)>,
}

/// The number of times that a session may be amended. Each amendment is an event of a stream that holds 10,000, and
/// rewrites the rows of the session.
pub const AMENDMENTS_MAX: u16 = 50;

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
                *session = Session::Open(Clinic {
                    details,
                    taken: Vec::new(),
                    holds: Vec::new(),
                    orphans: Vec::new(),
                    amendments: 0,
                    given_back: BTreeSet::new(),
                });
            }
            (Session::Open(clinic), SessionEvent::Extended(extended)) => {
                let details = Arc::make_mut(&mut clinic.details);
                details.until = extended.until;
                details.timetable.ends_at = extended.added.ends_at;
            }
            (session, SessionEvent::Withdrawn(withdrawn)) => *session = Session::Withdrawn(withdrawn.orphaned.clone()),
            (Session::Open(clinic), SessionEvent::Amended(amended)) => clinic.amend(amended),
            (Session::Withdrawn(orphans), SessionEvent::Freed(freed)) => without(orphans, freed),
            (Session::Open(clinic), SessionEvent::Held(held)) => {
                // Another slot may be offered to a patient beside a hold. No hold lasts longer than an offer.
                let ended = held.expires_at.plus_minutes(-i64::from(OFFER_MINUTES_MAX));
                let other = |hold: &HeldSlot| hold.starts_at != held.starts_at && hold.expires_at > ended;
                clinic.holds.retain(|hold| hold.by != held.by || other(hold));
                clinic.holds.push(HeldSlot { starts_at: held.starts_at, by: held.by, expires_at: held.expires_at });
            }
            (Session::Open(clinic), SessionEvent::Released(released)) => {
                clinic.holds.retain(|hold| hold.by != released.by || hold.starts_at != released.starts_at);
            }
            (Session::Open(clinic), SessionEvent::Taken(taken)) => {
                clinic.holds.retain(|hold| hold.by != taken.by || hold.starts_at != taken.starts_at);
                clinic.taken.push((taken.starts_at, taken.by));
                clinic.given_back.remove(&(taken.starts_at, taken.by));
            }
            (Session::Open(clinic), SessionEvent::Freed(freed)) => {
                let place = clinic.taken.iter().position(|place| *place == (freed.starts_at, freed.by));
                // The order is kept: where the capacity is reduced, the latest bookings no longer fit.
                place.map(|place| clinic.taken.remove(place));
                // A booking that no longer fits was not given back by the patient.
                if !clinic.orphans.contains(&BookedPlace { starts_at: freed.starts_at, by: freed.by }) {
                    clinic.given_back.insert((freed.starts_at, freed.by));
                }
                without(&mut clinic.orphans, freed);
            }
            (Session::Unpublished, SessionEvent::Freed(_)) => {}
            (
                Session::Unpublished | Session::Withdrawn(_),
                SessionEvent::Extended(_)
                | SessionEvent::Amended(_)
                | SessionEvent::Held(_)
                | SessionEvent::Released(_)
                | SessionEvent::Taken(_),
            ) => {}
        }
    }
}

fn without(orphans: &mut Vec<BookedPlace>, freed: &SlotFreed) {
    orphans.retain(|place| (place.starts_at, place.by) != (freed.starts_at, freed.by));
}

impl Session {
    /// True if the session was changed or withdrawn so that this booked place no longer fits.
    pub fn is_orphaned(&self, starts_at: Timestamp, by: SubjectId) -> bool {
        let orphans: &[BookedPlace] = match self {
            Session::Open(clinic) => &clinic.orphans,
            Session::Withdrawn(orphans) => orphans,
            Session::Unpublished => &[],
        };
        orphans.contains(&BookedPlace { starts_at, by })
    }

    /// # Errors
    /// `session-not-found`, also for a session that was withdrawn.
    pub fn clinic(&self) -> Result<&Clinic, Rejected> {
        match self {
            Session::Open(clinic) => Ok(clinic),
            Session::Unpublished | Session::Withdrawn(_) => Err((&SESSION_NOT_FOUND).into()),
        }
    }
}

impl Clinic {
    fn amend(&mut self, amended: &SessionAmended) {
        let details = Arc::make_mut(&mut self.details);
        (details.from, details.until) = (amended.from, amended.until);
        details.timetable = amended.timetable.clone();
        details.capacity = amended.capacity;
        details.channel = amended.channel;
        details.practitioner = amended.practitioner.clone();
        self.holds.clear();
        self.orphans.clone_from(&amended.orphaned);
        self.amendments = self.amendments.saturating_add(1);
    }

    /// Checks that the session may be changed once more: what follows from the last change has happened.
    ///
    /// # Errors
    /// `bookings-pending`, `limit-reached`.
    pub fn may_be_amended(&self) -> Result<(), Rejected> {
        if !self.orphans.is_empty() {
            return Err((&BOOKINGS_PENDING).into());
        }
        if self.amendments >= AMENDMENTS_MAX {
            return Err(LIMIT_REACHED.with("limit", AMENDMENTS_MAX).with("of", "changes of one session"));
        }
        Ok(())
    }

    /// The booked places that have not begun.
    pub fn coming(&self, now: Timestamp) -> Vec<BookedPlace> {
        let coming = self.taken.iter().filter(|(starts_at, _)| *starts_at > now);
        coming.map(|(starts_at, by)| BookedPlace { starts_at: *starts_at, by: *by }).collect()
    }

    /// The booked places that have not begun, and that do not fit the session as it is planned. Where the capacity is
    /// reduced, the latest bookings do not fit.
    pub fn misfits(&self, plan: &SessionPublished, now: Timestamp) -> Vec<BookedPlace> {
        SessionCut::of(&self.details).misfits(&SessionCut::of(plan), self.coming(now))
    }

    /// Checks that the caller has seen the session's bookings as they are, if some of them would be given up.
    ///
    /// # Errors
    /// `bookings-affected` with the version of the list, `bookings-changed`.
    pub fn confirmed(&self, affected: &[BookedPlace], seen: Option<&BookingsVersion>) -> Result<(), Rejected> {
        let version = BookingsVersion::of(self.taken.iter().copied());
        match seen {
            Some(seen) if *seen == version => Ok(()),
            Some(_) => Err(BOOKINGS_CHANGED.with("version", version.to_string())),
            None if affected.is_empty() => Ok(()),
            None => {
                let starts: BTreeSet<String> = affected.iter().map(|place| place.starts_at.to_string()).collect();
                let starts: Vec<String> = starts.into_iter().collect();
                let refused = BOOKINGS_AFFECTED.with("bookings", affected.len()).with("startsAt", starts);
                Err(refused.with("version", version.to_string()))
            }
        }
    }

    /// The hold that this patient has on this slot, live or expired.
    pub fn hold(&self, starts_at: Timestamp, by: SubjectId) -> Option<&HeldSlot> {
        self.holds.iter().find(|hold| hold.by == by && hold.starts_at == starts_at)
    }

    /// The hold that this patient has anywhere in the session and that still takes capacity at `now`.
    pub fn live_hold(&self, by: SubjectId, now: Timestamp) -> Option<&HeldSlot> {
        self.holds.iter().find(|hold| hold.by == by && hold.expires_at > now)
    }

    /// Checks that the slots are released, if a patient books them. The practice books at any time.
    ///
    /// # Errors
    /// `embargoed`.
    pub fn has_to_be_released(&self, context: &Context) -> Result<(), Rejected> {
        match self.details.released_at {
            Some(at) if at > context.now && patient_of(&context.caller).is_some() => {
                Err(EMBARGOED.with("releasedAt", at.to_string()))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub fn is_released(&self, now: Timestamp) -> bool {
        self.details.released_at.is_none_or(|at| at <= now)
    }

    /// The slot that starts then, if it is in the future.
    pub fn coming_slot(&self, starts_at: Timestamp, now: Timestamp) -> Option<BookedTime> {
        let ends_at = starts_at.plus_minutes(i64::from(self.details.timetable.slot_minutes));
        (starts_at > now && self.details.timetable.has_slot(starts_at)).then(|| self.time(starts_at, ends_at))
    }

    /// The number of places of this slot that are neither taken nor held.
    pub fn free_places(&self, starts_at: Timestamp, now: Timestamp) -> usize {
        let taken = self.taken.iter().filter(|(start, _)| *start == starts_at).count();
        let held = self.holds.iter().filter(|hold| hold.starts_at == starts_at && hold.expires_at > now).count();
        usize::from(self.details.capacity).saturating_sub(taken + held)
    }

    /// True if this patient has booked the slot.
    pub fn has_place(&self, starts_at: Timestamp, by: SubjectId) -> bool {
        self.taken.contains(&(starts_at, by))
    }

    /// True if this patient had booked the slot, and cancelled or moved that appointment.
    pub fn was_given_back(&self, starts_at: Timestamp, by: SubjectId) -> bool {
        self.given_back.contains(&(starts_at, by))
    }

    fn time(&self, starts_at: Timestamp, ends_at: Timestamp) -> BookedTime {
        BookedTime {
            session: self.details.session.clone(),
            starts_at,
            ends_at,
            slot_minutes: self.details.timetable.slot_minutes,
            service: self.details.service.clone(),
            channel: self.details.channel,
            practitioner: self.details.practitioner.clone(),
        }
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
        Ok(self.time(first, ends_at))
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
