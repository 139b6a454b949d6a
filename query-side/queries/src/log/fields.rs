//! The fields of events' data, and the last value that each has in a stream. Personal fields are closed in all of them.

use std::collections::BTreeMap;

use query_engine::{QueryError, cloud_events::CloudEvent};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

/// The depth to which an object is taken apart. A deeper one is a value as a whole.
const DEPTH_MAX: usize = 8;
/// The text of a personal field as JSON.
const CLOSED: &str = "\"***\"";

/// The last value of a field in a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamField {
    /// Its name in the data; within an object, the names on the way to it, joined with dots.
    pub name: String,
    /// Its value as JSON, with `***` for each personal field.
    pub value: String,
    /// The revision of the event that it comes from.
    pub revision: u64,
}

/// A field that an event has, and that differs from the last event before it that has the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub name: String,
    pub value: String,
    /// The value before. `None` for the first event that has the field.
    pub before: Option<String>,
    /// True if the value holds a personal field. Then it is not known if it differs.
    pub is_closed: bool,
}

/// The last values of the fields of a stream, event by event.
#[derive(Debug, Default)]
pub struct FieldFold(BTreeMap<String, StreamField>);

impl FieldFold {
    /// Continues after these last values.
    pub fn after(fields: Vec<StreamField>) -> FieldFold {
        FieldFold(fields.into_iter().map(|field| (field.name.clone(), field)).collect())
    }

    /// Adds the next event of the stream, and gives the fields that it changes.
    ///
    /// # Errors
    /// If the event does not read.
    pub fn add(&mut self, event: &CloudEvent) -> Result<Vec<FieldChange>, QueryError> {
        let broken = |cause: &dyn std::fmt::Display| {
            QueryError::Broken(format!("event {} does not read: {cause}", event.position))
        };
        let revision = event.revision.parse().map_err(|cause: std::num::ParseIntError| broken(&cause))?;
        self.add_data(revision, &event.data).map_err(|cause| broken(&cause))
    }

    fn add_data(&mut self, revision: u64, data: &RawValue) -> serde_json::Result<Vec<FieldChange>> {
        let mut fields = Vec::new();
        take_apart("", data, 0, &mut fields)?;
        let mut changes = Vec::new();
        for (name, value) in fields {
            let is_closed = value.contains(CLOSED);
            let now = StreamField { name: name.clone(), value: value.clone(), revision };
            let before = self.0.insert(name.clone(), now).map(|before| before.value);
            if is_closed || before.as_ref() != Some(&value) {
                changes.push(FieldChange { name, value, before, is_closed });
            }
        }
        Ok(changes)
    }

    /// The last values, by name.
    pub fn into_fields(self) -> Vec<StreamField> {
        self.0.into_values().collect()
    }
}

/// Adds the fields of a value under their names. The text of each value stays as it was recorded.
fn take_apart(
    name: &str,
    value: &RawValue,
    depth: usize,
    fields: &mut Vec<(String, String)>,
) -> serde_json::Result<()> {
    let is_object = value.get().starts_with('{') && depth < DEPTH_MAX;
    let members: BTreeMap<String, Box<RawValue>> =
        if is_object { serde_json::from_str(value.get())? } else { BTreeMap::new() };
    if members.is_empty() && depth > 0 {
        fields.push((name.to_owned(), value.get().to_owned()));
    }
    for (member, value) in members {
        let path = if depth == 0 { member } else { format!("{name}.{member}") };
        take_apart(&path, &value, depth + 1, fields)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(fold: &mut FieldFold, revision: u64, data: &str) -> Vec<(String, String, Option<String>)> {
        let data = RawValue::from_string(data.to_owned()).expect("JSON");
        let changes = fold.add_data(revision, &data).expect("an object");
        changes.into_iter().map(|change| (change.name, change.value, change.before)).collect()
    }

    fn change(name: &str, value: &str, before: Option<&str>) -> (String, String, Option<String>) {
        (name.into(), value.into(), before.map(Into::into))
    }

    #[test]
    fn an_event_changes_the_fields_that_differ_from_the_last_event_that_has_them() {
        let mut fold = FieldFold::default();
        let first = add(&mut fold, 1, r#"{"b":1.50,"a":{"x":[1,2],"y":{}}}"#);
        assert_eq!(first, [change("a.x", "[1,2]", None), change("a.y", "{}", None), change("b", "1.50", None)]);
        assert_eq!(add(&mut fold, 2, r#"{"b":1.50}"#), []);
        assert_eq!(
            add(&mut fold, 3, r#"{"a":{"x":[2]},"b":null}"#),
            [change("a.x", "[2]", Some("[1,2]")), change("b", "null", Some("1.50")),]
        );
        let fields = fold.into_fields();
        let fields: Vec<_> = fields.iter().map(|field| (&*field.name, &*field.value, field.revision)).collect();
        assert_eq!(fields, [("a.x", "[2]", 3), ("a.y", "{}", 1), ("b", "null", 3)]);
    }

    #[test]
    fn a_personal_field_is_named_each_time_because_it_cannot_be_compared() {
        let mut fold = FieldFold::default();
        let personal = r#"{"reason":"***","list":["***"],"plain":1}"#;
        assert_eq!(add(&mut fold, 1, personal).len(), 3);
        let names: Vec<_> = add(&mut fold, 2, personal).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["list", "reason"]);
    }

    #[test]
    fn a_fold_continues_after_the_values_of_another() {
        let mut fold = FieldFold::default();
        add(&mut fold, 1, r#"{"a":1,"b":2}"#);
        let mut next = FieldFold::after(fold.into_fields());
        assert_eq!(add(&mut next, 2, r#"{"a":1,"b":3}"#), [change("b", "3", Some("2"))]);
    }

    #[test]
    fn objects_are_taken_apart_to_a_limit() {
        let deep = (0..20).fold("1".to_owned(), |inner, _| format!("{{\"a\":{inner}}}"));
        let mut fold = FieldFold::default();
        let changes = add(&mut fold, 1, &deep);
        assert_eq!(changes[0].0, ["a"; DEPTH_MAX].join("."));
    }
}
