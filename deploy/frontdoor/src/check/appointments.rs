//! Appointments: the second folds of their read models.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    clinic_sessions,
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, change, of, push},
    waiting,
};

pub const FOLDS: &[SecondFold] = &[
    SecondFold { name: "free_slots", version: 2, kinds: FREE_SLOTS_KINDS, fold: free_slots },
    SecondFold { name: "my_appointments", version: 2, kinds: MY_APPOINTMENTS_KINDS, fold: my_appointments },
    SecondFold { name: "practice_day", version: 2, kinds: PRACTICE_DAY_KINDS, fold: practice_day },
    SecondFold { name: "my_waiting", version: 1, kinds: waiting::KINDS, fold: waiting::my_waiting },
    SecondFold { name: "clinic_sessions", version: 1, kinds: clinic_sessions::KINDS, fold: clinic_sessions::fold },
    SecondFold { name: "practice_waiting", version: 1, kinds: waiting::KINDS, fold: waiting::practice_waiting },
];

/// The sessions contain the taken places, so the kinds of diaries are ignored.
const FREE_SLOTS_KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
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

fn free_slots(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = |start: &str| (site(event).to_owned(), format!("{start}.{}", event.text("/session")));
    let key_of_this = key(event.text("/startsAt"));
    let by = event.text("/by");
    match event.kind.as_str() {
        "appointment.session-published.v1" | "appointment.session-extended.v1" => {
            for mut row in slots_of(event) {
                row["slotMinutes"] = event.value(&format!("{}/slotMinutes", timetable(event))).clone();
                row["taken"] = json!(0);
                row["holds"] = json!([]);
                released(&mut row, event);
                rows.insert(key(row["startsAt"].as_str().unwrap_or_default()), row);
            }
        }
        "appointment.session-amended.v1" => {
            let before = taken_out(rows, event, key);
            for mut row in slots_of(event) {
                let key = key(row["startsAt"].as_str().unwrap_or_default());
                let taken = before.get(&key).or_else(|| rows.get(&key)).map_or(json!(0), |row| row["taken"].clone());
                row["slotMinutes"] = event.value("/timetable/slotMinutes").clone();
                row["taken"] = taken;
                row["holds"] = json!([]);
                released(&mut row, event);
                rows.insert(key, row);
            }
        }
        "appointment.session-withdrawn.v1" => table(event).iter().for_each(|start| drop(rows.remove(&key(start)))),
        "appointment.slot-held.v1" => change(rows, &key_of_this, |row| {
            without_expired_holds(row, event);
            without(row, "holds", "by", by);
            push(row, "holds", json!({"by": by, "expiresAt": event.value("/expiresAt")}));
        }),
        "appointment.hold-released.v1" => change(rows, &key_of_this, |row| without(row, "holds", "by", by)),
        "appointment.slot-taken.v1" => change(rows, &key_of_this, |row| {
            without(row, "holds", "by", by);
            row["taken"] = json!(row["taken"].as_u64().unwrap_or(0) + 1);
        }),
        "appointment.slot-freed.v1" => change(rows, &key_of_this, |row| {
            row["taken"] = json!(row["taken"].as_u64().unwrap_or(0).saturating_sub(1));
        }),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Adds the instant from which patients can book the slot, if the event says it.
fn released(row: &mut Value, event: &CheckedEvent) {
    if !event.value("/releasedAt").is_null() {
        row["releasedAt"] = event.value("/releasedAt").clone();
    }
}

/// Removes the rows of the slots that the session had before it was amended.
fn taken_out(rows: &mut Rows, event: &CheckedEvent, key: impl Fn(&str) -> (String, String)) -> Rows {
    let before = |field: &str| event.value(&format!("/before/{field}"));
    let starts = starts(before("startsAt"), before("endsAt"), before("slotMinutes"));
    starts.iter().filter_map(|start| rows.remove_entry(&key(start))).collect()
}

/// The diary contains a patient's bookings, so the kinds of sessions are ignored. A hold is not an appointment.
const MY_APPOINTMENTS_KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
        "appointment.session-published.v1",
        "appointment.session-extended.v1",
        "appointment.session-withdrawn.v1",
        "appointment.session-amended.v1",
        "appointment.slot-held.v1",
        "appointment.hold-released.v1",
        "appointment.slot-taken.v1",
        "appointment.slot-freed.v1",
        "appointment.hold-placed.v1",
    ],
};

