//! The attendance of an appointment, as two read models contain it.

use event_core::Timestamp;
use serde::{Deserialize, Serialize};
use vocabulary::appointments::{AppointmentAttended, AppointmentNotAttended, PatientCheckedIn};

/// The attendance of the patient.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attendance {
    pub state: AttendanceState,
    /// The time at which the patient checked in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_in_at: Option<Timestamp>,
    /// The time at which the practice noted that the patient came, or did not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttendanceState {
    #[default]
    Expected,
    CheckedIn,
    Attended,
    DidNotAttend,
}

impl Attendance {
    pub(super) fn arrived(self, event: &PatientCheckedIn) -> Attendance {
        Attendance { state: AttendanceState::CheckedIn, checked_in_at: Some(event.checked_in_at), ..self }
    }

    pub(super) fn attended(self, event: &AppointmentAttended) -> Attendance {
        Attendance { state: AttendanceState::Attended, marked_at: Some(event.marked_at), ..self }
    }

    pub(super) fn missed(self, event: &AppointmentNotAttended) -> Attendance {
        Attendance { state: AttendanceState::DidNotAttend, marked_at: Some(event.marked_at), ..self }
    }
}
