//! What closed rounds still hold in escrow: shown, so that somebody looks.

use std::sync::{Arc, Weak};

use platform::clock::Clock;

use crate::metrics::Metrics;
use crate::store::Store;

/// How often the store is asked, in milliseconds.
const LOOK_MS: u64 = 10_000;

/// Shows it until the service is gone, whose store it is. What cannot be read is as it was.
pub(crate) async fn show(store: Weak<dyn Store>, clock: Arc<dyn Clock>, metrics: Metrics) {
    while let Some(store) = store.upgrade() {
        match store.escrow_kept().await {
            Ok(kept) => {
                metrics.escrow_kept_units.set(kept.units());
            }
            Err(error) => tracing::warn!(%error, "what closed rounds hold could not be read"),
        }
        drop(store);
        clock.sleep_until(clock.now() + LOOK_MS).await;
    }
}
