//! Appointments: the second folds of their read models, and the rules between sessions and diaries. A slot is never
//! given to more patients than it has places, and sessions and diaries agree on the bookings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    findings::Findings,
    kinds::{Arm, Kinds, unknown},
    second_fold::{Rows, SecondFold, change, of, push},
};

pub const FOLDS: &[SecondFold] = &[
    SecondFold { name: "free_slots", version: 1, kinds: FREE_SLOTS_KINDS, fold: free_slots },
    SecondFold { name: "my_appointments", version: 1, kinds: MY_APPOINTMENTS_KINDS, fold: my_appointments },
    SecondFold { name: "practice_day", version: 1, kinds: PRACTICE_DAY_KINDS, fold: practice_day },
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
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// The diary contains a patient's bookings, so the kinds of sessions are ignored. A hold is not an appointment.
const MY_APPOINTMENTS_KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
        "appointment.session-published.v1",
        "appointment.session-extended.v1",
        "appointment.session-withdrawn.v1",
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
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// The sessions contain the bookings of slots and their end. The diary adds only the reason.
const PRACTICE_DAY_KINDS: Kinds =
    Kinds { service: "appointment", ignored: &["appointment.hold-placed.v1", "appointment.cancelled.v1"] };

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
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// Adds the reasons from the diary to the bookings of these slots.
fn reasons(rows: &mut Rows, event: &CheckedEvent, time: &str) {
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

/// A session and a start.
type Slot = (String, String);
type Bookings = BTreeMap<Slot, BTreeSet<String>>;

/// The bookings according to the sessions and according to the diaries, up to the last event that was read.
#[derive(Default)]
pub struct Agreement {
    capacities: HashMap<String, u64>,
    /// According to the sessions.
    taken: Bookings,
    /// According to the diaries.
    booked: Bookings,
}

/// A hold or a changed reason does not change the bookings, and an extension does not change the capacity.
const AGREEMENT_KINDS: Kinds = Kinds {
    service: "appointment",
    ignored: &[
        "appointment.session-extended.v1",
        "appointment.slot-held.v1",
        "appointment.hold-released.v1",
        "appointment.hold-placed.v1",
        "appointment.amended.v1",
    ],
};

impl Agreement {
    pub fn event(&mut self, event: &CheckedEvent, findings: &mut Findings) {
        if AGREEMENT_KINDS.need(&event.kind) && self.follow(event, findings) == Arm::Missing {
            unknown("sessions and diaries", event, findings);
        }
    }

    fn follow(&mut self, event: &CheckedEvent, findings: &mut Findings) -> Arm {
        let mut wrong = |what: String| findings.add("care", event.position, what);
        let stream_id = event.stream.split_once('-').map_or("", |(_, id)| id);
        match event.kind.as_str() {
            "appointment.session-published.v1" => {
                self.capacities.insert(stream_id.to_owned(), event.number("/capacity"));
            }
            "appointment.session-withdrawn.v1" => {
                self.capacities.remove(stream_id);
            }
            "appointment.slot-taken.v1" => {
                let slot = (event.text("/session").to_owned(), event.text("/startsAt").to_owned());
                let capacity = self.capacities.get(&slot.0).copied().unwrap_or(0);
                let who = self.taken.entry(slot).or_default();
                if !who.insert(event.text("/by").to_owned()) {
                    wrong("the slot is this patient's already".to_owned());
                }
                if who.len() as u64 > capacity {
                    wrong(format!("the slot is given to {} patients and has {capacity} places", who.len()));
                }
            }
            "appointment.slot-freed.v1" => {
                let slot = (event.text("/session").to_owned(), event.text("/startsAt").to_owned());
                if !remove(&mut self.taken, &slot, event.text("/by")) {
                    wrong("a slot is freed that was not this patient's".to_owned());
                }
            }
            "appointment.booked.v1" => self.book(event, "/time", &mut wrong),
            "appointment.rescheduled.v1" => {
                self.cancel(event, "/from", &mut wrong);
                self.book(event, "/to", &mut wrong);
            }
            "appointment.cancelled.v1" => self.cancel(event, "/time", &mut wrong),
            _ => return Arm::Missing,
        }
        Arm::Found
    }

    fn book(&mut self, event: &CheckedEvent, time: &str, wrong: &mut impl FnMut(String)) {
        for slot in slots(event.value(time)) {
            if !self.booked.entry(slot).or_default().insert(event.text("/patient").to_owned()) {
                wrong("the patient has booked this slot already".to_owned());
            }
        }
    }

    fn cancel(&mut self, event: &CheckedEvent, time: &str, wrong: &mut impl FnMut(String)) {
        for slot in slots(event.value(time)) {
            if !remove(&mut self.booked, &slot, event.text("/patient")) {
                wrong("a booking is given up that was not there".to_owned());
            }
        }
    }

    /// Compares sessions and diaries after the last event.
    pub fn end(self, findings: &mut Findings) {
        let slots: BTreeSet<&Slot> = self.taken.keys().chain(self.booked.keys()).collect();
        let nobody = BTreeSet::new();
        for slot in slots {
            let (taken, booked) = (self.taken.get(slot).unwrap_or(&nobody), self.booked.get(slot).unwrap_or(&nobody));
            for patient in taken.symmetric_difference(booked) {
                let who = if taken.contains(patient) { "the session alone knows" } else { "the diary alone knows" };
                findings.line(format!("session-{} at {}: {who} the booking of {patient}", slot.0, slot.1));
            }
        }
    }
}

fn remove(bookings: &mut Bookings, slot: &Slot, patient: &str) -> bool {
    bookings.get_mut(slot).is_some_and(|who| who.remove(patient))
}

/// The slots of a booked time, which may have several adjacent ones.
fn slots(time: &Value) -> Vec<Slot> {
    let session = time["session"].as_str().unwrap_or_default();
    starts(&time["startsAt"], &time["endsAt"], &time["slotMinutes"])
        .into_iter()
        .map(|start| (session.to_owned(), start))
        .collect()
}

/// The starts of all whole slots between two instants.
fn starts(from: &Value, until: &Value, minutes: &Value) -> Vec<String> {
    let instant = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let (Some(from), Some(until)) = (instant(from), instant(until)) else {
        return Vec::new();
    };
    let length = SignedDuration::from_mins(minutes.as_i64().unwrap_or(0).max(1));
    let nth = |n: i32| from.checked_add(length.checked_mul(n)?).ok();
    (0..).map_while(nth).take_while(|start| *start + length <= until).map(|start| start.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agreement_handles_or_ignores_every_kind_of_appointments() {
        let every_kind = vocabulary::kinds();
        for kind in every_kind.filter(|kind| AGREEMENT_KINDS.need(kind)) {
            let arm = Agreement::default().follow(&CheckedEvent::example(kind), &mut Findings::default());
            assert_eq!(arm, Arm::Found, "the agreement of sessions and diaries neither handles nor ignores {kind}");
        }
    }
}
