//! Attendance: check-ins, and notes of the practice.

use event_core::{SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BookedTime;

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
