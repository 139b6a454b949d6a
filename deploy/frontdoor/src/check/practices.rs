//! Practices: the second fold of their read model.

use serde_json::{Value, json};

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, change, of},
};

pub const FOLDS: &[SecondFold] = &[SecondFold {
    name: "practices",
    version: 1,
    kinds: Kinds { service: "practice", ignored: &[] },
    fold: practices,
}];

fn practices(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = ("practices".to_owned(), event.text("/practice").to_owned());
    match event.kind.as_str() {
        "practice.opened.v1" => {
            let mut row = of(event, &["practice", "name", "address"]);
            row["settings"] = settings(event);
            rows.insert(key, row);
        }
        "practice.settings-changed.v1" => change(rows, &key, |row| row["settings"] = settings(event)),
        _ => return Arm::Missing,
    }
    Arm::Found
}

/// The settings, with the default for each setting that the event leaves out.
fn settings(event: &CheckedEvent) -> Value {
    let mut all = json!({"bookingWindowDays": 42, "openBookingsMax": 3, "cancelCutOffMinutes": 30});
    if let (Some(all), Some(given)) = (all.as_object_mut(), event.value("/settings").as_object()) {
        all.extend(given.clone());
    }
    all
}
