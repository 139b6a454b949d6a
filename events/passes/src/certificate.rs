//! The certificate of an issuer's key ("document signing certificate"; hcert specification, 5 and appendix A).

use std::time::Duration;

use event_core::Timestamp;
use p256::{
    ecdsa::{DerSignature, SigningKey, VerifyingKey},
    pkcs8::{DecodePublicKey, EncodePublicKey},
};
use x509_cert::{
    Certificate, SubjectPublicKeyInfo, TbsCertificate,
    builder::{Builder, CertificateBuilder, profile::BuilderProfile},
    der::{Decode, Encode, asn1::ObjectIdentifier},
    ext::{
        Extension, ToExtension,
        pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::SubjectPublicKeyInfoRef,
    time::{Time, Validity},
};

use crate::{country::CountryCode, key_id::KeyId};

/// The longest certificate, in bytes of DER.
pub const CERTIFICATE_BYTES_MAX: usize = 4 * 1024;
/// The use "valid for vaccinations" (hcert specification, A.4).
const FOR_VACCINATIONS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.1847.2021.1.2");
/// The same as earlier certificates of several countries have it.
const FOR_VACCINATIONS_EARLIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.0.1847.2021.1.2");

/// The reason why a key or its certificate cannot be used. It never holds the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableKey {
    #[error("the text is longer than {0} bytes")]
    TooLong(usize),
    #[error("there are more than {0} keys")]
    TooMany(usize),
    #[error("it is not PEM with blocks CERTIFICATE and PRIVATE KEY")]
    NotPem,
    #[error("a certificate is not X.509 in DER")]
    NotCertificate,
    #[error("the public key of a certificate is not one of the curve P-256")]
    OtherCurve,
    #[error("the subject of a certificate has no country (C) of two capital letters")]
    NoCountry,
    #[error("a certificate is not for the signing of vaccinations (extended key usage)")]
    OtherUse,
    #[error("a private key is not PKCS #8 of the curve P-256")]
    NotPrivateKey,
    #[error("a private key belongs to none of the certificates")]
    WithoutCertificate,
    #[error("a certificate is there twice")]
    Twice,
    #[error("there is no certificate")]
    Empty,
    #[error("the random bytes are not a key; others have to be drawn")]
    NotDrawn,
    #[error("a certificate needs an end after its begin")]
    NoPeriod,
}

/// A certificate that verifiers trust because it is on the trust list. Its own signature is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerCertificate {
    der: Vec<u8>,
    key_id: KeyId,
    country: CountryCode,
    valid_from: Timestamp,
    valid_until: Timestamp,
    public_key: VerifyingKey,
}

impl IssuerCertificate {
    /// # Errors
    /// If it is not a certificate of a country's key of the curve P-256.
    pub fn parse(der: &[u8]) -> Result<IssuerCertificate, UnreadableKey> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(UnreadableKey::TooLong(CERTIFICATE_BYTES_MAX));
        }
        let certificate = Certificate::from_der(der).map_err(|_| UnreadableKey::NotCertificate)?;
        let tbs = certificate.tbs_certificate();
        let uses = tbs.get_extension::<ExtendedKeyUsage>().map_err(|_| UnreadableKey::NotCertificate)?;
        let allows = |use_id: &ObjectIdentifier| [FOR_VACCINATIONS, FOR_VACCINATIONS_EARLIER].contains(use_id);
        if uses.is_some_and(|(_, uses)| !uses.0.iter().any(allows)) {
            return Err(UnreadableKey::OtherUse);
        }
        let country = tbs.subject().country().map_err(|_| UnreadableKey::NoCountry)?;
        let country = country.and_then(|country| country.as_str().parse().ok()).ok_or(UnreadableKey::NoCountry)?;
        let spki = tbs.subject_public_key_info().to_der().map_err(|_| UnreadableKey::NotCertificate)?;
        Ok(IssuerCertificate {
            der: der.to_vec(),
            key_id: KeyId::of_certificate(der),
            country,
            valid_from: instant(tbs.validity().not_before),
            valid_until: instant(tbs.validity().not_after),
            public_key: VerifyingKey::from_public_key_der(&spki).map_err(|_| UnreadableKey::OtherCurve)?,
        })
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    pub fn country(&self) -> CountryCode {
        self.country
    }

    /// The first instant at which a pass can be issued.
    pub fn valid_from(&self) -> Timestamp {
        self.valid_from
    }

    /// The last instant at which a pass can expire.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// True if a pass with these times can be signed: it is not issued before the certificate begins, and does not expire after it ends
    /// (hcert specification, 3.3.5 and 3.3.6).
    pub fn covers(&self, issued_at: Timestamp, expires_at: Timestamp) -> bool {
        self.valid_from <= issued_at && issued_at <= expires_at && expires_at <= self.valid_until
    }

    /// The public key as DER of `SubjectPublicKeyInfo`, which browsers import.
    pub fn public_key_der(&self) -> Vec<u8> {
        self.public_key.to_public_key_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default()
    }

    pub(crate) fn public_key(&self) -> &VerifyingKey {
        &self.public_key
    }
}

fn instant(time: Time) -> Timestamp {
    let micros = time.to_unix_duration().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// The certificate, signed by its own key: a self-signed certificate is enough where verifiers trust the list alone. `serial` is
/// random. Times are truncated to whole seconds.
pub(crate) fn self_signed(
    key: &SigningKey,
    serial: [u8; 16],
    country: CountryCode,
    valid_from: Timestamp,
    valid_until: Timestamp,
) -> Result<IssuerCertificate, UnreadableKey> {
    let (begin, end) = (time(valid_from)?, time(valid_until)?);
    if valid_until.whole_second() <= valid_from.whole_second() {
        return Err(UnreadableKey::NoPeriod);
    }
    let subject =
        format!("CN=Frontdoor vaccination passes,C={country}").parse().map_err(|_| UnreadableKey::NotCertificate)?;
    let spki = SubjectPublicKeyInfo::from_key(key.verifying_key()).map_err(|_| UnreadableKey::NotCertificate)?;
    // A serial number is a positive integer.
    let mut positive = serial;
    positive[0] = positive[0] & 0x7f | 0x40;
    let serial = SerialNumber::new(&positive).map_err(|_| UnreadableKey::NotCertificate)?;
    let builder = CertificateBuilder::new(PassSigner(subject), serial, Validity::new(begin, end), spki);
    let signed =
        builder.and_then(|builder| builder.build::<_, DerSignature>(key)).map_err(|_| UnreadableKey::NotCertificate)?;
    IssuerCertificate::parse(&signed.to_der().map_err(|_| UnreadableKey::NotCertificate)?)
}

fn time(instant: Timestamp) -> Result<Time, UnreadableKey> {
    let micros = u64::try_from(instant.whole_second().micros()).unwrap_or_default();
    let time = x509_cert::der::DateTime::from_unix_duration(Duration::from_micros(micros));
    time.map(Time::from).map_err(|_| UnreadableKey::NoPeriod)
}

/// The extensions of a certificate that signs passes. It is not an authority.
struct PassSigner(Name);

impl BuilderProfile for PassSigner {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(vec![
            KeyUsage(KeyUsages::DigitalSignature.into()).to_extension(tbs.subject(), &[])?,
            ExtendedKeyUsage(vec![FOR_VACCINATIONS]).to_extension(tbs.subject(), &[])?,
            SubjectKeyIdentifier::try_from(key)?.to_extension(tbs.subject(), &[])?,
        ])
    }
}
