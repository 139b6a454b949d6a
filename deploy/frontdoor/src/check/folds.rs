//! The read models a second time: what their rows have to be, from the events' plain JSON. A new read model, or a new
//! version of one, is a function here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{agreement::starts, event::Event};

/// Rows by partition and sort key.
pub type Rows = BTreeMap<(String, String), Value>;
pub type Fold = fn(&mut Rows, &Event);

/// Name, version, fold.
pub const ALL: [(&str, i64, Fold); 6] = [
    ("practices", 1, practices),
    ("free_slots", 1, free_slots),
    ("my_appointments", 1, my_appointments),
    ("practice_day", 1, practice_day),
    ("donor_decision", 2, donor_decision),
    ("donor_history", 1, donor_history),
];

fn practices(rows: &mut Rows, event: &Event) {
    let key = ("practices".to_owned(), event.text("/practice").to_owned());
    match event.kind.as_str() {
        "practice.opened.v1" => {
            let mut row = of(event, &["practice", "name", "address"]);
            row["settings"] = settings(event);
            rows.insert(key, row);
        }
        "practice.settings-changed.v1" => change(rows, &key, |row| row["settings"] = settings(event)),
        _ => {}
    }
}

/// What an event leaves out has its default.
fn settings(event: &Event) -> Value {
    let mut all = json!({"bookingWindowDays": 42, "openBookingsMax": 3, "cancelCutOffMinutes": 30});
    if let (Some(all), Some(given)) = (all.as_object_mut(), event.value("/settings").as_object()) {
        all.extend(given.clone());
    }
    all
}

