//! A practice's day: every slot with its state, bookings and holds.

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{DaySlotRow, PracticeDay};
use vocabulary::{
    SessionId,
    access::{Permission, staff},
    appointments::{Channel, Practitioner, ServiceType},
    text::Reason,
};

use super::attendance::ShownAttendance;
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};

/// Every slot of a practice's day with its state, earliest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeePracticeDay {
    pub practice: OrganisationCode,
    /// The day, in London.
    pub date: LocalDate,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DaySlot {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    /// The availability of the slot now.
    pub state: SlotState,
    /// How many patients can have it.
    pub capacity: u16,
    pub bookings: Vec<Booking>,
    /// The holds on it that have not expired.
    pub holds: Vec<Held>,
}

/// The state of a slot, which FHIR names free, busy-tentative or busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
// Some generators make constants without the type's name, and an appointment is `booked`, too.
#[schemars(extend("x-enum-varnames" = ["SlotFree", "SlotHeld", "SlotBooked"]))]
pub enum SlotState {
    Free,
    Held,
    Booked,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SlotBooking")]
pub struct Booking {
    pub patient: SubjectId,
    /// The start of the appointment. An appointment of several slots is in each of them.
    pub starts_at: Timestamp,
    pub attendance: ShownAttendance,
    /// Absent, too, once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SlotHold")]
pub struct Held {
    pub patient: SubjectId,
    pub until: Timestamp,
}

impl Query for SeePracticeDay {
    const NAME: &'static str = "practice-day";
    const PATH: &'static str = "/practices/{practice}/days/{date}";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &staff(Permission::Booking);
    const PERSONAL: bool = true;
    type Answer = List<DaySlot>;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<DaySlot>, QueryError> {
        let span = Span::whole(PracticeDay::partition(&self.practice, self.date));
        let rows = context.list::<PracticeDay>(span).await?;
        let bookings = rows.items.iter().flat_map(|row| &row.bookings);
        let opener = context.opener(bookings.filter(|with| with.reason.is_some()).map(|with| with.patient)).await?;
        let items = rows.items.into_iter().map(|row| shown(row, context.now, &opener)).collect::<Result<_, _>>()?;
        Ok(List { items, next: rows.next })
    }
}

fn shown(row: DaySlotRow, now: Timestamp, opener: &Opener<'_>) -> Result<DaySlot, QueryError> {
    let live = row.holds.into_iter().filter(|hold| hold.expires_at > now);
    let holds: Vec<Held> = live.map(|hold| Held { patient: hold.patient, until: hold.expires_at }).collect();
    let capacity = usize::from(row.capacity);
    let state = match row.bookings.len() {
        booked if booked >= capacity => SlotState::Booked,
        booked if booked + holds.len() >= capacity => SlotState::Held,
        _ => SlotState::Free,
    };
    let mut bookings = Vec::with_capacity(row.bookings.len());
    for booking in row.bookings {
        let reason = opener.open_some(booking.patient, booking.reason.as_ref())?;
        bookings.push(Booking {
            patient: booking.patient,
            starts_at: booking.starts_at,
            attendance: booking.attendance.into(),
            reason,
        });
    }
    Ok(DaySlot {
        session: row.session,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        service: row.service,
        channel: row.channel,
        practitioner: row.practitioner,
        state,
        capacity: row.capacity,
        bookings,
        holds,
    })
}
