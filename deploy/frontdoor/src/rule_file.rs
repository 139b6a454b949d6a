//! Reads files of rules, and the exit codes of the commands about them.

use std::{fs::File, io::Read, path::Path};

use anyhow::Context;

pub const EXIT_WELL: u8 = 0;
pub const EXIT_WRONG: u8 = 1;
pub const EXIT_UNREADABLE: u8 = 2;
/// The longest file that is read, in bytes. The formats have smaller limits of their own, which say what they are.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// # Errors
/// The file cannot be read, or is not UTF-8; the message names it.
pub fn read(file: &Path) -> anyhow::Result<String> {
    let named = || file.display().to_string();
    let mut text = String::new();
    File::open(file).with_context(named)?.take(FILE_BYTES_MAX).read_to_string(&mut text).with_context(named)?;
    Ok(text)
}
