//! Attendance, as appointments and the practice's day show it.

use event_core::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use views::{Attendance, AttendanceState};
use vocabulary::appointments::{is_open_for_check_in, is_open_for_marks};

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

/// A command about the attendance of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttendanceStep {
    CheckIn,
    MarkAttended,
    MarkDidNotAttend,
}

impl AttendanceStep {
    /// The commands about an appointment that starts then which fit now, and would change something.
    pub(super) fn open(attendance: Presence, starts_at: Timestamp, now: Timestamp) -> Vec<AttendanceStep> {
        let marks = is_open_for_marks(starts_at, now);
        let open = [
            (AttendanceStep::CheckIn, is_open_for_check_in(starts_at, now) && attendance == Presence::Expected),
            (AttendanceStep::MarkAttended, marks && attendance != Presence::Attended),
            (AttendanceStep::MarkDidNotAttend, marks && attendance != Presence::DidNotAttend),
        ];
        open.into_iter().filter(|(_, is_open)| *is_open).map(|(step, _)| step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_checks_in_on_the_day_and_the_practice_notes_from_the_start_on() {
        use AttendanceStep::{CheckIn, MarkAttended, MarkDidNotAttend};
        let nine: Timestamp = "2026-03-09T09:00:00Z".parse().expect("an instant");
        let open = |presence, now: &str| AttendanceStep::open(presence, nine, now.parse().expect("an instant"));
        assert_eq!(open(Presence::Expected, "2026-03-08T23:59:59Z"), []);
        assert_eq!(open(Presence::Expected, "2026-03-09T08:59:59Z"), [CheckIn]);
        assert_eq!(open(Presence::CheckedIn, "2026-03-09T08:59:59Z"), []);
        assert_eq!(open(Presence::Expected, "2026-03-09T09:00:00Z"), [CheckIn, MarkAttended, MarkDidNotAttend]);
        assert_eq!(open(Presence::Attended, "2026-03-10T09:00:00Z"), [MarkDidNotAttend]);
        assert_eq!(open(Presence::DidNotAttend, "2026-03-10T09:00:00Z"), [MarkAttended]);
    }
}
