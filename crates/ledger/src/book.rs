//! The rows of a batch while it is decided: what was loaded, under what has changed since.

use std::collections::BTreeMap;

use kernel::{Amount, LobbyId, PlayerId, RoundId};

use crate::{
    Account, Changes, Fence, Hold, HoldId, HoldState, Kind, Parked, RequestId, Round, Rows, TopUp,
    TopUpDay, Transfer,
};

/// Reads see the batch's own writes; writes stay beside the loaded rows.
pub(crate) struct Book<'rows> {
    rows: &'rows Rows,
    changes: Changes,
    /// Holds as they stand now; told apart into made and decided at the end.
    holds: BTreeMap<HoldId, Hold>,
    requests: BTreeMap<(PlayerId, RequestId), TopUp>,
}

impl<'rows> Book<'rows> {
    pub(crate) fn new(rows: &'rows Rows) -> Self {
        Self {
            rows,
            changes: Changes::default(),
            holds: BTreeMap::new(),
            requests: BTreeMap::new(),
        }
    }

    /// What must be written: rows that ended as they began are not among it.
    pub(crate) fn into_changes(self) -> Changes {
        let Self { rows, mut changes, holds, .. } = self;
        changes.accounts.retain(|account, balance| rows.accounts.get(account) != Some(balance));
        changes.held.retain(|player, held| rows.held.get(player) != Some(held));
        changes.fences.retain(|lobby, fence| rows.fences.get(lobby) != Some(fence));
        changes.rounds.retain(|id, round| rows.rounds.get(id) != Some(round));
        for (id, hold) in holds {
            let before = rows.holds.contains_key(&id);
            let into = if before { &mut changes.holds_decided } else { &mut changes.holds_made };
            into.insert(id, hold);
        }
        changes
    }

    pub(crate) fn fence(&self, lobby: LobbyId) -> Option<Fence> {
        self.changes.fences.get(&lobby).or_else(|| self.rows.fences.get(&lobby)).copied()
    }

    pub(crate) fn put_fence(&mut self, lobby: LobbyId, fence: Fence) {
        self.changes.fences.insert(lobby, fence);
    }

    pub(crate) fn balance(&self, account: Account) -> Amount {
        let changed = self.changes.accounts.get(&account);
        changed.or_else(|| self.rows.accounts.get(&account)).copied().unwrap_or_default()
    }

    /// What the player has on reserved holds.
    pub(crate) fn held(&self, player: PlayerId) -> Amount {
        let changed = self.changes.held.get(&player);
        changed.or_else(|| self.rows.held.get(&player)).copied().unwrap_or_default()
    }

    /// The tally of a round, or `None` if no hold was ever made for it.
    pub(crate) fn round(&self, id: RoundId) -> Option<Round> {
        self.changes.rounds.get(&id).or_else(|| self.rows.rounds.get(&id)).copied()
    }

    pub(crate) fn put_round(&mut self, id: RoundId, round: Round) {
        self.changes.rounds.insert(id, round);
    }

