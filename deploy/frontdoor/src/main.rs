//! The binary. It parses, hands on, and turns what went wrong into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    frontdoor::run(std::env::args_os())
}
