//! The vaccination pass: its signed text (`HC1:…`), which can be checked offline, its QR code, the issuer's keys, and the two
//! lists that verifiers fetch: the trust list and the revocation list. The form is that of the EU Digital COVID Certificate
//! (eHealth Network, Technical Specifications for EU Digital COVID Certificates, volumes 1 and 3; JSON schema 1.3.0).
//! Pure: no I/O, no clock, no randomness. The same contents and key always give the same pass.

mod base45;
pub mod certificate;
mod claims;
pub mod contents;
mod cose;
pub mod country;
pub mod fault;
pub mod issue;
pub mod issuing_keys;
pub mod key_id;
pub mod mrz_name;
pub mod qr;
pub mod revocation_hash;
pub mod revocation_list;
mod transliteration;
pub mod trust_list;
pub mod uvci;
pub mod validity;
pub mod verify;
mod zlib;

pub use certificate::{IssuerCertificate, UnreadableKey};
pub use contents::{HolderName, HolderText, PassBirthDate, PassCode, PassContents, PassVaccination};
pub use country::CountryCode;
pub use fault::PassFault;
pub use issue::{IssueFault, Pass, issue};
pub use issuing_keys::{IssuingKey, IssuingKeys};
pub use key_id::KeyId;
pub use mrz_name::MrzName;
pub use qr::{QrFault, qr_png, qr_svg};
pub use revocation_hash::RevocationHash;
pub use revocation_list::{RevocationList, UnreadableRevocations};
pub use trust_list::{TrustList, UnreadableTrust};
pub use uvci::Uvci;
pub use validity::{PASS_VALID_DAYS, expiry};
pub use verify::verify;
