//! The identifier of an issuer's key.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first 8 bytes of the SHA-256 of a certificate's DER (hcert specification, A.1). Written as base64, as European trust lists do.
/// Two certificates can have the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId([u8; 8]);

text_id!(KeyId, "KeyId", "^[A-Za-z0-9+/]{10}[AEIMQUYcgkosw048]=$");

impl KeyId {
    pub fn of_certificate(der: &[u8]) -> KeyId {
        let digest: [u8; 32] = Sha256::digest(der).into();
        KeyId(std::array::from_fn(|at| digest[at]))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Sixteen hexadecimal digits, for names of files.
    pub fn hexadecimal(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.0))
    }
}

impl FromStr for KeyId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(KeyId).ok_or(Malformed("the id of a key is 8 bytes in base64".into()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}
