//! Queued rows in the words of the wallet.

use std::collections::BTreeSet;

use contracts::{Release, Resolve};
use kernel::PlayerId;

use crate::store::{OutboxBody, OutboxRow, WireOutcome};

/// The rows of each lobby that stand before its first close.
pub(super) fn before_first_close(rows: &[OutboxRow]) -> Vec<&OutboxRow> {
    let mut closing = BTreeSet::new();
    let before = rows.iter().filter(|row| {
        if matches!(row.body, OutboxBody::Close { .. }) {
            closing.insert(row.round.lobby);
        }
        !closing.contains(&row.round.lobby)
    });
    before.collect()
}

/// The holds that the row gives back: none if it does something else, `None` if it says nothing.
pub(super) fn releases_of(row: &OutboxRow) -> Option<Vec<Release>> {
    let OutboxBody::Release { player, bet } = &row.body else { return Some(Vec::new()) };
    let (player, bet) = (PlayerId::new(*player).ok()?, bet.parse().ok()?);
    Some(vec![Release { player, bet, round: row.round, epoch: row.epoch }])
}

/// The holds that the row ends, likewise.
pub(super) fn resolves_of(row: &OutboxRow) -> Option<Vec<Resolve>> {
    let OutboxBody::Resolve { bets } = &row.body else { return Some(Vec::new()) };
    bets.iter().map(|bet| resolve_of(row, bet)).collect()
}

fn resolve_of(row: &OutboxRow, bet: &WireOutcome) -> Option<Resolve> {
    let (player, name) = (PlayerId::new(bet.player).ok()?, bet.bet.parse().ok()?);
    let (round, epoch) = (row.round, row.epoch);
    Some(Resolve { player, bet: name, round, epoch, outcome: bet.outcome() })
}
