//! A practice's day: every slot with its state, bookings and holds.

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{DayBooking, DaySlotRow, PracticeDay};
use vocabulary::{
    SessionId,
    access::{Permission, staff},
    appointments::{Channel, Practitioner, ServiceType},
    text::{PersonName, Reason},
};

use super::attendance::{AttendanceStep, ShownAttendance};
use crate::registrations::RegisteredPatients;
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
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// The start of the appointment. An appointment of several slots is in each of them.
    pub starts_at: Timestamp,
    pub attendance: ShownAttendance,
    /// The commands about the patient's attendance that fit now.
    pub steps: Vec<AttendanceStep>,
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
        let mut booked: Vec<SubjectId> =
            rows.items.iter().flat_map(|row| &row.bookings).map(|booking| booking.patient).collect();
        booked.sort_unstable();
        booked.dedup();
        let mut patients = RegisteredPatients::default();
        patients.read(&booked, context).await?;
        let day = BookedDay { now: context.now, opener: context.opener(booked).await?, patients };
        let items = rows.items.into_iter().map(|row| day.shown(row)).collect::<Result<_, _>>()?;
        Ok(List { items, next: rows.next })
    }
}

/// The data with which the slots of a day are shown.
struct BookedDay<'a> {
    now: Timestamp,
    patients: RegisteredPatients,
    opener: Opener<'a>,
}

impl BookedDay<'_> {
    fn shown(&self, row: DaySlotRow) -> Result<DaySlot, QueryError> {
        let live = row.holds.into_iter().filter(|hold| hold.expires_at > self.now);
        let holds: Vec<Held> = live.map(|hold| Held { patient: hold.patient, until: hold.expires_at }).collect();
        let capacity = usize::from(row.capacity);
        let state = match row.bookings.len() {
            booked if booked >= capacity => SlotState::Booked,
            booked if booked + holds.len() >= capacity => SlotState::Held,
            _ => SlotState::Free,
        };
        let bookings = row.bookings.into_iter().map(|booking| self.booking(booking)).collect::<Result<_, _>>()?;
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

    fn booking(&self, booking: DayBooking) -> Result<Booking, QueryError> {
        let (patient, starts_at) = (booking.patient, booking.starts_at);
        let attendance = ShownAttendance::from(booking.attendance);
        Ok(Booking {
            patient,
            name: self.patients.name(patient, &self.opener)?,
            starts_at,
            attendance,
            steps: AttendanceStep::open(attendance.state, starts_at, self.now),
            reason: self.opener.open_some(patient, booking.reason.as_ref())?,
        })
    }
}
