//! The change of a field, and values as a page shows them.

use queries::log::FieldChange;

/// The maximum number of characters of a value. The event's own page shows it as a whole.
const VALUE_CHARACTERS_MAX: usize = 300;

/// A field that an event changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownChange {
    pub name: String,
    pub value: String,
    /// The value before; `None` if there was none, or it is closed.
    pub before: Option<String>,
    pub is_closed: bool,
}

impl From<FieldChange> for ShownChange {
    fn from(change: FieldChange) -> ShownChange {
        let FieldChange { name, value, before, is_closed } = change;
        let before = before.filter(|_| !is_closed).map(|before| shortened(&before));
        ShownChange { name, value: shortened(&value), before, is_closed }
    }
}

/// The value, cut to `VALUE_CHARACTERS_MAX`.
pub fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{} …", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_field_shows_no_value_before_and_a_long_one_is_cut() {
        let change = |is_closed| FieldChange {
            name: "reason".into(),
            value: "é".repeat(301),
            before: Some("\"a\"".into()),
            is_closed,
        };
        assert_eq!(ShownChange::from(change(true)).before, None);
        let shown = ShownChange::from(change(false));
        assert_eq!((shown.before.as_deref(), shown.value.chars().count()), (Some("\"a\""), 302));
    }
}
