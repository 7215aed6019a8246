//! What the wallet's fence says about the store that is taken over, and what it does not say.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use contracts::{
    Close, Closed, Fence, Fenced, Refusal, Release, Reserve, Resolve, ResolveAnswer, Wallet,
    WalletError,
};
use protocol::chains::AbandonReason;

use super::*;
use crate::store::{Claim, Claimed, NodeId};

/// Another node.
const OTHER: NodeId = NodeId::from_bytes([2; 16]);

fn fence(epoch: u64) -> Fence {
    let funding = Amount::from_whole(1_000);
    Fence { lobby: lobby(1), epoch: Epoch(epoch), funding, raise: 0, request: [0; 16] }
}

impl Left {
    /// How the lobby's chains were given up, and the rounds that are said to be lost.
    async fn abandoned(&self) -> Vec<(AbandonReason, Option<(u32, u32)>)> {
        let chains = self.store.inherit(lobby(1)).await.unwrap().unwrap().chains;
        let told = chains.iter().filter_map(|chain| chain.abandoned);
        let lost = |how: protocol::chains::Abandoned| {
            (how.reason, how.lost_rounds.map(|lost| (lost.from, lost.to)))
        };
        told.map(lost).collect()
    }
}

#[tokio::test]
async fn a_store_that_never_gave_the_wallets_epoch_is_an_older_copy() {
    let left = Left::new().await;
    left.wallet.fence(fence(7)).await.unwrap();
    let taken = left.takeover.take(lobby(1)).await.unwrap();
    assert!(taken.epoch > Epoch(7), "{:?}", taken.epoch);
    assert_eq!(left.wallet.fence_of(lobby(1)).0, taken.epoch);
    assert!(left.abandoned().await.contains(&(AbandonReason::StoreBehind, None)));
    // Said once: the next owner finds nothing strange.
    let before = left.abandoned().await.len();
    let again = left.takeover.take(lobby(1)).await.unwrap();
    assert_eq!(again.epoch, taken.epoch.next());
    assert_eq!(left.abandoned().await.len(), before);
}

#[tokio::test]
async fn a_store_without_the_rounds_that_the_wallet_holds_stakes_for_is_an_older_copy() {
    let left = Left::new().await;
    left.wallet.fence(fence(1)).await.unwrap();
    left.wallet.top_up(player(1), 100);
    let lost = RoundId::new(lobby(1), 3);
    let stake = Stake::from_whole(10);
    let hold = Reserve { player: player(1), bet: bet_id(9), round: lost, epoch: Epoch(1), stake };
    left.wallet.reserve(&[hold]).await.unwrap()[0].unwrap();
    left.takeover.take(lobby(1)).await.unwrap();
    // Three more may have been shown that the wallet never heard of.
    assert!(left.abandoned().await.contains(&(AbandonReason::StoreBehind, Some((2, 6)))));
    let rows = left.store.unsent(NODE, 100, &[]).await.unwrap();
    assert!(rows.iter().any(|row| row.round == lost), "its close gives the stake back: {rows:?}");
}

/// A wallet at which another node fences first, once: it claims the lobby and dies.
struct Overtaken {
    wallet: Arc<TestWallet>,
    store: Arc<dyn Store>,
    done: AtomicBool,
}

#[async_trait]
impl Wallet for Overtaken {
    async fn fence(&self, own: Fence) -> Result<Fenced, WalletError> {
        if !self.done.swap(true, Ordering::Relaxed) {
            let claim = Claim { node: OTHER, lobby: lobby(1), at_least: Epoch(0) };
            let Ok(Claimed::Yours(epoch)) = self.store.claim(claim).await else {
                return Err(WalletError::Failed);
            };
            self.wallet.fence(fence(epoch.0)).await?;
        }
        self.wallet.fence(own).await
    }

    async fn reserve(&self, _: &[Reserve]) -> Result<Vec<Result<Amount, Refusal>>, WalletError> {
        Err(WalletError::Failed)
    }

    async fn release(&self, _: &[Release]) -> Result<Vec<Result<(), Refusal>>, WalletError> {
        Err(WalletError::Failed)
    }

    async fn resolve(
        &self,
        _: &[Resolve],
    ) -> Result<Vec<Result<ResolveAnswer, Refusal>>, WalletError> {
        Err(WalletError::Failed)
    }

    async fn close(&self, _: Close) -> Result<Closed, WalletError> {
        Err(WalletError::Failed)
    }
}

#[tokio::test]
async fn a_node_that_was_overtaken_takes_its_store_for_what_it_is() {
    let mut left = Left::new().await;
    let (wallet, store) = (Arc::clone(&left.wallet), Arc::clone(&left.store));
    left.takeover.wallet = Arc::new(Overtaken { wallet, store, done: AtomicBool::new(false) });
    let taken = left.takeover.take(lobby(1)).await.unwrap();
    assert_eq!(taken.epoch, Epoch(3), "its own first, the other node's, its own again");
    assert_eq!(left.abandoned().await, []);
}
