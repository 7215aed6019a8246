//! The game's store on PostgreSQL, written by any number of nodes. A batch is a transaction that
//! first shares the rows of the lobbies' owners; what commands mean to rows stands beside.

mod apply;
mod bets;
mod chains;
mod columns;
mod lobbies;
mod opening;
mod outbox;
mod owners;
mod rounds;
mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{BetId, LobbyId, PlayerId, RoundId};
use platform::failpoint;
use platform::postgres::{Pool, Session, StoreError as PostgresError, Transaction};
use protocol::chains::Abandoned;

use super::failpoints;
use super::{
    Abandonment, Acknowledgement, Applied, Batch, BetRecord, ChainRecord, Claim, Claimed,
    Inheritance, Lease, LobbyRecord, NewLobby, NodeId, Opened, Opening, OutboxRow, Owner,
    PublicSeed, RoundRecord, SealedSeed, Store, StoreError,
};

use columns::Result as PostgresResult;

pub use owners::LEASE_MS;
pub use schema::POSTGRES_SCHEMA;

/// The sessions with the game role's database.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: Pool,
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Unavailable | PostgresError::Conflict => Self::Unavailable,
            definite => Self::Failed(definite.to_string()),
        }
    }
}

impl PostgresStore {
    /// The store in the database of `pool`, opened with [`POSTGRES_SCHEMA`] and
    /// `platform::postgres::idempotency::SCHEMA`.
    #[must_use]
    pub const fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

/// Does `work` in a transaction that `open` makes, again while others stand in its way. Not a
/// function over an async closure: whether that one's future may change threads cannot be said for
/// every lifetime, and the store's must.
macro_rules! transaction {
    ($pool:expr, $open:ident, |$tx:ident| $work:expr) => {{
        let done = $pool.run(async || {
            let mut session = $pool.session().await?;
            let $tx = $open(&mut session).await?;
            let done = $work.await?;
            $tx.commit().await?;
            Ok(done)
        });
        done.await
    }};
}

/// What only a lobby's owner may do.
macro_rules! as_owner {
    ($pool:expr, $owner:expr, |$tx:ident| $work:expr) => {{
        let done = transaction!($pool, writing, |$tx| async {
            if owners::owns(&$tx, $owner).await? { $work.await.map(Some) } else { Ok(None) }
        });
        done?.ok_or(StoreError::NotOwner)
    }};
}

/// A transaction whose statements each see what was committed before them.
async fn writing(session: &mut Session) -> PostgresResult<Transaction<'_>> {
    Ok(session.transaction().await?)
}

/// A transaction whose statements all see the same.
async fn reading(session: &mut Session) -> PostgresResult<Transaction<'_>> {
    let transaction = session
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true);
    Ok(transaction.start().await?)
}

#[async_trait]
impl Store for PostgresStore {
    /// A failover may bring a copy to the front that lacks the last commits.
    fn may_lose_tail(&self) -> bool {
        true
    }

    async fn renew(&self, node: NodeId) -> Result<Lease, StoreError> {
        transaction!(self.pool, writing, |tx| owners::renew(&tx, node))?;
        Ok(Lease::Timed { ms: LEASE_MS })
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        Ok(transaction!(self.pool, writing, |tx| owners::claim(&tx, claim))?)
    }

