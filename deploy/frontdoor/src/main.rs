//! The binary. It parses, hands on, and turns what went wrong into an exit code.

use std::process::ExitCode;

// Events are many small allocations that one thread makes and another frees: it rebuilds a tenth faster with this.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    frontdoor::run(std::env::args_os())
}
