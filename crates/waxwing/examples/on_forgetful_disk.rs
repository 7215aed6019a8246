//! `waxwing` on a disk that forgets what was not synced, for tests of power loss. Its death is a
//! power cut. Its standard input breaks the disk: `tear SEED` cuts the power and leaves some of
//! what was not synced, `fill N` lets N writes find no room, `fail N` lets N syncs fail.
//!
//! With `DISK_FAULT_IGNORE_SYNCS` nothing is ever synced, and everything is lost.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use disk_fault::Fault;
use waxwing::cli::{Cli, run};

fn main() -> ExitCode {
    if let Err(error) = disk_fault::register() {
        say(&format!("the forgetful disk cannot be used: {error}"));
        return ExitCode::FAILURE;
    }
    say("THE DISK FORGETS AND BREAKS ON PURPOSE. Never with real players.");
    if std::env::var_os("DISK_FAULT_IGNORE_SYNCS").is_some() {
        disk_fault::ignore_syncs();
    }
    std::thread::spawn(|| io::stdin().lines().map_while(Result::ok).for_each(|line| obey(&line)));
    run(Cli::parse())
}

fn obey(line: &str) {
    let (what, number) = line.split_once(' ').unwrap_or((line, ""));
    match (what, number.parse::<u64>(), number.parse::<u32>()) {
        ("tear", Ok(seed), _) => disk_fault::power_off(Some(seed)),
        ("fill", _, Ok(count)) => disk_fault::fail_next(Fault::DiskFull, count),
        ("fail", _, Ok(count)) => disk_fault::fail_next(Fault::SyncFails, count),
        _ => say(&format!("no such order: {line}")),
    }
}

fn say(line: &str) {
    // Nothing is left to do if standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}
