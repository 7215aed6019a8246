//! The command line: one subcommand a role or tool, and what each prints.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::{roles, verify};

/// Waxwing: a crash game that people can run, trust and grow.
#[derive(Debug, Parser)]
#[command(name = "waxwing", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every role in one process on embedded databases.
    Up(Flags),
    /// Print the configuration in force, secrets redacted.
    Config(Flags),
    /// Check a round, ours or another site's, without asking any server.
    Verify(Verify),
}

/// What overrides the file and the environment.
#[derive(Debug, Args)]
struct Flags {
    /// Read settings from this TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where players connect [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where operators look: /livez, /readyz, /metrics [default: 127.0.0.1:9464].
    #[arg(long, value_name = "ADDRESS")]
    ops: Option<SocketAddr>,
    /// Where databases and keys are kept [default: ./data].
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Verify {
    /// The formula, by its name in `fixtures/fairness_vectors.json`, or `waxwing` for ours.
    #[arg(long, value_name = "NAME", requires_all = ["hash"], conflicts_with = "round")]
    algorithm: Option<String>,
    /// The round's hash or seed, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", conflicts_with = "round")]
    hash: Option<String>,
    /// The public seed or salt, as it was shown.
    #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "round")]
    public_seed: String,
    /// The house edge our formula was played with, in basis points.
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with = "round")]
    house_edge_bps: u32,
    /// Check a round exported by `GET …/lobby/{id}/rounds/{n}`.
    #[arg(long, value_name = "FILE", required_unless_present = "algorithm")]
    round: Option<PathBuf>,
}

/// Does what the command line asks; failures are one line on standard error.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Up(flags) => flags.load().and_then(roles::up::run),
        Command::Config(flags) => flags.load().and_then(|config| print(config.redacted()?)),
        Command::Verify(verify) => verify.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if standard error is closed.
            let _ = writeln!(io::stderr(), "waxwing: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line for whoever started us; logs go to standard error.
///
/// # Errors
/// If standard output is closed.
pub fn print(line: impl Display) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("standard output")
}

impl Flags {
    fn load(&self) -> anyhow::Result<Config> {
        let mut overrides = Vec::new();
        let listen = self.listen.map(|address| address.to_string());
        let ops = self.ops.map(|address| address.to_string());
        let data = self.data.as_ref().map(|path| path.display().to_string());
        for (key, value) in [("gateway.listen", listen), ("ops", ops), ("data", data)] {
            overrides.extend(value.map(|value| (key.to_owned(), value)));
        }
        Config::load(self.config.as_deref(), &overrides)
    }
}

impl Verify {
    fn run(self) -> anyhow::Result<()> {
        if let Some(file) = self.round {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let checked = verify::round(&text)?;
            return checked.into_iter().try_for_each(print);
        }
        let (algorithm, hash) = (self.algorithm.unwrap_or_default(), self.hash.unwrap_or_default());
        print(verify::multiplier(&algorithm, &hash, &self.public_seed, self.house_edge_bps)?)
    }
}

#[cfg(test)]
mod tests;
