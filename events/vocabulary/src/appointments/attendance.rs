//! Attendance: check-ins, and notes of the practice.

use event_core::{SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BookedTime;
use crate::time::LONDON;

/// A patient arrived for an appointment and said so, or the practice did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientCheckedIn {
    pub patient: SubjectId,
    pub time: BookedTime,
    pub checked_in_at: Timestamp,
    pub version: u32,
}

/// The practice noted that a patient came to an appointment. The newest note about an appointment holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentAttended {
    pub patient: SubjectId,
    pub time: BookedTime,
    pub marked_at: Timestamp,
    pub version: u32,
}

/// The practice noted that a patient did not come to an appointment. The newest note about an appointment holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentNotAttended {
    pub patient: SubjectId,
    pub time: BookedTime,
    pub marked_at: Timestamp,
    pub version: u32,
}

/// True on the day of an appointment, in London: the patient checks in then, also late.
pub fn is_open_for_check_in(starts_at: Timestamp, now: Timestamp) -> bool {
    LONDON.day(now) == LONDON.day(starts_at)
}

/// True from the start of an appointment on: the practice then notes whether the patient came.
pub fn is_open_for_marks(starts_at: Timestamp, now: Timestamp) -> bool {
    starts_at <= now
}
