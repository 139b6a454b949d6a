//! Tokens: JSON Web Tokens of the issuers that this installation trusts. The algorithm is taken from the key, never
//! from the token, and only asymmetric signatures are accepted. Permissions are decided elsewhere.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use event_core::{Caller, Issuer, OrganisationCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, errors::ErrorKind, jwk::Jwk};
use moka::{Expiry, future::Cache};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    json::{self, ByName},
    key_set::{TrustedIssuer, algorithm},
};

/// The size limit of a token.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// The size limit of `sub`.
const SUB_BYTES_MAX: usize = 128;
/// The maximum difference between an issuer's clock and ours.
const LEEWAY_SECONDS: u64 = 30;
/// The number of verified tokens that are remembered (a signature costs some 40 us).
const REMEMBERED_MAX: u64 = 100_000;
/// The longest time for which a token is remembered, even if it expires later.
const REMEMBERED_SECONDS_MAX: i64 = 24 * 3_600;
/// The maximum number of keys of all issuers.
const KEYS_MAX: usize = 64;

/// An issuer with a key set that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitIssuer {
    #[error("{0} has no key that can be used: an asymmetric one for signatures")]
    NoKey(Issuer),
    #[error("there are more than {KEYS_MAX} keys")]
    TooMany,
}

/// The trusted issuers, and the tokens that were found valid. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    accepts: fn(&Caller) -> bool,
    ring: RwLock<Arc<KeyRing>>,
    remembered: Cache<[u8; 32], Arc<Verified>>,
}

/// The keys of all issuers, from one reading.
struct KeyRing {
    /// Incremented with each reading. A token that an earlier key ring admitted is verified again.
    generation: u64,
    keys: Vec<IssuerKey>,
}

struct IssuerKey {
    issuer: Issuer,
    id: Option<String>,
    /// True for the only key of its issuer. A token does not have to name it.
    alone: bool,
    algorithm: Algorithm,
    key: DecodingKey,
    validation: Validation,
}

struct Verified {
    caller: Caller,
    /// The generation of the key ring that admitted it.
    generation: u64,
    /// Seconds since 1970.
    expires_at: i64,
}

/// The members of a token's header that select the key.
#[derive(Deserialize)]
struct Header {
    #[serde(deserialize_with = "json::name")]
    alg: Algorithm,
    kid: Option<String>,
    /// True if the header has critical extensions (RFC 7515, 4.1.11), none of which is supported.
    #[serde(default, rename = "crit", deserialize_with = "json::is_there")]
    critical: bool,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    /// Seconds since 1970; a fraction is allowed (RFC 7519, NumericDate).
    exp: f64,
    role: Box<str>,
    #[serde(default)]
    permissions: Vec<Box<str>>,
    organisation: Option<OrganisationCode>,
    identity_proofing_level: Option<Box<str>>,
}

impl Tokens {
    /// Issuers that are not in the list are not trusted; the issuer of the demonstration is added for a demonstration
    /// only. A key is valid for its own issuer only. Unusable keys are skipped, each with a log line. `accepts` is
    /// false for callers that the services do not know, such as those with an unknown role: their tokens are not valid.
    ///
    /// # Errors
    /// If an issuer has no usable key, or there are too many keys.
    pub fn new(
        audience: &str,
        issuers: Vec<TrustedIssuer>,
        accepts: fn(&Caller) -> bool,
    ) -> Result<Tokens, UnfitIssuer> {
        let ring = RwLock::new(Arc::new(KeyRing::new(0, audience, issuers)?));
        let remembered = Cache::builder().max_capacity(REMEMBERED_MAX).expire_after(UntilExpired).build();
        Ok(Tokens { inner: Arc::new(Inner { accepts, ring, remembered }) })
    }

    /// Replaces the keys of this value and all its clones. A token of a removed key is rejected from now on.
    ///
    /// # Errors
    /// Like `new`. The current keys are kept then.
    pub fn replace(&self, audience: &str, issuers: Vec<TrustedIssuer>) -> Result<(), UnfitIssuer> {
        let mut ring = self.inner.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(KeyRing::new(ring.generation + 1, audience, issuers)?);
        Ok(())
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.inner.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The caller of a token; `None` if it is not valid. The reason is not returned, so that the bearer of a forged
    /// token learns nothing.
    pub async fn caller(&self, token: &str) -> Option<Caller> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let hash: [u8; 32] = Sha256::digest(token).into();
        let ring = self.ring();
        if let Some(known) = self.inner.remembered.get(&hash).await
            && known.expires_at > now()
            && known.generation == ring.generation
        {
            return Some(known.caller.clone());
        }
        let verified = Arc::new(ring.verify(token)?);
        if !(self.inner.accepts)(&verified.caller) {
            tracing::debug!("a token was refused: the services do not know such a caller");
            return None;
        }
        if verified.expires_at > now() {
            self.inner.remembered.insert(hash, Arc::clone(&verified)).await;
        }
        Some(verified.caller.clone())
    }
}

