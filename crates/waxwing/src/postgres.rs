//! Where the shared databases are, if the embedded ones are not used.

use platform::config::{InvalidConfig, Redacted};
use serde::{Deserialize, Serialize};

/// One database a role. Both are empty, then the roles keep files in the data directory, or both
/// are addresses (`postgresql://user:password@host:port/database`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Players and money.
    pub user: Option<Redacted>,
    /// Lobbies, rounds and seeds.
    pub game: Option<Redacted>,
    /// Connections that a process opens to each of them at most.
    pub sessions: usize,
}

/// The addresses of both databases.
#[derive(Clone, Debug)]
pub struct Urls {
    /// Players and money.
    pub user: kernel::Sealed<String>,
    /// Lobbies, rounds and seeds.
    pub game: kernel::Sealed<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { user: None, game: None, sessions: 16 }
    }
}

impl Config {
    /// The addresses; none where the embedded databases are used.
    #[must_use]
    pub fn urls(&self) -> Option<Urls> {
        let (user, game) = (self.user.as_ref()?, self.game.as_ref()?);
        let [user, game] = [user, game].map(|url| kernel::Sealed::new(url.expose().to_owned()));
        Some(Urls { user, game })
    }

    /// # Errors
    /// The first field that cannot be what it is.
    pub(crate) fn validate(&self) -> Result<(), InvalidConfig> {
        for (name, url) in [("user", &self.user), ("game", &self.game)] {
            let is_url = |url: &Redacted| {
                ["postgresql://", "postgres://"].iter().any(|it| url.expose().starts_with(it))
            };
            if url.as_ref().is_some_and(|url| !is_url(url)) {
                return Err(InvalidConfig::new(name, "must begin with postgresql://"));
            }
        }
        if !(2..=1_000).contains(&self.sessions) {
            return Err(InvalidConfig::new("sessions", "must be 2 to 1000"));
        }
        Ok(())
    }

    /// Whoever plays or judges every role needs both databases, or neither.
    ///
    /// # Errors
    /// The one that is missing.
    pub(crate) fn validate_pair(&self) -> Result<(), InvalidConfig> {
        let missing = match (&self.user, &self.game) {
            (None, Some(_)) => "user",
            (Some(_), None) => "game",
            _ => return Ok(()),
        };
        Err(InvalidConfig::new(missing, "must be set where the other database is"))
    }
}
