//! The bookings of a clinic session: the list that staff look at before they change or withdraw it.

use std::collections::BTreeMap;

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::PracticeDay;
use vocabulary::{
    SessionId,
    access::{Permission, staff},
    booking_number,
    bookings_version::BookingsVersion,
};

use query_engine::{Kind, Query, QueryContext, QueryError, context::Span};

/// The number of slots in one read of the view.
const PAGE_ROWS: usize = 500;
/// The number of slots of the day that are read at most: 500 sessions of 200 slots.
const DAY_ROWS_MAX: usize = 100_000;

/// The bookings of a clinic session, earliest first, with the version that a command to change or withdraw it names.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeSessionBookings {
    pub practice: OrganisationCode,
    /// The day of the session, in London.
    pub date: LocalDate,
    pub session: SessionId,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionBookings {
    pub session: SessionId,
    /// Confirms in `affected` of `amend-session` and `withdraw-session` that this list was seen.
    pub version: BookingsVersion,
    pub bookings: Vec<SessionBooking>,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionBooking {
    pub patient: SubjectId,
    /// The start of the appointment.
    pub starts_at: Timestamp,
    /// The starts of its slots.
    pub slots: Vec<Timestamp>,
    /// The number that patient and practice use for it.
    pub reference: String,
}

impl Query for SeeSessionBookings {
    const NAME: &'static str = "session-bookings";
    const PATH: &'static str = "/practices/{practice}/days/{date}/sessions/{session}/bookings";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &staff(Permission::Booking);
    const PERSONAL: bool = true;
    type Answer = SessionBookings;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<SessionBookings, QueryError> {
        let span = Span::whole(PracticeDay::partition(&self.practice, self.date));
        let (mut seen, mut places, mut read) = (None, Vec::new(), 0);
        while read < DAY_ROWS_MAX {
            let rows = context.page::<PracticeDay>(span.clone().beyond(seen.clone(), PAGE_ROWS)).await?;
            let end = rows.len() < PAGE_ROWS;
            read += rows.len();
            for (sort, row) in rows {
                if row.session == self.session {
                    let of_slot = |booking: &views::DayBooking| (row.starts_at, booking.patient, booking.starts_at);
                    places.extend(row.bookings.iter().map(of_slot));
                }
                seen = Some(sort);
            }
            if end {
                break;
            }
        }
        Ok(listed(self.session.clone(), &places))
    }
}

/// The list of these places: the slot, the patient, and the start of the appointment.
fn listed(session: SessionId, places: &[(Timestamp, SubjectId, Timestamp)]) -> SessionBookings {
    let version = BookingsVersion::of(places.iter().map(|(slot, patient, _)| (*slot, *patient)));
    let mut slots: BTreeMap<(Timestamp, SubjectId), Vec<Timestamp>> = BTreeMap::new();
    for (slot, patient, starts_at) in places {
        slots.entry((*starts_at, *patient)).or_default().push(*slot);
    }
    let booking = |((starts_at, patient), slots)| SessionBooking {
        patient,
        starts_at,
        slots,
        reference: booking_number::of(&session, starts_at, patient),
    };
    let bookings = slots.into_iter().map(booking).collect();
    SessionBookings { session, version, bookings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appointment_of_several_slots_is_listed_once_and_each_slot_counts_for_the_version() {
        let session: SessionId = "A12345.000000000001".parse().expect("a session");
        let patient = "a11ce000-0000-4000-8000-000000000001".parse().expect("a subject");
        let [nine, ten_past] =
            ["2026-03-09T09:00:00Z", "2026-03-09T09:10:00Z"].map(|at| at.parse().expect("an instant"));
        let list = listed(session, &[(nine, patient, nine), (ten_past, patient, nine)]);
        assert_eq!(list.bookings.iter().map(|one| (one.starts_at, one.slots.len())).collect::<Vec<_>>(), [(nine, 2)]);
        assert_eq!(list.version, BookingsVersion::of([(ten_past, patient), (nine, patient)]));
    }
}
