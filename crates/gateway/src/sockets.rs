//! What players do over sockets: join, bet, cash out. Here as part A of the contract has it; in
//! [`plain`] as `waxwing.v1` has it.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{BetRequest, CashOutRequest, CashedOut, LobbyRef, PlayError, PlayRefusal};
use kernel::{PlayerId, Timestamp};
use platform::clock::Clock;
use platform::random::{Random, bet_id};
use protocol::Problem;
use protocol::picture::{self, BetOutcome, Picture, PictureEvent};
use protocol::plain::{Head, Refused, Request};
use protocol::socket_io::{
    BetPlaced, BetResult, ClientMessage, JoinRoom, PlaceBet, ServerEvent, Withdraw,
};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};
use realtime::{Encoded, Hub, Importance, Reply, Session, SessionHandler};

use crate::balances::Balances;
use crate::feed::{Feeds, Greeting};
use crate::metrics::{CodeLabels, Metrics};
use crate::play::Owners;
use crate::refusal;
pub(crate) use proof::Proof;

mod plain;
mod proof;

/// The gateway's side of every socket.
pub(crate) struct Sockets {
    pub(crate) hub: Hub,
    pub(crate) feeds: Feeds,
    pub(crate) owners: Owners,
    pub(crate) proof: Proof,
    pub(crate) balances: Balances,
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
        answer.unwrap_or_else(|problem| Reply::refuse(self.refused(problem)))
    }

    async fn ask(&self, session: &Session, stamp: Timestamp, request: Request) -> String {
        let Request { id, ask } = request;
        let answer = self.answer(session, stamp, id, ask).await;
        answer.unwrap_or_else(|problem| Refused::new(Some(id), self.refused(problem)).json())
    }

    /// A bet rides without its socket, and a feed notices by itself that nobody is there.
    async fn disconnected(&self, session: &Session) {
        self.proof.forget(session);
        if let Some(player) = session.player() {
            self.balances.forget_unless_here(player, session);
        }
    }
}

impl Sockets {
    /// Counts a refusal.
    fn refused(&self, problem: Problem) -> Problem {
        let code = problem.code.as_str();
        self.metrics.refused.get_or_create(&CodeLabels { code }).inc();
        problem
    }

    async fn join(&self, session: &Session, join: JoinRoom) -> Result<Reply, Problem> {
        self.proof.recognize(session, join.token.as_ref());
        let lobby = join.lobby.ok_or_else(refusal::unknown_lobby)?;
        self.feeds.join(session, lobby, Greeting::SocketIo).await?;
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
        let lobby = bet.round.lobby;
        self.feeds.told_result(bet.round, player, bet.bet);
        let mut event = Encoded::from(&ServerEvent::BetResult(BetResult {
            user_id: WirePlayerId(player),
            result: BetOutcome::Win,
            payout: Some(WireAmount(bet.payout)),
            coefficient: Some(WireMultiplier(bet.multiplier)),
            bet_id: WireBetId(bet.bet),
            lobby_id: WireLobbyId(lobby),
            round: bet.round.number,
        }));
        if let Some(head) = self.feeds.told_up_to(lobby) {
            let picture = paid(head, player, bet);
            event = event.with_plain(&picture.event_json(), Importance::Event);
        }
        self.hub.to_player(lobby, player, &event);
        if session.player() != Some(player) {
            session.send_encoded(&event);
        }
    }
}

/// The picture of a bet that its player cashed out, told where the listeners are at `head`.
fn paid(head: Head, player: PlayerId, bet: &CashedOut) -> Picture {
    let Head { lobby_id, epoch, seq, .. } = head;
    let user_id = WirePlayerId(player);
    let event = PictureEvent::BetResult(picture::BetResult {
        user_id,
        result: BetOutcome::Win,
        payout: Some(WireAmount(bet.payout)),
        coefficient: Some(WireMultiplier(bet.multiplier)),
        bet_id: WireBetId(bet.bet),
        stake: WireStake(bet.stake),
    });
    Picture { to: Some(user_id), lobby_id, epoch, seq, round: bet.round.number, event }
}

#[cfg(test)]
mod tests;
