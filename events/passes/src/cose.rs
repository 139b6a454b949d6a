//! The signature of a pass: COSE_Sign1 with ES256 (RFC 9052, RFC 9053).

use coset::{
    Algorithm, AsCborValue, CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable,
    cbor::value::Value, iana,
};
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer, Verifier},
};

use crate::{fault::PassFault, key_id::KeyId};

/// The tag of a CBOR Web Token (RFC 8392, 6).
const CWT_TAG: u64 = 61;

/// The signed bytes, or `None` if they cannot be encoded. The nonce is made of key and bytes (RFC 6979), so the result is always the
/// same, and no randomness can fail.
pub(crate) fn sign(payload: Vec<u8>, key_id: KeyId, key: &SigningKey) -> Option<Vec<u8>> {
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(key_id.as_bytes().to_vec()).build();
    let signature = |bytes: &[u8]| {
        let signature: Signature = key.sign(bytes);
        signature.to_bytes().to_vec()
    };
    CoseSign1Builder::new()
        .protected(header)
        .payload(payload)
        .create_signature(b"", signature)
        .build()
        .to_tagged_vec()
        .ok()
}

/// A message of which nothing is verified yet.
pub(crate) struct UnverifiedMessage(CoseSign1);

impl UnverifiedMessage {
    /// The tag of COSE_Sign1 may be absent, as some issuers leave it out, and that of a CBOR Web Token may be before it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<UnverifiedMessage, PassFault> {
        let mut value = Value::from_slice(bytes).map_err(|_| PassFault::NotSigned)?;
        for tag in [CWT_TAG, CoseSign1::TAG] {
            value = match value.into_tag() {
                Ok((found, inner)) if found == tag => *inner,
                Ok((other, inner)) => Value::Tag(other, inner),
                Err(untagged) => untagged,
            };
        }
        let message = CoseSign1::from_cbor_value(value).map_err(|_| PassFault::NotSigned)?;
        // A header that is marked as critical has to be understood (RFC 9052, 3.1), and none is.
        let is_critical = !message.protected.header.crit.is_empty() || !message.unprotected.crit.is_empty();
        if is_critical || message.payload.is_none() {
            return Err(PassFault::NotSigned);
        }
        if message.protected.header.alg != Some(Algorithm::Assigned(iana::Algorithm::ES256)) {
            return Err(PassFault::Algorithm);
        }
        Ok(UnverifiedMessage(message))
    }

    /// The id of the key. It can be in either header; the protected one counts (hcert specification, 3.3.3).
    pub(crate) fn key_id(&self) -> Option<&[u8]> {
        let ids = [&self.0.protected.header.key_id, &self.0.unprotected.key_id];
        ids.into_iter().find(|id| !id.is_empty()).map(Vec::as_slice)
    }

    /// The signed bytes, if this key has signed them.
    pub(crate) fn signed_by(&self, key: &VerifyingKey) -> Option<&[u8]> {
        let verify = |signature: &[u8], bytes: &[u8]| key.verify(bytes, &Signature::from_slice(signature)?);
        self.0.verify_signature(b"", verify).ok()?;
        self.0.payload.as_deref()
    }
}
