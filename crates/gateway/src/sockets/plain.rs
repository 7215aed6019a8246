//! What players do over plain sockets, as `waxwing.v1` has it. Each request is answered once.

use contracts::{BetRequest, CancelRequest, CashOutRequest, LobbyRef, PlayError};
use kernel::{BetId, LobbyId, Multiplier, Sealed, Stake, Timestamp};
use protocol::plain::{
    Answer, Ask, Authenticated, BetCancelled, BetPlaced, CashedOut, Joined, PaidBet, Pong,
};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};
use protocol::{Code, Problem};
use realtime::Session;

use super::Sockets;
use crate::feed::Greeting;
use crate::refusal;

/// A bet as a plain socket asks for it: it names its round and has its id.
struct Wanted {
    at: LobbyRef,
    bet: BetId,
    stake: Stake,
    auto_cash_out: Option<Multiplier>,
}

impl Sockets {
    /// The reply to the request `id`, or nothing where it was told already.
    pub(super) async fn answer(
        &self,
        session: &Session,
        stamp: Timestamp,
        id: u64,
        ask: Ask,
    ) -> Result<String, Problem> {
        let at = |lobby, round| LobbyRef { lobby, round: Some(round) };
        let answer = match ask {
            Ask::Authenticate { token } => self.authenticate(session, token)?,
            Ask::Join { lobby } => {
                let joined = Answer::Joined(Joined { lobby_id: WireLobbyId(lobby) });
                return self.show(session, lobby, &joined.json(id)).await;
            }
            Ask::Leave => {
                self.hub.leave(session);
                Answer::Left
            }
            Ask::PlaceBet { lobby, round, bet, stake, auto_cash_out } => {
                let wanted = Wanted { at: at(lobby, round), bet, stake, auto_cash_out };
                self.place(session, wanted).await?
            }
            Ask::CancelBet { lobby, round, bet } => {
                self.cancel(session, at(lobby, round), bet).await?
            }
            Ask::CashOut { lobby, round, bet } => {
                self.cash_out(session, stamp, at(lobby, round), bet).await?
            }
            Ask::Sync => {
                let none = || Problem::new(Code::UnknownLobby, "Join a lobby first");
                let lobby = session.lobby().ok_or_else(none)?;
                let synced = Answer::Synced(Joined { lobby_id: WireLobbyId(lobby) });
                return self.show(session, lobby, &synced.json(id)).await;
            }
            Ask::Ping => Answer::Pong(Pong { unix_ms: self.clock.unix_ms() }),
        };
        Ok(answer.json(id))
    }

    fn authenticate(&self, session: &Session, token: Sealed<String>) -> Result<Answer, Problem> {
        let claims = self.proof.authenticate(session, token)?;
        Ok(Answer::Authenticated(Authenticated {
            user_id: WirePlayerId(claims.player),
            expires_in: self.proof.seconds_left(&claims),
            username: claims.username,
        }))
    }

    /// Tells `reply` and a snapshot with the player's own bets and balance, at once and together,
    /// so that nothing of the lobby comes before or between. The session is in the lobby then.
    async fn show(
        &self,
        session: &Session,
        lobby: LobbyId,
        reply: &str,
    ) -> Result<String, Problem> {
        let read = match self.proof.of(session) {
            Ok(proved) => self.balances.read(&proved.token).await,
            Err(_) => None,
        };
        let player = session.player();
        let newest = || player.and_then(|player| self.balances.newest(player)).or(read);
        self.feeds.join(session, lobby, Greeting::Plain { reply, balance: &newest }).await?;
        Ok(String::new())
    }

    async fn place(&self, session: &Session, wanted: Wanted) -> Result<Answer, Problem> {
        let proved = self.proof.of(session)?;
        let Wanted { at, bet, stake, auto_cash_out } = wanted;
        let (player, username) = (proved.claims().player, proved.claims().username.clone());
        let request = BetRequest { player, username, at, bet, stake, auto_cash_out };
        let accepted = self.owners.place_bet(&request).await;
        let accepted = accepted.map_err(|error| unanswered(&error, "bet"))?;
        self.feeds.follow(session, at.lobby);
        Ok(Answer::BetPlaced(BetPlaced {
            bet_id: WireBetId(accepted.bet),
            round: accepted.round.number,
            stake: WireStake(accepted.stake),
            auto_cash_out: accepted.auto_cash_out.map(WireMultiplier),
            cap: WireMultiplier(accepted.cap),
            balance: WireAmount(accepted.balance),
        }))
    }

    async fn cancel(&self, session: &Session, at: LobbyRef, bet: BetId) -> Result<Answer, Problem> {
        let player = self.proof.of(session)?.claims().player;
        let returned = self.owners.cancel_bet(CancelRequest { player, at, bet }).await;
        let returned = returned.map_err(|error| unanswered(&error, "cancellation"))?;
        Ok(Answer::BetCancelled(BetCancelled {
            bet_id: WireBetId(returned.bet),
            round: returned.round.number,
            stake: WireStake(returned.stake),
        }))
    }

    /// Never refused for the hour of a token: what this socket proved is enough.
    async fn cash_out(
        &self,
        session: &Session,
        stamp: Timestamp,
        at: LobbyRef,
        bet: Option<BetId>,
    ) -> Result<Answer, Problem> {
        let player = self.proof.for_cash_out(session, None)?;
        let request = CashOutRequest { player, at, bet, stamp };
        let paid = self.owners.cash_out(request).await;
        let paid = paid.map_err(|error| unanswered(&error, "cash-out"))?;
        let Some(stamped_ms) = paid.first().map(|bet| bet.stamped_ms) else {
            return Err(refusal::no_open_bet());
        };
        self.feeds.follow(session, at.lobby);
        for bet in &paid {
            self.tell_result(session, player, bet);
        }
        let cashed_out = paid
            .iter()
            .map(|bet| PaidBet {
                bet_id: WireBetId(bet.bet),
                multiplier: WireMultiplier(bet.multiplier),
                payout: WireAmount(bet.payout),
            })
            .collect();
        Ok(Answer::CashedOut(CashedOut { cashed_out, stamped_ms }))
    }
}

/// The owner's refusal; where there was no answer, what a client does about it.
fn unanswered(error: &PlayError, what: &str) -> Problem {
    match error {
        PlayError::Refused(_) => refusal::problem(error),
        PlayError::Unavailable => {
            let detail = format!("The lobby does not answer yet, send the same {what} again");
            Problem::new(Code::NotOwner, detail)
        }
    }
}

#[cfg(test)]
mod tests;
