//! The compression of a pass: zlib (RFC 1950), one stream without anything after it.
//!
//! Passes are written in the stored form of Deflate (RFC 1951, 3.2.4). Signatures, identifiers and short names are hardly compressed:
//! the other forms save at most 2 % of a pass. They would make one signed pass have many texts, some of which differ in one bit, and
//! its text could change with the version of the library.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::fault::PassFault;

/// The most bytes that a pass can inflate to. The largest that fit in a QR code are below 3 KiB.
pub const INFLATED_BYTES_MAX: usize = 16 * 1024;
/// Header, one stored block's header, and checksum.
const STORED_BYTES: usize = 2 + 5 + 4;

/// `None` for more than `INFLATED_BYTES_MAX`, which could not be inflated again.
pub(crate) fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > INFLATED_BYTES_MAX {
        return None;
    }
    let mut deflated = Vec::with_capacity(bytes.len() + STORED_BYTES);
    let mut stream = Compress::new(Compression::none(), true);
    match stream.compress_vec(bytes, &mut deflated, FlushCompress::Finish) {
        Ok(Status::StreamEnd) => Some(deflated),
        Ok(Status::Ok | Status::BufError) | Err(_) => None,
    }
}

pub(crate) fn inflate(deflated: &[u8]) -> Result<Vec<u8>, PassFault> {
    let mut inflated = vec![0; INFLATED_BYTES_MAX + 1];
    let mut stream = Decompress::new(true);
    let status = stream.decompress(deflated, &mut inflated, FlushDecompress::Finish);
    let written = usize::try_from(stream.total_out()).unwrap_or(usize::MAX);
    if written > INFLATED_BYTES_MAX {
        return Err(PassFault::TooLarge);
    }
    let read = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
    match status {
        Ok(Status::StreamEnd) if read == deflated.len() && !has_filled_padding(deflated) => {
            inflated.truncate(written);
            Ok(inflated)
        }
        Ok(Status::StreamEnd | Status::Ok | Status::BufError) | Err(_) => Err(PassFault::Compression),
    }
}

/// The first block is a stored one, of which the five bits after its type are unused. No checksum covers them, and they are always
/// written as 0.
fn has_filled_padding(deflated: &[u8]) -> bool {
    deflated.get(2).is_some_and(|block| block & 0b110 == 0 && block >> 3 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deflated_is_inflated_up_to_the_limit() {
        for size in [0, 1, 300, INFLATED_BYTES_MAX] {
            let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at * at % 251).expect("a byte")).collect();
            assert_eq!(inflate(&deflate(&bytes).expect("not too large")), Ok(bytes));
        }
        assert_eq!(deflate(&vec![0; INFLATED_BYTES_MAX + 1]), None);
    }

    #[test]
    fn a_small_stream_that_inflates_to_much_is_refused() {
        let mut bomb = Vec::with_capacity(1 << 16);
        let mut stream = Compress::new(Compression::best(), true);
        let zeros = vec![0; 10 << 20];
        let status = stream.compress_vec(&zeros, &mut bomb, FlushCompress::Finish).expect("compressed");
        assert_eq!(status, Status::StreamEnd);
        assert!(bomb.len() < 20_000, "{}", bomb.len());
        assert_eq!(inflate(&bomb), Err(PassFault::TooLarge));
    }

    #[test]
    fn a_stream_that_is_cut_or_continued_is_refused() {
        let whole = deflate(b"HC1 is the prefix of a pass, and a pass is a text").expect("not too large");
        for length in 0..whole.len() {
            assert_eq!(inflate(&whole[..length]), Err(PassFault::Compression), "{length}");
        }
        assert_eq!(inflate(&[whole.as_slice(), &[0]].concat()), Err(PassFault::Compression));
    }

    #[test]
    fn a_pass_is_one_stored_block_of_which_every_bit_counts() {
        let bytes = b"HC1 is the prefix of a pass, and a pass is a text";
        let deflated = deflate(bytes).expect("not too large");
        let length = u16::try_from(bytes.len()).expect("short");
        assert_eq!(deflated.len(), bytes.len() + STORED_BYTES);
        assert_eq!(deflated[2..7], [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat());
        for (at, bit) in (0..deflated.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = deflated.clone();
            flipped[at] ^= 1 << bit;
            assert_eq!(inflate(&flipped), Err(PassFault::Compression), "byte {at}, bit {bit}");
        }
    }

    #[test]
    fn what_others_compressed_is_inflated() {
        let bytes = b"URN:UVCI:01:GB: URN:UVCI:01:GB: URN:UVCI:01:GB:";
        for level in 0..=9 {
            let mut deflated = Vec::with_capacity(200);
            let mut stream = Compress::new(Compression::new(level), true);
            stream.compress_vec(bytes, &mut deflated, FlushCompress::Finish).expect("compressed");
            assert_eq!(inflate(&deflated).as_deref(), Ok(&bytes[..]), "level {level}");
        }
    }
}
