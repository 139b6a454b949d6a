//! The keys of an issuer: a JWK set (RFC 7517) as published by providers, which may contain keys for other purposes.

use std::str::FromStr;

use event_core::Issuer;
use jsonwebtoken::{
    Algorithm,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use crate::json::ByName;

/// A trusted issuer of tokens.
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    pub name: Issuer,
    pub keys: JwkSet,
    /// The algorithm of its RSA keys that do not name one.
    pub rsa: RsaAlgorithm,
}

impl TrustedIssuer {
    /// A trusted issuer that uses RS256 for RSA keys that do not name an algorithm.
    pub fn new(name: Issuer, keys: JwkSet) -> TrustedIssuer {
        TrustedIssuer { name, keys, rsa: RsaAlgorithm::default() }
    }
}

/// An algorithm for RSA keys: RS256 (the default), RS384, RS512, PS256, PS384 or PS512.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RsaAlgorithm(Algorithm);

impl RsaAlgorithm {
    const ALL: [Algorithm; 6] =
        [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];
}

impl Default for RsaAlgorithm {
    fn default() -> RsaAlgorithm {
        RsaAlgorithm(Algorithm::RS256)
    }
}

impl FromStr for RsaAlgorithm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<RsaAlgorithm, &'static str> {
        let known = text.parse::<Algorithm>().ok().filter(|algorithm| RsaAlgorithm::ALL.contains(algorithm));
        known.map(RsaAlgorithm).ok_or("an algorithm for RSA keys is RS256, RS384, RS512, PS256, PS384 or PS512")
    }
}

/// Parses a key set. Keys of an unknown form are skipped, with one log line, so that the other keys can still be used.
///
/// # Errors
/// If the text is not a key set.
pub fn key_set(issuer: &Issuer, text: &[u8]) -> serde_json::Result<JwkSet> {
    #[derive(Deserialize)]
    struct AnyKeys {
        keys: Vec<Value>,
    }
    let ByName(AnyKeys { keys: all }) = serde_json::from_slice(text)?;
    let count = all.len();
    let keys: Vec<Jwk> = all.into_iter().filter_map(key).collect();
    if keys.len() < count {
        tracing::warn!(%issuer, keys = count - keys.len(), "keys of an unknown form are passed over");
    }
    Ok(JwkSet { keys })
}

fn key(key: Value) -> Option<Jwk> {
    let is_text = |name: &str| key.get(name).is_none_or(|value| value.is_string() || value.is_null());
    let named = key.is_object() && ["kty", "use", "alg", "kid", "crv"].into_iter().all(is_text);
    if named { serde_json::from_value(key).ok() } else { None }
}

/// The algorithm of a key.
///
/// # Errors
/// The reason why the key cannot be used.
pub(crate) fn algorithm(jwk: &Jwk, rsa: RsaAlgorithm) -> Result<Algorithm, &'static str> {
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|wanted| *wanted == PublicKeyUse::Signature);
    if !signs {
        return Err("it is not for signatures");
    }
    let algorithm = match jwk.common.key_algorithm {
        Some(algorithm) => Algorithm::try_from(algorithm).map_err(|_| "its algorithm is unknown")?,
        None => unnamed(jwk, rsa).ok_or("it names no algorithm, and its type and curve do not say which")?,
    };
    if [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512].contains(&algorithm) {
        return Err("it is symmetric");
    }
    Ok(algorithm)
}

/// The algorithm of a key that does not name one: from its type and curve, or for RSA from the configuration.
fn unnamed(jwk: &Jwk, rsa: RsaAlgorithm) -> Option<Algorithm> {
    let curve = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => return Some(rsa.0),
        AlgorithmParameters::EllipticCurve(key) => &key.curve,
        AlgorithmParameters::OctetKeyPair(key) => &key.curve,
        AlgorithmParameters::OctetKey(_) | AlgorithmParameters::Other(_) => return None,
        // The library may add further types.
        _ => return None,
    };
    match curve {
        EllipticCurve::P256 => Some(Algorithm::ES256),
        EllipticCurve::P384 => Some(Algorithm::ES384),
        EllipticCurve::Ed25519 => Some(Algorithm::EdDSA),
        EllipticCurve::P521 => None,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"AA","kid":"good"}"#;

    fn keys(text: &str) -> Option<Vec<Option<String>>> {
        let set = key_set(&"urn:test".parse().expect("an issuer"), text.as_bytes()).ok()?;
        Some(set.keys.into_iter().map(|key| key.common.key_id).collect())
    }

    #[test]
    fn a_key_of_an_unknown_form_does_not_make_the_others_useless() {
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"X448","x":"AA"}},{GOOD},{{"kty":"AKP"}}]}}"#);
        assert!(keys(&set).expect("a key set").contains(&Some("good".to_owned())));
    }

    #[test]
    fn a_key_set_is_an_object_and_so_is_each_key_with_members_that_are_named_once() {
        let good = Some(vec![Some("good".to_owned())]);
        assert_eq!(keys(&format!(r#"{{"keys":[{GOOD}],"issued":1.5}}"#)), good);
        for wrong in ["[]", "[[]]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
            assert_eq!(keys(wrong), None, "{wrong}");
        }
        assert_eq!(keys(&format!("[[{GOOD}]]")), None, "an array of a set's values");
        assert_eq!(keys(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","x":"BB"}]}"#), None, "a member twice");
        for other in [
            r#"["sig",null,null,"good"]"#,
            r#"{"kty":{"OKP":null},"crv":"Ed25519","x":"AA"}"#,
            r#"{"kty":"OKP","crv":{"Ed25519":null},"x":"AA"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"AA","alg":{"EdDSA":null}}"#,
        ] {
            assert_eq!(keys(&format!(r#"{{"keys":[{other},{GOOD}]}}"#)), good, "{other}");
        }
    }

    #[test]
    fn an_algorithm_for_rsa_is_one_of_six() {
        assert_eq!(RsaAlgorithm::default(), "RS256".parse().expect("an algorithm"));
        assert!("PS512".parse::<RsaAlgorithm>().is_ok());
        for wrong in ["ES256", "HS256", "EdDSA", "none", "rs256", ""] {
            assert!(wrong.parse::<RsaAlgorithm>().is_err(), "{wrong}");
        }
    }
}
