//! Base45 (RFC 9285): two bytes are three characters of the alphanumeric mode of QR codes. The crate `base45` accepts a last pair
//! of characters beyond 255, which the RFC forbids: one pass would have several texts.

pub(crate) const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for pair in bytes.chunks(2) {
        let mut number = pair.iter().fold(0, |number, byte| number * 256 + usize::from(*byte));
        for _ in 0..=pair.len() {
            text.push(char::from(ALPHABET[number % 45]));
            number /= 45;
        }
    }
    text
}

/// The bytes of a text, or the index of the byte at which the text stops being Base45.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for (at, group) in text.as_bytes().chunks(3).enumerate() {
        let (mut number, mut weight) = (0, 1);
        for (within, character) in group.iter().enumerate() {
            let digit = ALPHABET.iter().position(|known| known == character).ok_or(at * 3 + within)?;
            number += digit * weight;
            weight *= 45;
        }
        let two = u16::try_from(number).map_err(|_| at * 3)?;
        match group.len() {
            3 => bytes.extend(two.to_be_bytes()),
            2 => bytes.push(u8::try_from(two).map_err(|_| at * 3)?),
            _ => return Err(at * 3),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_encoded_and_decoded() {
        for (bytes, text) in
            [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581"), ("ietf!", "QED8WEX0")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Ok(bytes.as_bytes()));
        }
    }

    #[test]
    fn a_text_that_no_bytes_have_is_refused_with_its_place() {
        // 65,535 is FGW and 255 is U5, the last ones of their lengths.
        assert_eq!((decode("FGW"), decode("U5")), (Ok(vec![255, 255]), Ok(vec![255])));
        for (text, at) in
            [("GGW", 0), ("BB8:::", 3), ("V5", 0), ("BB8V5", 3), ("BB8B", 3), ("BB8a", 3), ("B\u{e9}8", 1)]
        {
            assert_eq!(decode(text), Err(at), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_text_that_is_accepted_is_the_only_one_of_its_bytes(bytes: Vec<u8>, text in "[0-9A-Z $%*+./:-]{0,12}") {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
