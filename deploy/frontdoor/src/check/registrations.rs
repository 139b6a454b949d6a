//! Registrations: the second fold of their read model.

use event_core::Timestamp;
use serde_json::json;

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, of},
};

pub const FOLDS: &[SecondFold] = &[SecondFold {
    name: "registrations",
    version: 1,
    kinds: Kinds { service: "registration", ignored: &[] },
    fold: registrations,
}];

fn registrations(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/subject").to_owned(), "registration".to_owned());
    match event.kind.as_str() {
        "registration.registered.v1" => {
            let mut row = of(event, &["practice", "name", "nhsNumber", "bornOn"]);
            row["registeredAt"] = json!(Timestamp::from_micros(event.recorded_at).to_string());
            rows.insert(key, row);
        }
        _ => return Arm::Missing,
    }
    Arm::Found
}