fn free_slots(rows: &mut Rows, event: &Event) {
    let key = |start: &str| (site(event).to_owned(), format!("{start}.{}", event.text("/session")));
    let key_of_this = key(event.text("/startsAt"));
    let by = event.text("/by");
    match event.kind.as_str() {
        "appointment.session-published.v1" => {
            for mut row in slots_of(event) {
                row["slotMinutes"] = event.value("/timetable/slotMinutes").clone();
                row["taken"] = json!(0);
                row["holds"] = json!([]);
                rows.insert(key(row["startsAt"].as_str().unwrap_or_default()), row);
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
        _ => {}
    }
}

fn my_appointments(rows: &mut Rows, event: &Event) {
    let key = |time: &Value| {
        let text = |field: &str| time[field].as_str().unwrap_or_default().to_owned();
        (event.text("/patient").to_owned(), format!("{}.{}", text("startsAt"), text("session")))
    };
    let booked = |time: &str| {
        let mut row = of(event, &["reason", "comment", "version"]);
        row["time"] = event.value(time).clone();
        row["status"] = json!("booked");
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
        "appointment.amended.v1" => change(rows, &key(event.value("/time")), |row| {
            for field in ["reason", "comment", "version"] {
                row[field] = event.value(&format!("/{field}")).clone();
            }
        }),
        _ => {}
    }
}

fn practice_day(rows: &mut Rows, event: &Event) {
    let key_of_this = day_key(event.text("/session"), event.text("/startsAt"));
    let by = event.text("/by");
    match event.kind.as_str() {
        "appointment.session-published.v1" => {
            for mut row in slots_of(event) {
                row["bookings"] = json!([]);
                row["holds"] = json!([]);
                rows.insert(day_key(event.text("/session"), row["startsAt"].as_str().unwrap_or_default()), row);
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
            push(row, "bookings", json!({"patient": by, "reason": null}));
        }),
        "appointment.slot-freed.v1" => change(rows, &key_of_this, |row| without(row, "bookings", "patient", by)),
        "appointment.booked.v1" | "appointment.amended.v1" => reasons(rows, event, "/time"),
        "appointment.rescheduled.v1" => reasons(rows, event, "/to"),
        _ => {}
    }
}

/// The diary says why somebody has the slots of this time.
fn reasons(rows: &mut Rows, event: &Event, time: &str) {
    let (time, patient) = (event.value(time), event.text("/patient"));
    let session = time["session"].as_str().unwrap_or_default();
    for start in starts(&time["startsAt"], &time["endsAt"], &time["slotMinutes"]) {
        change(rows, &day_key(session, &start), |row| {
            for booking in row["bookings"].as_array_mut().into_iter().flatten() {
                if booking["patient"] == patient {
                    booking["reason"] = event.value("/reason").clone();
                }
            }
        });
    }
}

/// Steps in the row of a decision. The older ones are in the history.
const STEPS_KEPT: usize = 20;

fn donor_decision(rows: &mut Rows, event: &Event) {
    let Some(step) = donor_step(event) else { return };
    let key = (event.text("/subject").to_owned(), "decision".to_owned());
    let nothing = || json!({"standing": {"state": "undecided"}, "faith": null, "history": [], "steps": 0});
    let row = rows.entry(key).or_insert_with(nothing);
    match step["what"].as_str() {
        Some("withdrawn") => row["standing"] = json!({"state": "withdrawn", "at": step["at"]}),
        Some("faith-declared") => row["faith"] = step["faith"].clone(),
        _ => row["standing"] = json!({"state": "decided", "decision": step["decision"], "at": step["at"]}),
    }
    row["steps"] = json!(row["steps"].as_u64().unwrap_or(0) + 1);
    push(row, "history", step);
    if let Some(steps) = row["history"].as_array_mut() {
        steps.drain(..steps.len().saturating_sub(STEPS_KEPT));
    }
}

fn donor_history(rows: &mut Rows, event: &Event) {
    if let Some(step) = donor_step(event) {
        rows.insert((event.text("/subject").to_owned(), format!("{:020}", event.position)), step);
    }
}

/// A step of a donor, as both read models show it.
fn donor_step(event: &Event) -> Option<Value> {
    let what = event.kind.strip_prefix("organ-donation.")?.strip_suffix(".v1")?;
    let at = event.value("/decidedAt");
    match what {
        "registered" | "amended" => Some(json!({"what": what, "at": at, "decision": event.value("/decision")})),
        "withdrawn" => Some(json!({"what": what, "at": at})),
        "faith-declared" => {
            Some(json!({"what": what, "at": event.value("/declaredAt"), "faith": event.value("/faith")}))
        }
        _ => None,
    }
}

/// A row for every slot of a session that is published.
fn slots_of(event: &Event) -> Vec<Value> {
    let minutes = event.number("/timetable/slotMinutes");
    let slot = |start: String| {
        let mut row = of(event, &["session", "service", "channel", "practitioner", "capacity"]);
        let ends =
            start.parse::<jiff::Timestamp>().map(|start| start + jiff::SignedDuration::from_secs(60 * minutes as i64));
        row["endsAt"] = ends.map_or(Value::Null, |ends| json!(ends.to_string()));
        row["startsAt"] = json!(start);
        row
    };
    table(event).into_iter().map(slot).collect()
}

fn table(event: &Event) -> Vec<String> {
    let part = |field: &str| event.value(&format!("/timetable/{field}"));
    starts(part("startsAt"), part("endsAt"), part("slotMinutes"))
}

fn site(event: &Event) -> &str {
    event.text("/session").split('.').next().unwrap_or_default()
}

/// A day is London's.
fn day_key(session: &str, start: &str) -> (String, String) {
    let site = session.split('.').next().unwrap_or_default();
    let instant = start.parse::<jiff::Timestamp>().ok().and_then(|start| start.in_tz("Europe/London").ok());
    let day = instant.map(|instant| instant.date().to_string()).unwrap_or_default();
    (format!("{site}.{day}"), format!("{start}.{session}"))
}

/// These fields of the event.
fn of(event: &Event, fields: &[&str]) -> Value {
    let field = |name: &&str| ((*name).to_owned(), event.value(&format!("/{name}")).clone());
    Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
}

fn change(rows: &mut Rows, key: &(String, String), change: impl FnOnce(&mut Value)) {
    if let Some(row) = rows.get_mut(key) {
        change(row);
    }
}

fn push(row: &mut Value, list: &str, item: Value) {
    if let Some(items) = row[list].as_array_mut() {
        items.push(item);
    }
}

/// A hold that ended before this event was recorded takes no place: a new hold clears such holds away.
fn without_expired_holds(row: &mut Value, event: &Event) {
    let lives = |hold: &Value| {
        let expires_at = hold["expiresAt"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        expires_at.is_some_and(|expires_at| expires_at.as_microsecond() > event.recorded_at)
    };
    if let Some(holds) = row["holds"].as_array_mut() {
        holds.retain(lives);
    }
}

/// Without what is this patient's.
fn without(row: &mut Value, list: &str, field: &str, patient: &str) {
    if let Some(items) = row[list].as_array_mut() {
        items.retain(|item| item[field] != patient);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_read_model_is_folded_a_second_time() {
        struct Names(Vec<(&'static str, i64)>);
        impl views::Visitor for Names {
            fn visit<P: views::Projection>(&mut self) {
                self.0.push((P::NAME, i64::from(P::VERSION)));
            }
        }
        let mut names = Names(Vec::new());
        views::every_read_model(&mut names);
        assert_eq!(names.0, ALL.map(|(name, version, _)| (name, version)));
    }
}
