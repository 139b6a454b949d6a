//! Changes of a clinic session that patients have booked, and what becomes of the bookings.

use event_core::{LocalDate, SubjectId, Timestamp, time::LocalTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BookedTime, Channel, Practitioner, ServiceType, Timetable};
use crate::ids::{PractitionerId, SessionId};

/// A clinic session was withdrawn: none of its slots can be booked any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionWithdrawn {
    pub session: SessionId,
    pub timetable: Timetable,
    /// The booked places that had not begun. Each of their bookings becomes orphaned by an event of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphaned: Vec<BookedPlace>,
    /// The practitioner and the day that are free again. Absent if the practitioner was not identified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freed: Option<PractitionersDay>,
}

/// A practitioner, and a day in London.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PractitionersDay {
    pub practitioner: PractitionerId,
    pub on: LocalDate,
}

/// A booked place of a slot. A booking of several slots has a place in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookedPlace {
    pub starts_at: Timestamp,
    pub by: SubjectId,
}

/// A clinic session was changed: its times, slots, capacity, channel or practitioner. Holds on its slots ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionAmended {
    pub session: SessionId,
    /// As published.
    pub on: LocalDate,
    pub from: LocalTime,
    pub until: LocalTime,
    /// The division into slots until now.
    pub before: Timetable,
    pub timetable: Timetable,
    pub capacity: u16,
    /// As published.
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    /// The booked places that no longer fit. Each of their bookings becomes orphaned by an event of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphaned: Vec<BookedPlace>,
    /// The booked places that stay and that the new practitioner takes over. Absent if the practitioner stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_over: Vec<BookedPlace>,
    /// As published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

/// An appointment no longer takes place, because its clinic session was changed or withdrawn. The patient may book again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentOrphaned {
    pub patient: SubjectId,
    pub time: BookedTime,
    pub orphaned_at: Timestamp,
    pub version: u32,
}

/// An appointment is with another practitioner, because its clinic session was changed. Its time is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentPractitionerChanged {
    pub patient: SubjectId,
    /// The time with the new practitioner.
    pub time: BookedTime,
    pub version: u32,
}
