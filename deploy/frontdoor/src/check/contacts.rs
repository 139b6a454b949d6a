//! Contacts: the second fold of their read model.

use serde_json::json;

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold},
};

pub const FOLDS: &[SecondFold] = &[SecondFold {
    name: "my_contact",
    version: 1,
    kinds: Kinds { service: "contact", ignored: &[] },
    fold: my_contact,
}];

fn my_contact(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/subject").to_owned(), "contact".to_owned());
    let (field, changed_at) = match event.kind.as_str() {
        "contact.changed.v1" => ("details", "/changedAt"),
        "contact.preferences-set.v1" => ("preferences", "/setAt"),
        _ => return Arm::Missing,
    };
    let none = json!({"push": false, "sms": false, "email": false, "reminders": false, "researchOptOut": false});
    let row = rows.entry(key).or_insert_with(|| json!({"details": null, "preferences": none}));
    row[field] = event.value(&format!("/{field}")).clone();
    row["changedAt"] = event.value(changed_at).clone();
    Arm::Found
}
