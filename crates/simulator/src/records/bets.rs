//! Bets: accepted, cancelled, released, cashed out.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::{Bet, BetKey, BetState, CashOut, Outcome};
use game::store::{Done, OutboxBody, RoundState, WireOutcome};
use kernel::{LobbyId, RoundId};

use super::{BetRow, Impossible, Part, Records};

impl Records {
    /// The bet's row, while its round is open; its release otherwise.
    pub(super) fn accept_bet(
        &mut self,
        lobby: LobbyId,
        bet: &Bet,
        name: &Arc<str>,
        at: i64,
    ) -> Done {
        let key = bet.key;
        let round = RoundId::new(lobby, key.round);
        let known = self.bets.get(&(key.player, key.bet));
        let open = self.rounds.get_mut(&round).filter(|row| row.record.state == RoundState::Open);
        match (known, open) {
            (None, Some(row)) => {
                row.bets.push((key.player, key.bet));
                let row = BetRow {
                    key,
                    lobby,
                    name: Arc::clone(name),
                    stake: bet.stake,
                    auto_cash_out: bet.auto_cash_out,
                    cap: bet.cap,
                    balance: bet.balance,
                    state: BetState::Accepted,
                    in_round: false,
                    refused: false,
                    placed_at: at,
                };
                self.bets.insert((key.player, key.bet), row);
                Done::Stored
            }
            // The same bet applied again, perhaps when it had been played already.
            (Some(row), _)
                if (row.state == BetState::Accepted || row.in_round)
                    && (row.lobby, row.key, row.stake) == (lobby, key, bet.stake) =>
            {
                Done::Stored
            }
            _ => {
                self.queue_release(lobby, key);
                Done::Missed
            }
        }
    }

    /// An accepted bet goes back to its player as `state`; its release is queued.
    pub(super) fn give_back(&mut self, lobby: LobbyId, key: BetKey, state: BetState) {
        if let Some(bet) = self.bets.get_mut(&(key.player, key.bet))
            && bet.state == BetState::Accepted
            && !bet.in_round
        {
            bet.state = state;
            bet.refused = state == BetState::Released;
        }
        self.queue_release(lobby, key);
    }

    /// Marks exactly these bets as in the round; every other one of it is given back.
    pub(super) fn mark(&mut self, round: RoundId, bets: &[BetKey]) {
        let marked: BTreeSet<_> = bets.iter().map(|key| (key.player, key.bet)).collect();
        let of_round = self.rounds.get(&round).map(|row| row.bets.clone()).unwrap_or_default();
        for name in of_round {
            let Some(bet) = self.bets.get_mut(&name) else { continue };
            if marked.contains(&name) {
                bet.in_round = true;
            } else if bet.state == BetState::Accepted && !bet.in_round {
                let key = bet.key;
                self.give_back(round.lobby, key, BetState::Released);
            }
        }
    }

    pub(super) fn cash_out(
        &mut self,
        lobby: LobbyId,
        cash_out: &CashOut,
    ) -> Result<(), Impossible> {
        let CashOut { key, multiplier, payout, stamped_ms, .. } = *cash_out;
        let outcome = Outcome::CashedOut { multiplier, payout };
        if self.end_bet(key, outcome, stamped_ms) {
            let body =
                OutboxBody::Resolve { bets: vec![WireOutcome::new(key.player, key.bet, outcome)] };
            let round = RoundId::new(lobby, key.round);
            self.queue(round, Part::CashOut(key.player, key.bet), body);
            return Ok(());
        }
        // Either it was applied before, or the bet has another end and this one is not true.
        let stands = self.bets.get(&(key.player, key.bet)).is_some_and(|bet| {
            matches!(bet.state, BetState::CashedOut { multiplier: at, .. } if at == multiplier)
        });
        if stands { Ok(()) } else { Err(Impossible) }
    }

    /// Ends a bet that is in its round and open; whether it was.
    pub(super) fn end_bet(&mut self, key: BetKey, outcome: Outcome, stamped_ms: u64) -> bool {
        let Some(bet) = self.bets.get_mut(&(key.player, key.bet)) else { return false };
        if bet.state != BetState::Accepted || !bet.in_round {
            return false;
        }
        bet.state = match outcome {
            Outcome::CashedOut { multiplier, .. } => {
                BetState::CashedOut { multiplier, stamped_ms, auto: false }
            }
            Outcome::Lost => BetState::Lost,
            Outcome::Released => BetState::Released,
        };
        true
    }
}
