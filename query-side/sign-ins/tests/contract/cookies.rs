//! The cookie, and the requests that have something else.

use http_edge::SignedInCallers;
use sign_ins::{CLEARED, COOKIE};

use crate::harness::{Harness, caller, cookie, headers};

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_belongs_to_this_host_and_to_no_script() {
    let harness = Harness::start().await;
    let set = harness.sign_ins.begin(&caller("a"), "Ada").await.expect("it begins");
    let (value, attributes) = set.to_str().expect("ASCII").split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(value.strip_prefix("__Host-sign-in=").map(str::len), Some(43), "256 bits");
    assert!(set.is_sensitive());
    let cleared = CLEARED;
    let (value, attributes) = cleared.to_str().expect("ASCII").split_once("; ").expect("attributes");
    assert_eq!((value, attributes), ("__Host-sign-in=", "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_found_among_others() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    for among in [format!("a=b; {own}"), format!("{own}; a=b;"), format!("naïve=é;{own} ; {COOKIE}2=x; {COOKIE}")] {
        assert!(harness.is_there(&among).await, "{among}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_truncated_foreign_or_doubled_cookie_is_no_sign_in() {
    let harness = Harness::start().await;
    let (own, other) = (harness.begin(&caller("a")).await, harness.begin(&caller("b")).await);
    let token = own.split_once('=').expect("a value").1;
    let (first, rest) = token.split_at(1);
    let shifted = format!("{}{rest}", if first == "A" { "B" } else { "A" });
    for wrong in [
        String::new(),
        format!("{COOKIE}="),
        format!("{COOKIE}={shifted}"),
        format!("{COOKIE}={}", &token[..42]),
        format!("{COOKIE}={token}A"),
        format!("{COOKIE}={token}="),
        format!("{COOKIE}=\"{token}\""),
        format!("{COOKIE}={}", "A".repeat(43)),
        format!("{COOKIE}=' OR 1=1 --"),
        format!("sign-in={token}"),
        format!("__host-sign-in={token}"),
        format!("x{COOKIE}={token}"),
        token.to_owned(),
        format!("{own}; {own}"),
        format!("{own}; {other}"),
        format!("{COOKIE}=; {own}"),
    ] {
        assert!(!harness.is_there(&wrong).await, "{wrong}");
        harness.sign_ins.end(&headers(&[&wrong])).await.expect("nothing to end");
    }
    for wrong in [headers(&[]), headers(&[&own, &own]), headers(&[&own, "a=b"]), headers(&[&own, &other])] {
        assert!(harness.sign_ins.find(&wrong).await.expect("they are read").is_none());
    }
    assert!(harness.is_there(&own).await && harness.is_there(&other).await, "none of it has ended one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_cannot_sign_in() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    let token = own.split_once('=').expect("a value").1;
    let forms = harness.find(&own).await.expect("it is there").form_token;
    let content = harness.world.content().await;
    assert!(content.contains("Ada"), "this is the content");
    let rows = harness.world.stored().await;
    let hash = rows[0].token_hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for secret in [token, &*forms] {
        assert!(!content.contains(secret), "{secret}");
    }
    // The hash is not accepted in place of the token.
    for forged in [hash.as_str(), &base64(&rows[0].token_hash), &forms] {
        assert!(!harness.is_there(&format!("{COOKIE}={forged}")).await, "{forged}");
    }
    assert_ne!(base64(&rows[0].token_hash), token);
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1)).collect::<Vec<_>>();
    let digit = |six: &[u8]| {
        let value = (0..6).fold(0, |value, at| (value << 1) | usize::from(six.get(at).copied().unwrap_or(0)));
        char::from(DIGITS[value])
    };
    bits.chunks(6).map(digit).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sign_in_has_a_token_of_its_own() {
    let harness = Harness::start().await;
    let set = harness.sign_ins.begin(&caller("a"), "Ada").await.expect("it begins");
    let (first, second) = (cookie(&set), harness.begin(&caller("a")).await);
    assert_ne!(first, second);
    let (first, second) =
        (harness.find(&first).await.expect("it is there"), harness.find(&second).await.expect("it is there"));
    assert!(first.holds(&first.form_token) && !first.holds(&second.form_token) && !first.holds(""));
}
