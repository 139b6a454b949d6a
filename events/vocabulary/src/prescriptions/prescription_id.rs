//! The number of a prescription, which patient, practice and pharmacy use for it: the short form of the Electronic
//! Prescription Service (EPS).

use std::{fmt, str::FromStr};

use event_core::{Malformed, OrganisationCode, SubjectId, text_id};
use serde::{Deserialize, Serialize};

use super::RepeatRequestId;
use crate::name_hash;

/// The characters of ISO 7064 MOD 37-2, each at its value. The EPS writes `+` where the standard writes `*`.
const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+";

/// The number of a prescription: six hexadecimal characters, the code of the practice (filled up with zeros to six), five
/// hexadecimal characters, and a check character (ISO 7064 MOD 37-2): `24F5DA-A83008-7EFE6Z`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrescriptionId(Box<str>);

text_id!(
    PrescriptionId,
    "PrescriptionId",
    "^[0-9A-F]{6}-[0-9A-Z]{6}-[0-9A-F]{5}[0-9A-Z+]$",
    "format": "prescription-id",
    "description": "The number of a prescription. Its last character is a check (ISO 7064 MOD 37-2) that no pattern can tell."
);

impl PrescriptionId {
    /// The number of the prescription for this request. It is computed and not drawn, because a decision has no randomness:
    /// a decision that is taken again makes the same number. It does not reveal the patient.
    pub fn of(practice: &OrganisationCode, patient: SubjectId, request: &RepeatRequestId) -> PrescriptionId {
        let name = format!("{patient}|{request}");
        let hash = name_hash::of(&name);
        let code: String = practice.as_str().chars().take(6).collect();
        let (random, sequence) = (hash >> 40, (hash >> 12) & 0xf_ffff);
        let unchecked = format!("{random:06X}-{code:0>6}-{sequence:05X}");
        let check = char::from(check_character(&unchecked));
        PrescriptionId(format!("{unchecked}{check}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The remainder of ISO 7064 MOD 37-2 before the next character. Hyphens do not count.
fn remainder(text: &str) -> usize {
    let value = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap_or_default();
    text.bytes().filter(|byte| *byte != b'-').fold(0, |sum, byte| (sum + value(byte)) * 2 % 37)
}

fn check_character(unchecked: &str) -> u8 {
    ALPHABET[(38 - remainder(unchecked)) % 37]
}

impl fmt::Display for PrescriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PrescriptionId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        let hexadecimal = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
        let organisation = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
        let shape = bytes.len() == 20
            && bytes.iter().enumerate().all(|(at, b)| match at {
                6 | 13 => *b == b'-',
                7..=12 => organisation(*b),
                19 => ALPHABET.contains(b),
                _ => hexadecimal(*b),
            });
        if !shape {
            return Err(Malformed("a prescription's number is like 24F5DA-A83008-7EFE6Z".into()));
        }
        if check_character(&text[..19]) != bytes[19] {
            return Err(Malformed("the prescription number's check character does not fit (MOD 37-2)".into()));
        }
        Ok(PrescriptionId(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::testing::{alice, site};

    /// By hand, for `000000-000000-00001`: 16 zeros leave 0, (0 + 1) x 2 = 2, and 38 - 2 = 36 is `+`. For
    /// `000000-000000-0000F`: (0 + 15) x 2 = 30, and 38 - 30 = 8. For `000000-000000-00012`: (0 + 1) x 2 = 2,
    /// (2 + 2) x 2 = 8, and 38 - 8 = 30 is `U`. All zeros leave 0, and 38 - 0 - 37 = 1.
    #[test]
    fn the_check_character_is_that_of_iso_7064_mod_37_2_by_hand() {
        for right in ["000000-000000-00001+", "000000-000000-0000F8", "000000-000000-00012U", "000000-000000-000001"] {
            assert!(right.parse::<PrescriptionId>().is_ok(), "{right}");
        }
    }

    #[test]
    fn numbers_that_the_health_service_publishes_as_examples_fit() {
        for published in ["24F5DA-A83008-7EFE6Z", "16B2E0-A83008-81C13H", "83C40E-A23856-00123W"] {
            assert!(published.parse::<PrescriptionId>().is_ok(), "{published}");
        }
    }

    #[test]
    fn one_wrong_character_or_two_in_the_other_order_are_found() {
        let right = "24F5DA-A83008-7EFE6Z";
        for at in (0..20).filter(|at| ![6, 13].contains(at)) {
            for other in b"0123456789ABCDEF" {
                let mut wrong = right.as_bytes().to_vec();
                wrong[at] = *other;
                let wrong = String::from_utf8(wrong).expect("ASCII");
                assert!(wrong == right || wrong.parse::<PrescriptionId>().is_err(), "{wrong}");
            }
        }
        for swapped in ["42F5DA-A83008-7EFE6Z", "24F5AD-A83008-7EFE6Z", "24F5DA-A38008-7EFE6Z"] {
            assert!(swapped.parse::<PrescriptionId>().is_err(), "{swapped}");
        }
        for shape in ["24f5da-A83008-7EFE6Z", "24F5DAA830087EFE6Z", "24F5DG-A83008-7EFE6Z", "24F5DA-A83008-7EFE6*", ""]
        {
            assert!(shape.parse::<PrescriptionId>().is_err(), "{shape}");
        }
    }

    #[test]
    fn a_request_has_one_number_which_names_the_practice_and_is_valid() {
        let request = |n: u32| format!("{n:012}").parse::<RepeatRequestId>().expect("an id");
        let numbers: HashSet<_> =
            (0..20_000).map(|n| PrescriptionId::of(&site(), alice(), &request(n)).to_string()).collect();
        assert_eq!(numbers.len(), 20_000);
        assert!(numbers.iter().all(|number| number.parse::<PrescriptionId>().is_ok() && &number[7..13] == "A12345"));
        let again = PrescriptionId::of(&site(), alice(), &request(1));
        assert_eq!(again, PrescriptionId::of(&site(), alice(), &request(1)));
        let (short, long) = ("Y9".parse().expect("a code"), "ABCDEFGHIJ".parse().expect("a code"));
        assert_eq!(&PrescriptionId::of(&short, alice(), &request(1)).as_str()[7..13], "0000Y9");
        assert_eq!(&PrescriptionId::of(&long, alice(), &request(1)).as_str()[7..13], "ABCDEF");
    }
}
