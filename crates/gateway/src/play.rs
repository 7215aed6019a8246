//! Calls to the owner of a lobby, sent again with the same ids until they are answered.
//!
//! An unanswered call may have been carried out; its bet id and round make the next sending the
//! same call, so that it is carried out once.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, Play, PlayError, Returned,
};
use kernel::planted::{self, Bug};
use kernel::{BetId, LobbyId, PlayerId};
use platform::clock::Clock;
use platform::traces::Span;

/// The wait before the second sending; it doubles up to [`LONGEST_WAIT_MS`].
const FIRST_WAIT_MS: u64 = 50;
const LONGEST_WAIT_MS: u64 = 1_000;

/// The owners of all lobbies, behind one door.
#[derive(Clone)]
pub struct Owners {
    play: Arc<dyn Play>,
    clock: Arc<dyn Clock>,
    /// How long an unanswered call is sent again.
    patience_ms: u64,
}

impl Owners {
    /// The owners behind `play`; unanswered calls are sent again for `patience_ms`.
    #[must_use]
    pub fn new(play: Arc<dyn Play>, clock: Arc<dyn Clock>, patience_ms: u64) -> Self {
        Self { play, clock, patience_ms }
    }

    /// The clock of this process.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Places a bet whose id is already made.
    ///
    /// # Errors
    /// The owner's; [`PlayError::Unavailable`] once patience has ended.
    pub async fn place_bet(&self, bet: &BetRequest) -> Result<Accepted, PlayError> {
        let mut tries = 0;
        let call = || {
            let bet = named(bet, tries);
            tries = u8::wrapping_add(tries, 1);
            self.play.place_bet(bet)
        };
        let followed = Span::drawn(|| "place_bet".to_owned());
        followed.within(self.until_answered(call)).await
    }

    /// Takes a bet back.
    ///
    /// # Errors
    /// The owner's; [`PlayError::Unavailable`] once patience has ended.
    pub async fn cancel_bet(&self, cancel: CancelRequest) -> Result<Returned, PlayError> {
        self.until_answered(|| self.play.cancel_bet(cancel)).await
    }

    /// Cashes out.
    ///
    /// # Errors
    /// The owner's; [`PlayError::Unavailable`] once patience has ended.
    pub async fn cash_out(&self, cash_out: CashOutRequest) -> Result<Vec<CashedOut>, PlayError> {
        self.until_answered(|| self.play.cash_out(cash_out)).await
    }

    /// The lobby as it stands, asked once.
    ///
    /// # Errors
    /// The owner's; [`PlayError::Unavailable`] if it gave no answer.
    pub async fn snapshot(
        &self,
        lobby: LobbyId,
        player: Option<PlayerId>,
    ) -> Result<Bytes, PlayError> {
        self.play.snapshot(lobby, player).await
    }

    /// The same for somebody who waits for it: a lobby on its way from one owner to the next
    /// answers a moment later.
    ///
    /// # Errors
    /// The owner's; [`PlayError::Unavailable`] once patience has ended.
    pub async fn await_snapshot(
        &self,
        lobby: LobbyId,
        player: Option<PlayerId>,
    ) -> Result<Bytes, PlayError> {
        self.until_answered(|| self.play.snapshot(lobby, player)).await
    }

    /// Calls until the answer is definite or patience ends.
    async fn until_answered<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, PlayError>
    where
        F: Future<Output = Result<T, PlayError>>,
    {
        let gives_up = self.clock.now() + self.patience_ms;
        let mut wait_ms = FIRST_WAIT_MS;
        loop {
            let answer = call().await;
            let now = self.clock.now();
            if !matches!(answer, Err(PlayError::Unavailable)) || now >= gives_up {
                return answer;
            }
            self.clock.sleep_until(now + wait_ms).await;
            wait_ms = (wait_ms * 2).min(LONGEST_WAIT_MS);
        }
    }
}

/// The bet as it goes out after so many tries: always under its own id.
fn named(bet: &BetRequest, tries: u8) -> BetRequest {
    let mut bet = bet.clone();
    if planted::is(Bug::NewIdPerRetry) {
        let mut id = *bet.bet.as_bytes();
        id[15] = id[15].wrapping_add(tries);
        bet.bet = BetId::from_bytes(id);
    }
    bet
}

#[cfg(test)]
mod tests;