impl KeyRing {
    fn new(generation: u64, audience: &str, issuers: Vec<TrustedIssuer>) -> Result<KeyRing, UnfitIssuer> {
        let mut keys = Vec::new();
        for issuer in issuers {
            let mut own: Vec<IssuerKey> = Vec::with_capacity(issuer.keys.keys.len());
            for jwk in &issuer.keys.keys {
                match IssuerKey::new(audience, &issuer, jwk) {
                    Ok(key) => own.push(key),
                    // Providers publish keys for other purposes in the same set.
                    Err(why) => {
                        tracing::warn!(issuer = %issuer.name, key = jwk.common.key_id, why, "a key is passed over")
                    }
                }
            }
            let alone = own.len() == 1;
            if own.is_empty() {
                return Err(UnfitIssuer::NoKey(issuer.name));
            }
            keys.extend(own.into_iter().map(|key| IssuerKey { alone, ..key }));
        }
        if keys.len() > KEYS_MAX {
            return Err(UnfitIssuer::TooMany);
        }
        Ok(KeyRing { generation, keys })
    }

    fn verify(&self, token: &str) -> Option<Verified> {
        let header = URL_SAFE_NO_PAD.decode(token.split_once('.')?.0).ok()?;
        let ByName(header) = serde_json::from_slice::<ByName<Header>>(&header).ok()?;
        if header.critical {
            return None;
        }
        let named = |key: &IssuerKey| if header.kid.is_some() { header.kid == key.id } else { key.alone };
        let fits = |key: &&IssuerKey| key.algorithm == header.alg && named(key);
        let mut why = "no key of its issuers has its algorithm and key id";
        for key in self.keys.iter().filter(fits) {
            match key.verify(token) {
                Ok(verified) => return Some(Verified { generation: self.generation, ..verified }),
                Err(reason) => why = reason,
            }
        }
        // The contents of the token may identify a person, so they are not logged.
        tracing::debug!(why, "a token was refused");
        None
    }
}

impl IssuerKey {
    fn new(audience: &str, issuer: &TrustedIssuer, jwk: &Jwk) -> Result<IssuerKey, &'static str> {
        let algorithm = algorithm(jwk, issuer.rsa)?;
        let key = DecodingKey::from_jwk(jwk).map_err(|_| "it cannot be read")?;
        if key.family() != algorithm.family() {
            return Err("it does not fit its algorithm");
        }
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[issuer.name.as_str()]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        let (issuer, id) = (issuer.name.clone(), jwk.common.key_id.clone());
        Ok(IssuerKey { issuer, id, alone: false, algorithm, key, validation })
    }

    fn verify(&self, token: &str) -> Result<Verified, &'static str> {
        let decoded = decode::<ByName<Claims>>(token, &self.key, &self.validation);
        let ByName(claims) = decoded.map_err(|error| reason(error.kind()))?.claims;
        let sub = claims.sub;
        let named = (1..=SUB_BYTES_MAX).contains(&sub.len()) && sub.bytes().all(|byte| byte.is_ascii_graphic());
        if !named || claims.iss != self.issuer.as_str() {
            return Err("its subject or its issuer does not fit");
        }
        let caller = Caller {
            issuer: self.issuer.clone(),
            id: sub.into(),
            role: claims.role,
            permissions: claims.permissions,
            organisation: claims.organisation,
            level: claims.identity_proofing_level,
        };
        Ok(Verified { caller, generation: 0, expires_at: claims.exp as i64 })
    }
}

fn reason(kind: &ErrorKind) -> &'static str {
    if matches!(kind, ErrorKind::ExpiredSignature) {
        "it has expired"
    } else if matches!(kind, ErrorKind::ImmatureSignature) {
        "it is not valid yet"
    } else if matches!(kind, ErrorKind::InvalidSignature) {
        "its signature is not by this key"
    } else if matches!(kind, ErrorKind::InvalidIssuer) {
        "it has another issuer"
    } else if matches!(kind, ErrorKind::InvalidAudience) {
        "it is for another audience"
    } else {
        "a claim is missing or cannot be read"
    }
}

struct UntilExpired;

impl Expiry<[u8; 32], Arc<Verified>> for UntilExpired {
    fn expire_after_create(&self, _: &[u8; 32], verified: &Arc<Verified>, _: Instant) -> Option<Duration> {
        let seconds = verified.expires_at.saturating_sub(now()).clamp(0, REMEMBERED_SECONDS_MAX);
        Some(Duration::from_secs(seconds.unsigned_abs()))
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
