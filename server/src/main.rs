//! `wattmap`: see `wattmap --help`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Gives back what a busy minute took; the platform's own keeps it, scattered over the arenas of its threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
