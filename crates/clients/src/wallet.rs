//! The wallet from afar.

mod server;
mod wire;

use async_trait::async_trait;
use contracts::{
    Close, Closed, Fence, Fenced, Refusal, Release, Reserve, Resolve, ResolveAnswer, Wallet,
    WalletError,
};
use kernel::Amount;
use protocol::internal::wallet::{
    Answers, Batch, ClosedBody, FencedBody, GivenBack, Held, Resolved,
};
use protocol::internal::{Failure, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Channel;
use crate::routes::wallet as routes;

pub use server::wallet_routes;

/// The wallet of another process. Any instance of the user role answers for all: they share one
/// book.
#[derive(Clone)]
pub struct HttpWallet {
    channel: Channel,
}

impl HttpWallet {
    /// The wallet behind `channel`.
    #[must_use]
    pub const fn new(channel: Channel) -> Self {
        Self { channel }
    }

    /// Calls, and takes whatever is no answer for an unknown outcome.
    async fn ask<B: Serialize + Sync, A: DeserializeOwned>(
        &self,
        path: &'static str,
        body: &B,
    ) -> Result<A, WalletError> {
        match self.channel.call::<B, Reply<A>>(path, body).await {
            Ok(Reply::Answered(answer)) => Ok(answer),
            Ok(Reply::Failed(Failure::Unavailable)) => Err(WalletError::Unavailable),
            Ok(Reply::Failed(Failure::Failed)) => Err(WalletError::Failed),
            Ok(Reply::Failed(Failure::Fenced)) => Err(WalletError::Fenced),
            Err(error) => {
                tracing::warn!(%error, call = path, "the wallet did not answer");
                Err(WalletError::Unavailable)
            }
        }
    }

    /// The same for holds, one answer each: another number of answers is none.
    async fn ask_each<B, A, T>(
        &self,
        path: &'static str,
        holds: Vec<B>,
        read: fn(A) -> T,
    ) -> Result<Vec<Result<T, Refusal>>, WalletError>
    where
        B: Serialize + Sync,
        A: DeserializeOwned,
    {
        let asked = holds.len();
        let Answers { answers } = self.ask(path, &Batch { holds }).await?;
        if answers.len() != asked {
            tracing::error!(call = path, asked, answered = answers.len(), "an answer does not fit");
            return Err(WalletError::Unavailable);
        }
        let answers = answers.into_iter();
        Ok(answers.map(|answer| answer.map(read).map_err(wire::refusal)).collect())
    }
}

#[async_trait]
impl Wallet for HttpWallet {
    async fn fence(&self, fence: Fence) -> Result<Fenced, WalletError> {
        let fenced: FencedBody = self.ask(routes::FENCE, &wire::fence_body(&fence)).await?;
        Ok(wire::fenced(&fenced))
    }

    async fn reserve(
        &self,
        holds: &[Reserve],
    ) -> Result<Vec<Result<Amount, Refusal>>, WalletError> {
        let bodies = holds.iter().map(wire::reserve_body).collect();
        self.ask_each(routes::RESERVE, bodies, |held: Held| {
            Amount::from_units(held.available_units)
        })
        .await
    }

    async fn release(&self, holds: &[Release]) -> Result<Vec<Result<(), Refusal>>, WalletError> {
        let bodies = holds.iter().map(wire::release_body).collect();
        self.ask_each(routes::RELEASE, bodies, |GivenBack {}| ()).await
    }

    async fn resolve(
        &self,
        holds: &[Resolve],
    ) -> Result<Vec<Result<ResolveAnswer, Refusal>>, WalletError> {
        let bodies = holds.iter().map(wire::resolve_body).collect();
        self.ask_each(routes::RESOLVE, bodies, |answer| match answer {
            Resolved::Done => ResolveAnswer::Done,
            Resolved::Conflict => ResolveAnswer::Conflict,
        })
        .await
    }

    async fn close(&self, close: Close) -> Result<Closed, WalletError> {
        let closed: ClosedBody = self.ask(routes::CLOSE, &wire::close_body(&close)).await?;
        let ClosedBody { house_balance_units, agreed } = closed;
        Ok(Closed { house_balance: Amount::from_units(house_balance_units), agreed })
    }
}

#[cfg(test)]
mod tests;
