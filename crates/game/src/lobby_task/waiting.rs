//! Callers that wait for a notice. Dropped without one, they learn that the outcome is unknown.

use std::collections::BTreeMap;

use contracts::{Accepted, CashedOut, PlayRefusal, Returned};
use engine::{Bet, CashOut, Event, Notice, Rejection};
use kernel::{BetId, LobbyId, PlayerId, RoundId};
use platform::traces::Place;

use crate::live::Reply;

type Name = (PlayerId, BetId);

/// Who waits for what.
#[derive(Default)]
pub(super) struct Waiting {
    bets: BTreeMap<Name, BetCallers>,
    cancels: BTreeMap<Name, Vec<Reply<Returned>>>,
    cash_outs: Vec<PendingCashOut>,
}

/// Who waits for a bet, and where the first of them asked.
type BetCallers = (Place, Vec<Reply<Accepted>>);

/// A cash-out of one or more bets, answered when the last is durable.
struct PendingCashOut {
    left: Vec<Name>,
    paid: Vec<CashedOut>,
    reply: Reply<Vec<CashedOut>>,
}

impl Waiting {
    pub(super) fn for_bet(&mut self, name: Name, reply: Reply<Accepted>, place: Place) {
        self.bets.entry(name).or_insert_with(|| (place, Vec::new())).1.push(reply);
    }

    /// Where a bet was asked for.
    pub(super) fn place_of(&self, name: &Name) -> Place {
        self.bets.get(name).map(|(place, _)| place.clone()).unwrap_or_default()
    }

    pub(super) fn for_cancel(&mut self, name: Name, reply: Reply<Returned>) {
        self.cancels.entry(name).or_default().push(reply);
    }

    /// `taken` is the event that says which bets the cash-out took.
    pub(super) fn for_cash_out(&mut self, taken: Option<&Event>, reply: Reply<Vec<CashedOut>>) {
        let Some(Event::Tell(Notice::CashOutTaken { bets, .. })) = taken else { return };
        let left = bets.iter().map(|key| (key.player, key.bet)).collect();
        self.cash_outs.push(PendingCashOut { left, paid: Vec::new(), reply });
    }

    /// Answers whoever waits for `notice`; whether somebody waited for a cash-out.
    pub(super) fn answer(&mut self, notice: &Notice, lobby: LobbyId) -> bool {
        match notice {
            Notice::BetAccepted(bet) => {
                let answer = Ok(accepted(lobby, bet));
                self.answer_bet((bet.key.player, bet.key.bet), &answer);
            }
            Notice::BetRefused { key, rejection } => {
                let refused = Err(refusal(*rejection));
                self.answer_bet((key.player, key.bet), &refused);
            }
            Notice::BetCancelled(bet) => {
                let round = RoundId::new(lobby, bet.key.round);
                let answer = Ok(Returned { bet: bet.key.bet, round, stake: bet.stake });
                send_all(self.cancels.remove(&(bet.key.player, bet.key.bet)), &answer);
            }
            Notice::CashedOut(cash_out) => return self.cashed_out(cash_out, lobby),
            _ => {}
        }
        false
    }

    fn answer_bet(&mut self, name: Name, answer: &Result<Accepted, PlayRefusal>) {
        send_all(self.bets.remove(&name).map(|(_, replies)| replies), answer);
    }

    fn cashed_out(&mut self, cash_out: &CashOut, lobby: LobbyId) -> bool {
        let CashOut { key, stake, multiplier, payout, stamped_ms, .. } = *cash_out;
        let name = (key.player, key.bet);
        let round = RoundId::new(lobby, key.round);
        let mut asked = false;
        for pending in &mut self.cash_outs {
            if let Some(place) = pending.left.iter().position(|left| *left == name) {
                asked = true;
                pending.left.remove(place);
                let bet = key.bet;
                let paid = CashedOut { bet, round, stake, multiplier, payout, stamped_ms };
                pending.paid.push(paid);
            }
        }
        let done = self.cash_outs.extract_if(.., |pending| pending.left.is_empty());
        for pending in done {
            let _gone = pending.reply.send(Ok(pending.paid));
        }
        asked
    }
}

/// An accepted bet as its player is told.
const fn accepted(lobby: LobbyId, bet: &Bet) -> Accepted {
    Accepted {
        bet: bet.key.bet,
        round: RoundId::new(lobby, bet.key.round),
        stake: bet.stake,
        auto_cash_out: bet.auto_cash_out,
        cap: bet.cap,
        balance: bet.balance,
    }
}

fn send_all<T: Clone>(replies: Option<Vec<Reply<T>>>, answer: &Result<T, PlayRefusal>) {
    for reply in replies.unwrap_or_default() {
        let _gone = reply.send(answer.clone());
    }
}

/// The engine's words in the contract's.
pub(super) const fn refusal(rejection: Rejection) -> PlayRefusal {
    match rejection {
        Rejection::BettingClosed => PlayRefusal::BettingClosed,
        Rejection::WrongRound => PlayRefusal::WrongRound,
        Rejection::BelowMin { min } => PlayRefusal::BelowMin { min },
        Rejection::AboveMax { max } => PlayRefusal::AboveMax { max },
        Rejection::InvalidTarget => PlayRefusal::InvalidTarget,
        Rejection::BetLimit { limit } => PlayRefusal::BetLimit { limit },
        Rejection::ExposureFull { fits } => PlayRefusal::ExposureFull { fits },
        Rejection::BetIdReused => PlayRefusal::BetIdReused,
        Rejection::NoOpenBet => PlayRefusal::NoOpenBet,
        Rejection::TooEarly => PlayRefusal::TooEarly,
        Rejection::TooLate => PlayRefusal::TooLate,
        Rejection::AlreadyCashedOut => PlayRefusal::AlreadyCashedOut,
        Rejection::Draining => PlayRefusal::Draining,
        Rejection::InsufficientFunds => PlayRefusal::InsufficientFunds,
        // The bet went back; the next attempt may find the store well again.
        Rejection::NotStored => PlayRefusal::Overloaded,
    }
}
