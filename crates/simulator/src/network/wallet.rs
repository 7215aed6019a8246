//! `contracts::Wallet` over the wires: any user process serves any call.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{
    Close, Closed, Fence, Fenced, Refusal, Release, Reserve, Resolve, ResolveAnswer, Wallet,
    WalletError,
};
use kernel::Amount;
use platform::clock::BoxFuture;

use super::{Caller, Machine, Network};
use crate::dice::SharedDice;

/// A game process' way to the user processes.
pub(crate) struct WalletLink {
    pub(crate) network: Network,
    pub(crate) caller: Caller,
    pub(crate) machines: Vec<Arc<Machine<wallet::Service>>>,
    pub(crate) dice: SharedDice,
}

impl WalletLink {
    async fn call<T: Send + 'static>(
        &self,
        serve: impl Fn(wallet::Service) -> BoxFuture<'static, Result<T, WalletError>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, WalletError> {
        let place = self.dice.throw(|dice| dice.place(self.machines.len()));
        let answer = self.network.call(self.caller, &self.machines[place], serve).await;
        answer.unwrap_or(Err(WalletError::Unavailable))
    }
}

#[async_trait]
impl Wallet for WalletLink {
    async fn fence(&self, fence: Fence) -> Result<Fenced, WalletError> {
        self.call(move |wallet| Box::pin(async move { wallet.fence(fence).await })).await
    }

    async fn reserve(
        &self,
        holds: &[Reserve],
    ) -> Result<Vec<Result<Amount, Refusal>>, WalletError> {
        let holds: Arc<[Reserve]> = holds.into();
        self.call(move |wallet| {
            let holds = Arc::clone(&holds);
            Box::pin(async move { wallet.reserve(&holds).await })
        })
        .await
    }

    async fn release(&self, holds: &[Release]) -> Result<Vec<Result<(), Refusal>>, WalletError> {
        let holds: Arc<[Release]> = holds.into();
        self.call(move |wallet| {
            let holds = Arc::clone(&holds);
            Box::pin(async move { wallet.release(&holds).await })
        })
        .await
    }

    async fn resolve(
        &self,
        holds: &[Resolve],
    ) -> Result<Vec<Result<ResolveAnswer, Refusal>>, WalletError> {
        let holds: Arc<[Resolve]> = holds.into();
        self.call(move |wallet| {
            let holds = Arc::clone(&holds);
            Box::pin(async move { wallet.resolve(&holds).await })
        })
        .await
    }

    async fn close(&self, close: Close) -> Result<Closed, WalletError> {
        self.call(move |wallet| Box::pin(async move { wallet.close(close).await })).await
    }
}
