//! The whole lobby in one picture: what a client needs that has missed everything.

use engine::{Bet, BetState, Lobby, Mode, Phase};
use kernel::{PlayerId, Timestamp};
use protocol::Snapshot;
use protocol::lobby::{Limits, LobbyMode};
use protocol::picture::OwnBet;
use protocol::rounds::{BetState as ShownState, Phase as ShownPhase};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WireStake};

use super::{Pictures, climbs};

impl Pictures {
    /// The lobby as everyone may see it, with nobody's own bets in it.
    pub(crate) fn snapshot(&self, lobby: &Lobby, now: Timestamp) -> Snapshot {
        let promise = self.live.seeds.promise(lobby.round());
        let rules = lobby.rules();
        let phase = self.phase(lobby.phase());
        let closes_in_ms = match lobby.phase() {
            Phase::Open { closes_at: Some(closes_at) } => Some(closes_at.ms_since(now)),
            // Closed, but its lock is not stored yet: about to be.
            Phase::Locked { .. } if !self.locked => Some(0),
            _ => None,
        };
        let crash = self.climb.and_then(|climb| climb.crash);
        let climbing = self.climb.filter(|_| crash.is_none() && climbs(lobby.phase()));
        let elapsed_ms = climbing.map(|climb| now.ms_since(climb.started_at));
        let bets = lobby.bets();
        Snapshot {
            lobby_id: WireLobbyId(self.live.id()),
            epoch: self.live.epoch.0,
            seq: self.live.seq(),
            round: lobby.round(),
            name: self.live.record.rules.name.clone(),
            mode: match rules.mode {
                Mode::Continuous => LobbyMode::Continuous,
                Mode::OnFirstBet => LobbyMode::OnFirstBet,
            },
            phase,
            closes_in_ms,
            elapsed_ms: elapsed_ms.or_else(|| crash.map(|(_, elapsed_ms)| elapsed_ms)),
            multiplier: self
                .climb
                .filter(|_| climbing.is_some() || crash.is_some())
                .map(|climb| WireMultiplier(climb.multiplier)),
            crash_point: crash.map(|(crash_point, _)| WireMultiplier(crash_point)),
            curve: rules.curve.kind().into(),
            limits: limits(rules),
            commitment: promise.commitment,
            seed_index: promise.seed_index,
            anchored: promise.anchored,
            next_commitment: promise.next_commitment,
            abandoned: promise.abandoned,
            bets: bets.iter().filter(|bet| bet.is_in_round()).map(|bet| self.seen(bet)).collect(),
            mine: Vec::new(),
            last: self.last.iter().copied().collect(),
            balance: None,
        }
    }

    /// What may be shown: a lock that is not stored yet is a round that takes no more bets, a crash
    /// that is not stored yet is a climb that goes on.
    const fn phase(&self, phase: Phase) -> ShownPhase {
        match phase {
            Phase::Opening | Phase::Open { .. } | Phase::Voiding { .. } => ShownPhase::Open,
            Phase::Locked { .. } if !self.locked => ShownPhase::Open,
            Phase::Locked { .. } => ShownPhase::Locked,
            Phase::Running { .. } | Phase::Crashed { stored: false, .. } => ShownPhase::Running,
            Phase::Crashed { stored: true, .. } | Phase::Deciding => ShownPhase::Crashed,
            Phase::Interrupted { .. } => ShownPhase::Interrupted,
            Phase::Over { .. } | Phase::Stopped => self.ended,
        }
    }
}

/// A player's bets in the round now played.
pub(crate) fn own_bets(lobby: &Lobby, player: PlayerId) -> Vec<OwnBet> {
    lobby.bets().iter().filter(|bet| bet.key.player == player).filter_map(own).collect()
}

pub(super) fn limits(rules: &engine::Rules) -> Limits {
    Limits {
        stake_min: WireStake(rules.stake_min),
        stake_max: WireStake(rules.stake_max),
        payout_max: WireAmount(rules.payout_max),
        multiplier_max: WireMultiplier(rules.multiplier_max),
        bets_per_player: rules.bets_per_player,
    }
}

/// A bet as its own player sees it; none before it is stored.
fn own(bet: &Bet) -> Option<OwnBet> {
    let state = match bet.state {
        BetState::Requested => return None,
        BetState::Accepted | BetState::Cancelling | BetState::CashingOut { .. } => {
            ShownState::Accepted
        }
        BetState::CashedOut { .. } => ShownState::CashedOut,
        BetState::Lost => ShownState::Lost,
        BetState::Cancelled => ShownState::Cancelled,
        BetState::Released => ShownState::Released,
    };
    let paid = matches!(bet.state, BetState::CashedOut { .. });
    Some(OwnBet {
        bet_id: WireBetId(bet.key.bet),
        stake: WireStake(bet.stake),
        auto_cash_out: bet.auto_cash_out.map(WireMultiplier),
        cap: WireMultiplier(bet.cap),
        state,
        payout: bet.cash_out().filter(|_| paid).map(|cash_out| WireAmount(cash_out.payout)),
    })
}
