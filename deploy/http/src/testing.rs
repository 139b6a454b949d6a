//! An issuer of tokens, for the tests of every crate (feature `testing`).

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaKeyPair,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::JwkSet};
use serde_json::{Value, json};

use crate::TrustedIssuer;

pub const ISSUER: &str = "https://issuer.example";
pub const AUDIENCE: &str = "frontdoor";

pub struct Signer {
    id: String,
    pkcs8: Vec<u8>,
}

impl Signer {
    pub fn new(id: &str) -> Signer {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key").as_ref().to_vec();
        Signer { id: id.into(), pkcs8 }
    }

    /// The same key under another id.
    pub fn with_pair_of(other: &Signer, id: &str) -> Signer {
        Signer { id: id.into(), pkcs8: other.pkcs8.clone() }
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_pkcs8(&self.pkcs8).expect("a key")
    }

    pub fn public(&self) -> Vec<u8> {
        self.pair().public_key().as_ref().to_vec()
    }

    pub fn keys(&self) -> JwkSet {
        let key = json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.id, "x": base64(self.public()),
        });
        serde_json::from_value(json!({"keys": [key]})).expect("a key set")
    }

    /// `ISSUER`, with this key.
    pub fn trusted(&self) -> TrustedIssuer {
        trusted(ISSUER, self.keys())
    }

    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&self.pkcs8)).expect("signed")
    }

    /// A signature over any header and claims.
    pub fn sign_parts(&self, header: &str, claims: &str) -> String {
        let text = format!("{header}.{claims}");
        let signature = self.pair().sign(text.as_bytes());
        format!("{text}.{}", base64(signature.as_ref()))
    }
}

pub fn trusted(issuer: &str, keys: JwkSet) -> TrustedIssuer {
    TrustedIssuer::new(issuer.parse().expect("an issuer"), keys)
}

type Signature = dyn Fn(&[u8]) -> Vec<u8>;

/// A key of another algorithm, with the algorithm's name as its id.
pub struct Other {
    pub jwk: Value,
    signature: Box<Signature>,
}

impl Other {
    /// Signs the claims, under a header with any algorithm and id.
    pub fn sign(&self, algorithm: &str, id: &str) -> String {
        let header = json!({"alg": algorithm, "kid": id, "typ": "JWT"});
        let text = format!("{}.{}", base64(header.to_string()), base64(claims().to_string()));
        let signature = (self.signature)(text.as_bytes());
        format!("{text}.{}", base64(signature))
    }
}

pub fn elliptic(id: &str) -> Other {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": id, "x": base64(x), "y": base64(y)});
    let signature = move |text: &[u8]| pair.sign(&SystemRandom::new(), text).expect("signed").as_ref().to_vec();
    Other { jwk, signature: Box::new(signature) }
}

/// A key that signs with RS256 or PS256.
pub fn rsa(algorithm: &str) -> Other {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let (n, e) = (base64(n.big_endian_without_leading_zero()), base64(e.big_endian_without_leading_zero()));
    let jwk = json!({"kty": "RSA", "alg": algorithm, "kid": algorithm, "n": n, "e": e});
    let encoding = if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
    let signature = move |text: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), text, &mut signature).expect("signed");
        signature
    };
    Other { jwk, signature: Box::new(signature) }
}

/// The claims of a caller with this role, valid for an hour.
pub fn claims_of(sub: &str, role: &str) -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": sub, "exp": now() + 3_600, "role": role})
}

/// The claims of a person with a proven identity.
pub fn claims() -> Value {
    let mut claims = claims_of("8f14e45f-ceea-467f-a9b5-0123456789ab", "patient");
    claims["identity_proofing_level"] = "P9".into();
    claims
}

/// Seconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
