//! Rows as the rest of the game sees them.

use contracts::Outcome;
use engine::{BetState, StoredBet};
use fairness::Anchor;
use fairness::drand::BeaconSignature;
use kernel::{Amount, BetId, CurveKind, Epoch, LobbyId, Multiplier, PlayerId, RoundId, Stake};
use protocol::chains::Abandoned;
use serde::{Deserialize, Serialize};

/// Who sees a lobby in lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Public,
    Private,
}

/// A lobby to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewLobby {
    /// Who made it; `None` for a configured one.
    pub(crate) owner: Option<PlayerId>,
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) mode: engine::Mode,
    pub(crate) curve: CurveKind,
    pub(crate) betting_ms: u64,
    pub(crate) stake_min: Stake,
    pub(crate) stake_max: Stake,
    pub(crate) multiplier_max: Multiplier,
    pub(crate) payout_max: Amount,
    pub(crate) bets_per_player: u32,
    pub(crate) house_edge_bps: u32,
    pub(crate) funding: Amount,
    pub(crate) chain_length: u32,
    pub(crate) created_at: i64,
}

/// A lobby as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct LobbyRecord {
    pub(crate) lobby: LobbyId,
    pub(crate) rules: NewLobby,
    pub(crate) epoch: Epoch,
    /// Exposure of closed rounds whose close did not agree.
    pub(crate) kept_exposure: Amount,
    /// Whether it is played no more.
    pub(crate) closed: bool,
}

/// A seed chain as it is kept, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChainRecord {
    pub(crate) lobby: LobbyId,
    pub(crate) chain: u32,
    pub(crate) length: u32,
    /// How many seeds the lobby's earlier chains held: what the wallet's fence counts from.
    pub(crate) seeds_before: u32,
    pub(crate) house_edge_bps: u32,
    pub(crate) terminal: [u8; 32],
    pub(crate) public_key: [u8; 32],
    pub(crate) signature: [u8; 64],
    /// Where the public seed comes from.
    pub(crate) anchor: Anchor,
    pub(crate) public_seed: Option<String>,
    /// What the beacon signed, once the public seed is its output.
    pub(crate) beacon_signature: Option<BeaconSignature>,
    /// The highest index that a lock used up.
    pub(crate) used: u32,
    /// How it was given up, if it was.
    pub(crate) abandoned: Option<Abandoned>,
    pub(crate) created_at: i64,
}

/// A chain's public seed, with what proves where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicSeed {
    pub(crate) text: String,
    pub(crate) signature: Option<BeaconSignature>,
}

/// Chains to be given up: one, or every one of the lobby's that still has seeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abandonment {
    pub(crate) lobby: LobbyId,
    pub(crate) chain: Option<u32>,
    pub(crate) how: Abandoned,
}

/// One encrypted value of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedSeed {
    pub(crate) index: u32,
    pub(crate) nonce: [u8; 24],
    pub(crate) sealed: Vec<u8>,
}

/// How far a round is, as far as it is stored. `running` is a locked round whose climb began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoundState {
    Open,
    Locked,
    Crashed,
    Settled,
    Voided,
    Interrupted,
}

/// A round as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct RoundRecord {
    pub(crate) round: RoundId,
    pub(crate) chain: u32,
    pub(crate) state: RoundState,
    pub(crate) seed_index: Option<u32>,
    pub(crate) count: u32,
    pub(crate) stake_sum: Amount,
    pub(crate) payout_sum: Amount,
    pub(crate) bets_hash: Option<[u8; 32]>,
    pub(crate) crash_point: Option<Multiplier>,
    pub(crate) multiplier: Option<Multiplier>,
    pub(crate) seed: Option<[u8; 32]>,
    pub(crate) opened_at: i64,
    pub(crate) locked_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
}

/// A round that a new owner must end.
#[derive(Clone, Debug)]
pub(crate) struct UnfinishedRound {
    pub(crate) record: RoundRecord,
    pub(crate) heartbeat: Option<Multiplier>,
    /// The bets that the lock marked.
    pub(crate) bets: Vec<StoredBet>,
}

/// A bet as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct BetRecord {
    pub(crate) player: PlayerId,
    pub(crate) name: String,
    pub(crate) bet: BetId,
    pub(crate) round: RoundId,
    pub(crate) stake: Stake,
    pub(crate) auto_cash_out: Option<Multiplier>,
    pub(crate) cap: Multiplier,
    /// What the player could stake once this stake was held.
    pub(crate) balance: Amount,
    /// Accepted, cashed out, lost, cancelled or released.
    pub(crate) state: BetState,
    pub(crate) in_round: bool,
    pub(crate) payout: Option<Amount>,
    pub(crate) placed_at: i64,
}

/// A call that the wallet has not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    pub(crate) round: RoundId,
    /// The lobby's present epoch: also what an earlier owner queued goes out under it.
    pub(crate) epoch: Epoch,
    pub(crate) body: OutboxBody,
}

/// What is to be sent. As JSON in the row, so that a person can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum OutboxBody {
    Release { player: u64, bet: String },
    Resolve { bets: Vec<WireOutcome> },
    Close { count: u32, stake_sum_units: i64, seed_index: u32 },
}

/// One bet's end in a queued resolve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WireOutcome {
    pub(crate) player: u64,
    pub(crate) bet: String,
    pub(crate) outcome: OutcomeKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payout_units: Option<i64>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeKind {
    Won,
    Lost,
    Released,
}

impl WireOutcome {
    pub(crate) fn new(player: PlayerId, bet: BetId, outcome: engine::Outcome) -> Self {
        let (outcome, payout_units) = match outcome {
            engine::Outcome::CashedOut { payout, .. } => (OutcomeKind::Won, Some(payout.units())),
            engine::Outcome::Lost => (OutcomeKind::Lost, None),
            engine::Outcome::Released => (OutcomeKind::Released, None),
        };
        Self { player: player.get(), bet: bet.to_string(), outcome, payout_units }
    }

    /// As the wallet takes it.
    pub(crate) fn outcome(&self) -> Outcome {
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
    pub(crate) fn is_playable(&self) -> bool {
        self.public_seed.is_some() && self.abandoned.is_none() && self.used < self.length
    }
}

impl RoundState {
    /// Whether the round has its end.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Settled | Self::Voided | Self::Interrupted)
    }
}
