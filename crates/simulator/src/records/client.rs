//! The way of a game process to its database.

use std::sync::Arc;

use async_trait::async_trait;
use game::store::{
    Abandonment, Acknowledgement, Applied, Batch, BetRecord, ChainRecord, Claim, Claimed,
    Inheritance, Lease, LobbyRecord, NewLobby, NodeId, Opened, Opening, OutboxRow, Owner,
    PublicSeed, RoundRecord, SealedSeed, Store, StoreError,
};
use kernel::{BetId, LobbyId, PlayerId, RoundId};
use platform::clock::BoxFuture;
use protocol::chains::Abandoned;

use super::owners::LEASE_MS;
use super::{Records, RecordsAnswer, RecordsChange};
use crate::database::{Database, Refused};
use crate::network::{Caller, Machine, Network};

/// A connection to the database of the game role.
pub(crate) struct RecordsClient {
    pub(crate) network: Network,
    pub(crate) caller: Caller,
    pub(crate) machine: Arc<Machine<Arc<Database<Records>>>>,
    /// Whether the database may lose its last commits.
    pub(crate) loses_tail: bool,
}

impl RecordsClient {
    async fn write(&self, change: RecordsChange) -> Result<RecordsAnswer, StoreError> {
        let serve = move |database: Arc<Database<Records>>| -> BoxFuture<'static, _> {
            let change = change.clone();
            Box::pin(async move { database.write(change).await })
        };
        match self.network.call(self.caller, &self.machine, serve).await {
            Some(Ok(RecordsAnswer::NotOwner)) => Err(StoreError::NotOwner),
            Some(Ok(answer)) => Ok(answer),
            Some(Err(Refused::Failed(why))) => Err(StoreError::Failed(why.to_owned())),
            Some(Err(Refused::Unknown)) | None => Err(StoreError::Unavailable),
        }
    }

    async fn read<A: Send + 'static>(
        &self,
        read: impl Fn(&Records) -> A + Clone + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        self.read_now(move |records, _| read(records)).await
    }

    /// Reads with the instant of the database's own clock.
    async fn read_now<A: Send + 'static>(
        &self,
        read: impl Fn(&Records, u64) -> A + Clone + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        let serve = move |database: Arc<Database<Records>>| -> BoxFuture<'static, A> {
            let read = read.clone();
            Box::pin(async move { database.read_now(read) })
        };
        self.network.call(self.caller, &self.machine, serve).await.ok_or(StoreError::Unavailable)
    }
}

#[async_trait]
impl Store for RecordsClient {
    fn may_lose_tail(&self) -> bool {
        self.loses_tail
    }

