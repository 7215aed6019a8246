//! Rows as the rest of the game sees them.

use contracts::Outcome;
use engine::{BetState, StoredBet};
use fairness::Anchor;
use fairness::drand::BeaconSignature;
use kernel::{Amount, BetId, CurveKind, Epoch, LobbyId, Multiplier, PlayerId, RoundId, Stake};
use protocol::chains::{Abandoned, Skipped};
use serde::{Deserialize, Serialize};

/// Who sees a lobby in lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    Public,
    Private,
}

/// A lobby to be made.
#[derive(Clone, Debug)]
pub struct NewLobby {
    /// Who made it; `None` for a configured one.
    pub owner: Option<PlayerId>,
    pub name: String,
    pub visibility: Visibility,
    pub mode: engine::Mode,
    pub curve: CurveKind,
    pub betting_ms: u64,
    pub stake_min: Stake,
    pub stake_max: Stake,
    pub multiplier_max: Multiplier,
    pub payout_max: Amount,
    pub bets_per_player: u32,
    pub house_edge_bps: u32,
    pub funding: Amount,
    pub chain_length: u32,
    pub created_at: i64,
}

/// A lobby as it is kept.
#[derive(Clone, Debug)]
pub struct LobbyRecord {
    pub lobby: LobbyId,
    pub rules: NewLobby,
    pub epoch: Epoch,
    /// Exposure of closed rounds whose close did not agree.
    pub kept_exposure: Amount,
    /// Whether it is played no more.
    pub closed: bool,
}

/// A seed chain as it is kept, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRecord {
    pub lobby: LobbyId,
    pub chain: u32,
    pub length: u32,
    /// How many seeds the lobby's earlier chains held: what the wallet's fence counts from.
    pub seeds_before: u32,
    pub house_edge_bps: u32,
    pub terminal: [u8; 32],
    pub public_key: [u8; 32],
    pub signature: [u8; 64],
    /// Where the public seed comes from.
    pub anchor: Anchor,
    pub public_seed: Option<String>,
    /// Whether it is known that everybody could read the promise in time; never asked where the
    /// public seed is drawn.
    pub promised: bool,
    /// What the beacon signed, once the public seed is its output.
    pub beacon_signature: Option<BeaconSignature>,
    /// The highest index that a lock used up.
    pub used: u32,
    /// What take-overs left out, in order; as JSON in the chain's row.
    pub skipped: Vec<Skipped>,
    /// How it was given up, if it was.
    pub abandoned: Option<Abandoned>,
    pub created_at: i64,
}

/// A chain's public seed, with what proves where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicSeed {
    pub text: String,
    pub signature: Option<BeaconSignature>,
}

/// Chains to be given up: one, or every one of the lobby's that still has seeds.
#[derive(Clone, Copy, Debug)]
pub struct Abandonment {
    pub chain: Option<u32>,
    pub how: Abandoned,
}

/// One encrypted value of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSeed {
    pub index: u32,
    pub nonce: [u8; 24],
    pub sealed: Vec<u8>,
}

/// How far a round is, as far as it is stored. `running` is a locked round whose climb began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundState {
    Open,
    Locked,
    Crashed,
    Settled,
    Voided,
    Interrupted,
}

/// A round as it is kept.
#[derive(Clone, Debug)]
pub struct RoundRecord {
    pub round: RoundId,
    pub chain: u32,
    pub state: RoundState,
    pub seed_index: Option<u32>,
    pub count: u32,
    pub stake_sum: Amount,
    pub payout_sum: Amount,
    pub bets_hash: Option<[u8; 32]>,
    pub crash_point: Option<Multiplier>,
    pub multiplier: Option<Multiplier>,
    pub seed: Option<[u8; 32]>,
    pub opened_at: i64,
    pub locked_at: Option<i64>,
    pub ended_at: Option<i64>,
}

/// A round that a new owner must end.
#[derive(Clone, Debug)]
pub struct UnfinishedRound {
    pub record: RoundRecord,
    pub heartbeat: Option<Multiplier>,
    /// The bets that the lock marked.
    pub bets: Vec<StoredBet>,
}

/// A bet as it is kept.
#[derive(Clone, Debug)]
pub struct BetRecord {
    pub player: PlayerId,
    pub name: String,
    pub bet: BetId,
    pub round: RoundId,
    pub stake: Stake,
    pub auto_cash_out: Option<Multiplier>,
    pub cap: Multiplier,
    /// What the player could stake once this stake was held.
    pub balance: Amount,
    /// Accepted, cashed out, lost, cancelled or released.
    pub state: BetState,
    pub in_round: bool,
    pub payout: Option<Amount>,
    pub placed_at: i64,
}

/// A call that the wallet has not answered yet.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    pub id: i64,
    pub round: RoundId,
    /// The lobby's present epoch: also what an earlier owner queued goes out under it.
    pub epoch: Epoch,
    pub body: OutboxBody,
}

/// What is to be sent. As JSON in the row, so that a person can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OutboxBody {
    Release { player: u64, bet: String },
    Resolve { bets: Vec<WireOutcome> },
    Close { count: u32, stake_sum_units: i64, seed_index: u32 },
}

/// One bet's end in a queued resolve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireOutcome {
    pub player: u64,
    pub bet: String,
    pub outcome: OutcomeKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_units: Option<i64>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    Won,
    Lost,
    Released,
}

impl WireOutcome {
    /// The end of a bet as a row keeps it.
    #[must_use]
    pub fn new(player: PlayerId, bet: BetId, outcome: engine::Outcome) -> Self {
        let (outcome, payout_units) = match outcome {
            engine::Outcome::CashedOut { payout, .. } => (OutcomeKind::Won, Some(payout.units())),
            engine::Outcome::Lost => (OutcomeKind::Lost, None),
            engine::Outcome::Released => (OutcomeKind::Released, None),
        };
        Self { player: player.get(), bet: bet.to_string(), outcome, payout_units }
    }

    /// As the wallet takes it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.outcome {
            OutcomeKind::Won => {
                Outcome::Won { payout: Amount::from_units(self.payout_units.unwrap_or(0)) }
            }
            OutcomeKind::Lost => Outcome::Lost,
            OutcomeKind::Released => Outcome::Released,
        }
    }
}

impl ChainRecord {
    /// Whether a round may still be played on it: promised, and not used up.
    #[must_use]
    pub fn is_playable(&self) -> bool {
        self.public_seed.is_some() && self.abandoned.is_none() && self.used < self.length
    }
}

impl RoundState {
    /// Whether the round has its end.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Settled | Self::Voided | Self::Interrupted)
    }
}
