//! A certificate authority for one test, made by `openssl`, and what it signs.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::StartError;

/// What an authority says of itself, and what it signs for this machine.
const EXTENSIONS: &str = "\
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
";

/// An authority nobody else knows, with a certificate for `localhost` and `127.0.0.1`.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Authority {
    /// Makes both.
    ///
    /// # Errors
    /// If `openssl` is missing or fails.
    pub fn new() -> Result<Self, StartError> {
        let authority = Self(tempfile::Builder::new().prefix("waxwing-tls-").tempdir()?);
        std::fs::write(authority.file("extensions"), EXTENSIONS)?;
        authority.request("authority", "/CN=a test's authority")?;
        let name = ["-signkey", "authority.key", "-extensions", "authority"];
        authority.sign("authority", &name)?;
        authority.issue()?;
        Ok(authority)
    }

    /// Makes another pair for this machine in place of the last. The chain is complete.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn issue(&self) -> Result<(), StartError> {
        self.request("server", "/CN=localhost")?;
        let by = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"];
        self.sign("server", &[&by[..], &["-extensions", "server"]].concat())?;
        let mut chain = std::fs::read(self.file("server.pem"))?;
        chain.extend(std::fs::read(self.root())?);
        std::fs::write(self.file("chain.pem"), chain)?;
        std::fs::rename(self.file("server.key"), self.key())?;
        std::fs::rename(self.file("chain.pem"), self.certificate())?;
        Ok(())
    }

    /// The chain to serve, PEM.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.file("served.pem")
    }

    /// Its key, PEM.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.file("served.key")
    }

    /// The certificate that clients are to believe, PEM.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.file("authority.pem")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A key, and the wish for a certificate.
    fn request(&self, name: &str, subject: &str) -> Result<(), StartError> {
        let (key, wish) = (format!("{name}.key"), format!("{name}.csr"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let rest = ["-subj", subject, "-keyout", &key, "-out", &wish];
        openssl(self.0.path(), &[&["req", "-new"], &curve[..], &rest].concat())
    }

    fn sign(&self, name: &str, by: &[&str]) -> Result<(), StartError> {
        let (wish, signed) = (format!("{name}.csr"), format!("{name}.pem"));
        let what = ["x509", "-req", "-days", "2", "-in", &wish, "-out", &signed];
        openssl(self.0.path(), &[&what[..], &["-extfile", "extensions"], by].concat())
    }
}

fn openssl(directory: &Path, arguments: &[&str]) -> Result<(), StartError> {
    let output = Command::new("openssl").current_dir(directory).args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(StartError::because(format!("openssl {}: {said}", arguments.join(" "))))
}
