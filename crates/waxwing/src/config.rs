//! The whole configuration: one section a role, put together from file, environment and flags.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::config::{ConfigError, InvalidConfig};
use serde::{Deserialize, Serialize};

/// Everything that can be set. `waxwing config` prints it as it is in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where operators look: `/livez`, `/readyz`, `/metrics`. Port 0 takes any free one.
    pub ops: SocketAddr,
    /// Where databases and keys are kept.
    pub data: PathBuf,
    /// Databases shared with other processes, in place of files.
    pub postgres: crate::postgres::Config,
    /// How the processes of one deployment reach each other.
    pub internal: crate::internal::Config,
    /// What is logged, and how; what is traced.
    pub telemetry: platform::telemetry::Config,
    /// The public door.
    pub gateway: gateway::Config,
    /// Sign-up and sign-in.
    pub identity: identity::Config,
    /// Money.
    pub wallet: wallet::Config,
    /// Lobbies and rounds.
    pub game: game::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ops: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)),
            data: PathBuf::from("./data"),
            postgres: crate::postgres::Config::default(),
            internal: crate::internal::Config::default(),
            telemetry: platform::telemetry::Config::default(),
            gateway: gateway::Config::default(),
            identity: identity::Config::default(),
            wallet: wallet::Config::default(),
            game: game::Config::default(),
        }
    }
}

impl Config {
    /// Defaults < `file` < environment < `overrides` (dotted names and their text), checked.
    ///
    /// # Errors
    /// The first field that is unknown or cannot be what it is, by its name.
    pub fn load(file: Option<&Path>, overrides: &[(String, String)]) -> anyhow::Result<Self> {
        let config = Self::load_for_role(file, overrides)?;
        config.postgres.validate_pair().map_err(|invalid| invalid.within("postgres"))?;
        Ok(config)
    }

    /// The same for one role's process, which needs no address of the other role's database.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn load_for_role(
        file: Option<&Path>,
        overrides: &[(String, String)],
    ) -> anyhow::Result<Self> {
        let environment = platform::config::environment();
        let mut config: Self = platform::config::load(file, environment, overrides)?;
        config.validate()?;
        config.identity.fill_in(config.wallet.self_service);
        Ok(config)
    }

    /// The configuration as a TOML file would say it, secrets redacted.
    ///
    /// # Errors
    /// If it cannot be written as TOML.
    pub fn redacted(&self) -> anyhow::Result<String> {
        toml::to_string(self).context("the configuration cannot be shown")
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let section = |name: &'static str| move |invalid: InvalidConfig| invalid.within(name);
        self.postgres.validate().map_err(section("postgres"))?;
        self.internal.validate().map_err(section("internal"))?;
        self.telemetry.validate().map_err(section("telemetry"))?;
        self.gateway.validate().map_err(section("gateway"))?;
        self.identity.validate().map_err(section("identity"))?;
        self.wallet.validate().map_err(section("wallet"))?;
        self.game.validate().map_err(section("game"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
