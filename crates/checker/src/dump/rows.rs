//! The rows of a dump: what each line may be.

use serde::{Deserialize, Serialize};

use crate::hex::{BetId, Hex};

/// A row, under the name of its table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// What kind of dump this is.
    Head(Head),
    /// A line of the ledger.
    Account(Account),
    /// What the wallet refuses to go behind.
    Fence(Fence),
    /// What the wallet counted of a round.
    Tally(Tally),
    /// Staked money.
    Hold(Hold),
    /// A movement of money.
    Transfer(Transfer),
    /// Something the wallet could not do.
    Parked(Parked),
    /// A lobby.
    Lobby(Lobby),
    /// A seed chain.
    Chain(Chain),
    /// A round.
    Round(Box<Round>),
    /// A bet, as the game keeps it.
    Bet(Bet),
    /// A call to the wallet that was not answered.
    Unsent(Unsent),
}

/// The instant a dump was taken at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Whole, while nobody wrote: every invariant must hold.
    Rest,
    /// Whole, after everything was paid and the server has stopped: nothing may be open.
    Settled,
    /// Right after a death, before the next life: fences, and the rounds without an end with
    /// their bets.
    Death,
}

/// What kind of dump this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// When.
    pub moment: Moment,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// `cashier`, `house`, `escrow` or `player`.
    pub kind: String,
    /// Of which lobby or player; 0 for the cashier.
    pub id: i64,
    /// What it has.
    pub balance_units: i64,
    /// What a player has on reserved holds.
    pub held_units: i64,
}

/// What the wallet refuses to go behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// Where.
    pub lobby: i64,
    /// The owner's number.
    pub epoch: i64,
    /// The last round that is closed.
    pub closed_round: i64,
    /// The last seed that is used.
    pub seed_index: i64,
}

/// What the wallet counted of a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Where.
    pub lobby: i64,
    /// Which round.
    pub round: i64,
    /// Holds that are reserved.
    pub reserved_count: i64,
    /// What they hold.
    pub reserved_units: i64,
    /// Holds that a resolve decided.
    pub resolved_count: i64,
    /// What they held.
    pub resolved_units: i64,
    /// `open`, `agreed` or `disagreed`.
    pub state: String,
}

/// Staked money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Whose.
    pub player: i64,
    /// Of which bet.
    pub bet: BetId,
    /// Where.
    pub lobby: i64,
    /// In which round.
    pub round: i64,
    /// How much.
    pub stake_steps: i64,
    /// What became of it.
    pub state: HoldState,
    /// What was won.
    pub payout_units: Option<i64>,
    /// What gave it back: `release`, `resolve` or `close`.
    pub released_by: Option<String>,
}

/// What became of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Nothing yet.
    Reserved,
    /// The bet was paid.
    Won,
    /// The stake is the house's.
    Lost,
    /// The stake went back.
    Released,
}

/// A movement of money. From and to follow from the kind: `funding` cashier > house, `top_up`
/// cashier > player, `take_out` player > cashier, `stake` player > escrow, `collect` escrow >
/// house, `payout` house > player, `release` escrow > player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its place in the book; rises.
    pub seq: i64,
    /// What for.
    pub kind: String,
    /// The bet's name, or the request's.
    pub reference: BetId,
    /// Whose.
    pub player: Option<i64>,
    /// Of which lobby.
    pub lobby: Option<i64>,
    /// Of which round.
    pub round: Option<i64>,
    /// How much.
    pub amount_units: i64,
    /// What the player could stake right after it.
    pub balance_units: Option<i64>,
}

/// Something the wallet could not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Why.
    pub reason: String,
    /// Where.
    pub lobby: i64,
    /// In which round.
    pub round: i64,
    /// For whom; 0 for a close.
    pub player: i64,
    /// What was asked for.
    pub outcome: String,
}

/// A lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lobby {
    /// Which.
    pub lobby: i64,
    /// Its owner's number.
    pub epoch: i64,
    /// Where every climb ends at the latest.
    pub multiplier_max_centi: i64,
}

/// A seed chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Where.
    pub lobby: i64,
    /// Which.
    pub chain: i64,
    /// How many rounds it can play.
    pub length: i64,
    /// The house edge of its rounds.
    pub house_edge_bps: i64,
    /// Its promised end.
    pub terminal: Hex<32>,
    /// The public seed, once it is known.
    pub public_seed: Option<String>,
    /// The highest seed that a lock used.
    pub used: i64,
}

/// A round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Where.
    pub lobby: i64,
    /// Which.
    pub round: i64,
    /// Under which owner.
    pub epoch: i64,
    /// Which of the lobby's chains.
    pub chain: i64,
    /// How far it is.
    pub state: RoundState,
    /// Which seed, once it was locked.
    pub seed_index: Option<i64>,
    /// Bets in the accepted set.
    pub count: i64,
    /// What they staked.
    pub stake_sum_units: i64,
    /// What was paid out, gross.
    pub payout_sum_units: i64,
    /// The hash over the accepted set.
    pub bets_hash: Option<Hex<32>>,
    /// The last multiplier that was stored while it climbed.
    pub heartbeat_centi: Option<i64>,
    /// The seed's own crash point.
    pub crash_point_centi: Option<i64>,
    /// Where the climb ended.
    pub multiplier_centi: Option<i64>,
    /// The revealed seed.
    pub seed: Option<Hex<32>>,
    /// Whether the wallet agreed with the close; unknown until it has answered.
    pub close_agreed: Option<i64>,
}

/// How far a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundState {
    /// Bets are taken.
    Open,
    /// The accepted set is fixed; the climb may run.
    Locked,
    /// The climb is over.
    Crashed,
    /// Decided.
    Settled,
    /// Ended before its lock.
    Voided,
    /// Stopped after its lock.
    Interrupted,
}

/// A bet, as the game keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bet {
    /// Whose.
    pub player: i64,
    /// Its name.
    pub bet: BetId,
    /// Where.
    pub lobby: i64,
    /// In which round.
    pub round: i64,
    /// How much.
    pub stake_steps: i64,
    /// The target asked for.
    pub auto_centi: Option<i64>,
    /// Where it is paid at the latest.
    pub cap_centi: i64,
    /// Where it stands.
    pub state: BetState,
    /// Whether the lock has marked it.
    pub in_round: i64,
    /// At what it was paid.
    pub multiplier_centi: Option<i64>,
    /// What it was paid, gross.
    pub payout_units: Option<i64>,
    /// The cash-out's instant in the climb; 0 where the round's end paid it.
    pub stamped_ms: Option<i64>,
}

/// Where a bet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetState {
    /// Alive.
    Accepted,
    /// Paid.
    CashedOut,
    /// The crash came first.
    Lost,
    /// Taken back by its player.
    Cancelled,
    /// Given back.
    Released,
}

/// A call to the wallet that was not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// Of which lobby.
    pub lobby: i64,
    /// Of which round.
    pub round: i64,
    /// What it tells.
    pub part: String,
}
