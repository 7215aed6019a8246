//! The contract's values as bodies and back. What does not name a thing is refused at the border.

use contracts::{Close, Fence, Fenced, Outcome, Refusal, Release, Reserve, Resolve};
use kernel::{Amount, BetId, Epoch, PlayerId, RoundId, SeedIndex, Stake};
use protocol::internal::wallet::{
    CloseBody, FenceBody, FencedBody, HoldName, HoldOutcome, HoldRefusal, OpenHolds, ReleaseBody,
    ReserveBody, ResolveBody,
};
use protocol::wire::{WireBetId, WireLobbyId, WirePlayerId};

const fn name(player: PlayerId, bet: BetId, round: RoundId, epoch: Epoch) -> HoldName {
    HoldName {
        player: WirePlayerId(player),
        bet: WireBetId(bet),
        lobby: WireLobbyId(round.lobby),
        round: round.number,
        epoch: epoch.0,
    }
}

pub(super) const fn reserve_body(hold: &Reserve) -> ReserveBody {
    let Reserve { player, bet, round, epoch, stake } = *hold;
    ReserveBody { hold: name(player, bet, round, epoch), stake_steps: stake.steps() }
}

pub(super) const fn release_body(hold: &Release) -> ReleaseBody {
    let Release { player, bet, round, epoch } = *hold;
    ReleaseBody { hold: name(player, bet, round, epoch) }
}

pub(super) const fn resolve_body(hold: &Resolve) -> ResolveBody {
    let Resolve { player, bet, round, epoch, outcome } = *hold;
    let outcome = match outcome {
        Outcome::Won { payout } => HoldOutcome::Won { payout_units: payout.units() },
        Outcome::Lost => HoldOutcome::Lost,
        Outcome::Released => HoldOutcome::Released,
    };
    ResolveBody { hold: name(player, bet, round, epoch), outcome }
}

/// `None` for a stake of nothing.
pub(super) fn reserve(body: &ReserveBody) -> Option<Reserve> {
    let HoldName { player, bet, lobby, round, epoch } = body.hold;
    Some(Reserve {
        player: player.0,
        bet: bet.0,
        round: RoundId::new(lobby.0, round),
        epoch: Epoch(epoch),
        stake: Stake::from_steps(body.stake_steps)?,
    })
}

pub(super) const fn release(body: &ReleaseBody) -> Release {
    let HoldName { player, bet, lobby, round, epoch } = body.hold;
    let round = RoundId::new(lobby.0, round);
    Release { player: player.0, bet: bet.0, round, epoch: Epoch(epoch) }
}

pub(super) const fn resolve(body: &ResolveBody) -> Resolve {
    let HoldName { player, bet, lobby, round, epoch } = body.hold;
    let outcome = match body.outcome {
        HoldOutcome::Won { payout_units } => {
            Outcome::Won { payout: Amount::from_units(payout_units) }
        }
        HoldOutcome::Lost => Outcome::Lost,
        HoldOutcome::Released => Outcome::Released,
    };
    let round = RoundId::new(lobby.0, round);
    Resolve { player: player.0, bet: bet.0, round, epoch: Epoch(epoch), outcome }
}

pub(super) const fn fence_body(fence: &Fence) -> FenceBody {
    let Fence { lobby, epoch, funding, raise, request } = *fence;
    let (lobby, funding_units) = (WireLobbyId(lobby), funding.units());
    FenceBody { lobby, epoch: epoch.0, funding_units, raise, request }
}

pub(super) const fn fence(body: FenceBody) -> Fence {
    let FenceBody { lobby, epoch, funding_units, raise, request } = body;
    let funding = Amount::from_units(funding_units);
    Fence { lobby: lobby.0, epoch: Epoch(epoch), funding, raise, request }
}

pub(super) fn fenced_body(fenced: &Fenced) -> FencedBody {
    let holds = fenced.open_holds.iter();
    FencedBody {
        epoch: fenced.epoch.0,
        closed_round: fenced.closed_round,
        seed_index: fenced.seed_index.0,
        seen_round: fenced.seen_round,
        seen_seed: fenced.seen_seed.0,
        house_balance_units: fenced.house_balance.units(),
        open_holds: holds.map(|&(round, count)| OpenHolds { round, count }).collect(),
    }
}

pub(super) fn fenced(body: &FencedBody) -> Fenced {
    let holds = body.open_holds.iter();
    Fenced {
        epoch: Epoch(body.epoch),
        closed_round: body.closed_round,
        seed_index: SeedIndex(body.seed_index),
        seen_round: body.seen_round,
        seen_seed: SeedIndex(body.seen_seed),
        house_balance: Amount::from_units(body.house_balance_units),
        open_holds: holds.map(|holds| (holds.round, holds.count)).collect(),
    }
}

pub(super) const fn close_body(close: &Close) -> CloseBody {
    let Close { round, epoch, count, stake_sum, seed_index } = *close;
    CloseBody {
        lobby: WireLobbyId(round.lobby),
        round: round.number,
        epoch: epoch.0,
        count,
        stake_sum_units: stake_sum.units(),
        seed_index: seed_index.0,
    }
}

pub(super) const fn close(body: CloseBody) -> Close {
    let CloseBody { lobby, round, epoch, count, stake_sum_units, seed_index } = body;
    Close {
        round: RoundId::new(lobby.0, round),
        epoch: Epoch(epoch),
        count,
        stake_sum: Amount::from_units(stake_sum_units),
        seed_index: SeedIndex(seed_index),
    }
}

pub(super) const fn refusal_body(refusal: Refusal) -> HoldRefusal {
    match refusal {
        Refusal::Fenced => HoldRefusal::Fenced,
        Refusal::RoundClosed => HoldRefusal::RoundClosed,
        Refusal::Tombstoned => HoldRefusal::Tombstoned,
        Refusal::IdReused => HoldRefusal::IdReused,
        Refusal::InsufficientFunds => HoldRefusal::InsufficientFunds,
    }
}

pub(super) const fn refusal(body: HoldRefusal) -> Refusal {
    match body {
        HoldRefusal::Fenced => Refusal::Fenced,
        HoldRefusal::RoundClosed => Refusal::RoundClosed,
        HoldRefusal::Tombstoned => Refusal::Tombstoned,
        HoldRefusal::IdReused => Refusal::IdReused,
        HoldRefusal::InsufficientFunds => Refusal::InsufficientFunds,
    }
}
