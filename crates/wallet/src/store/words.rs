//! The book's words as every database keeps them.

use kernel::Amount;
use ledger::{Account, HoldState, Kind, Outcome, Reason, Released, RoundState};

/// What closed rounds still hold: a close that did not agree kept it. Rounds that a raised fence
/// left behind are to be closed yet. A partial index names the few rounds that hold anything.
pub(super) const ESCROW_KEPT: &str = "
    SELECT CAST(coalesce(sum(reserved_units), 0) AS BIGINT) FROM ledger_round
    WHERE reserved_count > 0 AND state = 'disagreed'";

/// Kind and number of an account.
pub(super) fn account(account: Account) -> (&'static str, i64) {
    match account {
        Account::Cashier => ("cashier", 0),
        Account::House(lobby) => ("house", lobby.as_i64()),
        Account::Escrow(lobby) => ("escrow", lobby.as_i64()),
        Account::Player(player) => ("player", player.as_i64()),
    }
}

/// The columns state, `payout_units`, `released_by`.
pub(super) fn hold_state(state: HoldState) -> (&'static str, Option<i64>, Option<&'static str>) {
    match state {
        HoldState::Reserved => ("reserved", None, None),
        HoldState::Won { payout } => ("won", Some(payout.units()), None),
        HoldState::Lost => ("lost", None, None),
        HoldState::Released(Released::Early) => ("released", None, Some("release")),
        HoldState::Released(Released::Resolved) => ("released", None, Some("resolve")),
        HoldState::Released(Released::Closed) => ("released", None, Some("close")),
    }
}

/// What [`hold_state`] wrote; none if it did not.
pub(super) fn hold_state_of(
    state: &str,
    payout: Option<i64>,
    released_by: Option<&str>,
) -> Option<HoldState> {
    Some(match (state, payout, released_by) {
        ("reserved", None, None) => HoldState::Reserved,
        ("won", Some(payout), None) => HoldState::Won { payout: Amount::from_units(payout) },
        ("lost", None, None) => HoldState::Lost,
        ("released", None, Some("release")) => HoldState::Released(Released::Early),
        ("released", None, Some("resolve")) => HoldState::Released(Released::Resolved),
        ("released", None, Some("close")) => HoldState::Released(Released::Closed),
        _ => return None,
    })
}

pub(super) const fn round_state(state: RoundState) -> &'static str {
    match state {
        RoundState::Open => "open",
        RoundState::Agreed => "agreed",
        RoundState::Disagreed => "disagreed",
    }
}

pub(super) fn round_state_of(text: &str) -> Option<RoundState> {
    [RoundState::Open, RoundState::Agreed, RoundState::Disagreed]
        .into_iter()
        .find(|state| round_state(*state) == text)
}

pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Funding => "funding",
        Kind::TopUp => "top_up",
        Kind::TakeOut => "take_out",
        Kind::Stake => "stake",
        Kind::Collect => "collect",
        Kind::Payout => "payout",
        Kind::Release => "release",
    }
}

pub(super) fn kind_of(text: &str) -> Option<Kind> {
    const ALL: [Kind; 7] = [
        Kind::Funding,
        Kind::TopUp,
        Kind::TakeOut,
        Kind::Stake,
        Kind::Collect,
        Kind::Payout,
        Kind::Release,
    ];
    ALL.into_iter().find(|known| kind(*known) == text)
}

pub(super) const fn outcome(outcome: Outcome) -> (&'static str, i64) {
    match outcome {
        Outcome::Won { payout } => ("won", payout.units()),
        Outcome::Lost => ("lost", 0),
        Outcome::Released => ("released", 0),
    }
}

pub(super) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unknown => "unknown",
        Reason::OtherRound => "other_round",
        Reason::Decided => "decided",
        Reason::BadPayout => "bad_payout",
        Reason::HouseShort => "house_short",
    }
}
