//! The keys of an issuer and their rotation.

use std::fmt;

use event_core::Timestamp;
use p256::{
    SecretKey,
    ecdsa::SigningKey,
    elliptic_curve::zeroize::Zeroizing,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding},
};
use x509_cert::der::pem;

use crate::{
    certificate::{IssuerCertificate, UnreadableKey, self_signed},
    country::CountryCode,
    validity::PASS_VALID_DAYS,
};

/// The longest text of keys, in bytes.
pub const KEYS_BYTES_MAX: usize = 256 * 1024;
/// The most certificates of an issuer, and of a trust list.
pub const CERTIFICATES_MAX: usize = 100;
const CERTIFICATE: &str = "CERTIFICATE";
const PRIVATE_KEY: &str = "PRIVATE KEY";

/// A private key with its certificate.
#[derive(Clone)]
pub struct IssuingKey {
    pub(crate) certificate: IssuerCertificate,
    pub(crate) signing: SigningKey,
}

impl IssuingKey {
    /// A key of random bytes, with a certificate that is signed by itself. It signs passes from `from` to `until`, and the certificate
    /// ends `PASS_VALID_DAYS` later, with the last of them.
    ///
    /// # Errors
    /// `NotDrawn` if `secret` is not a key of the curve, which happens once in 2^32; `NoPeriod` for an end before the begin.
    pub fn make(
        secret: &[u8; 32],
        serial: [u8; 16],
        country: CountryCode,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<IssuingKey, UnreadableKey> {
        let signing = SigningKey::from_slice(secret).map_err(|_| UnreadableKey::NotDrawn)?;
        let certificate = self_signed(&signing, serial, country, from, until.plus_days(PASS_VALID_DAYS))?;
        Ok(IssuingKey { certificate, signing })
    }

    pub fn certificate(&self) -> &IssuerCertificate {
        &self.certificate
    }

    /// The certificate and the private key (PKCS #8) as PEM. The text is secret.
    ///
    /// # Errors
    /// If the key cannot be encoded, which does not happen.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, UnreadableKey> {
        let certificate = pem::encode_string(CERTIFICATE, LineEnding::LF, self.certificate.der());
        let certificate = certificate.map_err(|_| UnreadableKey::NotCertificate)?;
        let secret = SecretKey::from(&self.signing).to_pkcs8_pem(LineEnding::LF);
        let secret = secret.map_err(|_| UnreadableKey::NotPrivateKey)?;
        Ok(Zeroizing::new(certificate + secret.as_str()))
    }
}

impl fmt::Debug for IssuingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuingKey({})", self.certificate.key_id())
    }
}

/// All keys of an issuer: those that will sign, that sign, and that have signed. Of a key that signs no more, the certificate without
/// the private key is enough.
#[derive(Debug, Clone)]
pub struct IssuingKeys {
    certificates: Vec<IssuerCertificate>,
    keys: Vec<IssuingKey>,
}

impl IssuingKeys {
    /// Reads PEM: the texts of any number of keys after each other, in any order.
    ///
    /// # Errors
    /// The first fault. Nothing is skipped, because a key that is not on the trust list makes passes that verifiers refuse.
    pub fn parse(text: &str) -> Result<IssuingKeys, UnreadableKey> {
        if text.len() > KEYS_BYTES_MAX {
            return Err(UnreadableKey::TooLong(KEYS_BYTES_MAX));
        }
        let (mut certificates, mut secrets) = (Vec::new(), Vec::new());
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (block, after) = block(rest).ok_or(UnreadableKey::NotPem)?;
            let (label, der) = pem::decode_vec(block.as_bytes()).map_err(|_| UnreadableKey::NotPem)?;
            let der = Zeroizing::new(der);
            match label {
                CERTIFICATE => certificates.push(IssuerCertificate::parse(&der)?),
                PRIVATE_KEY => secrets.push(SecretKey::from_pkcs8_der(&der).map_err(|_| UnreadableKey::NotPrivateKey)?),
                _ => return Err(UnreadableKey::NotPem),
            }
            if certificates.len().max(secrets.len()) > CERTIFICATES_MAX {
                return Err(UnreadableKey::TooMany(CERTIFICATES_MAX));
            }
            rest = after.trim_start();
        }
        Self::of(certificates, &secrets)
    }

    fn of(mut certificates: Vec<IssuerCertificate>, secrets: &[SecretKey]) -> Result<IssuingKeys, UnreadableKey> {
        if certificates.is_empty() {
            return Err(UnreadableKey::Empty);
        }
        // The newest first, and one order for all files.
        certificates.sort_by_key(|certificate| (std::cmp::Reverse(certificate.valid_from()), certificate.key_id()));
        if certificates.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(UnreadableKey::Twice);
        }
        let mut keys: Vec<IssuingKey> = Vec::new();
        let mut unused: Vec<&SecretKey> = secrets.iter().collect();
        for certificate in &certificates {
            let Some(at) = unused.iter().position(|secret| is_of(secret, certificate)) else { continue };
            let signing = SigningKey::from(unused.swap_remove(at));
            keys.push(IssuingKey { certificate: certificate.clone(), signing });
        }
        if unused.is_empty() { Ok(IssuingKeys { certificates, keys }) } else { Err(UnreadableKey::WithoutCertificate) }
    }

    /// The key for a pass with these times: of those whose certificates cover them, the newest. The same pass is signed with the same
    /// key until that key is removed, as long as keys are added before they are valid.
    pub fn for_pass(&self, issued_at: Timestamp, expires_at: Timestamp) -> Option<&IssuingKey> {
        self.keys.iter().find(|key| key.certificate.covers(issued_at, expires_at))
    }

    /// All certificates, the newest first.
    pub fn certificates(&self) -> &[IssuerCertificate] {
        &self.certificates
    }
}

fn is_of(secret: &SecretKey, certificate: &IssuerCertificate) -> bool {
    SigningKey::from(secret).verifying_key() == certificate.public_key()
}

/// The first block of PEM, and the text after it.
fn block(text: &str) -> Option<(&str, &str)> {
    const END: &str = "-----END ";
    text.starts_with("-----BEGIN ").then_some(())?;
    let end = text.find(END)? + END.len();
    let length = end + text[end..].find("-----")? + "-----".len();
    Some(text.split_at(length))
}
