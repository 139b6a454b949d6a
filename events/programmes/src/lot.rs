//! Lot numbers, as the carton of a vaccine prints them beside `LOT` and in its two-dimensional code.

use std::{fmt, str::FromStr};

use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};

/// The number of a lot (batch): 1 to 20 characters of the 82 that GS1 element strings can have, which is the form of the
/// application identifier 10, BATCH/LOT (GS1 General Specifications, sections 3.4.1 and 7.11). Upper and lower case are different.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LotNumber(Box<str>);

text_id!(LotNumber, "LotNumber", r#"^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$"#);

impl LotNumber {
    pub const LENGTH_MAX: usize = 20;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LotNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LotNumber {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!\"%&'()*+,-./:;<=>?_".contains(&byte);
        if (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(LotNumber(text.into()))
        } else {
            Err(Malformed(
                "a lot number is 1 to 20 characters of A-Z, a-z, 0-9 and ! \" % & ' ( ) * + , - . / : ; < = > ? _"
                    .into(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_number_has_1_to_20_of_the_82_characters_of_gs1() {
        let known = (0_u8..128).filter(|byte| char::from(*byte).to_string().parse::<LotNumber>().is_ok()).count();
        assert_eq!(known, 82);
        for right in ["EL1484", "a", "AB-12/34_5", &"9".repeat(20)] {
            assert_eq!(right.parse::<LotNumber>().expect("a lot").to_string(), right);
        }
        for wrong in ["", "A B", "A#1", "LÖT", "A\n", &"9".repeat(21)] {
            assert!(wrong.parse::<LotNumber>().is_err(), "{wrong}");
        }
    }
}
