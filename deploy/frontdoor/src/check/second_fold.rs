//! A second fold makes the rows of a read model again, from the events' plain JSON. The folds of a service are in its file;
//! the functions that they share are here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    event::CheckedEvent,
    findings::Findings,
    kinds::{Arm, Kinds, unknown},
};

/// Rows by partition and sort key.
pub type Rows = BTreeMap<(String, String), Value>;

/// Computes the rows of one version of a read model.
pub struct SecondFold {
    pub name: &'static str,
    pub version: i64,
    /// The kinds that `fold` has to handle.
    pub kinds: Kinds,
    pub fold: fn(&mut Rows, &CheckedEvent) -> Arm,
}

impl SecondFold {
    /// Applies the event to the rows. A kind that the fold should handle and does not is a finding.
    pub fn event(&self, rows: &mut Rows, event: &CheckedEvent, findings: &mut Findings) {
        if self.kinds.need(&event.kind) && (self.fold)(rows, event) == Arm::Missing {
            unknown(self.name, event, findings);
        }
    }
}

/// An object with these fields of the event.
pub fn of(event: &CheckedEvent, fields: &[&str]) -> Value {
    let field = |name: &&str| ((*name).to_owned(), event.value(&format!("/{name}")).clone());
    Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
}

/// Changes the row if it exists.
pub fn change(rows: &mut Rows, key: &(String, String), change: impl FnOnce(&mut Value)) {
    if let Some(row) = rows.get_mut(key) {
        change(row);
    }
}

/// Appends an item to a list in the row.
pub fn push(row: &mut Value, list: &str, item: Value) {
    if let Some(items) = row[list].as_array_mut() {
        items.push(item);
    }
}
