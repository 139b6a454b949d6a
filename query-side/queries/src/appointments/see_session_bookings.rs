//! The bookings of a clinic session: the list that staff look at before they change or withdraw it.

use std::collections::HashMap;

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::PracticeDay;
use vocabulary::{
    SessionId,
    access::{Permission, staff},
    booking_number,
    bookings_version::BookingsVersion,
    text::PersonName,
};

use crate::registrations::RegisteredPatients;
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
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// The start of the appointment.
    pub starts_at: Timestamp,
    /// The starts of its slots.
    pub slots: Vec<Timestamp>,
    /// The number that patient and practice use for it.
    pub reference: String,
    /// True unless its last slot has begun: what has begun stays, whatever becomes of the session.
    pub is_coming: bool,
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
        let mut list = listed(self.session.clone(), &places, context.now);
        let booked: Vec<SubjectId> = list.bookings.iter().map(|booking| booking.patient).collect();
        let mut patients = RegisteredPatients::default();
        patients.read(&booked, context).await?;
        let opener = context.opener(booked).await?;
        for booking in &mut list.bookings {
            booking.name = patients.name(booking.patient, &opener)?;
        }
        Ok(list)
    }
}

/// The list of these places, without names: the slot, the patient, and the start of the appointment.
fn listed(session: SessionId, places: &[(Timestamp, SubjectId, Timestamp)], now: Timestamp) -> SessionBookings {
    let version = BookingsVersion::of(places.iter().map(|(slot, patient, _)| (*slot, *patient)));
    // Those who share a slot are in the order in which they booked: the latest go where the capacity is reduced.
    let mut slots: Vec<(Timestamp, SubjectId, Vec<Timestamp>)> = Vec::new();
    let mut known: HashMap<(Timestamp, SubjectId), usize> = HashMap::new();
    for (slot, patient, starts_at) in places {
        let place = *known.entry((*starts_at, *patient)).or_insert(slots.len());
        match slots.get_mut(place) {
            Some((.., own)) => own.push(*slot),
            None => slots.push((*starts_at, *patient, vec![*slot])),
        }
    }
    slots.sort_by_key(|(starts_at, ..)| *starts_at);
    let booking = |(starts_at, patient, slots): (Timestamp, SubjectId, Vec<Timestamp>)| SessionBooking {
        patient,
        name: None,
        starts_at,
        is_coming: slots.last().is_some_and(|last| *last > now),
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
        let list = listed(session, &[(nine, patient, nine), (ten_past, patient, nine)], nine);
        let shown: Vec<_> = list.bookings.iter().map(|one| (one.starts_at, one.slots.len(), one.is_coming)).collect();
        assert_eq!(shown, [(nine, 2, true)]);
        assert_eq!(list.version, BookingsVersion::of([(ten_past, patient), (nine, patient)]));
    }
}
