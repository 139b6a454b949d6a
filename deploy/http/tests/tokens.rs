//! Forged, expired and foreign tokens are rejected.

use event_core::Issuer;
use http_edge::{Tokens, TrustedIssuer, UnfitIssuer, testing as signer};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::JwkSet};
use serde_json::{Value, json};
use signer::{AUDIENCE, ISSUER, Signer, claims, now, trusted};

const OTHER_ISSUER: &str = "https://other.example";

fn tokens(signer: &Signer) -> Tokens {
    Tokens::new(AUDIENCE, vec![signer.trusted()], vocabulary::access::is_known).expect("a key set")
}

/// The claims with one of them replaced or, if the value is null, removed.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match (value, claims.as_object_mut().expect("an object")) {
        (Value::Null, claims) => claims.remove(name),
        (value, claims) => claims.insert(name.into(), value),
    };
    claims
}

#[tokio::test]
async fn a_token_says_who_asks() {
    let signer = Signer::new("key-1");
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "nurse-1", "exp": now() + 60, "role": "staff",
        "permissions": ["booking", "of-a-later-release"], "organisation": "A12345",
    });
    let tokens = tokens(&signer);
    for _ in 0..2 {
        let caller = tokens.caller(&signer.sign(&claims)).await.expect("valid");
        assert_eq!((&*caller.id, &*caller.role, caller.level), ("nurse-1", "staff", None));
        assert_eq!(caller.issuer.as_str(), ISSUER);
        // A permission that no rule asks for grants nothing.
        assert_eq!(caller.permissions, ["booking", "of-a-later-release"].map(Box::from));
        assert_eq!(caller.organisation.expect("given").as_str(), "A12345");
    }
    let patient = tokens.caller(&signer.sign(&signer::claims())).await.expect("valid");
    assert_eq!((&*patient.role, patient.level.as_deref()), ("patient", Some("P9")));
}

#[tokio::test]
async fn claims_that_are_missing_wrong_or_late_are_refused() {
    let signer = Signer::new("key-1");
    let tokens = tokens(&signer);
    assert!(tokens.caller(&signer.sign(&claims())).await.is_some(), "the table's ground");
    let table = [
        ("no exp", with("exp", Value::Null)),
        ("expired", with("exp", json!(now() - 31))),
        ("exp is a text", with("exp", json!("tomorrow"))),
        ("no iss", with("iss", Value::Null)),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("the demo's issuer, where this is no demo", with("iss", json!("urn:frontdoor:demo"))),
        ("several issuers", with("iss", json!([ISSUER, "https://evil.example"]))),
        ("no aud", with("aud", Value::Null)),
        ("for somebody else", with("aud", json!("backdoor"))),
        ("no sub", with("sub", Value::Null)),
        ("an empty sub", with("sub", json!(""))),
        ("a sub with a blank", with("sub", json!("nurse 1"))),
        ("a patient who is no subject", with("sub", json!("alice"))),
        ("no role", with("role", Value::Null)),
        ("an unknown role", with("role", json!("king"))),
        ("an unknown level", with("identity_proofing_level", json!("P99"))),
        ("a malformed organisation", with("organisation", json!("a12345!"))),
        ("not yet", with("nbf", json!(now() + 120))),
    ];
    for (name, claims) in table {
        assert!(tokens.caller(&signer.sign(&claims)).await.is_none(), "{name}");
    }
}

#[tokio::test]
async fn an_issuers_clock_may_be_half_a_minute_from_ours() {
    let signer = Signer::new("key-1");
    let late = signer.sign(&with("exp", json!(now() - 10)));
    assert!(tokens(&signer).caller(&late).await.is_some());
}