    async fn renew(&self, node: NodeId) -> Result<Lease, StoreError> {
        self.write(RecordsChange::Renew(node)).await?;
        Ok(Lease::Timed { ms: LEASE_MS })
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        match self.write(RecordsChange::Claim(claim)).await? {
            RecordsAnswer::Claimed(claimed) => Ok(claimed),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn hand_over(&self, owner: Owner) -> Result<(), StoreError> {
        self.write(RecordsChange::HandOver(owner)).await.map(drop)
    }

    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        self.write(RecordsChange::Leave(node)).await.map(drop)
    }

    async fn apply(&self, batch: Arc<Batch>) -> Result<Applied, StoreError> {
        match self.write(RecordsChange::Apply(batch)).await? {
            RecordsAnswer::Applied(applied) => Ok(applied),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<(), StoreError> {
        self.write(RecordsChange::Acknowledge(acknowledgement)).await.map(drop)
    }

    async fn unsent(
        &self,
        node: NodeId,
        limit: u32,
        except: &[LobbyId],
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let except = except.to_vec();
        self.read_now(move |records, now_ms| records.unsent(node, now_ms, limit, &except)).await
    }

    async fn oldest_unsettled(&self) -> Result<Option<i64>, StoreError> {
        self.read(Records::oldest_unsettled).await
    }

    async fn prune(&self, before: i64) -> Result<usize, StoreError> {
        match self.write(RecordsChange::Prune { before }).await? {
            RecordsAnswer::Counted(count) => Ok(count),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn create_lobby(
        &self,
        new: NewLobby,
        limit: u32,
    ) -> Result<Option<LobbyRecord>, StoreError> {
        match self.write(RecordsChange::CreateLobby { new: Box::new(new), limit }).await? {
            RecordsAnswer::Created(made) => Ok(made.map(|made| *made)),
            _ => Err(StoreError::Unavailable),
        }
    }

    /// Players open no lobbies over HTTP here.
    async fn open_lobby(&self, opening: Opening) -> Result<Opened, StoreError> {
        let made = self.create_lobby(opening.new, opening.limits.all).await?;
        Ok(made.map_or(Opened::TooMany, |record| Opened::Made(Box::new(record))))
    }

    async fn lobby(&self, lobby: LobbyId) -> Result<Option<LobbyRecord>, StoreError> {
        self.read(move |records| records.lobby(lobby)).await
    }

    async fn visit(&self, visits: Vec<(LobbyId, i64)>) -> Result<(), StoreError> {
        self.write(RecordsChange::Visit(visits)).await.map(drop)
    }

    async fn unvisited(&self, before: i64, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        self.read(move |records| records.unvisited(before, limit)).await
    }

    async fn close_lobby(
        &self,
        node: NodeId,
        lobby: LobbyId,
        before: i64,
        _at: i64,
    ) -> Result<bool, StoreError> {
        match self.write(RecordsChange::CloseLobby { node, lobby, before }).await? {
            RecordsAnswer::Closed(closed) => Ok(closed),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn public_lobbies(&self, limit: u32) -> Result<Vec<LobbyRecord>, StoreError> {
        self.read(move |records| records.public_lobbies(limit)).await
    }

    async fn lobbies_to_own(&self, _: NodeId, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        self.read_now(move |records, now_ms| records.lobbies_to_own(now_ms, limit)).await
    }

    async fn inherit(&self, lobby: LobbyId) -> Result<Option<Inheritance>, StoreError> {
        self.read_now(move |records, now_ms| records.inherit(lobby, now_ms)).await
    }

    async fn add_chain(
        &self,
        owner: Owner,
        chain: ChainRecord,
        checkpoints: Vec<SealedSeed>,
    ) -> Result<(), StoreError> {
        let chain = Box::new(chain);
        self.write(RecordsChange::AddChain { owner, chain, checkpoints }).await.map(drop)
    }

    async fn set_public_seed(
        &self,
        owner: Owner,
        chain: u32,
        seed: PublicSeed,
    ) -> Result<Option<ChainRecord>, StoreError> {
        match self.write(RecordsChange::SetPublicSeed { owner, chain, seed }).await? {
            RecordsAnswer::Chain(chain) => Ok(chain.map(|chain| *chain)),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn abandon(&self, owner: Owner, abandonment: Abandonment) -> Result<(), StoreError> {
        self.write(RecordsChange::Abandon { owner, abandonment }).await.map(drop)
    }

    async fn abandon_all(&self, how: Abandoned) -> Result<usize, StoreError> {
        match self.write(RecordsChange::AbandonAll(how)).await? {
            RecordsAnswer::Counted(count) => Ok(count),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn chains(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StoreError> {
        self.read(move |records| records.chains_below(lobby, before, limit)).await
    }

    async fn checkpoint(
        &self,
        lobby: LobbyId,
        chain: u32,
        index: u32,
    ) -> Result<Option<SealedSeed>, StoreError> {
        self.read(move |records| records.checkpoint(lobby, chain, index)).await
    }

    async fn chain(&self, lobby: LobbyId, chain: u32) -> Result<Option<ChainRecord>, StoreError> {
        self.read(move |records| records.chains.get(&(lobby, chain)).cloned()).await
    }

    async fn round(
        &self,
        round: RoundId,
    ) -> Result<Option<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        self.read(move |records| records.round(round)).await
    }

    async fn rounds(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<RoundRecord>, StoreError> {
        self.read(move |records| records.rounds_below(lobby, before, limit)).await
    }

    async fn finished(
        &self,
        lobby: LobbyId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        self.read(move |records| records.finished(lobby, after, limit)).await
    }

    async fn bet(&self, player: PlayerId, bet: BetId) -> Result<Option<BetRecord>, StoreError> {
        self.read(move |records| records.bet(player, bet)).await
    }

    async fn was_refused(&self, player: PlayerId, bet: BetId) -> Result<bool, StoreError> {
        self.read(move |records| records.was_refused(player, bet)).await
    }

    async fn bets_of(
        &self,
        player: PlayerId,
        before: Option<BetId>,
        limit: u32,
    ) -> Result<Vec<BetRecord>, StoreError> {
        self.read(move |records| records.bets_of(player, before, limit)).await
    }
}
