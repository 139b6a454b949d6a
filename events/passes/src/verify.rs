//! Check a pass with what a verifier has offline: the trust list, the revocation list, and the time.

use event_core::Timestamp;

use crate::{
    base45, claims, contents::PassContents, cose::UnverifiedMessage, fault::PassFault, revocation_list::RevocationList,
    trust_list::TrustList, zlib,
};

/// How the text of a pass begins ("context identifier"; hcert specification, 4.2.2).
pub(crate) const PREFIX: &str = "HC1:";
/// The longest text: the alphanumeric characters of the largest QR code (ISO/IEC 18004, table 7).
pub const TEXT_CHARACTERS_MAX: usize = 4_296;
/// Minutes by which the clock of an issuer can be ahead of that of a verifier.
const CLOCK_AHEAD_MINUTES_MAX: i64 = 1;

/// The contents of a valid pass. Nothing of them is looked at before the signature is verified.
///
/// # Errors
/// The first reason why the pass is refused.
pub fn verify(
    text: &str,
    trusted: &TrustList,
    revoked: &RevocationList,
    now: Timestamp,
) -> Result<PassContents, PassFault> {
    if text.len() > TEXT_CHARACTERS_MAX {
        return Err(PassFault::TooLong { characters: text.chars().count(), max: TEXT_CHARACTERS_MAX });
    }
    let encoded = text.strip_prefix(PREFIX).ok_or(PassFault::NotHc1)?;
    let deflated = base45::decode(encoded).map_err(|at| PassFault::Base45 { at: PREFIX.len() + at + 1 })?;
    let message = UnverifiedMessage::parse(&zlib::inflate(&deflated)?)?;

    let key_id = message.key_id().ok_or(PassFault::NoKey)?;
    let mut known = trusted.with_key_id(key_id).peekable();
    known.peek().ok_or(PassFault::UnknownKey)?;
    let signed = known.find_map(|certificate| Some((message.signed_by(certificate.public_key())?, certificate)));
    let (payload, certificate) = signed.ok_or(PassFault::WrongSignature)?;

    let claims = claims::decode(payload)?;
    let contents = claims.contents;
    if claims.country.is_some_and(|country| country != certificate.country()) {
        return Err(PassFault::OtherCountry);
    }
    if !certificate.covers(contents.issued_at, contents.expires_at) {
        return Err(PassFault::KeyNotValid);
    }
    if contents.expires_at <= now {
        return Err(PassFault::Expired);
    }
    if contents.issued_at > now.plus_minutes(CLOCK_AHEAD_MINUTES_MAX) {
        return Err(PassFault::NotYetValid);
    }
    if revoked.has(&contents.vaccination.uvci) { Err(PassFault::Revoked) } else { Ok(contents) }
}
