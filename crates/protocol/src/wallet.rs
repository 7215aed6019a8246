//! HTTP bodies of the wallet: balance and statement. `ammount` is the original's spelling.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::{WireAmount, WireBetId, WireLobbyId};

/// `PUT …/user/v1/balance`: adds to what can be staked. Unknown fields are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct AddToBalance {
    /// How much, negative to take out; `amount` is accepted too.
    #[serde(alias = "amount")]
    pub ammount: WireAmount,
}

/// `POST …/user/v1/balance`: sets what can be staked. Unknown fields are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct SetBalance {
    /// What can be staked afterwards; `amount` and `balance` are accepted too.
    #[serde(alias = "amount", alias = "balance")]
    pub ammount: WireAmount,
}

/// The answer to both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalanceUpdated {
    /// Always `Balance updated`.
    pub message: String,
}

/// `GET …/user/v1/balance`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    /// What can be staked now.
    pub balance: WireAmount,
    /// What stands on open bets.
    pub held: WireAmount,
    /// The currency of both.
    pub currency: String,
}

/// `GET …/user/v1/transfers?after=&limit=`. Part B: unknown parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TransfersQuery {
    /// Only lines after this `transfer_id`; 0 or absent for the first ones.
    #[serde(default)]
    pub after: u64,
    /// At most so many lines, 1 to 500; if absent 50, or all of them as `text/csv`.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One line of a player's statement, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransferLine {
    /// Its place in the book; rises, with gaps.
    pub transfer_id: u64,
    /// When, in Unix milliseconds; for display.
    pub at: i64,
    /// What for.
    pub kind: TransferKind,
    /// How the balance changed: negative where money left it.
    pub amount: WireAmount,
    /// What could be staked right after it.
    pub balance: WireAmount,
    /// The round of the bet, for stakes, payouts and releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundName>,
    /// The bet, for the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bet_id: Option<WireBetId>,
}

/// What a line of a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Money the player added.
    TopUp,
    /// Money the player took out.
    TakeOut,
    /// A stake set aside for a bet.
    Stake,
    /// What a bet won, its stake included.
    Payout,
    /// A stake that came back.
    Release,
}

impl TransferKind {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::TakeOut => "take_out",
            Self::Stake => "stake",
            Self::Payout => "payout",
            Self::Release => "release",
        }
    }
}

/// A round, named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundName {
    /// Its lobby.
    pub lobby_id: WireLobbyId,
    /// Its number there.
    pub round: u32,
}
