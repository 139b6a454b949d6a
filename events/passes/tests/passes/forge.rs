//! Passes that are taken apart and put together otherwise, with code that is written apart from the crate's.

use coset::{
    CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, cbor::value::Value, iana,
};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use passes::{Pass, PassContents, PassFault, issue, verify};

use crate::common::{CHECKED, at, contents, key, nothing_revoked, trust};

pub fn passed(text: &str) -> Result<PassContents, PassFault> {
    verify(text, &trust(&[&key(1)]), &nothing_revoked(), at(CHECKED))
}

pub fn pass() -> Pass {
    issue(&key(1), &contents()).expect("issued")
}

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Base45, written apart from the crate's.
pub fn base45(bytes: &[u8]) -> String {
    let digits = |mut number: u32, count: usize| {
        let mut digits = String::new();
        for _ in 0..count {
            digits.push(char::from(ALPHABET[usize::try_from(number % 45).expect("small")]));
            number /= 45;
        }
        digits
    };
    bytes.chunks(2).map(|pair| digits(pair.iter().fold(0, |n, b| n * 256 + u32::from(*b)), pair.len() + 1)).collect()
}

pub fn unbase45(text: &str) -> Vec<u8> {
    let value = |c: &u8| u32::try_from(ALPHABET.iter().position(|known| known == c).expect("Base45")).expect("small");
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(3) {
        let number = group.iter().rev().fold(0, |n, c| n * 45 + value(c));
        bytes.extend(&number.to_be_bytes()[5 - group.len()..]);
    }
    bytes
}

pub fn packed(signed: &[u8]) -> String {
    let mut deflated = Vec::with_capacity(signed.len() * 2 + 100);
    Compress::new(Compression::fast(), true)
        .compress_vec(signed, &mut deflated, FlushCompress::Finish)
        .expect("deflated");
    format!("HC1:{}", base45(&deflated))
}

pub fn unpacked(pass: &Pass) -> Vec<u8> {
    let mut signed = Vec::with_capacity(10_000);
    let deflated = unbase45(&pass.text()[4..]);
    Decompress::new(true).decompress_vec(&deflated, &mut signed, FlushDecompress::Finish).expect("inflated");
    signed
}

/// The claims of a pass as CBOR, for another pass that is made of them.
pub fn claims() -> Value {
    let message = CoseSign1::from_tagged_slice(&unpacked(&pass())).expect("COSE");
    Value::from_slice(&message.payload.expect("a payload")).expect("CBOR")
}

pub fn member<'a>(value: &'a mut Value, key: &Value) -> &'a mut Value {
    let members = value.as_map_mut().expect("a map");
    &mut members.iter_mut().find(|(known, _)| known == key).expect("a member").1
}

pub fn signed_with(header: HeaderBuilder, claims: &Value) -> CoseSign1 {
    let key = SigningKey::from_slice(&[1; 32]).expect("a key");
    let sign = |bytes: &[u8]| <SigningKey as Signer<Signature>>::sign(&key, bytes).to_vec();
    let payload = claims.clone().to_vec().expect("CBOR");
    CoseSign1Builder::new().protected(header.build()).payload(payload).create_signature(b"", sign).build()
}

pub fn header() -> HeaderBuilder {
    HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(key(1).certificate().key_id().as_bytes().to_vec())
}

/// A pass with changed claims, signed by the right key.
pub fn with_claims(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims();
    change(&mut claims);
    packed(&signed_with(header(), &claims).to_tagged_vec().expect("COSE"))
}

pub fn with_certificate(change: impl FnOnce(&mut Value)) -> String {
    with_claims(|claims| change(member(member(claims, &(-260).into()), &1.into())))
}

pub fn with_vaccination(key: &str, value: impl Into<Value>) -> String {
    let value = value.into();
    with_certificate(|certificate| {
        let one = &mut member(certificate, &"v".into()).as_array_mut().expect("an array")[0];
        *member(one, &key.into()) = value;
    })
}
