//! The command line: one subcommand a role or tool, and what each prints.

mod verify;

mod check;
mod role;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use self::verify::Verify;
use crate::config::Config;
use crate::migrate::Restored;
use crate::{credit, keys, migrate, roles, settle};

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
    /// Run players and money, one process of many.
    User(role::Node),
    /// Run lobbies and rounds, one process of many.
    Game(role::Node),
    /// Run the public door, one process of many.
    Gateway(Flags),
    /// Ask a running process on this machine whether it is ready; the exit status says it.
    Probe(role::Probe),
    /// Print the configuration in force, secrets redacted.
    Config(Flags),
    /// Check that what is stored keeps every invariant, also beside a running server.
    ///
    /// The exit status is 0 if it does, 1 if something is broken, 2 if nothing can be said.
    Check(check::Check),
    /// Bring resting databases to this program's schema; after a restore, give up their seeds.
    Migrate(Migrate),
    /// Pay from the cashier what houses could not pay, in a book at rest.
    Settle(Settle),
    /// Give a player money of the cashier, also beside a running server; once under each key.
    Credit(Credit),
    /// Make or replace keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Check a round, ours or another site's, or all of a lobby's, without believing any server.
    Verify(Box<Verify>),
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

/// Where a tool that listens nowhere finds what it works on.
#[derive(Debug, Args)]
struct Place {
    /// Read settings from this TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where databases and keys are kept [default: ./data].
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Migrate {
    #[command(flatten)]
    place: Place,
    /// Say that a database is an older copy: every seed chain is given up, in public.
    #[arg(long)]
    after_restore: bool,
}

#[derive(Debug, Args)]
struct Settle {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct Credit {
    /// The player's number, the `user_id` of the calls.
    #[arg(long, value_name = "ID")]
    player: String,
    /// How much, in whole units with up to four decimals; negative takes it back.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    amount: String,
    /// Your name for this credit of the player: the same again moves nothing.
    #[arg(long, value_name = "TEXT")]
    key: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Make every key of a deployment of many processes; none is ever overwritten.
    Make(role::Make),
    /// Sign players' tokens with a new key; a running server takes it within seconds.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
struct Rotate {
    /// Where databases and keys are kept [default: ./data].
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Refuse at once what older keys signed, as when one got into other hands. Clients refresh.
    #[arg(long)]
    forget: bool,
}

/// Does what the command line asks; failures are one line on standard error.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Up(flags) => flags.load().and_then(roles::up::run),
        Command::User(node) => node.load().and_then(roles::user::run),
        Command::Game(node) => node.load().and_then(roles::game::run),
        Command::Gateway(flags) => flags.load_for_role().and_then(roles::gateway::run),
        Command::Probe(probe) => probe.run(),
        Command::Check(check) => return check.run(),
        Command::Config(flags) => {
            flags.load_for_role().and_then(|config| print(config.redacted()?))
        }
        Command::Migrate(migrate) => migrate.run(),
        Command::Settle(settle) => settle.run(),
        Command::Credit(credit) => credit.run(),
        Command::Keys(Keys::Make(make)) => make.run(),
        Command::Keys(Keys::Rotate(rotate)) => rotate.run(),
        Command::Verify(verify) => verify.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell_failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn tell_failure(error: &anyhow::Error) {
    // Nothing is left to do if standard error is closed.
    let _ = writeln!(io::stderr(), "waxwing: {error:#}");
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
        Config::load(self.config.as_deref(), &self.overrides())
    }

    fn load_for_role(&self) -> anyhow::Result<Config> {
        Config::load_for_role(self.config.as_deref(), &self.overrides())
    }

    fn overrides(&self) -> Vec<(String, String)> {
        let mut overrides = Vec::new();
        let listen = self.listen.map(|address| address.to_string());
        let ops = self.ops.map(|address| address.to_string());
        let data = self.data.as_ref().map(|path| path.display().to_string());
        for (key, value) in [("gateway.listen", listen), ("ops", ops), ("data", data)] {
            overrides.extend(value.map(|value| (key.to_owned(), value)));
        }
        overrides
    }
}

impl Place {
    fn load(&self) -> anyhow::Result<Config> {
        let (config, data) = (self.config.clone(), self.data.clone());
        Flags { config, listen: None, ops: None, data }.load()
    }
}

impl Rotate {
    fn run(self) -> anyhow::Result<()> {
        let place = Place { config: None, data: self.data };
        print(keys::rotate(&place.load()?.data, self.forget)?)
    }
}

impl Settle {
    fn run(self) -> anyhow::Result<()> {
        settle::run(&self.place.load()?)?.into_iter().try_for_each(print)
    }
}

impl Credit {
    fn run(self) -> anyhow::Result<()> {
        print(credit::run(&self.place.load()?, &self.player, &self.amount, &self.key)?)
    }
}

impl Migrate {
    fn run(self) -> anyhow::Result<()> {
        let restored = if self.after_restore { Restored::Yes } else { Restored::No };
        migrate::run(&self.place.load()?, restored)?.into_iter().try_for_each(print)
    }
}

#[cfg(test)]
mod tests;
