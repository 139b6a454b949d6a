//! Attendance, as appointments and the practice's day show it.

use event_core::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use views::{Attendance, AttendanceState};

/// The attendance of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Attendance")]
pub struct ShownAttendance {
    pub state: Presence,
    /// The time at which the patient checked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_in_at: Option<Timestamp>,
    /// The time at which the practice noted that the patient came, or did not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AttendanceState")]
pub enum Presence {
    Expected,
    CheckedIn,
    Attended,
    DidNotAttend,
}

impl From<Attendance> for ShownAttendance {
    fn from(row: Attendance) -> ShownAttendance {
        let state = match row.state {
            AttendanceState::Expected => Presence::Expected,
            AttendanceState::CheckedIn => Presence::CheckedIn,
            AttendanceState::Attended => Presence::Attended,
            AttendanceState::DidNotAttend => Presence::DidNotAttend,
        };
        ShownAttendance { state, checked_in_at: row.checked_in_at, marked_at: row.marked_at }
    }
}
