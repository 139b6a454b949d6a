//! The trust list: the keys whose passes are valid. Verifiers fetch it while they are online, and check passes with it offline.

use base64::{Engine, engine::general_purpose::STANDARD};
use event_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    certificate::{IssuerCertificate, UnreadableKey},
    country::CountryCode,
    issuing_keys::{CERTIFICATES_MAX, IssuingKeys},
    key_id::KeyId,
};

/// The longest document, in bytes.
pub const TRUST_LIST_BYTES_MAX: usize = 1024 * 1024;

/// The reason why a trust list cannot be used. All of it is refused: a verifier that skipped a key would refuse its passes.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableTrust {
    #[error("the trust list is longer than {TRUST_LIST_BYTES_MAX} bytes")]
    TooLong,
    #[error("this is not a trust list: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("the trust list has {0} keys; at most {CERTIFICATES_MAX} are allowed")]
    TooMany(usize),
    #[error("key {at} of the trust list: {fault}")]
    Key { at: usize, fault: UnreadableKey },
    #[error("key {at} of the trust list: {member} is not what the certificate says")]
    Differs { at: usize, member: &'static str },
}

/// A trust list as it is published (`trust-list.schema.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "TrustList")]
pub struct TrustListDocument {
    /// When the list was made.
    pub issued_at: Timestamp,
    /// The newest first.
    #[schemars(length(max = 100))]
    pub keys: Vec<TrustedKeyDocument>,
}

/// A key. The certificate says all of it; the other members are for verifiers that cannot read certificates, such as browsers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustedKeyDocument {
    pub kid: KeyId,
    pub country: CountryCode,
    /// X.509 in DER, as base64.
    #[schemars(regex(pattern = r"^[A-Za-z0-9+/]+={0,2}$"), length(max = 5464))]
    pub certificate: String,
    /// The public key of the curve P-256, for ES256: `SubjectPublicKeyInfo` in DER, as base64.
    #[schemars(regex(pattern = r"^[A-Za-z0-9+/]+={0,2}$"), length(max = 5464))]
    pub public_key: String,
    /// A pass of this key is not issued before this instant.
    pub valid_from: Timestamp,
    /// A pass of this key does not expire after this instant.
    pub valid_until: Timestamp,
}

impl TrustedKeyDocument {
    fn of(certificate: &IssuerCertificate) -> TrustedKeyDocument {
        TrustedKeyDocument {
            kid: certificate.key_id(),
            country: certificate.country(),
            certificate: STANDARD.encode(certificate.der()),
            public_key: STANDARD.encode(certificate.public_key_der()),
            valid_from: certificate.valid_from(),
            valid_until: certificate.valid_until(),
        }
    }

    /// The member in which two descriptions of a key differ.
    fn difference(&self, other: &TrustedKeyDocument) -> Option<&'static str> {
        [
            ("kid", self.kid == other.kid),
            ("country", self.country == other.country),
            ("publicKey", self.public_key == other.public_key),
            ("validFrom", self.valid_from == other.valid_from),
            ("validUntil", self.valid_until == other.valid_until),
            ("certificate", self.certificate == other.certificate),
        ]
        .into_iter()
        .find_map(|(member, same)| (!same).then_some(member))
    }
}

/// A trust list whose certificates were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustList {
    issued_at: Timestamp,
    certificates: Vec<IssuerCertificate>,
}

impl TrustList {
    /// The list of an issuer's keys at an instant. A key is on it from the day on which it is added, so that verifiers have it when it
    /// begins to sign, until the last pass that it can have signed has expired.
    pub fn of(keys: &IssuingKeys, now: Timestamp) -> TrustList {
        let living = keys.certificates().iter().filter(|certificate| now <= certificate.valid_until());
        TrustList { issued_at: now.whole_second(), certificates: living.cloned().collect() }
    }

    /// # Errors
    /// If the text is not a trust list, or a member is not what its certificate says.
    pub fn parse(json: &str) -> Result<TrustList, UnreadableTrust> {
        if json.len() > TRUST_LIST_BYTES_MAX {
            return Err(UnreadableTrust::TooLong);
        }
        let document: TrustListDocument = serde_json::from_str(json)?;
        if document.keys.len() > CERTIFICATES_MAX {
            return Err(UnreadableTrust::TooMany(document.keys.len()));
        }
        let mut certificates = Vec::with_capacity(document.keys.len());
        for (at, key) in document.keys.iter().enumerate() {
            let der = STANDARD.decode(&key.certificate).map_err(|_| UnreadableKey::NotCertificate);
            let certificate = der.and_then(|der| IssuerCertificate::parse(&der));
            let certificate = certificate.map_err(|fault| UnreadableTrust::Key { at, fault })?;
            if let Some(member) = key.difference(&TrustedKeyDocument::of(&certificate)) {
                return Err(UnreadableTrust::Differs { at, member });
            }
            certificates.push(certificate);
        }
        Ok(TrustList { issued_at: document.issued_at, certificates })
    }

    pub fn document(&self) -> TrustListDocument {
        let keys = self.certificates.iter().map(TrustedKeyDocument::of).collect();
        TrustListDocument { issued_at: self.issued_at, keys }
    }

    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    pub fn certificates(&self) -> &[IssuerCertificate] {
        &self.certificates
    }

    /// The certificates with a key id, of which there can be several (hcert specification, 3.3.3).
    pub(crate) fn with_key_id<'a>(&'a self, key_id: &'a [u8]) -> impl Iterator<Item = &'a IssuerCertificate> {
        self.certificates.iter().filter(move |certificate| certificate.key_id().as_bytes() == key_id)
    }
}
