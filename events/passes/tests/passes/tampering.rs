//! A pass of which one bit is another is refused, wherever the bit is.

use crate::{
    common::{CHECKED, at, contents, key, nothing_revoked, trust},
    forge::{base45, packed, pass, unbase45, unpacked},
};
use passes::verify;

#[test]
fn a_flipped_bit_anywhere_in_the_text_is_refused() {
    let text = pass().text().to_owned();
    let trusted = trust(&[&key(1)]);
    for (at_byte, bit) in (0..text.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        let mut bytes = text.clone().into_bytes();
        bytes[at_byte] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(bytes) {
            assert!(
                verify(&changed, &trusted, &nothing_revoked(), at(CHECKED)).is_err(),
                "character {at_byte}, bit {bit}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_the_compressed_data_is_refused() {
    let deflated = unbase45(&pass().text()[4..]);
    let trusted = trust(&[&key(1)]);
    for (at_byte, bit) in (0..deflated.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        let mut bytes = deflated.clone();
        bytes[at_byte] ^= 1 << bit;
        let changed = format!("HC1:{}", base45(&bytes));
        assert!(verify(&changed, &trusted, &nothing_revoked(), at(CHECKED)).is_err(), "byte {at_byte}, bit {bit}");
    }
}

#[test]
fn a_flipped_bit_anywhere_in_the_signed_data_is_refused() {
    let signed = unpacked(&pass());
    let trusted = trust(&[&key(1)]);
    assert_eq!(verify(&packed(&signed), &trusted, &nothing_revoked(), at(CHECKED)), Ok(contents()));
    for (at_byte, bit) in (0..signed.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        let mut bytes = signed.clone();
        bytes[at_byte] ^= 1 << bit;
        assert!(
            verify(&packed(&bytes), &trusted, &nothing_revoked(), at(CHECKED)).is_err(),
            "byte {at_byte}, bit {bit}"
        );
    }
}
