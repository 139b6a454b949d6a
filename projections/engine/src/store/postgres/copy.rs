//! Rows in the form that PostgreSQL's COPY reads.

use crate::fold::Saved;

/// Rows in COPY's binary form: a signature, flags, and for each row the number of its columns, and each column as its
/// length and its bytes.
pub fn copied(rows: &[Saved]) -> Vec<u8> {
    let kept =
        || rows.iter().filter_map(|(key, row)| Some([key.partition.as_bytes(), key.sort.as_bytes(), row.as_ref()?]));
    let bytes: usize = kept().flatten().map(|column| column.len() + 6).sum();
    let mut copied = Vec::with_capacity(bytes + 32);
    copied.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    for columns in kept() {
        copied.extend_from_slice(&3_i16.to_be_bytes());
        for column in columns {
            // No row is close to 2 GiB.
            copied.extend_from_slice(&i32::try_from(column.len()).unwrap_or(i32::MAX).to_be_bytes());
            copied.extend_from_slice(column);
        }
    }
    copied.extend_from_slice(&(-1_i16).to_be_bytes());
    copied
}