    /// The rounds of `lobby` that still have reserved holds, ascending, with their number.
    pub(crate) fn open_holds(&self, lobby: LobbyId) -> Vec<(u32, u64)> {
        let all = RoundId::new(lobby, 0)..=RoundId::new(lobby, u32::MAX);
        let mut rounds: BTreeMap<RoundId, &Round> =
            self.rows.rounds.range(all.clone()).map(|(id, round)| (*id, round)).collect();
        rounds.extend(self.changes.rounds.range(all).map(|(id, round)| (*id, round)));
        let counts = rounds.iter().map(|(id, round)| (id.number, u64::from(round.reserved_count)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    pub(crate) fn hold(&self, id: HoldId) -> Option<Hold> {
        self.holds.get(&id).or_else(|| self.rows.holds.get(&id)).copied()
    }

    pub(crate) fn put_hold(&mut self, id: HoldId, hold: Hold) {
        self.holds.insert(id, hold);
    }

    /// The holds of `round` that nobody has decided, in key order.
    pub(crate) fn reserved(&self, round: RoundId) -> Vec<(HoldId, Hold)> {
        let mut found: BTreeMap<HoldId, Hold> = BTreeMap::new();
        let of_round = |(_, hold): &(&HoldId, &Hold)| hold.round == round;
        found.extend(self.rows.holds.iter().filter(of_round));
        found.extend(self.holds.iter().filter(of_round));
        found.retain(|_, hold| hold.state == HoldState::Reserved);
        found.into_iter().collect()
    }

    pub(crate) fn is_tombstoned(&self, id: HoldId) -> bool {
        let standing = |round: &RoundId| !self.changes.buried.contains(round);
        self.changes.tombstones.contains_key(&id)
            || self.rows.tombstones.get(&id).is_some_and(standing)
    }

    pub(crate) fn put_tombstone(&mut self, id: HoldId, round: RoundId) {
        self.changes.tombstones.insert(id, round);
    }

    /// Takes away the tombstones of a round that refuses every reserve by being closed.
    pub(crate) fn bury(&mut self, round: RoundId) {
        self.changes.tombstones.retain(|_, at| *at != round);
        self.changes.buried.insert(round);
    }

    pub(crate) fn request(&self, player: PlayerId, request: RequestId) -> Option<TopUp> {
        let key = (player, request);
        self.requests.get(&key).or_else(|| self.rows.requests.get(&key)).copied()
    }

    pub(crate) fn put_request(&mut self, player: PlayerId, request: RequestId, made: TopUp) {
        self.requests.insert((player, request), made);
    }

    pub(crate) fn top_up_day(&self, player: PlayerId) -> TopUpDay {
        let changed = self.changes.top_up_days.get(&player);
        changed.or_else(|| self.rows.top_up_days.get(&player)).copied().unwrap_or_default()
    }

    pub(crate) fn put_top_up_day(&mut self, player: PlayerId, day: TopUpDay) {
        self.changes.top_up_days.insert(player, day);
    }

    pub(crate) fn park(&mut self, parked: Parked) {
        self.changes.parked.insert(parked);
    }

    /// Moves a bet's money, as `kind` says.
    pub(crate) fn transfer_of_bet(
        &mut self,
        kind: Kind,
        id: HoldId,
        round: RoundId,
        amount: Amount,
    ) {
        self.transfer(Transfer {
            kind,
            reference: *id.bet.as_bytes(),
            player: Some(id.player),
            lobby: Some(round.lobby),
            round: Some(round.number),
            amount,
            balance: None,
        });
    }

    /// Moves money and notes the balance of the player it leaves or reaches.
    pub(crate) fn transfer(&mut self, mut transfer: Transfer) {
        let (from, to) = transfer.accounts();
        let paid = self.balance(from) - transfer.amount;
        self.changes.accounts.insert(from, paid);
        let received = self.balance(to) + transfer.amount;
        self.changes.accounts.insert(to, received);
        transfer.balance = match (from, to) {
            (Account::Player(_), _) => Some(paid),
            (_, Account::Player(_)) => Some(received),
            _ => None,
        };
        debug_assert!(from == Account::Cashier || !paid.is_negative(), "{from} is short");
        self.hold_for(&transfer);
        self.changes.transfers.push(transfer);
    }
    /// A stake stands in escrow for its player; what leaves escrow is held no more.
    fn hold_for(&mut self, transfer: &Transfer) {
        let Some(player) = transfer.player else { return };
        let held = match transfer.kind {
            Kind::Stake => self.held(player) + transfer.amount,
            Kind::Collect | Kind::Release => self.held(player) - transfer.amount,
            Kind::Funding | Kind::TopUp | Kind::TakeOut | Kind::Payout => return,
        };
        debug_assert!(!held.is_negative(), "player {player} holds less than nothing");
        self.changes.held.insert(player, held);
    }
}
