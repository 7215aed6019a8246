//! `Play`, the gateway's view: hands requests to lobbies and waits for their answers.

use async_trait::async_trait;
use bytes::Bytes;
use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, Play, PlayError, PlayRefusal,
    Returned,
};
use engine::{BetState, PlaceBet};
use kernel::{LobbyId, PlayerId};
use platform::traces::Place;
use tokio::sync::oneshot;

use super::Service;
use crate::live::{LiveLobby, Request};
use crate::store::StoreError;

#[async_trait]
impl Play for Service {
    async fn place_bet(&self, bet: BetRequest) -> Result<Accepted, PlayError> {
        match self.ask_for_bet(&bet).await {
            Err(PlayError::Refused(refusal)) if refusal != PlayRefusal::UnknownLobby => {
                self.first_answer(&bet, refusal).await
            }
            answer => answer,
        }
    }

    async fn cancel_bet(&self, cancel: CancelRequest) -> Result<Returned, PlayError> {
        if self.inner.lobbies.rests(cancel.at.lobby).await? {
            return Err(PlayRefusal::NoOpenBet.into());
        }
        let live = self.inner.lobbies.wake(cancel.at.lobby).await?;
        let (reply, answer) = oneshot::channel();
        let CancelRequest { player, bet, at } = cancel;
        let (round, at) = (at.round, self.inner.clock.now());
        live.ask(Request::CancelBet { at, player, bet, round, reply })?;
        await_answer(&live, answer).await
    }

    async fn cash_out(&self, cash_out: CashOutRequest) -> Result<Vec<CashedOut>, PlayError> {
        if self.inner.lobbies.rests(cash_out.at.lobby).await? {
            return Err(PlayRefusal::NoOpenBet.into());
        }
        let live = self.inner.lobbies.wake(cash_out.at.lobby).await?;
        let (reply, answer) = oneshot::channel();
        let CashOutRequest { player, at, bet, stamp } = cash_out;
        let request = Request::CashOut { at: stamp, player, bet, round: at.round, reply };
        live.ask(request)?;
        await_answer(&live, answer).await
    }

    async fn snapshot(&self, lobby: LobbyId, player: Option<PlayerId>) -> Result<Bytes, PlayError> {
        let snapshot = self.look(lobby, player).await?;
        match serde_json::to_vec(&snapshot) {
            Ok(json) => Ok(json.into()),
            Err(error) => {
                tracing::error!(%error, "a snapshot could not be written");
                Err(PlayError::Unavailable)
            }
        }
    }
}

impl Service {
    async fn ask_for_bet(&self, bet: &BetRequest) -> Result<Accepted, PlayError> {
        loop {
            let live = self.inner.lobbies.wake(bet.at.lobby).await?;
            match self.ask_awake_for_bet(&live, bet).await {
                // It lay down before it looked at the bet.
                Err(_) if live.is_resting() => {}
                answer => return answer,
            }
        }
    }

    async fn ask_awake_for_bet(
        &self,
        live: &LiveLobby,
        bet: &BetRequest,
    ) -> Result<Accepted, PlayError> {
        if !self.inner.outbound.has_room() {
            return Err(PlayRefusal::Overloaded.into());
        }
        let (reply, answer) = oneshot::channel();
        let BetRequest { player, stake, auto_cash_out, .. } = *bet;
        let asked = PlaceBet { player, bet: bet.bet, round: bet.at.round, stake, auto_cash_out };
        let (at, username) = (self.inner.clock.now(), bet.username.clone());
        let place = Place::here();
        live.ask(Request::PlaceBet { at, bet: asked, username, reply, place })?;
        await_answer(live, answer).await
    }

    /// A bet id sent again with the same content gets its first answer, also in a later round.
    async fn first_answer(
        &self,
        bet: &BetRequest,
        refusal: PlayRefusal,
    ) -> Result<Accepted, PlayError> {
        let stored = self.inner.store.bet(bet.player, bet.bet).await;
        let stored = stored.map_err(|error| not_found(&error))?;
        let Some(first) = stored else { return Err(refusal.into()) };
        let same = first.round.lobby == bet.at.lobby
            && bet.at.round.is_none_or(|round| round == first.round.number)
            && (first.stake, first.auto_cash_out) == (bet.stake, bet.auto_cash_out);
        if !same {
            return Err(PlayRefusal::BetIdReused.into());
        }
        match first.state {
            BetState::Requested => return Err(refusal.into()),
            // Stored, but whether it is in its round is being decided: ask its owner, or again.
            BetState::Accepted if !first.in_round && refusal == PlayRefusal::NotOwner => {
                return Err(refusal.into());
            }
            BetState::Accepted if !first.in_round => return Err(PlayError::Unavailable),
            // One that its round took, and gave back as it was voided, is answered as at first.
            BetState::Released => {
                let refused = self.inner.store.was_refused(first.player, first.bet).await;
                if refused.map_err(|error| not_found(&error))? {
                    return Err(refusal.into());
                }
            }
            _ => {}
        }
        Ok(Accepted {
            bet: first.bet,
            round: first.round,
            stake: first.stake,
            auto_cash_out: first.auto_cash_out,
            cap: first.cap,
            balance: first.balance,
        })
    }
}

fn not_found(error: &StoreError) -> PlayError {
    tracing::error!(%error, "a bet could not be looked up");
    PlayError::Unavailable
}

/// A lobby that ends without an answer leaves the outcome unknown.
async fn await_answer<T>(
    live: &LiveLobby,
    answer: oneshot::Receiver<Result<T, PlayRefusal>>,
) -> Result<T, PlayError> {
    match answer.await {
        Ok(answer) => answer.map_err(PlayError::Refused),
        Err(_) if live.is_ended() => Err(live.gone()),
        Err(_) => Err(PlayError::Unavailable),
    }
}
