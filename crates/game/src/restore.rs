//! After an older copy was restored: what the copy takes for unused may have been shown.

use protocol::chains::{AbandonReason, Abandoned};

use crate::store::{Store, StoreError};

/// Gives up every seed chain of every lobby, in public; how many. The next start takes each such
/// lobby over, which then gets a new one. No process may have the data open.
///
/// # Errors
/// [`StoreError`]; nothing was changed then.
pub async fn abandon_all_chains(store: &dyn Store, unix_ms: i64) -> Result<usize, StoreError> {
    let reason = AbandonReason::Restored;
    store.abandon_all(Abandoned { reason, at: unix_ms, lost_rounds: None }).await
}
