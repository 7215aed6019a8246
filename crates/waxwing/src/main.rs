//! `waxwing`, the one binary: reads its command line, and leaves everything else to the library.

use std::process::ExitCode;

use clap::Parser as _;
use waxwing::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
