//! Asks other people's servers over HTTP or HTTPS: bounded in time and size, redirects not
//! followed.

use std::time::Duration;

use ::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The text is not an address.
    #[error("{0} is not an address")]
    Address(String),
    /// Nobody answered, or not in HTTP.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The answer took too long.
    #[error("no answer within {0} ms")]
    Late(u64),
    /// The answer is not 200.
    #[error("the answer's status is {0}")]
    Status(StatusCode),
    /// The answer broke off or is longer than was asked for.
    #[error("the answer is cut off or over {0} bytes")]
    Body(usize),
}

/// A client for a few requests an hour. Certificates are checked against the system's roots.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    timeout_ms: u64,
}

impl Fetcher {
    /// A client whose every request, body included, takes at most `timeout_ms`. Where the system
    /// has no roots only plain HTTP works, and the log says so.
    ///
    /// # Panics
    /// Never: the provider speaks every version asked for.
    #[must_use]
    pub fn new(timeout_ms: u64) -> Self {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = rustls::RootCertStore::empty();
        let (added, _unreadable) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            tracing::warn!(
                "the system has no root certificates; nothing can be fetched over https"
            );
        }
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks every default version")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, timeout_ms }
    }

    /// The body behind `url`, at most `bytes_max` long.
    ///
    /// # Errors
    /// [`FetchError`]; nothing but a whole answer with status 200 is one.
    pub async fn get(&self, url: &str, bytes_max: usize) -> Result<Bytes, FetchError> {
        let uri: Uri = url.parse().map_err(|_| FetchError::Address(url.to_owned()))?;
        let request = Request::get(uri)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "waxwing")
            .body(Empty::new())
            .map_err(|_| FetchError::Address(url.to_owned()))?;
        let answer = tokio::time::timeout(
            Duration::from_millis(self.timeout_ms),
            self.answer(request, bytes_max),
        );
        answer.await.map_err(|_| FetchError::Late(self.timeout_ms))?
    }

    async fn answer(
        &self,
        request: Request<Empty<Bytes>>,
        bytes_max: usize,
    ) -> Result<Bytes, FetchError> {
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| FetchError::Unreachable(error.to_string()))?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), bytes_max).collect().await;
        Ok(body.map_err(|_| FetchError::Body(bytes_max))?.to_bytes())
    }
}
