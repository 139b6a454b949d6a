//! A revoked pass on the list.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};

/// The first 16 bytes of the SHA-256 of an identifier (hash type UCI of the EU's revocation lists). Written as base64, as those lists
/// do. It does not tell whose pass it is, unless the identifier is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RevocationHash(pub(crate) [u8; 16]);

text_id!(RevocationHash, "RevocationHash", "^[A-Za-z0-9+/]{21}[AQgw]==$");

impl FromStr for RevocationHash {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(RevocationHash).ok_or(Malformed("a revoked pass is 16 bytes in base64".into()))
    }
}

impl fmt::Display for RevocationHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}
