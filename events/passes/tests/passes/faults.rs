//! Every reason why a text is refused.

use coset::{CborSerializable, HeaderBuilder, TaggedCborSerializable, cbor::value::Value, iana};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use passes::{PassFault, issue};

use crate::{
    common::{at, contents, key},
    forge::{
        base45, claims, header, member, packed, pass, passed, signed_with, unpacked, with_certificate, with_claims,
        with_vaccination,
    },
};

#[test]
fn a_pass_of_another_issuer_is_refused() {
    let other = issue(&key(2), &contents()).expect("issued");
    assert_eq!(passed(other.text()), Err(PassFault::UnknownKey));
    // The other issuer gives the id of the trusted key.
    let key = SigningKey::from_slice(&[2; 32]).expect("a key");
    let mut message = signed_with(header(), &claims());
    message.signature = <SigningKey as Signer<Signature>>::sign(&key, &message.tbs_data(b"")).to_vec();
    assert_eq!(passed(&packed(&message.to_tagged_vec().expect("COSE"))), Err(PassFault::WrongSignature));
}

#[test]
fn a_pass_that_its_certificate_does_not_cover_is_refused() {
    let later =
        with_claims(|claims| *member(claims, &4.into()) = (at("2027-02-01T00:00:00Z").micros() / 1_000_000).into());
    assert_eq!(passed(&later), Err(PassFault::KeyNotValid));
    let earlier =
        with_claims(|claims| *member(claims, &6.into()) = (at("2025-12-31T23:59:59Z").micros() / 1_000_000).into());
    assert_eq!(passed(&earlier), Err(PassFault::KeyNotValid));
    let backwards =
        with_claims(|claims| *member(claims, &4.into()) = (at("2026-11-26T00:00:00Z").micros() / 1_000_000).into());
    assert_eq!(passed(&backwards), Err(PassFault::KeyNotValid));
}

#[test]
fn a_pass_of_another_country_than_its_certificate_is_refused() {
    assert_eq!(passed(&with_claims(|claims| *member(claims, &1.into()) = "FR".into())), Err(PassFault::OtherCountry));
    assert!(
        passed(&with_claims(|claims| drop(claims.as_map_mut().expect("a map").remove(0)))).is_ok(),
        "iss is optional"
    );
}

#[test]
fn a_certificate_of_a_test_or_recovery_is_refused() {
    let test = with_certificate(|dcc| dcc.as_map_mut().expect("a map").last_mut().expect("v").0 = "t".into());
    assert_eq!(passed(&test), Err(PassFault::NotVaccination));
}

#[test]
fn a_text_that_is_not_a_pass_is_refused_with_the_reason() {
    for (text, fault) in [
        (String::new(), PassFault::NotHc1),
        ("HC2:ABC".to_owned(), PassFault::NotHc1),
        (pass().text()[4..].to_owned(), PassFault::NotHc1),
        ("HC1:ABc".to_owned(), PassFault::Base45 { at: 7 }),
        ("HC1:".to_owned(), PassFault::Compression),
        (format!("HC1:{}", base45(b"not compressed")), PassFault::Compression),
        (packed(&[0; 20_000]), PassFault::TooLarge),
        (packed(b"not CBOR"), PassFault::NotSigned),
        (packed(&Value::from("CBOR").to_vec().expect("CBOR")), PassFault::NotSigned),
        (packed(&[0x9f; 300]), PassFault::NotSigned),
        (format!("HC1:{}", "A".repeat(4_293)), PassFault::TooLong { characters: 4_297, max: 4_296 }),
    ] {
        assert_eq!(passed(&text), Err(fault), "{text}");
    }
    let mut continued = unpacked(&pass());
    continued.push(0);
    assert_eq!(passed(&packed(&continued)), Err(PassFault::NotSigned));
}

