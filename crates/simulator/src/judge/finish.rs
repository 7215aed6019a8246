//! The end of a world: nothing is on its way any more, so everything must agree with everything.

use contracts::{Accepted, CashedOut, Returned};
use game::store::RoundState;
use kernel::{BetId, PlayerId, RoundId};
use ledger::{HoldId, HoldState, Released};

use super::Judge;
use super::rounds::{Ended, Rounds};
use super::sums::payout;
use super::told::Asked;
use crate::book::Book;
use crate::records::{BetRow, Records};

impl Judge {
    /// Compares the whole book, all records and the players' log.
    pub(crate) fn finish(&self, book: &Book, records: &Records) {
        self.money_adds_up(book);
        self.everything_ended(book, records);
        for (name, bet) in &records.bets {
            self.bet_and_hold_agree(book, *name, bet);
        }
        let asked = std::mem::take(&mut self.0.told.lock().bets);
        for (name, asked) in &asked {
            self.is_honoured(records, *name, asked);
        }
        for (id, hold) in &book.rows.holds {
            let name = (id.player, id.bet);
            let known = asked.contains_key(&name);
            self.require(known, "a bet keeps its id", || format!("hold {id} was never asked for"));
            let bet = records.bets.contains_key(&name);
            let back = matches!(hold.state, HoldState::Released(_));
            let excused = self.is_excused(hold.round, name);
            self.require(bet || back || excused, "a hold without a bet goes back", || {
                format!("hold {id} is {hold:?}")
            });
        }
    }

    /// Whether a failover lost something of the bet or of its round.
    fn is_excused(&self, round: RoundId, name: (PlayerId, BetId)) -> bool {
        let money = self.0.money.lock();
        let hold = HoldId { player: name.0, bet: name.1 };
        if money.lost.contains(&round) || money.lost_holds.contains(&hold) {
            return true;
        }
        drop(money);
        let rounds: &Rounds = &self.0.rounds.lock();
        rounds.lost.contains(&round) || rounds.lost_bets.contains(&name)
    }

    fn everything_ended(&self, book: &Book, records: &Records) {
        let played = records.rounds.iter().filter(|(round, _)| records.was_played(**round));
        for (round, row) in played {
            let money = self.0.money.lock();
            let excused = money.lost.contains(round)
                || (money.ever_lost && row.record.state == RoundState::Voided)
                || self.0.rounds.lock().lost.contains(round);
            drop(money);
            self.require(row.record.state.is_over(), "every round ends", || {
                format!("round {round} is {:?}", row.record.state)
            });
            let held = book.reserved_of(*round);
            let closed = row.close_agreed == Some(true) && held == 0;
            self.require(closed || excused, "every round is closed at the wallet", || {
                format!("round {round}: agreed {:?}, {held} holds", row.close_agreed)
            });
        }
        self.require(records.is_at_rest(), "the outbox is sent", || {
            format!("{} rows wait", records.unsent.len())
        });
    }

    fn bet_and_hold_agree(&self, book: &Book, name: (PlayerId, BetId), bet: &BetRow) {
        let hold = book.rows.holds.get(&HoldId { player: name.0, bet: name.1 });
        let state = hold.map(|hold| hold.state);
        let agree = match (Ended::of(bet.state), state) {
            (Some(Ended::CashedOut(at)), Some(HoldState::Won { payout: won })) => {
                payout(bet.stake, at) == won
            }
            (Some(Ended::Cancelled), Some(HoldState::Released(by))) => by != Released::Resolved,
            (Some(Ended::Lost), Some(HoldState::Lost))
            | (Some(Ended::Released), Some(HoldState::Released(_))) => true,
            _ => false,
        };
        let excused = self.is_excused(RoundId::new(bet.lobby, bet.key.round), name);
        self.require(agree || excused, "a bet's end is its hold's", || {
            format!(
                "{name:?} of {}/{} is {:?}, its hold {state:?}",
                bet.lobby, bet.key.round, bet.state
            )
        });
    }

    /// Every answer that reached its player is honoured.
    fn is_honoured(&self, records: &Records, name: (PlayerId, BetId), asked: &Asked) {
        let bet = records.bets.get(&name);
        if let Some(accepted) = &asked.accepted {
            self.acceptance_stands(records, name, accepted, bet);
        }
        if let Some(returned) = &asked.returned {
            self.return_stands(name, returned, bet);
        }
        if let Some(paid) = &asked.cashed_out {
            self.payment_stands(name, paid, bet);
        }
        // Sent once and refused, nothing of it may be left.
        if asked.refused && asked.sendings == 1 && asked.accepted.is_none() {
            let played = bet.filter(|bet| bet.in_round);
            self.require(played.is_none(), "a refused bet is not played", || {
                format!("{name:?} in lobby {}: {:?}", asked.lobby, played.map(|bet| bet.state))
            });
        }
    }

    fn acceptance_stands(
        &self,
        records: &Records,
        name: (PlayerId, BetId),
        accepted: &Accepted,
        bet: Option<&BetRow>,
    ) {
        let round = accepted.round;
        let state = records.rounds.get(&round).map(|row| row.record.state);
        let stands = bet.is_some_and(|bet| {
            let same = (bet.lobby, bet.key.round) == (round.lobby, round.number)
                && bet.stake == accepted.stake;
            same && match Ended::of(bet.state) {
                Some(Ended::CashedOut(_) | Ended::Lost) => bet.in_round,
                Some(Ended::Cancelled) => !bet.in_round,
                // Only where nobody played on.
                Some(Ended::Released) => {
                    matches!(state, Some(RoundState::Voided | RoundState::Interrupted))
                }
                None => false,
            }
        });
        let excused = self.is_excused(round, name);
        self.require(stands || excused, "an acknowledged bet is honoured", || {
            format!("{name:?} of {round}: {:?}, the round {state:?}", bet.map(|bet| bet.state))
        });
    }

    fn return_stands(&self, name: (PlayerId, BetId), returned: &Returned, bet: Option<&BetRow>) {
        let ended = bet.and_then(|bet| Ended::of(bet.state));
        let excused = self.is_excused(returned.round, name);
        let stands = ended == Some(Ended::Cancelled);
        self.require(stands || excused, "an acknowledged cancellation is honoured", || {
            format!("{name:?} of {}: {ended:?}", returned.round)
        });
    }

    fn payment_stands(&self, name: (PlayerId, BetId), paid: &CashedOut, bet: Option<&BetRow>) {
        let ended = bet.and_then(|bet| Ended::of(bet.state));
        let excused = self.is_excused(paid.round, name);
        let stands = ended == Some(Ended::CashedOut(paid.multiplier));
        self.require(stands || excused, "an acknowledged cash-out is honoured", || {
            format!("{name:?} of {}: told {paid:?}, stored {ended:?}", paid.round)
        });
    }
}
