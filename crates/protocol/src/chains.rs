//! A lobby's seed chains, and its rounds as a file that anyone checks without asking us.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rounds::{CommitmentView, PublicSeedKind, RoundExport};

/// How far a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChainState {
    /// Promised; its public seed is not known to anybody yet.
    Awaiting,
    /// It can be played; none of its seeds was.
    Ready,
    /// Its seeds are played.
    Playing,
    /// Every seed was played.
    UsedUp,
    /// Given up: none of its seeds will be played any more.
    Abandoned,
}

/// Why a chain was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AbandonReason {
    /// The beacon's round was not had within 60 seconds after it was due.
    BeaconMissing,
    /// The commitment was stored too late for the beacon's round that it names.
    PublishedLate,
    /// The store was found to be an older copy: seeds it takes for unused may have been shown.
    StoreBehind,
    /// The operator restored an older copy and said so.
    Restored,
}

impl AbandonReason {
    /// Whether chains may have been promised that this store knows nothing of.
    #[must_use]
    pub const fn lost_records(self) -> bool {
        matches!(self, Self::StoreBehind | Self::Restored)
    }
}

/// Rounds that were played but whose records are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LostRounds {
    /// The first of them.
    pub from: u32,
    /// The last of them.
    pub to: u32,
}

/// Rounds that were never opened because others of their numbers may have been shown and lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkippedRounds {
    /// The first of them.
    pub from: u32,
    /// The last of them.
    pub to: u32,
}

/// Seeds that are never played because they may have been shown and lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkippedSeeds {
    /// The index of the first of them.
    pub from: u32,
    /// The index of the last of them.
    pub to: u32,
    /// The last of them, 64 hex digits: hashing it gives the others, and then the seed below.
    pub seed: String,
}

/// What a take-over left out, on a store that may lose its last records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Skipped {
    /// Seeds of this chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<SkippedSeeds>,
    /// Rounds of the lobby; told with one of its chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<SkippedRounds>,
}

/// How a chain was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Abandoned {
    /// Why.
    pub reason: AbandonReason,
    /// When, in Unix milliseconds, for display only.
    pub at: i64,
    /// Rounds the wallet has closed and this store has no record of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_rounds: Option<LostRounds>,
}

/// An abandoned chain in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AbandonedChain {
    /// Which of the lobby's chains.
    pub chain: u32,
    /// Why.
    pub reason: AbandonReason,
}

/// One of a lobby's chains, `GET …/lobby/{id}/chains`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainView {
    /// The signed promise.
    pub commitment: CommitmentView,
    /// How far the chain is.
    pub state: ChainState,
    /// Where its public seed comes from.
    pub public_seed_kind: PublicSeedKind,
    /// Whether its public seed is out of the operator's hands.
    pub anchored: bool,
    /// The public seed, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_seed: Option<String>,
    /// What the beacon signed, 96 hex digits: its SHA-256 is the public seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon_signature: Option<String>,
    /// The highest index that a round was locked with, or that was skipped, 0 if none.
    pub used: u32,
    /// What take-overs left out, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// How the chain was given up, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned: Option<Abandoned>,
    /// When it was promised, in Unix milliseconds, for display only.
    pub promised_at: i64,
}

/// A line of `GET …/lobby/{id}/export`: first the lobby's chains, then its rounds that are over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportLine {
    /// A chain.
    Chain(Box<ChainView>),
    /// A round.
    Round(Box<RoundExport>),
}
