//! Rounds and bets as they are shown.

use game::store::{BetRecord, RoundRecord};
use kernel::{BetId, LobbyId, PlayerId, RoundId};

use super::{BetRow, Records, RoundRow, of_lobby};

impl Records {
    pub(super) fn round(&self, round: RoundId) -> Option<(RoundRecord, Vec<BetRecord>)> {
        self.rounds.get(&round).map(|row| self.with_bets(row))
    }

    fn with_bets(&self, row: &RoundRow) -> (RoundRecord, Vec<BetRecord>) {
        let bets = row.bets.iter().filter_map(|name| self.bets.get(name));
        let mut bets: Vec<BetRecord> = bets.map(BetRow::record).collect();
        bets.sort_by_key(|bet| (bet.placed_at, bet.player, bet.bet));
        (row.record.clone(), bets)
    }

    /// Rounds of a lobby below `before`, newest first.
    pub(super) fn rounds_below(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Vec<RoundRecord> {
        let rounds = self.rounds.range(of_lobby(lobby)).rev();
        let rounds = rounds.filter(|(round, _)| before.is_none_or(|before| round.number < before));
        rounds.map(|(_, row)| row.record.clone()).take(limit as usize).collect()
    }

    /// Rounds above `after` that are over, oldest first, up to the first that is not.
    pub(super) fn finished(
        &self,
        lobby: LobbyId,
        after: u32,
        limit: u32,
    ) -> Vec<(RoundRecord, Vec<BetRecord>)> {
        let rounds = self.rounds.range(of_lobby(lobby)).map(|(_, row)| row);
        let rounds = rounds.filter(|row| row.record.round.number > after).take(limit as usize);
        let over = rounds.take_while(|row| row.record.state.is_over());
        over.map(|row| self.with_bets(row)).collect()
    }

    pub(super) fn bet(&self, player: PlayerId, bet: BetId) -> Option<BetRecord> {
        self.bets.get(&(player, bet)).map(BetRow::record)
    }

    pub(super) fn was_refused(&self, player: PlayerId, bet: BetId) -> bool {
        self.bets.get(&(player, bet)).is_some_and(|bet| bet.refused)
    }

    /// A player's bets placed before the bet `before`, newest first.
    pub(super) fn bets_of(
        &self,
        player: PlayerId,
        before: Option<BetId>,
        limit: u32,
    ) -> Vec<BetRecord> {
        let first = (player, BetId::from_bytes([0; 16]));
        let last = (player, BetId::from_bytes([0xff; 16]));
        let mut own: Vec<BetRecord> =
            self.bets.range(first..=last).map(|(_, bet)| bet.record()).collect();
        own.sort_by_key(|bet| std::cmp::Reverse((bet.placed_at, bet.bet)));
        let before = before.and_then(|before| own.iter().position(|bet| bet.bet == before));
        own.into_iter().skip(before.map_or(0, |place| place + 1)).take(limit as usize).collect()
    }
}

impl BetRow {
    pub(super) fn record(&self) -> BetRecord {
        let payout = match self.state {
            engine::BetState::CashedOut { multiplier, .. } => {
                Some(self.stake.payout_at(multiplier))
            }
            _ => None,
        };
        BetRecord {
            player: self.key.player,
            name: self.name.to_string(),
            bet: self.key.bet,
            round: RoundId::new(self.lobby, self.key.round),
            stake: self.stake,
            auto_cash_out: self.auto_cash_out,
            cap: self.cap,
            balance: self.balance,
            state: self.state,
            in_round: self.in_round,
            payout,
            placed_at: self.placed_at,
        }
    }
}
