//! The limits of clinic sessions, and the time of one in its practitioner's day.

use event_core::Rejected;
use vocabulary::appointments::{PractitionerPlanned, SessionPublished, Timetable};

use super::rejections::SESSION_INVALID;

/// The maximum number of slots of one session. Each slot is a row of two read models: without a limit, one publisher
/// could delay the views for all readers.
pub const SLOTS_MAX: usize = 200;
/// The maximum number of places: slots times capacity. Each place leaves room for several changes before the stream is
/// full (10,000 events).
pub const PLACES_MAX: usize = 2_000;

/// The time of the session in its practitioner's day, if the practitioner is known.
pub(super) fn plan_of(session: &SessionPublished) -> Option<PractitionerPlanned> {
    session.practitioner_id.clone().map(|practitioner| PractitionerPlanned {
        practitioner,
        on: session.on,
        session: session.session.clone(),
        starts_at: session.timetable.starts_at,
        ends_at: session.timetable.ends_at,
    })
}

/// # Errors
/// `session-invalid`: more than `SLOTS_MAX`.
pub(super) fn check_slots(timetable: &Timetable) -> Result<(), Rejected> {
    match timetable.slots().nth(SLOTS_MAX) {
        Some(_) => Err(invalid("a session has 200 slots at most")),
        None => Ok(()),
    }
}

/// # Errors
/// `session-invalid`: more than `PLACES_MAX`.
pub(super) fn check_places(timetable: &Timetable, capacity: u16) -> Result<(), Rejected> {
    if timetable.slots().count() * usize::from(capacity) > PLACES_MAX {
        return Err(invalid("slots times capacity has to be 2000 at most"));
    }
    Ok(())
}

pub(super) fn invalid(why: &str) -> Rejected {
    SESSION_INVALID.with("why", why)
}
