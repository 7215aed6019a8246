//! `waxwing`, the one binary: reads its command line, and leaves everything else to the library.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use waxwing::cli::{Cli, run};

/// Half the time of libc's for what a call to a gateway asks of it: see docs/performance.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    run(Cli::parse())
}