#[tokio::test]
async fn signatures_that_are_absent_symmetric_foreign_or_changed_are_refused() {
    let (signer, stranger) = (Signer::new("key-1"), Signer::new("key-1"));
    let tokens = tokens(&signer);
    let good = signer.sign(&claims());
    let parts: Vec<&str> = good.split('.').collect();
    let public = signer.public().to_vec();
    let hmac = |algorithm, secret: &[u8]| {
        let mut header = Header::new(algorithm);
        header.kid = Some("key-1".into());
        jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(secret)).expect("signed")
    };
    let king = signer::base64(with("role", json!("operator")).to_string().as_bytes());
    let unsigned = signer::base64(br#"{"alg":"none","typ":"JWT"}"#);
    let critical = signer::base64(br#"{"alg":"EdDSA","kid":"key-1","crit":["exp"]}"#);
    let table = [
        ("a stranger's key", stranger.sign(&claims())),
        ("the public key as a secret", hmac(Algorithm::HS256, &public)),
        ("its text as a secret", hmac(Algorithm::HS256, signer::base64(&public).as_bytes())),
        ("other claims", format!("{}.{king}.{}", parts[0], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("no algorithm", format!("{unsigned}.{}.", parts[1])),
        ("no algorithm, with a signature", format!("{unsigned}.{}.{}", parts[1], parts[2])),
        ("another key's id", Signer::with_pair_of(&signer, "key-2").sign(&claims())),
        ("what has to be understood and is not", signer.sign_parts(&critical, parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("a part more", format!("{good}.")),
        ("nothing", String::new()),
        ("no base64", "a.b.c".to_owned()),
    ];
    for (name, token) in table {
        assert!(tokens.caller(&token).await.is_none(), "{name}");
    }
    assert!(tokens.caller(&good).await.is_some());
}

#[tokio::test]
async fn a_token_names_its_key_where_its_issuer_has_several() {
    let (one, other) = (Signer::new("key-1"), Signer::new("key-2"));
    let nameless = |signer: &Signer| {
        let header = signer::base64(br#"{"alg":"EdDSA","typ":"JWT"}"#);
        signer.sign_parts(&header, &signer::base64(claims().to_string()))
    };
    assert!(tokens(&one).caller(&nameless(&one)).await.is_some(), "there is one key");
    let keys = one.keys().keys.into_iter().chain(other.keys().keys).collect();
    let both =
        Tokens::new(AUDIENCE, vec![trusted(ISSUER, JwkSet { keys })], vocabulary::access::is_known).expect("a key set");
    for signer in [&one, &other] {
        assert!(both.caller(&nameless(signer)).await.is_none());
        assert!(both.caller(&signer.sign(&claims())).await.is_some());
    }
}

#[tokio::test]
async fn keys_of_elliptic_curves_and_rsa_count_each_with_its_own_algorithm() {
    let signers = [signer::elliptic("ES256"), signer::rsa("RS256")];
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk.clone()).collect();
    let set: JwkSet = serde_json::from_value(json!({"keys": keys})).expect("a key set");
    let tokens = Tokens::new(AUDIENCE, vec![trusted(ISSUER, set)], vocabulary::access::is_known).expect("a key set");
    let stranger = signer::rsa("RS256");
    assert!(tokens.caller(&stranger.sign("RS256", "RS256")).await.is_none(), "a stranger's key");
    for signer in &signers {
        for (algorithm, id) in
            ["ES256", "RS256", "PS256", "RS512"].into_iter().flat_map(|a| [(a, "ES256"), (a, "RS256")])
        {
            let admitted = tokens.caller(&signer.sign(algorithm, id)).await.is_some();
            let own = json!(algorithm) == signer.jwk["alg"] && json!(id) == signer.jwk["kid"];
            assert_eq!(admitted, own, "{}: {algorithm} {id}", signer.jwk["kid"]);
        }
    }
}

#[tokio::test]
async fn an_rsa_key_that_names_no_algorithm_has_its_issuers() {
    for (algorithm, other) in [("RS256", "PS256"), ("PS256", "RS256")] {
        let signer = signer::rsa(algorithm);
        let mut jwk = signer.jwk.clone();
        jwk.as_object_mut().expect("an object").remove("alg");
        let keys: JwkSet = serde_json::from_value(json!({"keys": [jwk]})).expect("a key set");
        let admitted = async |configured: Option<&str>| {
            let usual = trusted(ISSUER, keys.clone());
            let rsa = configured.map_or(usual.rsa, |name| name.parse().expect("an algorithm"));
            let tokens = Tokens::new(AUDIENCE, vec![TrustedIssuer { rsa, ..usual }], vocabulary::access::is_known)
                .expect("a key set");
            tokens.caller(&signer.sign(algorithm, algorithm)).await.is_some()
        };
        assert_eq!(admitted(None).await, algorithm == "RS256", "{algorithm}, where nothing is configured");
        assert!(admitted(Some(algorithm)).await && !admitted(Some(other)).await, "{algorithm}");
    }
}

/// The trap: a lenient parser (of arrays as structs, of maps as names, or of the last of two members) finds another
/// caller in a token.
#[tokio::test]
async fn a_token_is_two_objects_whose_members_are_named_once() {
    let signer = Signer::new("key-1");
    let tokens = tokens(&signer);
    let header = r#"{"alg":"EdDSA","kid":"key-1","typ":"JWT"}"#;
    let claims = claims().to_string();
    let admitted = async |header: &str, claims: &str| {
        let token = signer.sign_parts(&signer::base64(header), &signer::base64(claims));
        tokens.caller(&token).await.is_some()
    };
    assert!(admitted(header, &claims).await, "the table's ground");
    let more = |member: &str| claims.replacen('{', &format!("{{{member},"), 1);
    assert!(admitted(header, &more(r#""address":{"street":["a",1,-1,1.5,null,true]}"#)).await, "further claims");
    let (role, level) = (r#""role":"patient""#, r#""identity_proofing_level":"P9""#);
    let exp = now() + 60;
    let of_claims = [
        ("an array", format!(r#"["{ISSUER}","8f14e45f-ceea-467f-a9b5-0123456789ab",{exp},"patient",[],null,"P9"]"#)),
        ("a role that is an object", claims.replace(role, r#""role":{"patient":null}"#)),
        ("a level that is an object", claims.replace(level, r#""identity_proofing_level":{"P9":null}"#)),
        ("a subject twice", more(r#""sub":"11111111-ceea-467f-a9b5-0123456789ab""#)),
        ("an audience twice", more(r#""aud":"frontdoor""#)),
        ("a claim twice that nobody reads", more(r#""name":"a","name":"b""#)),
        ("a claim twice, deep in another", more(r#""address":[{"street":"a","street":"b"}]"#)),
    ];
    for (name, claims) in of_claims {
        assert!(!admitted(header, &claims).await, "{name}");
    }
    let of_header = [
        ("an array", r#"["JWT","EdDSA",null,null,null,"key-1",null,null,null,null]"#),
        ("an algorithm that is an object", r#"{"alg":{"EdDSA":null},"kid":"key-1"}"#),
        ("a key twice", r#"{"alg":"EdDSA","kid":"key-2","kid":"key-1"}"#),
        ("a member twice that nobody reads", r#"{"alg":"EdDSA","kid":"key-1","x":1,"x":2}"#),
        ("something critical that is nothing", r#"{"alg":"EdDSA","kid":"key-1","crit":null}"#),
    ];
    for (name, header) in of_header {
        assert!(!admitted(header, &claims).await, "{name}");
    }
}

#[tokio::test]
async fn a_token_of_more_than_8_kib_is_refused() {
    let signer = Signer::new("key-1");
    let long = signer.sign(&with("note", json!("x".repeat(8 * 1024))));
    assert!(tokens(&signer).caller(&long).await.is_none());
    assert!(tokens(&signer).caller(&signer.sign(&with("note", json!("x".repeat(4 * 1024))))).await.is_some());
}

#[tokio::test]
async fn a_key_signs_for_its_own_issuer_alone() {
    let (own, other) = (Signer::new("key-1"), Signer::new("key-1"));
    let issuers = vec![own.trusted(), trusted(OTHER_ISSUER, other.keys())];
    let tokens = Tokens::new(AUDIENCE, issuers, vocabulary::access::is_known).expect("key sets");
    let others = tokens.caller(&other.sign(&with("iss", json!(OTHER_ISSUER)))).await.expect("valid");
    assert!(tokens.caller(&other.sign(&claims())).await.is_none());
    // The same `sub` of another issuer is another caller.
    let owns = tokens.caller(&own.sign(&claims())).await.expect("valid");
    assert_eq!((owns.issuer.as_str(), others.issuer.as_str()), (ISSUER, OTHER_ISSUER));
    assert_eq!(owns.id, others.id);
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_passed_over_and_an_issuer_without_any_other_is_refused() {
    let (issuer, signer) = (ISSUER.parse::<Issuer>().expect("an issuer"), Signer::new("key-1"));
    let x = signer::base64(signer.public());
    let good = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "key-1", "alg": "EdDSA"});
    let unnamed = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "key-1"});
    let secret = json!({"kty": "oct", "alg": "HS256", "k": "c2VjcmV0"});
    let misnamed = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "RS256"});
    let unknown = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "X9"});
    let for_sealing = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "enc"});
    let set = |keys: Vec<&Value>| -> JwkSet { serde_json::from_value(json!({"keys": keys})).expect("a key set") };
    let new = |keys| Tokens::new(AUDIENCE, vec![trusted(ISSUER, set(keys))], vocabulary::access::is_known);
    let token = signer.sign(&claims());
    for fit in [&good, &unnamed] {
        assert!(new(vec![fit]).expect("a key").caller(&token).await.is_some(), "{fit}");
    }
    for unfit in [&secret, &misnamed, &unknown, &for_sealing] {
        assert_eq!(new(vec![unfit]).err(), Some(UnfitIssuer::NoKey(issuer.clone())), "{unfit}");
        let tokens = new(vec![unfit, &good]).expect("one of them can be used");
        assert!(tokens.caller(&token).await.is_some(), "{unfit}");
    }
    assert_eq!(new(vec![]).err(), Some(UnfitIssuer::NoKey(issuer.clone())));
}

#[tokio::test]
async fn an_expiry_may_have_a_fraction() {
    let signer = Signer::new("key-1");
    let tokens = tokens(&signer);
    let claims = |seconds: f64| with("exp", json!(now() as f64 + seconds));
    assert!(tokens.caller(&signer.sign(&claims(60.25))).await.is_some());
    assert!(tokens.caller(&signer.sign(&claims(-60.25))).await.is_none());
}

/// A token that was found valid is remembered, so a change of keys must also apply to remembered tokens.
#[tokio::test]
async fn other_keys_count_at_once_and_keys_that_cannot_be_used_leave_those_before() {
    let (before, after) = (Signer::new("key-1"), Signer::new("key-1"));
    let tokens = tokens(&before);
    let (old, new) = (before.sign(&claims()), after.sign(&claims()));
    assert!(tokens.caller(&old).await.is_some() && tokens.caller(&new).await.is_none());

    let refused = tokens.replace(AUDIENCE, vec![trusted(ISSUER, JwkSet { keys: Vec::new() })]);
    assert!(refused.is_err(), "an issuer without a key");
    assert!(tokens.caller(&old).await.is_some(), "the keys before stay");

    tokens.replace(AUDIENCE, vec![after.trusted()]).expect("a key set");
    assert!(tokens.caller(&old).await.is_none() && tokens.caller(&new).await.is_some());
}
