//! Texts and values that people give about themselves and others. All of them mask themselves when printed.

use std::{fmt, str::FromStr};

use event_core::{
    LocalDate, Malformed,
    personal::{KeyKind, PersonalData},
    personal_text,
    strictness::is_strict,
    text_id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

personal_text!(
    /// The reason for an appointment, in the patient's words.
    Reason, "Reason", 100, false, Record
);
personal_text!(
    /// A comment that the practice should read before the appointment.
    Comment, "Comment", 500, true, Record
);
personal_text!(
    /// A person's name as it is written, in one line.
    PersonName, "PersonName", 100, false, Record
);

/// The numbers that the health services of the United Kingdom issue, and those for tests, by their first two digits:
/// Scotland (the number starts with a day of birth), Northern Ireland, England with Wales and the Isle of Man,
/// synthetic patients.
const ISSUED: [std::ops::RangeInclusive<u32>; 4] = [1..=31, 32..=49, 60..=79, 90..=99];

/// An NHS number: ten digits, the last of which is a check digit (Modulus 11; NHS Data Dictionary).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NhsNumber(Box<str>);

text_id!(
    NhsNumber,
    "NhsNumber",
    "^(0[1-9]|[1234679][0-9])[0-9]{8}$",
    "format": "nhs-number",
    "description": "An NHS number: ten digits, of which the last is a check (Modulus 11) that no pattern can tell."
);

impl NhsNumber {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `n`th number of the range that is never issued to a person: 999 and seven digits. The numbers repeat from
    /// `n` = 500,000.
    pub fn synthetic(n: u32) -> NhsNumber {
        // Of two consecutive numbers, at least one has a check digit: the last of the nine digits has weight 2, and 11
        // is prime.
        let first = 999_000_000 + n % 500_000 * 2;
        let digits = |nine: u32| format!("{nine:09}").into_bytes().into_iter().map(|byte| u32::from(byte - b'0'));
        let with_check = |nine: u32| checked_by(digits(nine)).map(|check| format!("{nine:09}{check}"));
        NhsNumber(with_check(first).or_else(|| with_check(first + 1)).unwrap_or_default().into())
    }
}

/// The check digit of nine digits (Modulus 11). `None` if it would be 10: such a number is never issued.
fn checked_by(nine: impl Iterator<Item = u32>) -> Option<u32> {
    let sum: u32 = nine.zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 => None,
        11 => Some(0),
        check => Some(check),
    }
}

impl PersonalData for NhsNumber {
    const KEY: KeyKind = KeyKind::Record;
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
        if checked_by(digits[..9].iter().copied()) != Some(digits[9]) {
            return Err(Malformed("the NHS number's check digit does not fit (Modulus 11)".into()));
        }
        let range = digits[0] * 10 + digits[1];
        if is_strict() && !ISSUED.iter().any(|issued| issued.contains(&range)) {
            return Err(Malformed("a number of this range is issued to nobody".into()));
        }
        Ok(NhsNumber(text.into()))
    }
}

/// A date of birth.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct BirthDate(pub LocalDate);

impl PersonalData for BirthDate {
    const KEY: KeyKind = KeyKind::Record;
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use event_core::strictness::strictly;

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
    fn synthetic_nhs_numbers_are_valid_and_each_once() {
        let all: BTreeSet<String> = (0..1_000).map(|n| NhsNumber::synthetic(n).to_string()).collect();
        assert_eq!(all.len(), 1_000);
        for number in all {
            assert!(number.starts_with("999") && strictly(|| number.parse::<NhsNumber>()).is_ok(), "{number}");
        }
        assert_eq!(NhsNumber::synthetic(500_000), NhsNumber::synthetic(0));
    }

    #[test]
    fn an_nhs_number_is_never_in_a_log() {
        let number: NhsNumber = "9434765919".parse().expect("valid");
        assert_eq!(format!("{number:?}"), "***");
    }

    #[test]
    fn numbers_that_are_issued_to_nobody_are_refused_from_outside_and_read_from_what_is_stored() {
        for right in ["9434765919", "9000000009", "9990000026", "9692113841"] {
            assert!(strictly(|| right.parse::<NhsNumber>()).is_ok(), "{right}");
        }
        for never in ["0000000000", "5555555555", "8888888888"] {
            assert!(strictly(|| never.parse::<NhsNumber>()).is_err(), "{never}");
            assert!(never.parse::<NhsNumber>().is_ok(), "{never}");
        }
    }

    #[test]
    fn a_reason_has_100_characters_and_a_comment_500() {
        assert_eq!((Reason::CHARACTERS_MAX, Comment::CHARACTERS_MAX), (100, 500));
        assert!("a\nb".parse::<Reason>().is_err() && "a\nb".parse::<Comment>().is_ok());
    }
}
