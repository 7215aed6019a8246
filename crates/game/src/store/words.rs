//! How the game's words stand in columns, whichever database holds them.

use engine::{BetState, Mode, Outcome, Reason};
use kernel::{CurveKind, Multiplier};
use protocol::chains::AbandonReason;

use super::{RoundState, Visibility};

pub(super) const fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
    }
}

pub(super) fn visibility_of(text: &str) -> Visibility {
    match text {
        "public" => Visibility::Public,
        _ => Visibility::Private,
    }
}

pub(super) const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Continuous => "continuous",
        Mode::OnFirstBet => "on_first_bet",
    }
}

pub(super) fn mode_of(text: &str) -> Mode {
    match text {
        "continuous" => Mode::Continuous,
        _ => Mode::OnFirstBet,
    }
}

pub(super) const fn curve(curve: CurveKind) -> &'static str {
    match curve {
        CurveKind::Exponential => "exponential",
        CurveKind::Linear => "linear",
    }
}

pub(super) fn curve_of(text: &str) -> CurveKind {
    match text {
        "linear" => CurveKind::Linear,
        _ => CurveKind::Exponential,
    }
}

/// Why a round has no end of its own.
pub(super) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Quiet => "quiet",
        Reason::Shutdown => "shutdown",
        Reason::Stalled => "stalled",
        Reason::OwnerLost => "owner_lost",
    }
}

/// Why a chain was given up.
pub(super) const fn abandon_reason(reason: AbandonReason) -> &'static str {
    match reason {
        AbandonReason::BeaconMissing => "beacon_missing",
        AbandonReason::PublishedLate => "published_late",
        AbandonReason::StoreBehind => "store_behind",
        AbandonReason::Restored => "restored",
    }
}

pub(super) fn abandon_reason_of(text: &str) -> AbandonReason {
    match text {
        "beacon_missing" => AbandonReason::BeaconMissing,
        "published_late" => AbandonReason::PublishedLate,
        "store_behind" => AbandonReason::StoreBehind,
        _ => AbandonReason::Restored,
    }
}

pub(super) fn round_state_of(text: &str) -> Option<RoundState> {
    Some(match text {
        "open" => RoundState::Open,
        "locked" => RoundState::Locked,
        "crashed" => RoundState::Crashed,
        "settled" => RoundState::Settled,
        "voided" => RoundState::Voided,
        "interrupted" => RoundState::Interrupted,
        _ => return None,
    })
}

/// What an outcome is in columns: state, multiplier, payout.
pub(super) const fn outcome(outcome: Outcome) -> (&'static str, Option<u32>, Option<i64>) {
    match outcome {
        Outcome::CashedOut { multiplier, payout } => {
            ("cashed_out", Some(multiplier.centi()), Some(payout.units()))
        }
        Outcome::Lost => ("lost", None, None),
        Outcome::Released => ("released", None, None),
    }
}

/// How a bet stands, by its state and what it was cashed out at.
pub(super) fn bet_state_of(text: &str, cashed_out: Option<(Multiplier, u64)>) -> BetState {
    match (text, cashed_out) {
        ("cashed_out", Some((multiplier, stamped_ms))) => {
            BetState::CashedOut { multiplier, stamped_ms, auto: false }
        }
        ("lost", _) => BetState::Lost,
        ("cancelled", _) => BetState::Cancelled,
        ("released", _) => BetState::Released,
        _ => BetState::Accepted,
    }
}
