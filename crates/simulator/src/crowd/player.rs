//! One player at one lobby, round after round.

use std::pin::pin;
use std::sync::Arc;

use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, LobbyRef, PlayError,
    PlayRefusal, Returned,
};
use kernel::{BetId, LobbyId, Multiplier, PlayerId, Stake, Timestamp};
use platform::clock::BoxFuture;
use platform::random::bet_id;
use protocol::rounds::Phase;

use super::Crowd;
use super::screens::{News, Screen};
use crate::dice::{Dice, SharedDice};
use crate::gateway::Gateway;
use crate::network::{Caller, Peer};

/// How long a player waits for an answer before asking again, in milliseconds.
const PATIENCE_MS: u64 = 15_000;
/// How long a player keeps asking, in milliseconds.
const PERSISTS_MS: u64 = 45_000;
/// How long nothing is seen before a player looks, in milliseconds.
const QUIET_MS: u64 = 5_000;

pub(super) struct Player {
    crowd: Crowd,
    id: PlayerId,
    lobby: LobbyId,
    screen: Arc<Screen>,
    dice: Dice,
    /// Which gateway this player is connected to.
    gateway: usize,
}

/// A bet that is in.
#[derive(Clone, Copy)]
struct Placed {
    bet: BetId,
    round: u32,
    auto: bool,
}

impl Player {
    pub(super) fn new(crowd: Crowd, id: PlayerId, lobby: LobbyId, mut dice: Dice) -> Self {
        let gateway = dice.place(crowd.0.gateways.len());
        let screen = crowd.0.screens.of(lobby);
        Self { crowd, id, lobby, screen, dice, gateway }
    }

    /// Plays until the day is over.
    pub(super) async fn play(mut self) {
        let mut played = 0;
        while !self.crowd.is_over() {
            let open = move |news: News| news.phase == Phase::Open && news.round != played;
            let Some(news) = self.see(open).await else {
                // A round that waits for its first bet may be tried again.
                played = 0;
                continue;
            };
            played = news.round;
            self.play_round(news.round).await;
        }
    }

