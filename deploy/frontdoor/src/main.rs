//! The binary. It parses the command line, runs it, and turns errors into an exit code.

use std::process::ExitCode;

// Events are many small allocations that one thread makes and another frees: a rebuild is a tenth faster with this.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    frontdoor::run(std::env::args_os())
}
