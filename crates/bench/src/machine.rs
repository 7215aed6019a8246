//! What the figures were taken on: processor, compiler, commit, and what else it did.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

/// Four lines; what cannot be found out is said to be unknown.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = processor();
    let rustc = first_line("rustc", &["--version"]);
    let commit = first_line("git", &["describe", "--always", "--dirty", "--abbrev=12"]);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!(
        "machine  {processor}, {cores} cores, load {load} before\n\
         rustc    {rustc}\ncommit   {commit}\n"
    )
}

fn processor() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = known.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map(|(_, model)| model);
    model.unwrap_or("unknown processor").to_owned()
}

/// The first line that a program prints.
pub(crate) fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
