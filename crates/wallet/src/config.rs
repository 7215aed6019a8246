//! How the wallet is run. Every field has a default; `waxwing config` shows them all.

use kernel::Amount;
use ledger::Bounds;
use platform::config::InvalidConfig;
use serde::{Deserialize, Serialize};

/// The section `wallet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The one currency of the book, 3 to 8 capital letters. Stored at the first start; a book
    /// in another one refuses to start.
    pub currency: String,
    /// Whether players move money between themselves and the cashier: right for play money only.
    pub self_service: bool,
    /// The most that a player's top-ups may bring on one day (UTC), in whole units.
    pub top_up_max_per_day: u32,
    /// The most that a top-up may leave to be staked, in whole units. Winnings may pass it.
    pub balance_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            currency: "PLAY".to_owned(),
            self_service: true,
            top_up_max_per_day: 10_000_000,
            balance_max: 100_000_000,
        }
    }
}

impl Config {
    /// Whether the wallet can be run like this.
    ///
    /// # Errors
    /// The first field that cannot be what it is.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let letters = self.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if !letters || !(3..=8).contains(&self.currency.len()) {
            return Err(InvalidConfig::new("currency", "must be 3 to 8 capital letters"));
        }
        if self.balance_max == 0 {
            return Err(InvalidConfig::new("balance_max", "must be at least 1"));
        }
        if self.top_up_max_per_day == 0 {
            return Err(InvalidConfig::new("top_up_max_per_day", "must be at least 1"));
        }
        Ok(())
    }

    /// The bounds that top-ups are decided by.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            per_day: Amount::from_whole(self.top_up_max_per_day),
            balance: Amount::from_whole(self.balance_max),
        }
    }
}
