//! Waiting lists: the second fold of their read model.

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
