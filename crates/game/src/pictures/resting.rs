//! A lobby that nobody plays, drawn from what is stored of it.

use engine::{Mode, Rules};
use protocol::Snapshot;
use protocol::lobby::LobbyMode;
use protocol::picture::LastRound;
use protocol::rounds::Phase;
use protocol::wire::WireLobbyId;

use super::snapshot::limits;
use crate::seeds::{anchored, commitment_view, newest_abandoned};
use crate::store::{ChainRecord, Inheritance};

/// The lobby as its next owner will find it, before that owner's first picture: listeners go on
/// from here without a gap. `chain` is the one whose seed is next.
pub(crate) fn resting(
    left: &Inheritance,
    chain: &ChainRecord,
    rules: &Rules,
    last: Vec<LastRound>,
) -> Snapshot {
    let record = &left.lobby;
    let next = left.chains.iter().find(|next| {
        next.chain > chain.chain && next.abandoned.is_none() && next.used < next.length
    });
    Snapshot {
        lobby_id: WireLobbyId(record.lobby),
        epoch: record.epoch.next().0,
        seq: 0,
        round: left.last_round + 1,
        name: record.rules.name.clone(),
        mode: match rules.mode {
            Mode::Continuous => LobbyMode::Continuous,
            Mode::OnFirstBet => LobbyMode::OnFirstBet,
        },
        phase: Phase::Open,
        closes_in_ms: None,
        elapsed_ms: None,
        multiplier: None,
        crash_point: None,
        curve: rules.curve.kind().into(),
        limits: limits(rules),
        commitment: commitment_view(chain),
        seed_index: chain.used + 1,
        anchored: anchored(chain),
        next_commitment: next.map(commitment_view),
        abandoned: newest_abandoned(&left.chains),
        bets: Vec::new(),
        mine: Vec::new(),
        last,
        balance: None,
    }
}
