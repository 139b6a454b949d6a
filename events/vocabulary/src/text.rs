//! Texts and values that people give about themselves and others. All of them mask themselves when printed; a limit
//! refuses, it never truncates.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{Malformed, text_id},
    personal::{KeyKind, PersonalData},
    time::LocalDate,
};

/// A personal text of 1 to `$most` characters, counted as Unicode scalar values, without control characters (line
/// breaks and tabs are allowed where `$lines`).
macro_rules! personal_text {
    ($(#[$doc:meta])* $name:ident, $title:literal, $most:literal, $lines:literal, $key:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            pub const CHARACTERS_MAX: usize = $most;

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl PersonalData for $name {
            const KEY: KeyKind = KeyKind::$key;
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                checked(text, $most, $lines).map(|text| $name(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0.into()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("***")
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $title.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "minLength": 1, "maxLength": $most})
            }
        }
    };
}

personal_text!(
    /// Why somebody wants an appointment, in their words.
    Reason, "Reason", 100, false, Care
);
personal_text!(
    /// What somebody wants the practice to know beforehand.
    Comment, "Comment", 500, true, Care
);
personal_text!(
    /// A person's name as it is written, in one line.
    PersonName, "PersonName", 100, false, Care
);

/// The limit's own words, so that a command can tell this fault (`text-too-long`) from a malformed body.
pub const TOO_LONG: &str = "text-too-long";

fn checked(text: &str, most: usize, lines: bool) -> Result<&str, Malformed> {
    let count = text.chars().count();
    if count > most {
        return Err(Malformed(format!("{TOO_LONG}: {count} characters, at most {most} are allowed").into()));
    }
    if text.trim().is_empty() {
        return Err(Malformed("the text is empty".into()));
    }
    let printable = |c: char| !c.is_control() || (lines && (c == '\n' || c == '\t'));
    if text.chars().all(printable) { Ok(text) } else { Err(Malformed("the text holds control characters".into())) }
}

/// An NHS number: ten digits of which the last is a check (Modulus 11; NHS Data Dictionary).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NhsNumber(Box<str>);

text_id!(NhsNumber, "NhsNumber", "^[0-9]{10}$");

impl NhsNumber {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 3-3-4, as it is shown to people.
    pub fn spaced(&self) -> String {
        format!("{} {} {}", &self.0[..3], &self.0[3..6], &self.0[6..])
    }
}

impl PersonalData for NhsNumber {
    const KEY: KeyKind = KeyKind::Care;
}

impl fmt::Display for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for NhsNumber {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
        let digits =
            digits.filter(|digits| digits.len() == 10).ok_or(Malformed("an NHS number is ten digits".into()))?;
        let sum: u32 = digits[..9].iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
        let check = match 11 - sum % 11 {
            11 => 0,
            check => check,
        };
        // 10 equals no digit, so such a number is refused here too.
        if check == digits[9] {
            Ok(NhsNumber(text.into()))
        } else {
            Err(Malformed("the NHS number's check digit does not fit (Modulus 11)".into()))
        }
    }
}

/// A date of birth.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct BirthDate(pub LocalDate);

impl PersonalData for BirthDate {
    const KEY: KeyKind = KeyKind::Care;
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A line about an organisation or a clinician: 1 to 200 characters without control characters. Not personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Line(Box<str>);

impl Line {
    pub const CHARACTERS_MAX: usize = 200;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_id!(Line, "Line", "^[^\\x00-\\x1F\\x7F]{1,200}$");

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Line {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        checked(text, Self::CHARACTERS_MAX, false).map(|text| Line(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nhs_numbers_are_checked_by_modulus_11() {
        for right in ["9434765919", "9000000009", "9990000026", "9692113841"] {
            assert!(right.parse::<NhsNumber>().is_ok(), "{right}");
        }
        for wrong in ["9991234560", "9434765918", "943476591", "94347659190", "943 476 5919", "943476591x", ""] {
            assert!(wrong.parse::<NhsNumber>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_nhs_number_is_shown_as_3_3_4_and_never_in_a_log() {
        let number: NhsNumber = "9434765919".parse().expect("valid");
        assert_eq!(number.spaced(), "943 476 5919");
        assert_eq!(format!("{number:?}"), "***");
    }

    #[test]
    fn a_reason_has_100_characters_and_a_comment_500() {
        assert!("é".repeat(100).parse::<Reason>().is_ok());
        let long = "a".repeat(101).parse::<Reason>().expect_err("too long");
        assert!(long.0.starts_with(TOO_LONG));
        assert!("a".repeat(500).parse::<Comment>().is_ok());
        assert!("a".repeat(501).parse::<Comment>().is_err());
    }

    #[test]
    fn control_characters_and_emptiness_are_refused() {
        for wrong in ["", "  ", "a\u{0}b", "a\u{1b}[0m", "a\nb"] {
            assert!(wrong.parse::<Reason>().is_err(), "{wrong:?}");
        }
        assert!("a\nb".parse::<Comment>().is_ok());
    }
}
