//! Waiting lists: the second folds of their read models.

use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, change, of},
};

pub const KINDS: Kinds = Kinds { service: "waiting", ignored: &["waiting.slot-passed.v1"] };

pub fn my_waiting(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/patient").to_owned(), format!("{}.{}", event.text("/month"), event.text("/site")));
    let mut end = |ended: Value| {
        change(rows, &key, |row| {
            row["offer"] = Value::Null;
            row["hasEnded"] = ended;
        });
    };
    match event.kind.as_str() {
        "waiting.joined.v1" => {
            let fields = ["site", "month", "service", "channel", "earliest", "latest", "joinedAt"];
            let mut row = of(event, &fields);
            row["offer"] = Value::Null;
            row["hasEnded"] = json!(false);
            rows.insert(key, row);
        }
        "waiting.slot-offered.v1" => change(rows, &key, |row| {
            row["offer"] = of(event, &["time", "expiresAt"]);
        }),
        "waiting.offer-accepted.v1" | "waiting.left.v1" => end(json!(true)),
        "waiting.offer-lapsed.v1" => end(event.value("/ended").clone()),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// The same by practice, without those who wait no longer.
pub fn practice_waiting(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let patient = event.text("/patient");
    let key = (event.text("/site").to_owned(), format!("{}.{patient}", event.text("/month")));
    match event.kind.as_str() {
        "waiting.joined.v1" => {
            let fields = ["site", "month", "service", "channel", "earliest", "latest", "joinedAt"];
            let mut waiting = of(event, &fields);
            waiting["offer"] = Value::Null;
            waiting["hasEnded"] = json!(false);
            rows.insert(key, json!({"patient": patient, "waiting": waiting}));
        }
        "waiting.slot-offered.v1" => change(rows, &key, |row| {
            row["waiting"]["offer"] = of(event, &["time", "expiresAt"]);
        }),
        "waiting.offer-accepted.v1" | "waiting.left.v1" => drop(rows.remove(&key)),
        "waiting.offer-lapsed.v1" if event.value("/ended") == &json!(true) => drop(rows.remove(&key)),
        "waiting.offer-lapsed.v1" => change(rows, &key, |row| row["waiting"]["offer"] = Value::Null),
        _ => return Arm::Missing,
    }
    Arm::Found
}
