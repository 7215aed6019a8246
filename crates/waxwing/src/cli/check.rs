//! `waxwing check`: what it prints, and what its exit status says.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{print, tell_failure};
use crate::check::{Place, Report, Verdict, check};
use crate::config::Config;

/// Every invariant holds.
const SOUND: u8 = 0;
/// At least one is broken.
const BROKEN: u8 = 1;
/// Nothing can be said.
const CANNOT_LOOK: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Where the databases are; by default where the configuration says.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Read settings from this TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How long a call to the wallet may wait for its answer, in seconds.
    #[arg(long, value_name = "N", default_value_t = 600)]
    overdue_s: u32,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Looks and prints: 0 if every invariant holds, 1 if one does not, 2 if it cannot look.
    pub(super) fn run(self) -> ExitCode {
        match self.look() {
            Ok(report) => ExitCode::from(if report.sound { SOUND } else { BROKEN }),
            Err(error) => {
                tell_failure(&error.context("cannot look"));
                ExitCode::from(CANNOT_LOOK)
            }
        }
    }

    fn look(self) -> anyhow::Result<Report> {
        let place = if let Some(data) = self.data {
            Place::Files(data)
        } else {
            let config = Config::load(self.config.as_deref(), &[])?;
            config.postgres.urls().map_or(Place::Files(config.data), Place::Shared)
        };
        let overdue_ms = i64::from(self.overdue_s) * 1_000;
        let mut shown = Ok(());
        let report = check(&place, overdue_ms, |verdict| {
            if !self.json && shown.is_ok() {
                shown = show(verdict);
            }
        })?;
        shown?;
        if self.json {
            print(serde_json::to_string(&report)?)?;
        } else {
            print(conclusion(&report))?;
        }
        Ok(report)
    }
}

/// A line for the invariant, and one for each example that breaks it.
fn show(verdict: &Verdict) -> anyhow::Result<()> {
    if !verdict.is_broken() {
        return print(format_args!("ok      {}", verdict.invariant));
    }
    print(format_args!("BROKEN  {}: {}", verdict.invariant, verdict.says))?;
    for example in &verdict.examples {
        print(format_args!("        {}: {}", example.place, example.what))?;
    }
    let more = verdict.violations - verdict.examples.len() as u64;
    if more > 0 { print(format_args!("        and {more} more")) } else { Ok(()) }
}

fn conclusion(report: &Report) -> String {
    let files = if report.live { "a running server's databases" } else { "databases at rest" };
    let broken = report.verdicts.iter().filter(|verdict| verdict.is_broken()).count();
    let all = report.verdicts.len();
    if report.sound {
        format!("sound: {all} invariants hold in {files}")
    } else {
        format!("unsound: {broken} of {all} invariants are broken in {files}")
    }
}
