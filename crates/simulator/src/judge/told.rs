//! What players asked and were told: their own log, which the stores must honour.

use std::collections::BTreeMap;

use contracts::{Accepted, CashedOut, PlayRefusal, Returned};
use engine::BetState;
use kernel::{BetId, LobbyId, Multiplier, PlayerId, RoundId, Stake};
use ledger::Account;
use protocol::notice::Notice;

use super::Judge;
use super::rounds::Ended;
use super::sums::payout;
use crate::crowd::screens::News;
use crate::records::{BetRow, Records};

const RULE: &str = "answered means stored";

/// The players' log.
#[derive(Default)]
pub(super) struct Told {
    pub(super) bets: BTreeMap<(PlayerId, BetId), Asked>,
    pub(super) acknowledged: u64,
    /// When each lobby last took a bet, in milliseconds of the world.
    took: BTreeMap<LobbyId, u64>,
    /// When each lobby last refused one, and why.
    refused: BTreeMap<LobbyId, (u64, PlayRefusal)>,
}

/// One bet as its player knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) lobby: LobbyId,
    pub(super) stake: Stake,
    pub(super) auto_cash_out: Option<Multiplier>,
    /// How often a gateway sent it.
    pub(super) sendings: u32,
    pub(super) accepted: Option<Accepted>,
    pub(super) refused: bool,
    pub(super) returned: Option<Returned>,
    pub(super) cashed_out: Option<CashedOut>,
}

impl Judge {
    /// A player is about to ask for a bet.
    pub(crate) fn asks(
        &self,
        name: (PlayerId, BetId),
        lobby: LobbyId,
        stake: Stake,
        auto_cash_out: Option<Multiplier>,
    ) {
        let asked = Asked {
            lobby,
            stake,
            auto_cash_out,
            sendings: 0,
            accepted: None,
            refused: false,
            returned: None,
            cashed_out: None,
        };
        self.0.told.lock().bets.insert(name, asked);
    }

    /// A gateway sends a bet.
    pub(crate) fn sent(&self, player: PlayerId, bet: BetId) {
        let mut told = self.0.told.lock();
        if let Some(asked) = told.bets.get_mut(&(player, bet)) {
            asked.sendings += 1;
            return;
        }
        drop(told);
        self.fail("a bet keeps its id", format!("{player} never asked for {bet}"));
    }

    /// A player was told that a bet is in.
    pub(crate) fn told_accepted(&self, player: PlayerId, accepted: Accepted) {
        let mut told = self.0.told.lock();
        told.acknowledged += 1;
        told.took.insert(accepted.round.lobby, self.0.executor.now_ms());
        let Some(asked) = told.bets.get_mut(&(player, accepted.bet)) else { return };
        let same = (accepted.stake, accepted.auto_cash_out) == (asked.stake, asked.auto_cash_out);
        let again = asked.accepted.is_none_or(|first| first.round == accepted.round);
        asked.accepted = Some(accepted);
        drop(told);
        self.require(same && again, "a bet is accepted as it was asked for", || {
            format!("{player}: {accepted:?}")
        });
    }

    /// A lobby that nothing stands in the way of takes bets. `seen` is what players see of it.
    pub(crate) fn took_bets_since(&self, lobby: LobbyId, since_ms: u64, seen: News) {
        let took = self.0.told.lock().took.get(&lobby).copied();
        self.require(took >= Some(since_ms), "every lobby takes bets again", || {
            let stands = self.read_records(|records| records.lobby_stands(lobby));
            let stands = stands.unwrap_or_default();
            let refused = self.0.told.lock().refused.get(&lobby).copied();
            let house = Account::House(lobby);
            let house = self.read_book(|book| book.rows.accounts.get(&house).copied());
            format!(
                "lobby {lobby} took its last at {took:?}, refused one at {refused:?}; {stands}, \
                 house {house:?}, {seen:?}"
            )
        });
    }

    /// A player was told that a bet is not in.
    pub(crate) fn told_refused(&self, player: PlayerId, bet: BetId, why: PlayRefusal) {
        let mut told = self.0.told.lock();
        let Some(asked) = told.bets.get_mut(&(player, bet)) else { return };
        asked.refused = true;
        let lobby = asked.lobby;
        told.refused.insert(lobby, (self.0.executor.now_ms(), why));
    }

    /// A player was told that a stake goes back.
    pub(crate) fn told_returned(&self, player: PlayerId, returned: Returned) {
        let mut told = self.0.told.lock();
        told.acknowledged += 1;
        if let Some(asked) = told.bets.get_mut(&(player, returned.bet)) {
            asked.returned = Some(returned);
        }
    }

    /// A player was told that a bet is paid; always the same.
    pub(crate) fn told_cashed_out(&self, player: PlayerId, paid: CashedOut) {
        let mut told = self.0.told.lock();
        told.acknowledged += 1;
        let Some(asked) = told.bets.get_mut(&(player, paid.bet)) else { return };
        let first = asked.cashed_out.replace(paid).unwrap_or(paid);
        drop(told);
        let same = (first.multiplier, first.payout) == (paid.multiplier, paid.payout);
        self.require(same, "a cash-out is always told the same", || {
            format!("{player}: {first:?}, then {paid:?}")
        });
    }

    /// The owner answers that a bet is in.
    pub(crate) fn answers_accepted(&self, player: PlayerId, accepted: &Accepted) {
        self.answers(player, accepted.bet, accepted.round, |bet| {
            bet.stake == accepted.stake
                && bet.cap == accepted.cap
                && bet.auto_cash_out == accepted.auto_cash_out
                && (bet.lobby, bet.key.round) == (accepted.round.lobby, accepted.round.number)
        });
    }

    /// The owner answers that a bet goes back.
    pub(crate) fn answers_returned(&self, player: PlayerId, returned: &Returned) {
        self.answers(player, returned.bet, returned.round, |bet| {
            bet.state == BetState::Cancelled && bet.stake == returned.stake
        });
    }

    /// The owner answers that a bet is paid.
    pub(crate) fn answers_cashed_out(&self, player: PlayerId, paid: &CashedOut) {
        self.answers(player, paid.bet, paid.round, |bet| {
            Ended::of(bet.state) == Some(Ended::CashedOut(paid.multiplier))
                && payout(bet.stake, paid.multiplier) == paid.payout
        });
    }

    fn answers(
        &self,
        player: PlayerId,
        bet: BetId,
        round: RoundId,
        holds: impl FnOnce(&BetRow) -> bool,
    ) {
        let name = (player, bet);
        let stored = self.read_records(|records: &Records| {
            let row = records.bets.get(&name);
            (row.is_some_and(holds), row.map(|row| row.state))
        });
        let Some((stored, state)) = stored else { return };
        if stored {
            return;
        }
        let rounds = self.0.rounds.lock();
        let excused = rounds.lost.contains(&round) || rounds.lost_bets.contains(&name);
        drop(rounds);
        self.require(excused, RULE, || format!("{player}, bet {bet} of {round}: {state:?}"));
    }

    /// A notice of a balance leaves a user process: it is that of a transfer in the book.
    pub(crate) fn notifies(&self, json: &[u8]) {
        let Ok(Notice::Balance(notice)) = serde_json::from_slice(json) else { return };
        let committed = self.read_book(|book| book.transfers.len() as u64);
        let ever_lost = self.0.money.lock().ever_lost;
        let known = committed.is_none_or(|committed| notice.version <= committed);
        self.require(ever_lost || known, "a balance is told after its commit", || {
            format!("{notice:?}, the book has {committed:?} transfers")
        });
    }
}
