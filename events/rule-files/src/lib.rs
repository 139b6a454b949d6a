//! The common parts of the files in which experts write rules, pathways and programmes: the content hash of a file, and tables of
//! cases. Pure: no I/O, no clock, no randomness.

pub mod content_hash;
pub mod csv;

pub use content_hash::ContentHash;
pub use csv::{CsvRecord, UnreadableCases};
