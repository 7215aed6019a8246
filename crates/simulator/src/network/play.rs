//! `contracts::Play` over the wires, from a gateway to the node that plays the lobby.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, Play, PlayError, PlayRefusal,
    Returned,
};
use kernel::{LobbyId, PlayerId};
use parking_lot::Mutex;
use platform::clock::{BoxFuture, Clock};

use super::{Caller, Machine, Network};
use crate::judge::Judge;

/// A game process as calls find it.
#[derive(Clone)]
pub(crate) struct GameNode {
    pub(crate) service: game::Service,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A gateway's way to the game nodes.
pub(crate) struct PlayLink {
    pub(crate) network: Network,
    pub(crate) caller: Caller,
    pub(crate) machines: Vec<Arc<Machine<GameNode>>>,
    pub(crate) judge: Judge,
    /// Which node last answered for each lobby.
    pub(crate) owners: Mutex<BTreeMap<LobbyId, usize>>,
}

impl PlayLink {
    /// Asks the node that is thought to play the lobby, and then the others. What is not answered
    /// is asked of another one the next time.
    async fn call<T, F>(&self, lobby: LobbyId, serve: F) -> Result<T, PlayError>
    where
        T: Send + 'static,
        F: Fn(GameNode) -> BoxFuture<'static, Result<T, PlayError>> + Clone + Send + Sync + 'static,
    {
        let count = self.machines.len();
        let first = self.owners.lock().get(&lobby).copied().unwrap_or_default();
        for turn in 0..count {
            let place = (first + turn) % count;
            let answer = self.network.call(self.caller, &self.machines[place], serve.clone()).await;
            let next = match &answer {
                Some(Err(PlayError::Refused(PlayRefusal::NotOwner))) => continue,
                Some(Ok(_) | Err(PlayError::Refused(_))) => place,
                Some(Err(PlayError::Unavailable)) | None => (place + 1) % count,
            };
            self.owners.lock().insert(lobby, next);
            return answer.unwrap_or(Err(PlayError::Unavailable));
        }
        Err(PlayError::Unavailable)
    }
}

#[async_trait]
impl Play for PlayLink {
    async fn place_bet(&self, bet: BetRequest) -> Result<Accepted, PlayError> {
        let judge = self.judge.clone();
        judge.sent(bet.player, bet.bet);
        self.call(bet.at.lobby, move |node| {
            let (bet, judge) = (bet.clone(), judge.clone());
            Box::pin(async move {
                let player = bet.player;
                let answer = node.service.place_bet(bet).await;
                if let Ok(accepted) = &answer {
                    judge.answers_accepted(player, accepted);
                }
                answer
            })
        })
        .await
    }

    async fn cancel_bet(&self, cancel: CancelRequest) -> Result<Returned, PlayError> {
        let judge = self.judge.clone();
        self.call(cancel.at.lobby, move |node| {
            let judge = judge.clone();
            Box::pin(async move {
                let answer = node.service.cancel_bet(cancel).await;
                if let Ok(returned) = &answer {
                    judge.answers_returned(cancel.player, returned);
                }
                answer
            })
        })
        .await
    }

    /// The stamp is taken where the lobby is played, when the whole call has arrived.
    async fn cash_out(&self, cash_out: CashOutRequest) -> Result<Vec<CashedOut>, PlayError> {
        let judge = self.judge.clone();
        self.call(cash_out.at.lobby, move |node| {
            let judge = judge.clone();
            let came_ms = judge.clicks(&cash_out);
            let cash_out = CashOutRequest { stamp: node.clock.now(), ..cash_out };
            Box::pin(async move {
                let answer = node.service.cash_out(cash_out).await;
                if answer == Err(PlayError::Refused(PlayRefusal::TooLate)) {
                    judge.turns_away(&cash_out, came_ms);
                }
                for paid in answer.iter().flatten() {
                    judge.answers_cashed_out(cash_out.player, paid);
                }
                answer
            })
        })
        .await
    }

    async fn snapshot(&self, lobby: LobbyId, player: Option<PlayerId>) -> Result<Bytes, PlayError> {
        let judge = self.judge.clone();
        self.call(lobby, move |node| {
            let judge = judge.clone();
            Box::pin(async move {
                let answer = node.service.snapshot(lobby, player).await;
                if let Ok(snapshot) = &answer {
                    judge.shows_snapshot(snapshot);
                }
                answer
            })
        })
        .await
    }
}