    async fn hand_over(&self, owner: Owner) -> Result<(), StoreError> {
        Ok(transaction!(self.pool, writing, |tx| owners::hand_over(&tx, owner))?)
    }

    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        Ok(transaction!(self.pool, writing, |tx| owners::leave(&tx, node))?)
    }

    async fn lobbies_to_own(&self, _: NodeId, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| lobbies::to_own(&tx, limit))?)
    }

    async fn apply(&self, batch: Arc<Batch>) -> Result<Applied, StoreError> {
        let applied = transaction!(self.pool, writing, |tx| async {
            let applied = apply::batch(&tx, &batch).await?;
            failpoints::before_commit(&batch.commands);
            PostgresResult::Ok(applied)
        })?;
        if failpoints::after_commit(&batch.commands) {
            return Err(StoreError::Unavailable);
        }
        Ok(applied)
    }

    async fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<(), StoreError> {
        failpoint::reach("outbox.before_acknowledged");
        transaction!(self.pool, writing, |tx| outbox::acknowledge(&tx, &acknowledgement))?;
        failpoint::reach("outbox.after_acknowledged");
        Ok(())
    }

    async fn unsent(
        &self,
        node: NodeId,
        limit: u32,
        except: &[LobbyId],
    ) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| outbox::unsent(&tx, node, limit, except))?)
    }

    async fn oldest_unsettled(&self) -> Result<Option<i64>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| outbox::oldest_unsettled(&tx))?)
    }

    async fn prune(&self, before: i64) -> Result<usize, StoreError> {
        Ok(transaction!(self.pool, writing, |tx| async {
            owners::forget_lapsed(&tx).await?;
            outbox::prune(&tx, before).await
        })?)
    }

    async fn create_lobby(
        &self,
        new: NewLobby,
        limit: u32,
    ) -> Result<Option<LobbyRecord>, StoreError> {
        Ok(transaction!(self.pool, writing, |tx| async {
            lobbies::alone(&tx).await?;
            lobbies::create(&tx, &new, limit).await
        })?)
    }

    async fn open_lobby(&self, opening: Opening) -> Result<Opened, StoreError> {
        Ok(transaction!(self.pool, writing, |tx| opening::open(&tx, &opening))?)
    }

    async fn visit(&self, visits: Vec<(LobbyId, i64)>) -> Result<(), StoreError> {
        Ok(transaction!(self.pool, writing, |tx| lobbies::visit(&tx, &visits))?)
    }

    async fn unvisited(&self, before: i64, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| lobbies::unvisited(&tx, before, limit))?)
    }

    async fn close_lobby(
        &self,
        node: NodeId,
        lobby: LobbyId,
        before: i64,
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(transaction!(self.pool, writing, |tx| lobbies::close(&tx, node, lobby, (before, at)))?)
    }

    async fn lobby(&self, lobby: LobbyId) -> Result<Option<LobbyRecord>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| lobbies::one(&tx, lobby))?)
    }

    async fn public_lobbies(&self, limit: u32) -> Result<Vec<LobbyRecord>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| lobbies::public(&tx, limit))?)
    }

    async fn inherit(&self, lobby: LobbyId) -> Result<Option<Inheritance>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| lobbies::inherit(&tx, lobby))?)
    }

    async fn add_chain(
        &self,
        owner: Owner,
        chain: ChainRecord,
        checkpoints: Vec<SealedSeed>,
    ) -> Result<(), StoreError> {
        as_owner!(self.pool, owner, |tx| chains::add(&tx, &chain, &checkpoints))
    }

    async fn set_public_seed(
        &self,
        owner: Owner,
        chain: u32,
        seed: PublicSeed,
    ) -> Result<Option<ChainRecord>, StoreError> {
        let lobby = owner.lobby;
        as_owner!(self.pool, owner, |tx| chains::set_public_seed(&tx, lobby, chain, &seed))
    }

    async fn abandon(&self, owner: Owner, abandonment: Abandonment) -> Result<(), StoreError> {
        let lobby = owner.lobby;
        as_owner!(self.pool, owner, |tx| chains::abandon(&tx, lobby, &abandonment))
    }

    async fn abandon_all(&self, how: Abandoned) -> Result<usize, StoreError> {
        Ok(transaction!(self.pool, writing, |tx| chains::abandon_all(&tx, &how))?)
    }

    async fn checkpoint(
        &self,
        lobby: LobbyId,
        chain: u32,
        index: u32,
    ) -> Result<Option<SealedSeed>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| chains::checkpoint(&tx, lobby, chain, index))?)
    }

    async fn chain(&self, lobby: LobbyId, chain: u32) -> Result<Option<ChainRecord>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| chains::one(&tx, lobby, chain))?)
    }

    async fn chains(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| chains::before(&tx, lobby, before, limit))?)
    }

    async fn finished(
        &self,
        lobby: LobbyId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| rounds::finished(&tx, lobby, after, limit))?)
    }

    async fn round(
        &self,
        round: RoundId,
    ) -> Result<Option<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| rounds::one(&tx, round))?)
    }

    async fn rounds(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<RoundRecord>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| rounds::before(&tx, lobby, before, limit))?)
    }

    async fn bet(&self, player: PlayerId, bet: BetId) -> Result<Option<BetRecord>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| bets::one(&tx, player, bet))?)
    }

    async fn was_refused(&self, player: PlayerId, bet: BetId) -> Result<bool, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| bets::was_refused(&tx, player, bet))?)
    }

    async fn bets_of(
        &self,
        player: PlayerId,
        before: Option<BetId>,
        limit: u32,
    ) -> Result<Vec<BetRecord>, StoreError> {
        Ok(transaction!(self.pool, reading, |tx| bets::of_player(&tx, player, before, limit))?)
    }
}

#[cfg(test)]
mod tests;
