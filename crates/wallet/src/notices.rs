//! Tells every gateway what a player has, after the commit that moved the player's money.
//!
//! A picture, nothing of value: one that got lost is repaired by the next, or by asking.

use std::fmt;
use std::sync::Arc;

use cluster::Bus;
use protocol::notice::{BalanceNotice, Notice};
use protocol::wire::{WireAmount, WirePlayerId};

use crate::store::Moved;

/// The way to the gateways. Clones share it.
#[derive(Clone)]
pub(crate) struct Notices {
    bus: Arc<dyn Bus>,
}

impl Notices {
    pub(crate) fn new(bus: Arc<dyn Bus>) -> Self {
        Self { bus }
    }

    /// Tells what each of these players has now.
    pub(crate) fn tell<'a>(&self, moved: impl IntoIterator<Item = &'a Moved>) {
        for Moved { player, balance, version } in moved {
            let notice = Notice::Balance(BalanceNotice {
                user_id: WirePlayerId(*player),
                balance: WireAmount(balance.available),
                held: WireAmount(balance.held),
                version: *version,
            });
            match serde_json::to_vec(&notice) {
                Ok(json) => self.bus.notify(json.into()),
                Err(error) => tracing::error!(%error, "a notice cannot be written"),
            }
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Notices")
    }
}
