//! Standard output and standard error. A reader that has gone (`frontdoor check | head`) or a full disk behind the output
//! changes nothing about the work: the rest is not printed, and the exit code is the documented one.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Prints text and a line's end to standard output.
pub fn line(text: impl Display) {
    // `println!` would panic.
    drop(writeln!(io::stdout(), "{text}"));
}

/// Prints text to standard output.
pub fn text(text: impl Display) {
    drop(write!(io::stdout(), "{text}"));
    drop(io::stdout().flush());
}

/// Prints text and a line's end to standard error.
pub fn error_line(text: impl Display) {
    drop(writeln!(io::stderr(), "{text}"));
}
