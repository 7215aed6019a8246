//! Configuration: defaults in code < file < environment < flags. Errors name the field.

use std::borrow::Cow;
use std::path::Path;

use kernel::Sealed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod node;

use node::Node;

/// The environment's variables are ours from here on: `WAXWING_SECTION__KEY`.
const PREFIX: &str = "WAXWING_";

/// Why a configuration is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read or is not TOML.
    #[error("{file}: {reason}")]
    File {
        /// Its path.
        file: String,
        /// Why.
        reason: String,
    },
    /// A field is unknown or holds what it cannot.
    #[error("{field}: {reason}")]
    Field {
        /// Its name with its sections, e.g. `game.lobby.betting_ms`.
        field: String,
        /// Why.
        reason: String,
    },
}

/// A section's own verdict on one of its fields.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidConfig {
    /// The field's name, e.g. `lobby.betting_ms`.
    pub field: Cow<'static, str>,
    /// What it must be.
    pub reason: Cow<'static, str>,
}

/// A secret in the configuration: read like a string, shown as `<redacted>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted(Sealed<String>);

/// Puts the sources together, later ones over earlier ones.
///
/// `environment` is [`environment`] outside tests; variables without our prefix are skipped.
/// `overrides` are dotted names with their text, as flags give them.
///
/// # Errors
/// [`ConfigError`], naming the field.
pub fn load<T: DeserializeOwned>(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &[(String, String)],
) -> Result<T, ConfigError> {
    let mut root = match file {
        Some(path) => read(path)?,
        None => Node::empty(),
    };
    for (name, text) in environment {
        if let Some(field) = name.strip_prefix(PREFIX) {
            root.set(&field.to_ascii_lowercase().replace("__", "."), text)?;
        }
    }
    for (field, text) in overrides {
        root.set(field, text.clone())?;
    }
    root.read()
}

/// The process' environment; variables that are not text are skipped, and those that arm a
/// failpoint or plant a bug, which are no settings.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    let for_tests = |name: &str| crate::failpoint::is_ours(name) || crate::planted::is_ours(name);
    everything().filter(|(name, _)| !for_tests(name)).collect()
}

/// The whole environment.
pub(crate) fn everything() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}

fn read(path: &Path) -> Result<Node, ConfigError> {
    let refused = |reason: &dyn ToString| ConfigError::File {
        file: path.display().to_string(),
        reason: reason.to_string().trim_end().to_owned(),
    };
    let text = std::fs::read_to_string(path).map_err(|error| refused(&error))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| refused(&error))?;
    Ok(Node::from(toml::Value::Table(table)))
}

impl InvalidConfig {
    /// `field` is not what it must be.
    pub fn new(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The same, seen from outside the section.
    #[must_use]
    pub fn within(self, section: &str) -> Self {
        Self { field: format!("{section}.{}", self.field).into(), ..self }
    }
}

impl From<InvalidConfig> for ConfigError {
    fn from(invalid: InvalidConfig) -> Self {
        let InvalidConfig { field, reason } = invalid;
        Self::Field { field: field.into_owned(), reason: reason.into_owned() }
    }
}

impl Redacted {
    /// Hides `secret`.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Sealed::new(secret.into()))
    }

    /// The secret. Never log or send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl<'de> Deserialize<'de> for Redacted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for Redacted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("<redacted>")
    }
}

#[cfg(test)]
mod tests;
