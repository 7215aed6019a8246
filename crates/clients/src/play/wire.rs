//! The contract's values as lines and back. What names no thing is `None`: the line is refused.

use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, LobbyRef, PlayRefusal, Returned,
};
use kernel::{Amount, Multiplier, RoundId, Stake, Timestamp};
use protocol::internal::play::{
    AcceptedBet, CancelBetCall, CashOutCall, CashedOutBet, Place, PlaceBetCall, PlayRefused,
    ReturnedBet,
};
use protocol::wire::{WireBetId, WireLobbyId, WirePlayerId};

const fn place(at: LobbyRef) -> Place {
    Place { lobby: WireLobbyId(at.lobby), round: at.round }
}

const fn lobby_ref(place: Place) -> LobbyRef {
    LobbyRef { lobby: place.lobby.0, round: place.round }
}

pub(super) fn place_bet_call(bet: &BetRequest) -> PlaceBetCall {
    PlaceBetCall {
        player: WirePlayerId(bet.player),
        username: bet.username.clone(),
        place: place(bet.at),
        bet: WireBetId(bet.bet),
        stake_steps: bet.stake.steps(),
        auto_centi: bet.auto_cash_out.map(Multiplier::centi),
    }
}

pub(super) fn bet_request(call: PlaceBetCall) -> Option<BetRequest> {
    Some(BetRequest {
        player: call.player.0,
        username: call.username,
        at: lobby_ref(call.place),
        bet: call.bet.0,
        stake: Stake::from_steps(call.stake_steps)?,
        auto_cash_out: target(call.auto_centi).ok()?,
    })
}

pub(super) const fn cancel_call(cancel: &CancelRequest) -> CancelBetCall {
    let CancelRequest { player, at, bet } = *cancel;
    CancelBetCall { player: WirePlayerId(player), place: place(at), bet: WireBetId(bet) }
}

pub(super) const fn cancel_request(call: CancelBetCall) -> CancelRequest {
    CancelRequest { player: call.player.0, at: lobby_ref(call.place), bet: call.bet.0 }
}

/// The stamp stays behind: it is the owner's reader that stamps.
pub(super) fn cash_out_call(cash_out: &CashOutRequest) -> CashOutCall {
    let CashOutRequest { player, at, bet, stamp: _ } = *cash_out;
    CashOutCall { player: WirePlayerId(player), place: place(at), bet: bet.map(WireBetId) }
}

pub(super) fn cash_out_request(call: CashOutCall, stamp: Timestamp) -> CashOutRequest {
    let CashOutCall { player, place, bet } = call;
    CashOutRequest {
        player: player.0,
        at: lobby_ref(place),
        bet: bet.map(|WireBetId(bet)| bet),
        stamp,
    }
}

pub(super) fn accepted_bet(accepted: &Accepted) -> AcceptedBet {
    AcceptedBet {
        bet: WireBetId(accepted.bet),
        lobby: WireLobbyId(accepted.round.lobby),
        round: accepted.round.number,
        stake_steps: accepted.stake.steps(),
        auto_centi: accepted.auto_cash_out.map(Multiplier::centi),
        cap_centi: accepted.cap.centi(),
        balance_units: accepted.balance.units(),
    }
}

pub(super) fn accepted(bet: &AcceptedBet) -> Option<Accepted> {
    Some(Accepted {
        bet: bet.bet.0,
        round: RoundId::new(bet.lobby.0, bet.round),
        stake: Stake::from_steps(bet.stake_steps)?,
        auto_cash_out: target(bet.auto_centi).ok()?,
        cap: Multiplier::from_centi(bet.cap_centi)?,
        balance: Amount::from_units(bet.balance_units),
    })
}

pub(super) const fn returned_bet(returned: &Returned) -> ReturnedBet {
    let Returned { bet, round, stake } = *returned;
    ReturnedBet {
        bet: WireBetId(bet),
        lobby: WireLobbyId(round.lobby),
        round: round.number,
        stake_steps: stake.steps(),
    }
}

pub(super) fn returned(bet: &ReturnedBet) -> Option<Returned> {
    let round = RoundId::new(bet.lobby.0, bet.round);
    Some(Returned { bet: bet.bet.0, round, stake: Stake::from_steps(bet.stake_steps)? })
}

