//! Keys of an issuer, their files, and their rotation.

use crate::common::{at, contents, country, key, key_from, keys, nothing_revoked};
use passes::{
    IssuingKey, IssuingKeys, KeyId, PASS_VALID_DAYS, PassContents, PassFault, TrustList, UnreadableKey, expiry, issue,
    verify,
};

fn issued(instant: &str) -> PassContents {
    PassContents { issued_at: at(instant), expires_at: expiry(at(instant)), ..contents() }
}

fn pem(key: &IssuingKey) -> String {
    key.to_pem().expect("PEM").to_string()
}

/// A block of the text of a key: the certificate or the private key.
fn block(key: &IssuingKey, at: usize) -> String {
    let text = pem(key);
    let (certificate, secret) = text.split_at(text.find("-----BEGIN PRIVATE").expect("a private key"));
    [certificate, secret][at].to_owned()
}

#[test]
fn a_key_is_made_of_its_bytes_alone_and_survives_its_file() {
    let key = key(1);
    assert_eq!(pem(&key), pem(&crate::common::key(1)));
    let read = keys(&[&key]);
    assert_eq!(read.certificates(), [key.certificate().clone()]);
    assert_eq!(pem(read.for_pass(at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")).expect("a key")), pem(&key));
    let certificate = key.certificate();
    assert_eq!(certificate.country(), country("GB"));
    assert_eq!(certificate.key_id(), KeyId::of_certificate(certificate.der()));
    assert_eq!(certificate.valid_from(), at("2026-01-01T00:00:00Z"));
    assert_eq!(certificate.valid_until(), at("2027-01-01T00:00:00Z").plus_days(PASS_VALID_DAYS));
    assert!(!format!("{key:?}").contains("PRIVATE"));
}

#[test]
fn bytes_that_are_not_a_key_and_periods_without_length_are_refused() {
    let make = |secret: &[u8; 32], from: &str, until: &str| {
        IssuingKey::make(secret, [1; 16], country("GB"), at(from), at(until)).map(|_| ())
    };
    let (begin, end) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    assert_eq!(make(&[0; 32], begin, end), Err(UnreadableKey::NotDrawn));
    assert_eq!(make(&[0xff; 32], begin, end), Err(UnreadableKey::NotDrawn));
    assert_eq!(make(&[1; 32], "2026-03-03T00:00:00Z", "2026-02-01T00:00:00Z"), Err(UnreadableKey::NoPeriod));
    assert_eq!(make(&[1; 32], begin, end), Ok(()));
}

#[test]
fn the_newest_key_that_covers_a_pass_signs_it() {
    let old = key_from(1, "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z");
    let new = key_from(2, "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let all = keys(&[&old, &new]);
    let signer = |instant: &str| all.for_pass(at(instant), expiry(at(instant))).map(|key| key.certificate().key_id());
    assert_eq!(signer("2025-12-31T23:59:59Z"), None);
    assert_eq!(signer("2026-01-01T00:00:00Z"), Some(old.certificate().key_id()));
    assert_eq!(signer("2026-05-31T23:59:59Z"), Some(old.certificate().key_id()));
    assert_eq!(signer("2026-06-01T00:00:00Z"), Some(new.certificate().key_id()));
    assert_eq!(signer("2027-01-01T00:00:00Z"), Some(new.certificate().key_id()));
    assert_eq!(signer("2027-01-01T00:00:01Z"), None);
}

#[test]
fn a_key_is_trusted_before_it_signs_and_until_its_last_pass_has_expired() {
    let old = key_from(1, "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z");
    let new = key_from(2, "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let all = keys(&[&old, &new]);
    let trusted = |instant: &str| -> Vec<KeyId> {
        TrustList::of(&all, at(instant)).certificates().iter().map(|certificate| certificate.key_id()).collect()
    };
    let (old_id, new_id) = (old.certificate().key_id(), new.certificate().key_id());
    assert_eq!(trusted("2026-02-01T00:00:00Z"), [new_id, old_id]);
    assert_eq!(trusted("2026-07-31T00:00:00Z"), [new_id, old_id]);
    assert_eq!(trusted("2026-07-31T00:00:01Z"), [new_id]);
    // The last pass of the old key is valid until its last second.
    let last = issue(&old, &issued("2026-07-01T00:00:00Z")).expect("issued");
    let check = |now: &str| verify(last.text(), &TrustList::of(&all, at(now)), &nothing_revoked(), at(now)).map(|_| ());
    assert_eq!(check("2026-07-30T23:59:59Z"), Ok(()));
    assert_eq!(check("2026-07-31T00:00:00Z"), Err(PassFault::Expired));
}

#[test]
fn a_retired_key_needs_its_certificate_only_and_a_removed_one_invalidates_its_passes() {
    let (old, new) = (key(1), key_from(2, "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"));
    let pass = issue(&old, &issued("2026-05-20T00:00:00Z")).expect("issued");
    let now = at("2026-06-05T00:00:00Z");
    let check =
        |keys: &IssuingKeys| verify(pass.text(), &TrustList::of(keys, now), &nothing_revoked(), now).map(|_| ());
    let retired = IssuingKeys::parse(&(block(&old, 0) + &pem(&new))).expect("keys");
    assert_eq!(check(&retired), Ok(()));
    assert!(retired.for_pass(at("2026-05-20T00:00:00Z"), now).is_none());
    assert_eq!(check(&keys(&[&new])), Err(PassFault::UnknownKey));
}

#[test]
fn a_file_of_keys_with_a_fault_is_refused_as_a_whole() {
    let (one, two) = (key(1), key(2));
    let broken = block(&one, 0).replacen('M', "!", 1);
    for (text, fault) in [
        (String::new(), UnreadableKey::Empty),
        ("a key".to_owned(), UnreadableKey::NotPem),
        (pem(&one) + "and", UnreadableKey::NotPem),
        (broken, UnreadableKey::NotPem),
        (block(&one, 0).replace("CERTIFICATE", "PUBLIC KEY"), UnreadableKey::NotPem),
        (block(&one, 1).replace("PRIVATE KEY", "CERTIFICATE"), UnreadableKey::NotCertificate),
        (block(&one, 0).replace("CERTIFICATE", "PRIVATE KEY"), UnreadableKey::NotPrivateKey),
        (block(&one, 0) + &block(&two, 1), UnreadableKey::WithoutCertificate),
        (block(&one, 1), UnreadableKey::Empty),
        (pem(&one) + &pem(&one), UnreadableKey::Twice),
        (" ".repeat(256 * 1024 + 1), UnreadableKey::TooLong(256 * 1024)),
        (block(&one, 0).repeat(101), UnreadableKey::TooMany(100)),
    ] {
        assert_eq!(IssuingKeys::parse(&text).map(|_| ()), Err(fault), "{}", text.chars().take(60).collect::<String>());
    }
}
