//! What happens in a lobby, as the game role tells the gateways over the bus.
//!
//! A picture can be lost: nothing of worth rides on it, and the next snapshot repairs it. Its JSON
//! is that of the contract's server events, so that one encoding serves the bus and the socket.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::chains::AbandonedChain;
use crate::lobby::{CurveName, Limits, LobbyMode};
use crate::rounds::{BetState, CommitmentView, EndReason, Phase};
use crate::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};

mod json;

/// One event of a lobby, for everyone there or for one player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The only player who may see it, or everyone.
    pub to: Option<WirePlayerId>,
    /// Where.
    pub lobby_id: WireLobbyId,
    /// The owner's fencing number; a higher one starts a new sequence.
    pub epoch: u64,
    /// Counts up by one within an epoch for pictures to everyone. One for a single player carries
    /// the number of the last one for everyone.
    pub seq: u64,
    /// The round it belongs to.
    pub round: u32,
    /// What happened.
    pub event: PictureEvent,
}

/// What happened. Its `type` is written by whoever writes its head: [`PictureEvent::name`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PictureEvent {
    /// The whole lobby. Its own head replaces that of the picture.
    Snapshot(Box<Snapshot>),
    /// Bets are taken; again when a countdown begins or is cleared.
    BettingOpened(BettingOpened),
    /// Bets entered the round.
    BetsAccepted(BetsAccepted),
    /// The accepted set is fixed.
    RoundLocked(RoundLocked),
    /// The climb begins.
    RoundStarted(RoundStarted),
    /// The climb goes on.
    Tick(Tick),
    /// The climb is over.
    Crashed(Crashed),
    /// The round is decided and its seed shown.
    Settled(Settled),
    /// The round ended before its lock.
    Voided(Voided),
    /// The climb was stopped; told again once it is known how it ends.
    Interrupted(Interrupted),
    /// One bet's end, for its player alone.
    BetResult(BetResult),
}

/// A lobby as it stands: what `Play::snapshot` answers and `GET …/lobby/{id}` embeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// Which lobby.
    pub lobby_id: WireLobbyId,
    /// The owner's fencing number.
    pub epoch: u64,
    /// The last picture that is already in it.
    pub seq: u64,
    /// The round now played.
    pub round: u32,
    /// The lobby's name.
    pub name: String,
    /// When its rounds follow each other.
    pub mode: LobbyMode,
    /// How far the round is.
    pub phase: Phase,
    /// Until betting closes; absent while the lobby rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_in_ms: Option<u64>,
    /// Since the climb began, from `running` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Where the climb is or ended, from `running` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<WireMultiplier>,
    /// The seed's own crash point, from `crashed` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash_point: Option<WireMultiplier>,
    /// The climb.
    pub curve: CurveName,
    /// What the lobby takes and pays at most.
    pub limits: Limits,
    /// The promise the round is played under.
    pub commitment: CommitmentView,
    /// Which seed of the chain the round uses.
    pub seed_index: u32,
    /// Whether the public seed was out of the operator's hands.
    #[serde(default)]
    pub anchored: bool,
    /// The promise about the chain that follows, once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_commitment: Option<CommitmentView>,
    /// The lobby's chains that were given up, newest first, the last few of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abandoned: Vec<AbandonedChain>,
    /// The accepted bets of everyone; no targets before the crash.
    pub bets: Vec<SeenBet>,
    /// The asking player's own bets in the round.
    #[serde(default)]
    pub mine: Vec<OwnBet>,
    /// The last rounds, newest first.
    #[serde(default)]
    pub last: Vec<LastRound>,
    /// What the asking player can stake now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<WireAmount>,
}

/// Somebody's bet as everyone may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeenBet {
    /// Who.
    pub user_id: WirePlayerId,
    /// The name shown.
    pub name: String,
    /// How much.
    pub stake: WireStake,
    /// At what it was cashed out, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cashed_out: Option<WireMultiplier>,
}

/// A player's own bet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnBet {
    /// Which.
    pub bet_id: WireBetId,
    /// How much.
    pub stake: WireStake,
    /// The target asked for.
    #[serde(default)]
    pub auto_cash_out: Option<WireMultiplier>,
    /// Where it is paid at the latest.
    pub cap: WireMultiplier,
    /// Where it stands.
    pub state: BetState,
    /// What it was paid, gross.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<WireAmount>,
}

/// A finished round in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastRound {
    /// Which.
    pub round: u32,
    /// Its seed's crash point.
    pub crash_point: WireMultiplier,
}

/// Bets are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BettingOpened {
    /// Until betting closes; absent while the lobby rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_in_ms: Option<u64>,
    /// The promise the round is played under.
    pub commitment: CommitmentView,
    /// Which seed of the chain the round uses.
    pub seed_index: u32,
    /// Whether the public seed was out of the operator's hands.
    #[serde(default)]
    pub anchored: bool,
    /// The promise about the chain that follows, once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_commitment: Option<CommitmentView>,
}

/// Bets entered the round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BetsAccepted {
    /// Whose, and how much.
    pub bets: Vec<SeenBet>,
}

/// The accepted set is fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundLocked {
    /// How many bets.
    pub count: u32,
    /// What they staked.
    pub sum: WireAmount,
    /// SHA-256 over the accepted set, 64 hex digits.
    pub bets_hash: String,
}

/// The climb begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundStarted {
    /// Since it began, measured at sending.
    pub elapsed_ms: u64,
    /// Along which curve.
    pub curve: CurveName,
}

/// The climb goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tick {
    /// Since the climb began.
    pub elapsed_ms: u64,
    /// Where it is.
    pub multiplier: WireMultiplier,
    /// Who left since the last tick.
    #[serde(default)]
    pub cash_outs: Vec<SeenCashOut>,
}

/// Somebody's cash-out as everyone may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeenCashOut {
    /// Who.
    pub user_id: WirePlayerId,
    /// The name shown.
    pub name: String,
    /// At what.
    pub multiplier: WireMultiplier,
    /// What was paid, gross.
    pub payout: WireAmount,
}

/// The climb is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Crashed {
    /// The seed's own crash point.
    pub crash_point: WireMultiplier,
    /// Where the climb ended.
    pub multiplier: WireMultiplier,
    /// How long it took.
    pub elapsed_ms: u64,
}

/// The round is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settled {
    /// The revealed seed, 64 hex digits.
    pub seed: String,
    /// The public seed as text.
    pub public_seed: String,
    /// Sums of the round.
    pub totals: Totals,
}

/// Sums of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Bets in the accepted set.
    pub count: u32,
    /// What they staked.
    pub stake_sum: WireAmount,
    /// What was paid out, gross.
    pub payout_sum: WireAmount,
}

/// The round ended before its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Voided {
    /// Why.
    pub reason: EndReason,
}

/// The climb was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Interrupted {
    /// Why.
    pub reason: EndReason,
    /// Where it was stopped; absent at first, and where every stake went back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<WireMultiplier>,
    /// The revealed seed, once the interruption is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// The public seed, once the interruption is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_seed: Option<String>,
}

/// How a bet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BetOutcome {
    /// Paid.
    Win,
    /// The crash came first.
    Lost,
    /// The stake goes back.
    Released,
}

/// One bet's end, for its player alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BetResult {
    /// Whose.
    pub user_id: WirePlayerId,
    /// How.
    pub result: BetOutcome,
    /// What was paid, gross.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<WireAmount>,
    /// At what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coefficient: Option<WireMultiplier>,
    /// Which bet.
    pub bet_id: WireBetId,
    /// What was risked.
    pub stake: WireStake,
}

#[cfg(test)]
mod tests;
