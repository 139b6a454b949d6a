//! Clinic sessions: the second fold of their read model.

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, change, of},
};

/// The bookings and holds of a session, and the diaries of patients, do not change what it is.
pub const KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
        "appointment.slot-held.v1",
        "appointment.hold-released.v1",
        "appointment.slot-taken.v1",
        "appointment.slot-freed.v1",
        "appointment.hold-placed.v1",
        "appointment.booked.v1",
        "appointment.rescheduled.v1",
        "appointment.cancelled.v1",
        "appointment.amended.v1",
        "appointment.checked-in.v1",
        "appointment.attended.v1",
        "appointment.did-not-attend.v1",
        "appointment.orphaned.v1",
        "appointment.practitioner-changed.v1",
    ],
};

const OPTIONAL: [&str; 2] = ["practitionerId", "releasedAt"];

pub fn fold(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/session").to_owned(), "session".to_owned());
    match event.kind.as_str() {
        "appointment.session-published.v1" => {
            let always =
                ["session", "on", "from", "until", "timetable", "capacity", "service", "channel", "practitioner"];
            let said = OPTIONAL.into_iter().filter(|field| !event.value(&format!("/{field}")).is_null());
            rows.insert(key, of(event, &always.into_iter().chain(said).collect::<Vec<_>>()));
        }
        "appointment.session-extended.v1" => change(rows, &key, |row| {
            row["until"] = event.value("/until").clone();
            row["timetable"]["endsAt"] = event.value("/added/endsAt").clone();
        }),
        "appointment.session-amended.v1" => change(rows, &key, |row| {
            for field in ["from", "until", "timetable", "capacity", "channel", "practitioner"] {
                row[field] = event.value(&format!("/{field}")).clone();
            }
        }),
        "appointment.session-withdrawn.v1" => drop(rows.remove(&key)),
        _ => return Arm::Missing,
    }
    Arm::Found
}