fn my_appointments(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = |time: &Value| {
        let text = |field: &str| time[field].as_str().unwrap_or_default().to_owned();
        (event.text("/patient").to_owned(), format!("{}.{}", text("startsAt"), text("session")))
    };
    let booked = |time: &str| {
        let mut row = of(event, &["reason", "comment", "version"]);
        row["time"] = event.value(time).clone();
        row["status"] = json!("booked");
        row["attendance"] = json!({"state": "expected"});
        row
    };
    match event.kind.as_str() {
        "appointment.booked.v1" => drop(rows.insert(key(event.value("/time")), booked("/time"))),
        "appointment.rescheduled.v1" => {
            rows.remove(&key(event.value("/from")));
            rows.insert(key(event.value("/to")), booked("/to"));
        }
        "appointment.cancelled.v1" => change(rows, &key(event.value("/time")), |row| {
            row["status"] = json!("cancelled");
            row["version"] = event.value("/version").clone();
        }),
        "appointment.orphaned.v1" => change(rows, &key(event.value("/time")), |row| {
            row["status"] = json!("orphaned");
            row["version"] = event.value("/version").clone();
        }),
        "appointment.practitioner-changed.v1" => change(rows, &key(event.value("/time")), |row| {
            row["time"] = event.value("/time").clone();
            row["version"] = event.value("/version").clone();
        }),
        "appointment.amended.v1" => change(rows, &key(event.value("/time")), |row| {
            for field in ["reason", "comment", "version"] {
                row[field] = event.value(&format!("/{field}")).clone();
            }
        }),
        "appointment.checked-in.v1" | "appointment.attended.v1" | "appointment.did-not-attend.v1" => {
            change(rows, &key(event.value("/time")), |row| {
                attended(&mut row["attendance"], event);
                row["version"] = event.value("/version").clone();
            });
        }
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Adds what the event says about a patient's attendance.
fn attended(attendance: &mut Value, event: &CheckedEvent) {
    let (state, at) = match event.kind.as_str() {
        "appointment.checked-in.v1" => ("checked-in", "checkedInAt"),
        "appointment.attended.v1" => ("attended", "markedAt"),
        _ => ("did-not-attend", "markedAt"),
    };
    attendance["state"] = json!(state);
    attendance[at] = event.value(&format!("/{at}")).clone();
}

/// The sessions contain the bookings of slots and their end. The diary adds only the reason.
const PRACTICE_DAY_KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
        "appointment.hold-placed.v1",
        "appointment.cancelled.v1",
        "appointment.orphaned.v1",
        "appointment.practitioner-changed.v1",
    ],
};

