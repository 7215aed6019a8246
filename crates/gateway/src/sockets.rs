//! What players do over sockets, as Part A of the contract has it: join, bet, cash out.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{BetRequest, CashOutRequest, CashedOut, LobbyRef, PlayError, PlayRefusal};
use kernel::{PlayerId, Timestamp};
use platform::clock::Clock;
use platform::random::{Random, bet_id};
use protocol::Problem;
use protocol::picture::BetOutcome;
use protocol::socket_io::{
    BetPlaced, BetResult, ClientMessage, JoinRoom, PlaceBet, ServerEvent, Withdraw,
};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};
use realtime::{Encoded, Hub, Reply, Session, SessionHandler};

use crate::feed::Feeds;
use crate::metrics::{CodeLabels, Metrics};
use crate::play::Owners;
use crate::refusal;
pub(crate) use proof::Proof;

mod proof;

/// The gateway's side of every socket.
pub(crate) struct Sockets {
    pub(crate) hub: Hub,
    pub(crate) feeds: Feeds,
    pub(crate) owners: Owners,
    pub(crate) proof: Proof,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) metrics: Metrics,
}

#[async_trait]
impl SessionHandler for Sockets {
    async fn connected(&self, session: &Session) {
        self.proof.recognize(session, None);
    }

    async fn message(&self, session: &Session, stamp: Timestamp, message: ClientMessage) -> Reply {
        let answer = match message {
            ClientMessage::JoinRoom(join) => self.join(session, join).await,
            ClientMessage::PlaceBet(bet) => self.place_bet(session, bet).await,
            ClientMessage::Withdraw(withdraw) => self.withdraw(session, stamp, withdraw).await,
        };
        answer.unwrap_or_else(|problem| {
            let code = problem.code.as_str();
            self.metrics.refused.get_or_create(&CodeLabels { code }).inc();
            Reply::refuse(problem)
        })
    }

    /// A bet rides without its socket, and a feed notices by itself that nobody is there.
    async fn disconnected(&self, _session: &Session) {}
}

impl Sockets {
    async fn join(&self, session: &Session, join: JoinRoom) -> Result<Reply, Problem> {
        self.proof.recognize(session, join.token.as_ref());
        let lobby = join.lobby.ok_or_else(refusal::unknown_lobby)?;
        self.feeds.join(session, lobby).await?;
        // Told while it was let in, so that nothing of the lobby comes before.
        let joined = ServerEvent::JoinedRoom(WireLobbyId(lobby));
        Ok(Reply::default().acknowledged_by(&joined))
    }

    async fn place_bet(&self, session: &Session, bet: PlaceBet) -> Result<Reply, Problem> {
        let claims = self.proof.for_bet(session, bet.token.as_ref())?;
        let lobby = bet.lobby.ok_or_else(refusal::unknown_lobby)?;
        // Fixed before the first sending, so that every sending is the same bet. A client that
        // made the id may send it in a later round and still mean this one.
        let round = match bet.bet {
            None => bet.round.or_else(|| self.feeds.open_round(lobby)),
            Some(_) => bet.round,
        };
        let mut request = BetRequest {
            player: claims.player,
            username: claims.username,
            at: LobbyRef { lobby, round },
            bet: bet.bet.unwrap_or_else(|| bet_id(&*self.clock, &*self.random)),
            stake: bet.stake,
            auto_cash_out: bet.auto_cash_out,
        };
        let mut accepted = self.owners.place_bet(&request).await;
        let was_wrong_round = matches!(accepted, Err(PlayError::Refused(PlayRefusal::WrongRound)));
        if was_wrong_round && bet.round.is_none() {
            // Our picture was old: the owner knows which round takes bets.
            request.at.round = None;
            accepted = self.owners.place_bet(&request).await;
        }
        let accepted = accepted.map_err(|error| refusal::problem(&error))?;
        self.feeds.follow(session, lobby);
        Ok(Reply::tell(vec![ServerEvent::BetPlaced(BetPlaced {
            user_id: WirePlayerId(claims.player),
            amount: WireStake(accepted.stake),
            coefficient: accepted.auto_cash_out.map(WireMultiplier),
            bet_id: WireBetId(accepted.bet),
            lobby_id: WireLobbyId(accepted.round.lobby),
            round: accepted.round.number,
        })]))
    }

    async fn withdraw(
        &self,
        session: &Session,
        stamp: Timestamp,
        withdraw: Withdraw,
    ) -> Result<Reply, Problem> {
        let player = self.proof.for_cash_out(session, withdraw.token.as_ref())?;
        let lobby = withdraw.lobby.ok_or_else(refusal::unknown_lobby)?;
        let at = LobbyRef { lobby, round: None };
        let request = CashOutRequest { player, at, bet: withdraw.bet, stamp };
        let cashed_out = self.owners.cash_out(request).await;
        let cashed_out = cashed_out.map_err(|error| refusal::cash_out_problem(&error))?;
        if cashed_out.is_empty() {
            return Err(refusal::no_open_bet());
        }
        let requested = ServerEvent::WithdrawRequested(WirePlayerId(player));
        session.send(&requested);
        self.feeds.follow(session, lobby);
        for bet in &cashed_out {
            self.tell_result(session, player, bet);
        }
        Ok(Reply::default().acknowledged_by(&requested))
    }

    /// Tells all of the player's sockets in the lobby, this one in any case.
    fn tell_result(&self, session: &Session, player: PlayerId, bet: &CashedOut) {
        let event = Encoded::from(&ServerEvent::BetResult(BetResult {
            user_id: WirePlayerId(player),
            result: BetOutcome::Win,
            payout: Some(WireAmount(bet.payout)),
            coefficient: Some(WireMultiplier(bet.multiplier)),
            bet_id: WireBetId(bet.bet),
            lobby_id: WireLobbyId(bet.round.lobby),
            round: bet.round.number,
        }));
        self.hub.to_player(bet.round.lobby, player, &event);
        if session.player() != Some(player) {
            session.send_encoded(&event);
        }
    }
}

#[cfg(test)]
mod tests;
