//! The reasons why a text is not a valid pass.

/// The first reason that was found. The messages hold nothing of the pass, which is health data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassFault {
    #[error("the text has {characters} characters; a QR code has at most {max}")]
    TooLong { characters: usize, max: usize },
    #[error("the text does not begin with HC1:")]
    NotHc1,
    #[error("the text is not Base45 at character {at}")]
    Base45 { at: usize },
    #[error("the compressed data is damaged")]
    Compression,
    #[error("the compressed data is larger than a pass can be")]
    TooLarge,
    #[error("the data is not a CBOR Web Token with one signature (COSE_Sign1)")]
    NotSigned,
    #[error("the signature has another algorithm than ES256")]
    Algorithm,
    #[error("the signature names no key")]
    NoKey,
    #[error("the key is not on the trust list")]
    UnknownKey,
    #[error("the signature is wrong")]
    WrongSignature,
    #[error("the signed data is not as the EU DCC lays down: {0}")]
    Claims(&'static str),
    #[error("the pass is not about a vaccination")]
    NotVaccination,
    #[error("the pass names another country than the certificate of its key")]
    OtherCountry,
    #[error("the key is not valid for the whole time from the pass's issue to its expiry")]
    KeyNotValid,
    #[error("the pass has expired")]
    Expired,
    #[error("the pass is not valid yet")]
    NotYetValid,
    #[error("the pass was revoked")]
    Revoked,
}
