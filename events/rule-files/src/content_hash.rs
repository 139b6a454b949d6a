//! The content hash of a file of rules: SHA-256 of the document's canonical JSON (RFC 8785), so that white space, the order of
//! members and the notation of numbers do not change it.

use std::{fmt, fmt::Write as _, str::FromStr};

use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of a document's canonical form; 64 lower-case hexadecimal digits as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

text_id!(ContentHash, "ContentHash", "^[0-9a-f]{64}$");

impl ContentHash {
    /// The hash of nothing yet: serde fills a document's other members first.
    pub fn zero() -> ContentHash {
        ContentHash([0; 32])
    }

    /// The hash of a document. Its member names are ASCII, and its numbers have at most seven digits and three decimals.
    pub fn of(document: &Value) -> ContentHash {
        ContentHash(Sha256::digest(canonical(document)).into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ContentHash {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed("a content hash is 64 hexadecimal digits in lower case".into());
        let digits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut hash = [0; 32];
        for (at, byte) in hash.iter_mut().enumerate() {
            let pair = digits.then(|| &text[2 * at..2 * at + 2]).ok_or_else(malformed)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| malformed())?;
        }
        Ok(ContentHash(hash))
    }
}

/// The canonical text (RFC 8785). Two of its rules are simplified, which makes no difference for these documents: member names are
/// ASCII, so the order of their bytes is that of their UTF-16 units; numbers have at most seven digits and three decimals
/// (their readers refuse anything else), so no exponent occurs. serde_json escapes texts as the RFC demands.
fn canonical(value: &Value) -> String {
    let mut text = String::with_capacity(16 * 1024);
    append(&mut text, value);
    text
}

fn append(text: &mut String, value: &Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
        Value::Number(number) => {
            let number = number.to_string();
            let shortest = number.strip_suffix(".0").unwrap_or(&number);
            text.push_str(if shortest == "-0" { "0" } else { shortest });
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                append(text, item);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                // Writing to a text cannot fail.
                let _ = write!(text, "{}{}:", if at > 0 { "," } else { "" }, Value::from(name.as_str()));
                append(text, value);
            }
            text.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_is_that_of_rfc_8785() {
        let document: Value =
            serde_json::from_str(r#" { "b": [38.0, 38.5, -1, -0.0], "a": "é\u0007\n\"" , "A": null} "#).expect("JSON");
        assert_eq!(canonical(&document), "{\"A\":null,\"a\":\"é\\u0007\\n\\\"\",\"b\":[38,38.5,-1,0]}");
    }

    #[test]
    fn a_hash_is_a_text_and_back() {
        let hash = ContentHash::of(&Value::Null);
        assert_eq!(hash.to_string(), "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!("74".parse::<ContentHash>().is_err() && "g".repeat(64).parse::<ContentHash>().is_err());
    }
}
