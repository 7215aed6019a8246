//! TLS of a listener: a certificate chain and its key from files, read again when they change.
//!
//! What cannot be served changes nothing: the pair that was read last stays in force.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kernel::Sealed;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::InvalidConfig;
use crate::metrics::{Registry, TlsMetrics};

mod expiry;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A certificate and its key. Clones share them.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    certificate: PathBuf,
    key: PathBuf,
    serving: Mutex<Arc<ServerConfig>>,
    /// What was read at first: whoever watches later finds what changed meanwhile.
    opened: Files,
    metrics: TlsMetrics,
}

/// What was seen of the files, so that each change is judged once.
struct Seen {
    judged: Files,
    /// Read a moment ago, and not to be served: perhaps one of the two is still to come.
    doubted: Option<Files>,
}

/// What both files hold, in PEM.
struct Pair {
    chain: Vec<u8>,
    key: Sealed<Vec<u8>>,
}

/// What both files serve.
struct Served {
    config: Arc<ServerConfig>,
    /// When the server's own certificate ends, in seconds since 1970.
    expires_at_s: i64,
}

/// Tells one content of both files from another: a digest, or why there is none.
#[derive(Clone, PartialEq, Eq)]
struct Files(Result<[u8; 32], String>);

impl Tls {
    /// Reads the chain in `certificate` and the key in `key`, both PEM.
    ///
    /// # Errors
    /// Which of `certificate` and `key` cannot be served, and why.
    pub fn open(
        certificate: &Path,
        key: &Path,
        registry: &Registry,
    ) -> Result<Self, InvalidConfig> {
        let (opened, pair) = read(certificate, key);
        let Served { config, expires_at_s } = pair.and_then(serve)?;
        let metrics = TlsMetrics::register(registry);
        metrics.certificate_served(expires_at_s);
        Ok(Self(Arc::new(Inner {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            serving: Mutex::new(config),
            opened,
            metrics,
        })))
    }

    /// Looks at the files every two seconds, for ever. A pair that fits is served to whoever
    /// connects from then on; open connections stay.
    pub async fn watch(self) {
        let mut seen = Seen { judged: self.0.opened.clone(), doubted: None };
        loop {
            tokio::time::sleep(LOOK).await;
            let inner = Arc::clone(&self.0);
            // A file system that hangs must not hold a thread that serves.
            let read = move || read(&inner.certificate, &inner.key);
            if let Ok((files, pair)) = tokio::task::spawn_blocking(read).await {
                self.0.judge(&mut seen, files, pair);
            }
        }
    }

    /// TLS on `stream`, if the client gets that far within `limit`.
    pub(super) async fn shake_hands(
        &self,
        stream: TcpStream,
        limit: Duration,
    ) -> Option<TlsStream<TcpStream>> {
        let serving = Arc::clone(&self.0.serving.lock());
        let shaken = TlsAcceptor::from(serving).accept(stream);
        match tokio::time::timeout(limit, shaken).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => {
                self.0.metrics.handshake_failed("broken");
                tracing::debug!(%error, "a TLS handshake failed");
            }
            Err(_) => self.0.metrics.handshake_failed("late"),
        }
        None
    }

    /// A client was turned away: too many handshakes are under way.
    pub(super) fn crowded(&self) {
        self.0.metrics.handshake_failed("crowded");
    }
}

impl Inner {
    fn judge(&self, seen: &mut Seen, files: Files, pair: Result<Pair, InvalidConfig>) {
        if files == seen.judged {
            seen.doubted = None;
            return;
        }
        match pair.and_then(serve) {
            Ok(Served { config, expires_at_s }) => {
                *self.serving.lock() = config;
                self.metrics.certificate_served(expires_at_s);
                self.metrics.certificate_read("taken");
                tracing::info!("another certificate is served from now on");
            }
            Err(refused) if seen.doubted.as_ref() == Some(&files) => {
                self.metrics.certificate_read("refused");
                let (field, reason) = (refused.field, refused.reason);
                tracing::error!(%field, %reason, "the certificate served stays: the new is none");
            }
            Err(_) => {
                seen.doubted = Some(files);
                return;
            }
        }
        *seen = Seen { judged: files, doubted: None };
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { certificate, key, .. } = &*self.0;
        formatter.debug_struct("Tls").field("certificate", certificate).field("key", key).finish()
    }
}

/// Both files as they are now, unless one cannot be read.
fn read(certificate: &Path, key: &Path) -> (Files, Result<Pair, InvalidConfig>) {
    let pair = content(certificate, "certificate")
        .and_then(|chain| Ok(Pair { chain, key: Sealed::new(content(key, "key")?) }));
    let files = pair.as_ref().map(Pair::digest).map_err(ToString::to_string);
    (Files(files), pair)
}

impl Pair {
    fn digest(&self) -> [u8; 32] {
        let files = Sha256::new()
            .chain_update(Sha256::digest(&self.chain))
            .chain_update(Sha256::digest(self.key.expose()));
        files.finalize().into()
    }
}

fn content(path: &Path, field: &'static str) -> Result<Vec<u8>, InvalidConfig> {
    std::fs::read(path)
        .map_err(|error| InvalidConfig::new(field, format!("{}: {error}", path.display())))
}

/// What is served by them; it is not cheap, so only what changed is tried.
fn serve(Pair { chain, mut key }: Pair) -> Result<Served, InvalidConfig> {
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| InvalidConfig::new("certificate", format!("is not PEM: {error}")))?;
    let Some(own) = chain.first() else {
        return Err(InvalidConfig::new("certificate", "holds no certificate"));
    };
    let expires_at_s = expiry::not_after(own);
    let private = PrivateKeyDer::from_pem_slice(key.expose());
    key.wipe();
    // What is wrong with a key is not said: the reason could hold a piece of it.
    let private = private.map_err(|_| InvalidConfig::new("key", "holds no private key in PEM"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidConfig::new("certificate", error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(refused)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let endless = || InvalidConfig::new("certificate", "does not say when it ends");
    Ok(Served { config: Arc::new(config), expires_at_s: expires_at_s.ok_or_else(endless)? })
}

fn refused(error: rustls::Error) -> InvalidConfig {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            InvalidConfig::new("key", "does not fit the certificate")
        }
        rustls::Error::InvalidCertificate(error) => {
            InvalidConfig::new("certificate", format!("cannot be read: {error:?}"))
        }
        _ => InvalidConfig::new("key", "is of no kind that is served: give ECDSA, Ed25519 or RSA"),
    }
}

#[cfg(test)]
mod tests;
