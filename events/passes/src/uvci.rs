//! The unique identifier of a vaccination certificate (UVCI; eHealth Network, Guidelines on verifiable vaccination certificates,
//! annex 2).

use std::{fmt, str::FromStr};

use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{country::CountryCode, revocation_hash::RevocationHash};

/// The characters that a check character is computed of, in the order of their values (ehn-dcc-schema, Luhn mod N).
const CODE_POINTS: &[u8; 38] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:";

/// The characters of an identifier that is made of a name, of five bits each.
const OPAQUE_DIGITS: usize = 24;

/// An identifier, such as `URN:UVCI:01:GB:4F5CD8D2E9#C`. It is not personal by itself, but it stands for one person's pass, so it
/// prints masked with `{:?}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uvci(Box<str>);

text_id!(Uvci, "Uvci", "^[!-~]{1,80}$");

impl Uvci {
    /// The longest identifier (JSON schema of the EU DCC).
    pub const CHARACTERS_MAX: usize = 80;
    /// The longest text that `Uvci::new` takes.
    pub const OPAQUE_CHARACTERS_MAX: usize = 48;

    /// The identifier with a check character: version 01, option 2 ("opaque identifier, no structure"). `opaque` is unique in the
    /// country and says nothing about the person.
    ///
    /// # Errors
    /// If `opaque` is empty, longer than `OPAQUE_CHARACTERS_MAX`, or has other characters than `A` to `Z`, `0` to `9` and `/`.
    pub fn new(country: CountryCode, opaque: &str) -> Result<Uvci, Malformed> {
        let allowed = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'/';
        if opaque.is_empty() || opaque.len() > Self::OPAQUE_CHARACTERS_MAX || !opaque.bytes().all(allowed) {
            return Err(Malformed("the unique part is 1 to 48 characters of A to Z, 0 to 9 and /".into()));
        }
        let text = format!("URN:UVCI:01:{country}:{opaque}");
        let check = check_character(&text).ok_or(Malformed("the identifier has other characters".into()))?;
        Ok(Uvci(format!("{text}#{check}").into()))
    }

    /// The identifier of the pass with this name, from 120 bits of its SHA-256: another name with the same identifier cannot be
    /// found, and it says nothing about a name that cannot be guessed.
    ///
    /// Passes that were issued have these identifiers, so this computation must not change.
    ///
    /// # Errors
    /// Never: it has the characters that `Uvci::new` takes.
    pub fn of_name(country: CountryCode, name: &str) -> Result<Uvci, Malformed> {
        let digest = Sha256::digest(name.as_bytes());
        let digits = digest.iter().take(OPAQUE_DIGITS).map(|byte| char::from(CODE_POINTS[usize::from(*byte) % 32]));
        Uvci::new(country, &digits.collect::<String>())
    }

    /// The identifier of a signed pass. Other countries write lower case, or check characters of their own, so only its length and
    /// its characters are checked.
    pub(crate) fn signed(text: &str) -> Option<Uvci> {
        let allowed = (1..=Self::CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic());
        allowed.then(|| Uvci(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 16 bytes of the SHA-256 of the identifier, which revocation lists hold.
    pub fn revocation_hash(&self) -> RevocationHash {
        let digest: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        RevocationHash(std::array::from_fn(|at| digest[at]))
    }
}

/// An identifier as a person types it: the check character, if it has one, must be right.
impl FromStr for Uvci {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let uvci = Uvci::signed(text).ok_or(Malformed("a UVCI is 1 to 80 visible characters of ASCII".into()))?;
        match text.rsplit_once('#').map(|(body, check)| (check_character(body), check)) {
            Some((Some(expected), check)) if check != expected.to_string() => {
                Err(Malformed("the check character after # is wrong".into()))
            }
            Some(_) | None => Ok(uvci),
        }
    }
}

impl fmt::Display for Uvci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Uvci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Uvci(***)")
    }
}

/// The check character of a text by the algorithm of Luhn with 38 characters, or `None` if the text has others. The characters of
/// the prefix count, too.
fn check_character(text: &str) -> Option<char> {
    let n = CODE_POINTS.len();
    let mut sum = 0;
    for (from_the_right, character) in text.bytes().rev().enumerate() {
        let value = CODE_POINTS.iter().position(|known| *known == character)?;
        let weighted = value * if from_the_right % 2 == 0 { 2 } else { 1 };
        sum += weighted / n + weighted % n;
    }
    Some(char::from(CODE_POINTS[(n - sum % n) % n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_character_is_that_of_the_published_examples() {
        // Computed with the reference implementation in ehn-dcc-schema.
        assert_eq!(check_character("URN:UVCI:01:NL:MY/INPUT/STRING"), Some('H'));
        for published in ["URN:UVCI:01:AT:10807843F94AEE0EE5093FBC254BD813#B", "URN:UVCI:01:SE:EHM/V12907267LAJW#E"] {
            let (body, check) = published.rsplit_once('#').expect("a check character");
            assert_eq!(check_character(body).map(String::from).as_deref(), Some(check), "{published}");
        }
        assert_eq!(check_character("urn:uvci"), None);
    }

    #[test]
    fn a_wrong_or_swapped_character_of_a_typed_identifier_is_found() {
        let uvci = Uvci::new("GB".parse().expect("a country"), "4F5CD8D2/E9").expect("allowed");
        assert_eq!(uvci.as_str().parse(), Ok(uvci.clone()));
        let (body, check) = uvci.as_str().rsplit_once('#').expect("a check character");
        for at in 0..body.len() {
            let other = if &body[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}#{check}", &body[..at], &body[at + 1..]);
            assert!(changed.parse::<Uvci>().is_err(), "{changed}");
        }
        let swapped = format!("{}#{check}", body.replace("D8", "8D"));
        assert!(swapped != uvci.as_str() && swapped.parse::<Uvci>().is_err(), "{swapped}");
    }

    #[test]
    fn identifiers_of_other_countries_are_read_as_they_are() {
        for foreign in [
            "urn:uvci:01:FR:KKF3BYIGYSVF#Q",
            "01DE/00001/1119305005",
            "URN:UVCI:01:NL:DADFCC47C7334E45A906DB12FD859FB7",
        ] {
            assert_eq!(foreign.parse::<Uvci>().expect("accepted").as_str(), foreign);
        }
        for wrong in ["", "A B", "\u{e9}", "A\n", &"A".repeat(81)] {
            assert!(wrong.parse::<Uvci>().is_err() && Uvci::signed(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn the_unique_part_is_limited() {
        let country = "GB".parse().expect("a country");
        for wrong in ["", "a", "A#", "A B", &"A".repeat(49)] {
            assert!(Uvci::new(country, wrong).is_err(), "{wrong:?}");
        }
        assert!(Uvci::new(country, &"A".repeat(48)).is_ok_and(|uvci| uvci.as_str().len() <= Uvci::CHARACTERS_MAX));
    }
}
