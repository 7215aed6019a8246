//! Rows as a store loaded them. The whole book of a test or a simulation is one of these, too.

use std::collections::BTreeMap;

use kernel::{Amount, LobbyId, PlayerId, RoundId};

use crate::{Account, Changes, Fence, Hold, HoldId, Kind, RequestId, Round, TopUpDay, Transfer};

/// The rows a batch touches, as they stood before it. A row that is not here does not exist;
/// a balance that is not here is zero, and so is what a player holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Fences.
    pub fences: BTreeMap<LobbyId, Fence>,
    /// Tallies.
    pub rounds: BTreeMap<RoundId, Round>,
    /// Holds.
    pub holds: BTreeMap<HoldId, Hold>,
    /// Releases that came before their reserve.
    pub tombstones: BTreeMap<HoldId, RoundId>,
    /// Top-ups and take-outs already made.
    pub requests: BTreeMap<(PlayerId, RequestId), TopUp>,
    /// Days of top-ups.
    pub top_up_days: BTreeMap<PlayerId, TopUpDay>,
    /// Balances.
    pub accounts: BTreeMap<Account, Amount>,
    /// What players have on reserved holds, beside their balances.
    pub held: BTreeMap<PlayerId, Amount>,
}

/// A top-up or take-out that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// What moved; negative if money was taken out.
    pub moved: Amount,
    /// What could be staked right after it.
    pub balance: Amount,
}

impl Rows {
    /// Makes these rows what they are after `changes`.
    pub fn apply(&mut self, changes: Changes) {
        self.fences.extend(changes.fences);
        self.rounds.extend(changes.rounds);
        self.holds.extend(changes.holds_made);
        self.holds.extend(changes.holds_decided);
        self.tombstones.retain(|_, round| !changes.buried.contains(round));
        self.tombstones.extend(changes.tombstones);
        self.accounts.extend(changes.accounts);
        self.held.extend(changes.held);
        self.top_up_days.extend(changes.top_up_days);
        self.requests.extend(changes.transfers.iter().filter_map(request));
    }
}

/// The request that a transfer answers, if it does.
fn request(transfer: &Transfer) -> Option<((PlayerId, RequestId), TopUp)> {
    let moved = match transfer.kind {
        Kind::TopUp => transfer.amount,
        Kind::TakeOut => -transfer.amount,
        _ => return None,
    };
    let balance = transfer.balance?;
    Some(((transfer.player?, transfer.reference), TopUp { moved, balance }))
}
