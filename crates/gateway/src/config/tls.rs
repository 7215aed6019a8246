//! Where the public door's certificate is.

use std::path::{Path, PathBuf};

use platform::config::InvalidConfig;
use serde::{Deserialize, Serialize};

/// The section `gateway.tls`. Both files or neither: without them the door speaks plain HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate and those between it and the root, PEM. Read again when it changes.
    pub certificate: Option<PathBuf>,
    /// The certificate's private key, PEM: PKCS #8, SEC 1 or PKCS #1. Read again when it changes.
    pub key: Option<PathBuf>,
}

impl TlsConfig {
    /// Both files, if TLS is spoken.
    #[must_use]
    pub fn files(&self) -> Option<(&Path, &Path)> {
        self.certificate.as_deref().zip(self.key.as_deref())
    }

    pub(super) fn validate(&self) -> Result<(), InvalidConfig> {
        match (&self.certificate, &self.key) {
            (Some(_), None) => Err(InvalidConfig::new("key", "must be set with the certificate")),
            (None, Some(_)) => Err(InvalidConfig::new("certificate", "must be set with the key")),
            _ => Ok(()),
        }
    }
}