fn practice_day(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key_of_this = day_key(event.text("/session"), event.text("/startsAt"));
    let by = event.text("/by");
    match event.kind.as_str() {
        "appointment.session-published.v1" | "appointment.session-extended.v1" => {
            for mut row in slots_of(event) {
                row["bookings"] = json!([]);
                row["holds"] = json!([]);
                rows.insert(day_key(event.text("/session"), row["startsAt"].as_str().unwrap_or_default()), row);
            }
        }
        "appointment.session-amended.v1" => {
            let key = |start: &str| day_key(event.text("/session"), start);
            let before = taken_out(rows, event, key);
            for mut row in slots_of(event) {
                let key = key(row["startsAt"].as_str().unwrap_or_default());
                let booked = before.get(&key).or_else(|| rows.get(&key)).map(|row| row["bookings"].clone());
                row["bookings"] = booked.unwrap_or_else(|| json!([]));
                row["holds"] = json!([]);
                rows.insert(key, row);
            }
        }
        "appointment.session-withdrawn.v1" => {
            table(event).iter().for_each(|start| drop(rows.remove(&day_key(event.text("/session"), start))));
        }
        "appointment.slot-held.v1" => change(rows, &key_of_this, |row| {
            without_expired_holds(row, event);
            without(row, "holds", "patient", by);
            push(row, "holds", json!({"patient": by, "expiresAt": event.value("/expiresAt")}));
        }),
        "appointment.hold-released.v1" => change(rows, &key_of_this, |row| without(row, "holds", "patient", by)),
        "appointment.slot-taken.v1" => change(rows, &key_of_this, |row| {
            without(row, "holds", "patient", by);
            let (at, expected) = (event.value("/startsAt"), json!({"state": "expected"}));
            push(row, "bookings", json!({"patient": by, "startsAt": at, "reason": null, "attendance": expected}));
        }),
        "appointment.slot-freed.v1" => change(rows, &key_of_this, |row| without(row, "bookings", "patient", by)),
        "appointment.booked.v1" | "appointment.amended.v1" => reasons(rows, event, "/time"),
        "appointment.rescheduled.v1" => reasons(rows, event, "/to"),
        "appointment.checked-in.v1" | "appointment.attended.v1" | "appointment.did-not-attend.v1" => {
            bookings(rows, event, "/time", |booking| attended(&mut booking["attendance"], event));
        }
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Adds the reasons from the diary to the bookings of these slots.
fn reasons(rows: &mut Rows, event: &CheckedEvent, time: &str) {
    bookings(rows, event, time, |booking| {
        booking["startsAt"] = event.value(time)["startsAt"].clone();
        booking["reason"] = event.value("/reason").clone();
    });
}

/// Changes the patient's bookings of these slots.
fn bookings(rows: &mut Rows, event: &CheckedEvent, time: &str, change_one: impl Fn(&mut Value)) {
    let (time, patient) = (event.value(time), event.text("/patient"));
    let session = time["session"].as_str().unwrap_or_default();
    for start in starts(&time["startsAt"], &time["endsAt"], &time["slotMinutes"]) {
        change(rows, &day_key(session, &start), |row| {
            for booking in row["bookings"].as_array_mut().into_iter().flatten() {
                if booking["patient"] == patient {
                    change_one(booking);
                }
            }
        });
    }
}

/// The path of the timetable in the event.
fn timetable(event: &CheckedEvent) -> &'static str {
    if event.kind == "appointment.session-extended.v1" { "/added" } else { "/timetable" }
}

/// One row for each slot that the event adds.
fn slots_of(event: &CheckedEvent) -> Vec<Value> {
    let minutes = event.number(&format!("{}/slotMinutes", timetable(event)));
    let slot = |start: String| {
        let mut row = of(event, &["session", "service", "channel", "practitioner", "capacity"]);
        let ends = start.parse::<Timestamp>().map(|start| start + SignedDuration::from_secs(60 * minutes as i64));
        row["endsAt"] = ends.map_or(Value::Null, |ends| json!(ends.to_string()));
        row["startsAt"] = json!(start);
        row
    };
    table(event).into_iter().map(slot).collect()
}

fn table(event: &CheckedEvent) -> Vec<String> {
    let part = |field: &str| event.value(&format!("{}/{field}", timetable(event)));
    starts(part("startsAt"), part("endsAt"), part("slotMinutes"))
}

fn site(event: &CheckedEvent) -> &str {
    event.text("/session").split('.').next().unwrap_or_default()
}

/// Days are in London time.
fn day_key(session: &str, start: &str) -> (String, String) {
    let site = session.split('.').next().unwrap_or_default();
    let instant = start.parse::<Timestamp>().ok().and_then(|start| start.in_tz("Europe/London").ok());
    let day = instant.map(|instant| instant.date().to_string()).unwrap_or_default();
    (format!("{site}.{day}"), format!("{start}.{session}"))
}

/// Removes holds that ended before this event was recorded: a new hold clears them from the row.
fn without_expired_holds(row: &mut Value, event: &CheckedEvent) {
    let lives = |hold: &Value| {
        let expires_at = hold["expiresAt"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        expires_at.is_some_and(|expires_at| expires_at.as_microsecond() > event.recorded_at)
    };
    if let Some(holds) = row["holds"].as_array_mut() {
        holds.retain(lives);
    }
}

/// Removes the entries of this patient.
fn without(row: &mut Value, list: &str, field: &str, patient: &str) {
    if let Some(items) = row[list].as_array_mut() {
        items.retain(|item| item[field] != patient);
    }
}

/// The starts of all whole slots between two instants.
pub(super) fn starts(from: &Value, until: &Value, minutes: &Value) -> Vec<String> {
    let instant = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let (Some(from), Some(until)) = (instant(from), instant(until)) else {
        return Vec::new();
    };
    let length = SignedDuration::from_mins(minutes.as_i64().unwrap_or(0).max(1));
    let nth = |n: i32| from.checked_add(length.checked_mul(n)?).ok();
    (0..).map_while(nth).take_while(|start| *start + length <= until).map(|start| start.to_string()).collect()
}
