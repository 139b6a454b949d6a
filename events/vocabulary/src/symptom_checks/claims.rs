//! The secret code with which a person takes over a symptom check that was made without an account.

use std::{fmt, str::FromStr};

use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const CODE: usize = 26;
const HASH_BYTES: usize = 32;

/// A claim code: 26 random characters of Crockford base32 (130 bits), made and kept by the app in which the check is made. It is a
/// secret, so it prints masked, and events have its hash only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimCode(Box<str>);

text_id!(ClaimCode, "ClaimCode", "^[0-9A-HJKMNP-TV-Z]{26}$");

impl ClaimCode {
    pub fn hash(&self) -> ClaimHash {
        ClaimHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// The code itself: for the app that keeps it.
impl fmt::Display for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for ClaimCode {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let crockford = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
        if text.len() == CODE && text.bytes().all(crockford) {
            Ok(ClaimCode(text.into()))
        } else {
            Err(Malformed("a claim code is 26 characters of Crockford base32, upper case".into()))
        }
    }
}

/// SHA-256 of a claim code's 26 characters; 64 lower-case hexadecimal digits as a text. The code cannot be found from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimHash([u8; HASH_BYTES]);

text_id!(ClaimHash, "ClaimHash", "^[0-9a-f]{64}$");

impl fmt::Display for ClaimHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ClaimHash {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed("the hash of a claim code is 64 hexadecimal digits in lower case".into());
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut hash = [0; HASH_BYTES];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != HASH_BYTES || !rest.is_empty() {
            return Err(malformed());
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4) | low).ok_or_else(malformed)?;
        }
        Ok(ClaimHash(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_published_hash_and_is_never_in_a_log() {
        let code: ClaimCode = "0123456789ABCDEFGHJKMNPQRS".parse().expect("a code");
        // printf 0123456789ABCDEFGHJKMNPQRS | sha256sum
        let hash = "f5f69e3261dbfad2110670e539999eab56d4b1f0ce2e613dca4fd2e1f70faf44";
        assert_eq!(code.hash().to_string(), hash);
        assert_eq!(hash.parse::<ClaimHash>().expect("a hash"), code.hash());
        assert_eq!(format!("{code:?}"), "***");
    }

    #[test]
    fn codes_and_hashes_have_one_spelling() {
        for wrong in ["", "0123456789ABCDEFGHJKMNPQR", "0123456789ABCDEFGHJKMNPQRI", "0123456789abcdefghjkmnpqrs"] {
            assert!(wrong.parse::<ClaimCode>().is_err(), "{wrong}");
        }
        for wrong in ["0".repeat(63), "0".repeat(65), "A".repeat(64), "g".repeat(64), "é".repeat(32)] {
            assert!(wrong.parse::<ClaimHash>().is_err(), "{wrong}");
        }
    }
}