pub(super) const fn cashed_out_bet(paid: &CashedOut) -> CashedOutBet {
    CashedOutBet {
        bet: WireBetId(paid.bet),
        lobby: WireLobbyId(paid.round.lobby),
        round: paid.round.number,
        stake_steps: paid.stake.steps(),
        multiplier_centi: paid.multiplier.centi(),
        payout_units: paid.payout.units(),
        stamped_ms: paid.stamped_ms,
    }
}

pub(super) fn cashed_out(bet: &CashedOutBet) -> Option<CashedOut> {
    Some(CashedOut {
        bet: bet.bet.0,
        round: RoundId::new(bet.lobby.0, bet.round),
        stake: Stake::from_steps(bet.stake_steps)?,
        multiplier: Multiplier::from_centi(bet.multiplier_centi)?,
        payout: Amount::from_units(bet.payout_units),
        stamped_ms: bet.stamped_ms,
    })
}

/// An error for a multiplier below 1.00x.
fn target(centi: Option<u32>) -> Result<Option<Multiplier>, ()> {
    centi.map(|centi| Multiplier::from_centi(centi).ok_or(())).transpose()
}

pub(super) fn refused(refusal: PlayRefusal) -> PlayRefused {
    match refusal {
        PlayRefusal::UnknownLobby => PlayRefused::UnknownLobby,
        PlayRefusal::BettingClosed => PlayRefused::BettingClosed,
        PlayRefusal::WrongRound => PlayRefused::WrongRound,
        PlayRefusal::BelowMin { min } => PlayRefused::BelowMin { min_steps: min.steps() },
        PlayRefusal::AboveMax { max } => PlayRefused::AboveMax { max_steps: max.steps() },
        PlayRefusal::InvalidTarget => PlayRefused::InvalidTarget,
        PlayRefusal::BetLimit { limit } => PlayRefused::BetLimit { limit },
        PlayRefusal::InsufficientFunds => PlayRefused::InsufficientFunds,
        PlayRefusal::ExposureFull { fits } => {
            PlayRefused::ExposureFull { fits_steps: fits.map(Stake::steps) }
        }
        PlayRefusal::BetIdReused => PlayRefused::BetIdReused,
        PlayRefusal::NoOpenBet => PlayRefused::NoOpenBet,
        PlayRefusal::TooEarly => PlayRefused::TooEarly,
        PlayRefusal::TooLate => PlayRefused::TooLate,
        PlayRefusal::AlreadyCashedOut => PlayRefused::AlreadyCashedOut,
        PlayRefusal::Overloaded => PlayRefused::Overloaded,
        PlayRefusal::Draining => PlayRefused::Draining,
        PlayRefusal::SeedsExhausted => PlayRefused::SeedsExhausted,
        PlayRefusal::NotOwner => PlayRefused::NotOwner,
    }
}

pub(super) fn refusal(refused: PlayRefused) -> Option<PlayRefusal> {
    Some(match refused {
        PlayRefused::UnknownLobby => PlayRefusal::UnknownLobby,
        PlayRefused::BettingClosed => PlayRefusal::BettingClosed,
        PlayRefused::WrongRound => PlayRefusal::WrongRound,
        PlayRefused::BelowMin { min_steps } => {
            PlayRefusal::BelowMin { min: Stake::from_steps(min_steps)? }
        }
        PlayRefused::AboveMax { max_steps } => {
            PlayRefusal::AboveMax { max: Stake::from_steps(max_steps)? }
        }
        PlayRefused::InvalidTarget => PlayRefusal::InvalidTarget,
        PlayRefused::BetLimit { limit } => PlayRefusal::BetLimit { limit },
        PlayRefused::InsufficientFunds => PlayRefusal::InsufficientFunds,
        PlayRefused::ExposureFull { fits_steps } => {
            PlayRefusal::ExposureFull { fits: fits_steps.and_then(Stake::from_steps) }
        }
        PlayRefused::BetIdReused => PlayRefusal::BetIdReused,
        PlayRefused::NoOpenBet => PlayRefusal::NoOpenBet,
        PlayRefused::TooEarly => PlayRefusal::TooEarly,
        PlayRefused::TooLate => PlayRefusal::TooLate,
        PlayRefused::AlreadyCashedOut => PlayRefusal::AlreadyCashedOut,
        PlayRefused::Overloaded => PlayRefusal::Overloaded,
        PlayRefused::Draining => PlayRefusal::Draining,
        PlayRefused::SeedsExhausted => PlayRefusal::SeedsExhausted,
        PlayRefused::NotOwner => PlayRefusal::NotOwner,
    })
}
