//! An operator gives a player money of the cashier, or takes it back, once under each of
//! the player's keys.

use kernel::{Amount, PlayerId};
use ledger::{Answer, Bounds, Command, Funds, FundsChange, FundsRefusal, FundsTaken, RequestId};
use platform::http::idempotency::IdempotencyKey;
use sha2::{Digest as _, Sha256};

use crate::store::{Store, StoreError};

/// What an operator gives.
#[derive(Clone, Debug)]
pub struct Credit {
    /// To whom.
    pub player: PlayerId,
    /// How much; negative takes it back, at most what can be staked.
    pub amount: Amount,
    /// The operator's name for it among this player's: the same again moves nothing, for ever.
    pub key: IdempotencyKey,
}

/// What became of a [`Credit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credited {
    /// What moved, and what could be staked right after it.
    pub taken: FundsTaken,
    /// Whether it moved now, not at an earlier call under the same key.
    pub now: bool,
}

/// Why nothing was credited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// The ledger refused.
    #[error(transparent)]
    Refused(#[from] FundsRefusal),
    /// The store did.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves money between the cashier and a player; it stands in the statement as a top-up or a
/// take-out, and is not bounded as those of players are. A running server's gateways are not told.
///
/// # Errors
/// [`CreditError`]. After [`StoreError::Unavailable`] the same may be asked again.
pub async fn credit(store: &dyn Store, credit: &Credit) -> Result<Credited, CreditError> {
    // An operator's word is bounded by the greatest amount alone.
    let bounds = Bounds { per_day: Amount::ZERO, balance: Amount::ZERO };
    let (player, change) = (credit.player, FundsChange::Credit(credit.amount));
    let funds = Funds { player, request: request(&credit.key), change, day: 0, bounds };
    let applied = store.apply(vec![Command::Funds(funds)]).await?;
    let [Answer::Funds(answer)] = applied.answers[..] else {
        return Err(StoreError::Failed("another command was answered".to_owned()).into());
    };
    Ok(Credited { taken: answer?, now: !applied.moved.is_empty() })
}

/// Apart from what players' requests are named, which are drawn.
fn request(key: &IdempotencyKey) -> RequestId {
    let digest = Sha256::new().chain_update(b"waxwing credit\n").chain_update(key.as_str());
    let digest: [u8; 32] = digest.finalize().into();
    std::array::from_fn(|place| digest[place])
}
