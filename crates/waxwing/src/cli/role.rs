//! What the processes of a deployment of many are started and asked with.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::print;
use crate::config::Config;
use crate::keys::{self, Existing};
use crate::probe::{self, Question};

/// What overrides the file and the environment where only other processes call.
#[derive(Debug, Args)]
pub(super) struct Node {
    /// Read settings from this TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where other processes call [default: 127.0.0.1:9465].
    #[arg(long, value_name = "ADDRESS")]
    internal: Option<SocketAddr>,
    /// Where operators look: /livez, /readyz, /metrics, /discovery [default: 127.0.0.1:9464].
    #[arg(long, value_name = "ADDRESS")]
    ops: Option<SocketAddr>,
    /// Where keys are kept [default: ./data].
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

/// Whom to ask, and what.
#[derive(Debug, Args)]
pub(super) struct Probe {
    /// Read settings from this TOML file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The ops listener that is asked [default: 127.0.0.1:9464].
    #[arg(long, value_name = "ADDRESS")]
    ops: Option<SocketAddr>,
    /// Ask only whether it lives.
    #[arg(long)]
    live: bool,
}

/// Where to make keys.
#[derive(Debug, Args)]
pub(super) struct Make {
    /// The data directory; the keys come into `keys` in it.
    #[arg(value_name = "DIRECTORY")]
    data: PathBuf,
    /// Where all of them are there already, keep them and succeed.
    #[arg(long)]
    keep: bool,
}

impl Node {
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        let address = |address: SocketAddr| address.to_string();
        let settings = [
            ("internal.listen", self.internal.map(address)),
            ("ops", self.ops.map(address)),
            ("data", self.data.as_ref().map(|path| path.display().to_string())),
        ];
        let given = settings.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?)));
        Config::load_for_role(self.config.as_deref(), &given.collect::<Vec<_>>())
    }
}

impl Probe {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let ops = self.ops.map(|address| ("ops".to_owned(), address.to_string()));
        let config = Config::load_for_role(self.config.as_deref(), ops.as_slice())?;
        print(probe::run(&config, if self.live { Question::Alive } else { Question::Ready })?)
    }
}

impl Make {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let existing = if self.keep { Existing::Keep } else { Existing::Refuse };
        print(keys::make(&self.data, existing)?)
    }
}
