//! `waxwing`, the one binary: reads its command line, and leaves everything else to the library.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use waxwing::cli::{Cli, run};

/// Small pieces of memory cost a call less than they do with libc's (ADR 47).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    run(Cli::parse())
}
