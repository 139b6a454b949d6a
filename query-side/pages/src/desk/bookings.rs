//! The bookings of a clinic session, as pages show them before the session is changed or withdrawn, and what has changed
//! since they were looked at.

use event_core::{LocalDate, SubjectId, Timestamp};
use page_engine::{PageError, Pages, Visitor};
use queries::appointments::{SeeSessionBookings, SessionBooking, SessionBookings};
use serde::{Deserialize, Serialize};
use vocabulary::SessionId;

use super::{clocks, practice::practice_of};

/// A booking of the session.
pub struct BookingLine {
    pub time: String,
    pub patient: SubjectId,
    pub name: String,
    pub reference: String,
}

impl BookingLine {
    pub fn of(booking: &SessionBooking) -> BookingLine {
        let unnamed = || "a patient without a name here".to_owned();
        BookingLine {
            time: clocks::time(booking.starts_at),
            patient: booking.patient,
            name: booking.name.as_ref().map_or_else(unnamed, |name| name.as_str().to_owned()),
            reference: booking.reference.clone(),
        }
    }
}

/// The bookings of the session after all events: the log has just refused a command because of them, or will compare
/// their version.
///
/// # Errors
/// If the visitor may not see them, or the query fails.
pub async fn of_session(
    pages: &Pages,
    visitor: &Visitor,
    date: LocalDate,
    session: &SessionId,
) -> Result<SessionBookings, PageError> {
    let query = SeeSessionBookings { practice: practice_of(visitor)?, date, session: session.clone() };
    Ok(pages.ask(&visitor.up_to_date(), &query).await?.answer)
}

/// The bookings that were looked at: the start of each appointment, and its patient.
#[derive(Serialize, Deserialize)]
pub struct SeenBookings {
    session: SessionId,
    seen: Vec<(Timestamp, SubjectId)>,
}

/// The name of the draft. The list is kept with the sign-in, because it is personal and too long for a field of a form.
const DRAFT: &str = "seen bookings";
/// The maximum number of bookings that are kept for comparison: a draft has a limit of 16 KiB.
const KEPT_MAX: usize = 200;

impl SeenBookings {
    /// # Errors
    /// If the list cannot be kept.
    pub async fn keep(pages: &Pages, visitor: &Visitor, list: &SessionBookings) -> Result<(), PageError> {
        let all = list.bookings.iter().map(|one| (one.starts_at, one.patient));
        let seen = SeenBookings { session: list.session.clone(), seen: all.take(KEPT_MAX).collect() };
        pages.keep(visitor, DRAFT, &seen).await
    }

    /// The changes since the list was kept, a sentence for each booking.
    ///
    /// # Errors
    /// If the kept list cannot be read.
    pub async fn changes(pages: &Pages, visitor: &Visitor, list: &SessionBookings) -> Result<Vec<String>, PageError> {
        let kept: Option<SeenBookings> = pages.kept(visitor, DRAFT).await?;
        let kept = kept.filter(|kept| kept.session == list.session && kept.seen.len() < KEPT_MAX);
        let changes = kept.map(|kept| differences(&kept.seen, &list.bookings)).unwrap_or_default();
        Ok(if changes.is_empty() { vec!["Below is the list as it is now.".to_owned()] } else { changes })
    }
}

fn differences(seen: &[(Timestamp, SubjectId)], now: &[SessionBooking]) -> Vec<String> {
    let is_new = |one: &&SessionBooking| !seen.contains(&(one.starts_at, one.patient));
    let added = now.iter().filter(is_new).map(BookingLine::of).map(|line| format!("New: {}, {}", line.time, line.name));
    let is_gone = |(starts_at, patient): &&(Timestamp, SubjectId)| {
        !now.iter().any(|one| one.starts_at == *starts_at && one.patient == *patient)
    };
    let gone = seen
        .iter()
        .filter(is_gone)
        .map(|(starts_at, _)| format!("No longer booked by the patient who was listed: {}", clocks::time(*starts_at)));
    added.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_and_what_is_gone_are_sentences() {
        let at = |time: &str| format!("2026-11-26T{time}:00Z").parse::<Timestamp>().expect("an instant");
        let patient =
            |n: u8| format!("a11ce000-0000-4000-8000-00000000000{n}").parse::<SubjectId>().expect("a subject");
        let booking = |time, n| SessionBooking {
            patient: patient(n),
            name: Some("Bob Sample".parse().expect("a name")),
            starts_at: at(time),
            slots: vec![at(time)],
            reference: "AAAA".into(),
            is_coming: true,
        };
        let seen = [(at("09:00"), patient(1)), (at("09:10"), patient(2))];
        let changes = differences(&seen, &[booking("09:10", 2), booking("09:20", 3)]);
        let gone = "No longer booked by the patient who was listed: 9:00am";
        assert_eq!(changes, ["New: 9:20am, Bob Sample", gone]);
        assert!(differences(&seen[1..], &[booking("09:10", 2)]).is_empty());
    }
}
