//! The hash from which numbers and ids are computed that people read out and that must be the same at each computation.

/// The 64-bit FNV-1a hash of a name (http://www.isthe.com/chongo/tech/comp/fnv). The name cannot be read from it, but can be
/// found by trying all names, so it protects no secret.
///
/// Numbers and ids that were given out depend on it, so this computation must not change.
pub(crate) fn of(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    /// The published values of FNV-1a.
    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(super::of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(super::of("foobar"), 0x8594_4171_f739_67e8);
    }
}
