//! Countries.

use std::{fmt, str::FromStr};

use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};

/// A country: two letters of ISO 3166-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode([u8; 2]);

text_id!(CountryCode, "CountryCode", "^[A-Z]{2}$");

impl FromStr for CountryCode {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text.as_bytes() {
            [first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => {
                Ok(CountryCode([*first, *second]))
            }
            _ => Err(Malformed("a country is two capital letters of ISO 3166-1, like GB".into())),
        }
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}