    /// Waits until the screen shows it; after a while of nothing, looks.
    async fn see(&mut self, holds: impl Fn(News) -> bool + Send) -> Option<News> {
        let quiet = pin!(self.crowd.0.executor.sleep_until(self.now_ms() + QUIET_MS));
        let screen = Arc::clone(&self.screen);
        let seen = pin!(screen.wait_for(holds));
        let news = tokio::select! {
            biased;
            news = seen => Some(news),
            () = quiet => None,
        };
        if news.is_none() {
            let lobby = self.lobby;
            let look = move |gateway: Gateway| -> BoxFuture<'static, ()> {
                Box::pin(async move { gateway.look(lobby).await })
            };
            if self.call(look).await.is_none() {
                self.reconnect();
            }
        }
        news
    }

    async fn play_round(&mut self, round: u32) {
        // Some rounds are watched only.
        if self.dice.permille(80) {
            return;
        }
        self.pause(700).await;
        let mut placed = Vec::new();
        for _ in 0..self.dice.between(1, 2) {
            if let Some(bet) = self.place(round).await {
                placed.push(bet);
            }
        }
        // The round that the answer names counts.
        let Some(round) = placed.first().map(|bet| bet.round) else { return };
        if self.dice.permille(120)
            && let Some(bet) = placed.pop()
        {
            self.take_back(bet).await;
        }
        let manual: Vec<Placed> =
            placed.into_iter().filter(|bet| !bet.auto || self.dice.permille(200)).collect();
        if manual.is_empty() {
            return;
        }
        let begun = move |news: News| {
            news.round > round
                || (news.round == round && news.phase != Phase::Open && news.phase != Phase::Locked)
        };
        match self.see(begun).await {
            Some(news) if (news.round, news.phase) == (round, Phase::Running) => {}
            _ => return,
        }
        self.climb_and_leave(&manual).await;
    }

    async fn climb_and_leave(&mut self, bets: &[Placed]) {
        let mut wait_ms = 200;
        while self.dice.permille(800) && wait_ms < 20_000 {
            wait_ms += self.dice.between(1, 1_200);
        }
        self.pause(wait_ms).await;
        // Some never leave.
        if self.dice.permille(200) {
            return;
        }
        if self.dice.permille(200) {
            self.leave(bets[0].round, None).await;
            return;
        }
        for bet in bets {
            if self.dice.permille(150) {
                self.leave_greedily(*bet).await;
            } else {
                self.leave(bet.round, Some(bet.bet)).await;
            }
        }
    }

    /// Places one bet; asks again under the same id until the answer is definite.
    async fn place(&mut self, round: u32) -> Option<Placed> {
        let stake = if self.dice.permille(900) {
            Stake::from_steps(self.dice.number(1, 5_000))
        } else {
            // More than most have, or than a house of little means covers.
            Stake::from_steps(self.dice.number(50_000, 1_200_000))
        }?;
        let auto_cash_out =
            self.dice.permille(600).then(|| *self.dice.choose(self.crowd.0.targets));
        let auto_cash_out = auto_cash_out.and_then(Multiplier::from_centi);
        let shared = SharedDice::new(Dice::new(self.dice.next(), 1));
        let bet = bet_id(&*self.crowd.0.clock, &shared);
        let at = LobbyRef { lobby: self.lobby, round: Some(round) };
        let username = format!("p{}", self.id);
        let request = BetRequest { player: self.id, username, at, bet, stake, auto_cash_out };
        self.crowd.0.judge.asks((self.id, bet), self.lobby, stake, auto_cash_out);
        // Some vanish in the middle of their call and never learn.
        let vanishes = self.dice.permille(40);
        let accepted: Accepted = self
            .ask(vanishes, move |gateway: Gateway| {
                let request = request.clone();
                Box::pin(async move { gateway.owners().place_bet(&request).await })
            })
            .await
            .map_err(|refused| {
                if let Some(why) = refused {
                    self.crowd.0.judge.told_refused(self.id, bet, why);
                }
            })
            .ok()?;
        self.crowd.0.judge.told_accepted(self.id, accepted);
        let auto = auto_cash_out.is_some();
        Some(Placed { bet, round: accepted.round.number, auto })
    }

    async fn take_back(&mut self, placed: Placed) {
        let (player, bet) = (self.id, placed.bet);
        let at = LobbyRef { lobby: self.lobby, round: Some(placed.round) };
        let cancel = CancelRequest { player, at, bet };
        let returned: Result<Returned, _> = self
            .ask(false, move |gateway: Gateway| {
                Box::pin(async move { gateway.owners().cancel_bet(cancel).await })
            })
            .await;
        if let Ok(returned) = returned {
            self.crowd.0.judge.told_returned(player, returned);
        }
    }

    /// Cashes out one bet or all.
    async fn leave(&mut self, round: u32, bet: Option<BetId>) {
        let vanishes = self.dice.permille(40);
        let serve = cash_out(self.id, self.lobby, round, bet);
        if let Ok(paid) = self.ask(vanishes, serve).await {
            self.paid(&paid);
        }
    }

    /// Cashes out twice at once, over two gateways.
    async fn leave_greedily(&mut self, placed: Placed) {
        let serve = cash_out(self.id, self.lobby, placed.round, Some(placed.bet));
        let first = self.gateway;
        let second = (first + 1) % self.crowd.0.gateways.len();
        let (network, gateways) = (&self.crowd.0.network, &self.crowd.0.gateways);
        let caller = caller();
        let (one, other) = tokio::join!(
            network.call(caller, &gateways[first], serve.clone()),
            network.call(caller, &gateways[second], serve.clone()),
        );
        for paid in [one, other].into_iter().flatten().flatten() {
            self.paid(&paid);
        }
    }

    fn paid(&self, paid: &[CashedOut]) {
        for paid in paid {
            self.crowd.0.judge.told_cashed_out(self.id, *paid);
        }
    }

    /// Asks until there is an answer; the error says why it was refused, if it was.
    async fn ask<T: Send + 'static>(
        &mut self,
        vanishes: bool,
        serve: impl Fn(Gateway) -> BoxFuture<'static, Result<T, PlayError>>
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> Result<T, Option<PlayRefusal>> {
        let until_ms = self.now_ms() + PERSISTS_MS;
        loop {
            match self.call(serve.clone()).await {
                Some(Ok(answer)) if !vanishes => return Ok(answer),
                Some(Err(PlayError::Refused(why))) if !vanishes => return Err(Some(why)),
                _ if vanishes || self.now_ms() > until_ms => return Err(None),
                _ => self.reconnect(),
            }
            self.pause(1_000).await;
        }
    }

    async fn call<T: Send + 'static>(
        &self,
        serve: impl Fn(Gateway) -> BoxFuture<'static, T> + Send + Sync + 'static,
    ) -> Option<T> {
        let gateway = &self.crowd.0.gateways[self.gateway];
        self.crowd.0.network.call(caller(), gateway, serve).await
    }

    fn reconnect(&mut self) {
        self.gateway = self.dice.place(self.crowd.0.gateways.len());
    }

    async fn pause(&mut self, up_to_ms: u64) {
        let until_ms = self.now_ms() + self.dice.below(up_to_ms + 1);
        self.crowd.0.executor.sleep_until(until_ms).await;
    }

    fn now_ms(&self) -> u64 {
        self.crowd.0.executor.now_ms()
    }
}

const fn caller() -> Caller {
    Caller { peer: Peer::Crowd, patience_ms: PATIENCE_MS }
}

/// A cash-out; its stamp is taken where the lobby is played.
fn cash_out(
    player: PlayerId,
    lobby: LobbyId,
    round: u32,
    bet: Option<BetId>,
) -> impl Fn(Gateway) -> BoxFuture<'static, Result<Vec<CashedOut>, PlayError>> + Clone + Send + Sync
{
    let at = LobbyRef { lobby, round: Some(round) };
    let request = CashOutRequest { player, at, bet, stamp: Timestamp::default() };
    move |gateway| Box::pin(async move { gateway.owners().cash_out(request).await })
}
