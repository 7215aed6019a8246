//! Where anchored public seeds come from: drand's quicknet, asked over HTTP at several addresses.
//!
//! Nobody who answers is believed: what counts is the signature under the network's own key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use fairness::drand::{self, BeaconSignature};
use fairness::hex;
use platform::fetch::{FetchError, Fetcher};
use platform::tasks::Spawner;
use serde::Deserialize;

/// The longest answer that is read, in bytes; quicknet's has about 300.
const ANSWER_MAX: usize = 4_096;

/// What a round of the beacon gave, proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BeaconOutput {
    /// The public seed, 64 hexadecimal digits.
    pub(crate) text: String,
    pub(crate) signature: BeaconSignature,
}

/// Why there is no output; asking again may help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeaconError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the answer is not a beacon's")]
    Unreadable,
    #[error("the answer is of round {0}")]
    OtherRound(u64),
    #[error(transparent)]
    Signature(#[from] drand::BeaconError),
    #[error("no address is configured")]
    Nowhere,
}

/// A public beacon.
#[async_trait]
pub(crate) trait Beacon: Send + Sync + 'static {
    /// The output of `round`, which is due.
    ///
    /// # Errors
    /// [`BeaconError`] if nobody gave a signature that is the beacon's.
    async fn output(&self, round: u64) -> Result<BeaconOutput, BeaconError>;
}

/// drand's HTTP API. Another address is tried first each time.
pub(crate) struct DrandClient {
    urls: Vec<String>,
    fetcher: Fetcher,
    spawner: Arc<dyn Spawner>,
    turn: AtomicUsize,
}

/// What we read of an answer.
#[derive(Deserialize)]
struct Answer {
    round: u64,
    signature: String,
}

impl DrandClient {
    pub(crate) fn new(urls: Vec<String>, timeout_ms: u64, spawner: Arc<dyn Spawner>) -> Self {
        Self { urls, fetcher: Fetcher::new(timeout_ms), spawner, turn: AtomicUsize::new(0) }
    }

    async fn ask(&self, base: &str, round: u64) -> Result<BeaconOutput, BeaconError> {
        let base = base.trim_end_matches('/');
        let url = format!("{base}/{}/public/{round}", drand::CHAIN_HASH);
        let body = self.fetcher.get(&url, ANSWER_MAX).await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| BeaconError::Unreadable)?;
        if answer.round != round {
            return Err(BeaconError::OtherRound(answer.round));
        }
        let signature = hex::decode(&answer.signature).map_err(|_| BeaconError::Unreadable)?;
        // A pairing takes some milliseconds.
        let checked = self.spawner.block(move || drand::public_seed(round, &signature));
        let text = checked.await.map_err(|_| BeaconError::Unreadable)??;
        Ok(BeaconOutput { text, signature })
    }
}

#[async_trait]
impl Beacon for DrandClient {
    async fn output(&self, round: u64) -> Result<BeaconOutput, BeaconError> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut refused = BeaconError::Nowhere;
        for place in 0..self.urls.len() {
            let url = &self.urls[(first.wrapping_add(place)) % self.urls.len()];
            match self.ask(url, round).await {
                Ok(output) => return Ok(output),
                Err(error) => {
                    tracing::debug!(%error, beacon.url = %url, "a beacon's address did not answer");
                    refused = error;
                }
            }
        }
        Err(refused)
    }
}

#[cfg(test)]
mod tests;
