//! The hash over a round's accepted set, sent at the lock: no bet is added, removed or changed
//! once the climb has begun.

use kernel::{BetId, Multiplier, PlayerId, Stake};
use sha2::{Digest as _, Sha256};

/// What the hash begins with.
const DOMAIN: &[u8] = b"waxwing accepted bets 1\n";

/// A bet as it stands in the accepted set. Ordered by player, then bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BetEntry {
    /// Whose.
    pub player: PlayerId,
    /// Which; its random bits keep the hidden target from being guessed out of the hash.
    pub bet: BetId,
    /// The amount risked.
    pub stake: Stake,
    /// The target asked for, hidden until the crash.
    pub auto_cash_out: Option<Multiplier>,
}

/// SHA-256 over the domain line and, sorted by player and bet, 32 bytes a bet: the player as a
/// big-endian u64, the bet's 16 bytes, the stake in steps of 0.01 as a big-endian u32, the target
/// in hundredths as a big-endian u32 (0: none). The order of `bets` does not matter.
#[must_use]
pub fn bets_hash(bets: &[BetEntry]) -> [u8; 32] {
    let mut sorted = bets.to_vec();
    sorted.sort_unstable();
    let mut hash = Sha256::new_with_prefix(DOMAIN);
    for BetEntry { player, bet, stake, auto_cash_out } in sorted {
        hash.update(player.get().to_be_bytes());
        hash.update(bet.as_bytes());
        hash.update(stake.steps().to_be_bytes());
        hash.update(auto_cash_out.map_or(0, Multiplier::centi).to_be_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
