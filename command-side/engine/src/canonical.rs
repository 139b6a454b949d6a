//! The canonical text of a JSON body: members sorted by name, no white space, numbers and texts as serde writes them.
//! Its hash recognises a repeat of a command, however the client formats the body. The text is never stored or sent.

use serde_json::Value;

/// The canonical text of a parsed body. Its depth is bounded by the parser (128).
pub fn canonical(body: &Value) -> Vec<u8> {
    let mut text = Vec::with_capacity(256);
    write(&mut text, body);
    text
}

fn write(text: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.extend_from_slice(value.to_string().as_bytes());
        }
        Value::Array(items) => list(text, b"[]", items, write),
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            list(text, b"{}", sorted, |text, (name, value)| {
                text.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
                text.push(b':');
                write(text, value);
            });
        }
    }
}

fn list<T>(
    text: &mut Vec<u8>,
    brackets: &[u8; 2],
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    text.push(brackets[0]);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        write(text, item);
    }
    text.push(brackets[1]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> String {
        String::from_utf8(canonical(&serde_json::from_str(body).expect("JSON"))).expect("UTF-8")
    }

    #[test]
    fn the_order_of_members_and_white_space_make_no_other_body() {
        let sorted = r#"{"a":[1,{"x":null,"y":"é\n"}],"b":true}"#;
        assert_eq!(of(r#" { "b": true, "a": [1, {"y": "\u00e9\n", "x": null}] } "#), sorted);
        assert_eq!(of(sorted), sorted);
    }

    #[test]
    fn another_value_or_order_of_items_is_another_body() {
        assert_ne!(of(r#"{"a":[1,2]}"#), of(r#"{"a":[2,1]}"#));
        assert_ne!(of(r#"{"a":"1"}"#), of(r#"{"a":1}"#));
    }
}
