//! Carers: the second fold of their read model.

use super::{
    event::CheckedEvent,
    kinds::{Arm, Kinds},
    second_fold::{Rows, SecondFold, of},
};

pub const FOLDS: &[SecondFold] =
    &[SecondFold { name: "my_carers", version: 1, kinds: Kinds { service: "carer", ignored: &[] }, fold: my_carers }];

fn my_carers(rows: &mut Rows, event: &CheckedEvent) -> Arm {
    let key = (event.text("/subject").to_owned(), event.text("/carer").to_owned());
    match event.kind.as_str() {
        "carer.registered.v1" => drop(rows.insert(key, of(event, &["carer", "details", "registeredAt"]))),
        "carer.removed.v1" => drop(rows.remove(&key)),
        _ => return Arm::Missing,
    }
    Arm::Found
}
