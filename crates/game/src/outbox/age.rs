//! For how long rounds that ended have waited for the wallet, by what the store says: a restart
//! does not begin to count anew.

use super::Sender;

/// How often the store is asked, in milliseconds.
const LOOK_MS: u64 = 5_000;

impl Sender {
    /// Shows it until the process ends.
    pub(crate) async fn show_age(self) {
        loop {
            self.note_age().await;
            self.clock.sleep_until(self.clock.now() + LOOK_MS).await;
        }
    }

    /// What cannot be read is as it was: other nodes may have settled it since.
    pub(super) async fn note_age(&self) {
        let oldest = match self.store.oldest_unsettled().await {
            Ok(oldest) => oldest,
            Err(error) => {
                tracing::warn!(%error, "rounds that wait for the wallet were not read");
                return;
            }
        };
        // Stamped by another machine's clock it may lie ahead.
        let age_ms = oldest.map_or(0, |ended_at| self.clock.unix_ms().saturating_sub(ended_at));
        self.metrics.settlement_age_seconds.set(age_ms.max(0) / 1_000);
    }
}