#[test]
fn a_message_without_signature_key_or_es256_is_refused() {
    let message = |header: HeaderBuilder| packed(&signed_with(header, &claims()).to_tagged_vec().expect("COSE"));
    let kid = || key(1).certificate().key_id().as_bytes().to_vec();
    assert_eq!(passed(&message(HeaderBuilder::new().algorithm(iana::Algorithm::ES256))), Err(PassFault::NoKey));
    assert_eq!(passed(&message(HeaderBuilder::new().key_id(kid()))), Err(PassFault::Algorithm));
    let ps256 = HeaderBuilder::new().algorithm(iana::Algorithm::PS256).key_id(kid());
    assert_eq!(passed(&message(ps256)), Err(PassFault::Algorithm));
    assert_eq!(passed(&message(header().add_critical(iana::HeaderParameter::ContentType))), Err(PassFault::NotSigned));
    for length in [0, 63, 65] {
        let mut message = signed_with(header(), &claims());
        message.signature.resize(length, 0);
        assert_eq!(passed(&packed(&message.to_tagged_vec().expect("COSE"))), Err(PassFault::WrongSignature));
    }
    let mut detached = signed_with(header(), &claims());
    detached.payload = None;
    assert_eq!(passed(&packed(&detached.to_tagged_vec().expect("COSE"))), Err(PassFault::NotSigned));
    // Without its tag, and with the key's id in the other header, it is a pass of other issuers' form.
    let mut other_form = signed_with(HeaderBuilder::new().algorithm(iana::Algorithm::ES256), &claims());
    other_form.unprotected.key_id = kid();
    assert_eq!(passed(&packed(&other_form.clone().to_vec().expect("COSE"))), Ok(contents()));
    let tagged = |tag: u64, inner: &[u8]| {
        Value::Tag(tag, Box::new(Value::from_slice(inner).expect("CBOR"))).to_vec().expect("CBOR")
    };
    assert_eq!(passed(&packed(&tagged(61, &unpacked(&pass())))), Ok(contents()));
    for tag in [17, 61_000] {
        assert_eq!(passed(&packed(&tagged(tag, &unpacked(&pass())))), Err(PassFault::NotSigned));
    }
    assert_eq!(passed(&packed(&tagged(18, &tagged(61, &unpacked(&pass()))))), Err(PassFault::NotSigned));
}
#[test]
fn signed_data_of_another_form_is_refused_with_the_member() {
    for (key, value) in [
        ("tg", Value::from("")),
        ("vp", "A".repeat(81).into()),
        ("mp", 7.into()),
        ("ma", "A\nB".into()),
        ("dn", 0.into()),
        ("sd", 256.into()),
        ("dt", "2026-02-30".into()),
        ("co", "gb".into()),
        ("is", Value::Null),
        ("ci", "A B".into()),
    ] {
        assert_eq!(passed(&with_vaccination(key, value)), Err(PassFault::Claims(key)), "{key}");
    }
    for (key, value, member_name) in [
        (1, Value::from(7), "iss"),
        (4, Value::from("soon"), "exp"),
        (4, Value::from(i64::MAX), "exp"),
        (6, Value::from(-1), "iat"),
        (6, Value::from(1.5), "iat"),
        (-260, Value::from("hcert"), "hcert"),
    ] {
        let changed = with_claims(|claims| *member(claims, &key.into()) = value);
        assert_eq!(passed(&changed), Err(PassFault::Claims(member_name)), "{key}");
    }
    let twice = with_claims(|claims| claims.as_map_mut().expect("a map").push((4.into(), 0.into())));
    assert_eq!(passed(&twice), Err(PassFault::Claims("exp")));
    let two = with_certificate(|dcc| {
        let doses = member(dcc, &"v".into()).as_array_mut().expect("an array");
        doses.push(doses[0].clone());
    });
    assert_eq!(passed(&two), Err(PassFault::Claims("v")));
    let nameless =
        with_certificate(|dcc| *member(dcc, &"nam".into()) = Value::Map(vec![("fn".into(), "Müller".into())]));
    assert_eq!(passed(&nameless), Err(PassFault::Claims("nam")));
    let additional = with_certificate(|dcc| dcc.as_map_mut().expect("a map").push(("new".into(), Value::Null)));
    assert_eq!(passed(&additional), Ok(contents()));
}
