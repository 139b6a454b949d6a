//! Issue a pass: contents and a key become the text of its QR code.

use crate::{
    base45, claims,
    contents::PassContents,
    cose,
    issuing_keys::IssuingKey,
    validity::{PASS_VALID_DAYS, expiry},
    verify::PREFIX,
    zlib,
};

/// The longest text of a pass: the alphanumeric characters of the largest QR code with error correction Q (ISO/IEC 18004, table 7).
pub const PASS_CHARACTERS_MAX: usize = 2_420;

/// The reason why a pass is not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueFault {
    #[error("a pass expires after its issue, and at most {PASS_VALID_DAYS} days later")]
    Validity,
    #[error("the certificate of the key does not cover the time from issue to expiry")]
    KeyNotValid,
    #[error("a dose and its series are numbered from 1")]
    DoseZero,
    #[error("the contents do not fit in a QR code")]
    TooLong,
}

/// A pass: a text that begins with `HC1:`. It holds health data, so it prints masked with `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Pass(String);

impl Pass {
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pass(***)")
    }
}

/// Signs a pass. The same contents and key always give the same text, so a pass need not be stored.
///
/// # Errors
/// If a verifier would refuse the pass, or it is too long for a QR code.
pub fn issue(key: &IssuingKey, contents: &PassContents) -> Result<Pass, IssueFault> {
    let (issued_at, expires_at) = (contents.issued_at.whole_second(), contents.expires_at.whole_second());
    if expires_at <= issued_at || expires_at > expiry(issued_at) {
        return Err(IssueFault::Validity);
    }
    if !key.certificate.covers(issued_at, expires_at) {
        return Err(IssueFault::KeyNotValid);
    }
    if contents.vaccination.dose == 0 || contents.vaccination.doses == 0 {
        return Err(IssueFault::DoseZero);
    }
    let text = claims::encode(contents, key.certificate.country())
        .and_then(|payload| cose::sign(payload, key.certificate.key_id(), &key.signing))
        .and_then(|signed| zlib::deflate(&signed))
        .map(|deflated| format!("{PREFIX}{}", base45::encode(&deflated)));
    text.filter(|text| text.len() <= PASS_CHARACTERS_MAX).map(Pass).ok_or(IssueFault::TooLong)
}
