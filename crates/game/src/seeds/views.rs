//! Chains as everybody may see them.

use fairness::{Anchor, Formula, hex};
use protocol::chains::{ChainState, ChainView};
use protocol::rounds::{CommitmentView, PublicSeedKind};
use protocol::wire::WireLobbyId;

use super::awaits;
use crate::store::ChainRecord;

/// The signed promise as it goes out.
pub(crate) fn commitment_view(chain: &ChainRecord) -> CommitmentView {
    CommitmentView {
        lobby_id: WireLobbyId(chain.lobby),
        chain: chain.chain,
        terminal: hex::encode(&chain.terminal),
        length: chain.length,
        house_edge_bps: chain.house_edge_bps,
        formula: Formula::Waxwing1.number(),
        beacon_round: match chain.anchor {
            Anchor::Local => None,
            Anchor::Drand { round } => Some(round),
        },
        public_key: hex::encode(&chain.public_key),
        signature: hex::encode(&chain.signature),
    }
}

/// Where the chain's public seed comes from.
pub(crate) const fn kind(chain: &ChainRecord) -> PublicSeedKind {
    match chain.anchor {
        Anchor::Local => PublicSeedKind::Local,
        Anchor::Drand { .. } => PublicSeedKind::Drand,
    }
}

/// Whether nobody here could choose the public seed.
pub(crate) const fn anchored(chain: &ChainRecord) -> bool {
    matches!(chain.anchor, Anchor::Drand { .. })
}

/// The chain with all that is public about it.
pub(crate) fn chain_view(chain: &ChainRecord) -> ChainView {
    let state = if chain.abandoned.is_some() {
        ChainState::Abandoned
    } else if awaits(chain) {
        ChainState::Awaiting
    } else if chain.used == 0 {
        ChainState::Ready
    } else if chain.used < chain.length {
        ChainState::Playing
    } else {
        ChainState::UsedUp
    };
    ChainView {
        commitment: commitment_view(chain),
        state,
        public_seed_kind: kind(chain),
        anchored: anchored(chain),
        public_seed: chain.public_seed.clone(),
        beacon_signature: chain.beacon_signature.map(|signature| hex::encode(&signature)),
        used: chain.used,
        skipped: chain.skipped.clone(),
        abandoned: chain.abandoned,
        promised_at: chain.created_at,
    }
}
