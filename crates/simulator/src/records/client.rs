//! The way of a game process to its database.

use std::sync::Arc;

use async_trait::async_trait;
use game::store::{
    Abandonment, Acknowledgement, BetRecord, ChainRecord, Done, Inheritance, LobbyRecord, NewLobby,
    Opened, Opening, OutboxRow, PublicSeed, RoundRecord, SealedSeed, Store, StoreCommand,
    StoreError,
};
use kernel::{BetId, LobbyId, PlayerId, RoundId};
use platform::clock::BoxFuture;
use protocol::chains::Abandoned;

use super::{Records, RecordsAnswer, RecordsChange};
use crate::database::{Database, Refused};
use crate::network::{Caller, Machine, Network};

/// A connection to the database of the game role.
pub(crate) struct RecordsClient {
    pub(crate) network: Network,
    pub(crate) caller: Caller,
    pub(crate) machine: Arc<Machine<Arc<Database<Records>>>>,
}

impl RecordsClient {
    async fn write(&self, change: RecordsChange) -> Result<RecordsAnswer, StoreError> {
        let serve = move |database: Arc<Database<Records>>| -> BoxFuture<'static, _> {
            let change = change.clone();
            Box::pin(async move { database.write(change).await })
        };
        match self.network.call(self.caller, &self.machine, serve).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(Refused::Failed(why))) => Err(StoreError::Failed(why.to_owned())),
            Some(Err(Refused::Unknown)) | None => Err(StoreError::Unavailable),
        }
    }

    async fn read<A: Send + 'static>(
        &self,
        read: impl Fn(&Records) -> A + Clone + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        let serve = move |database: Arc<Database<Records>>| -> BoxFuture<'static, A> {
            let read = read.clone();
            Box::pin(async move { database.read(read) })
        };
        self.network.call(self.caller, &self.machine, serve).await.ok_or(StoreError::Unavailable)
    }
}

#[async_trait]
impl Store for RecordsClient {
    async fn apply(
        &self,
        batch: Arc<[StoreCommand]>,
    ) -> Result<Vec<Result<Done, StoreError>>, StoreError> {
        match self.write(RecordsChange::Apply(batch)).await? {
            RecordsAnswer::Applied(answers) => Ok(answers),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<(), StoreError> {
        self.write(RecordsChange::Acknowledge(acknowledgement)).await.map(drop)
    }

    async fn unsent(&self, limit: u32, except: &[LobbyId]) -> Result<Vec<OutboxRow>, StoreError> {
        let except = except.to_vec();
        self.read(move |records| records.unsent(limit, &except)).await
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

    async fn close_lobby(&self, lobby: LobbyId, before: i64, _at: i64) -> Result<bool, StoreError> {
        match self.write(RecordsChange::CloseLobby { lobby, before }).await? {
            RecordsAnswer::Closed(closed) => Ok(closed),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn public_lobbies(&self, limit: u32) -> Result<Vec<LobbyRecord>, StoreError> {
        self.read(move |records| records.public_lobbies(limit)).await
    }

    async fn lobbies_to_own(&self) -> Result<Vec<LobbyId>, StoreError> {
        self.read(Records::lobbies_to_own).await
    }

    async fn inherit(&self, lobby: LobbyId) -> Result<Option<Inheritance>, StoreError> {
        self.read(move |records| records.inherit(lobby)).await
    }

    async fn add_chain(
        &self,
        chain: ChainRecord,
        checkpoints: Vec<SealedSeed>,
    ) -> Result<(), StoreError> {
        self.write(RecordsChange::AddChain { chain: Box::new(chain), checkpoints }).await.map(drop)
    }

    async fn set_public_seed(
        &self,
        lobby: LobbyId,
        chain: u32,
        seed: PublicSeed,
    ) -> Result<Option<ChainRecord>, StoreError> {
        match self.write(RecordsChange::SetPublicSeed { lobby, chain, seed }).await? {
            RecordsAnswer::Chain(chain) => Ok(chain.map(|chain| *chain)),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn abandon(&self, abandonment: Abandonment) -> Result<(), StoreError> {
        self.write(RecordsChange::Abandon(abandonment)).await.map(drop)
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

    async fn bets_of(
        &self,
        player: PlayerId,
        before: Option<BetId>,
        limit: u32,
    ) -> Result<Vec<BetRecord>, StoreError> {
        self.read(move |records| records.bets_of(player, before, limit)).await
    }
}
