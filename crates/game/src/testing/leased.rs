//! A store that several nodes share: rows in SQLite, leases as a database with a clock keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use kernel::{BetId, Epoch, LobbyId, PlayerId, RoundId, Timestamp};
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::chains::Abandoned;
use tokio::sync::RwLock;

use crate::store::{
    Abandonment, Acknowledgement, Applied, Batch, BetRecord, ChainRecord, Claim, Claimed,
    Inheritance, Lease, LobbyRecord, NewLobby, NodeId, Opened, Opening, OutboxRow, Owner,
    PublicSeed, RoundRecord, SealedSeed, SqliteStore, Store, StoreError,
};

/// How long a lease is, in milliseconds.
pub(crate) const LEASE_MS: u64 = 2_000;

/// The one store of several nodes.
pub(crate) struct LeasedStore {
    rows: SqliteStore,
    clock: Arc<dyn Clock>,
    leases: Mutex<Leases>,
    /// Whether it may lose its last records.
    loses: AtomicBool,
    /// Whether answers to acknowledgements are lost.
    mute: AtomicBool,
    /// Whoever holds it for writing keeps renewals on their way.
    pub(crate) way: RwLock<()>,
}

#[derive(Default)]
struct Leases {
    nodes: BTreeMap<NodeId, Timestamp>,
    owners: BTreeMap<LobbyId, (Option<NodeId>, Epoch)>,
    /// Nodes whose renewals do not arrive.
    cut_off: BTreeSet<NodeId>,
}

impl LeasedStore {
    pub(crate) fn new(rows: SqliteStore, clock: Arc<dyn Clock>) -> Self {
        Self {
            rows,
            clock,
            leases: Mutex::default(),
            loses: AtomicBool::new(false),
            mute: AtomicBool::new(false),
            way: RwLock::new(()),
        }
    }

    /// From now on the store says of itself that it may lose its tail.
    pub(crate) fn say_that_it_loses(&self) {
        self.loses.store(true, Ordering::Relaxed);
    }

    /// From now on acknowledgements are noted and their answers lost.
    pub(crate) fn lose_answers_to_acknowledgements(&self) {
        self.mute.store(true, Ordering::Relaxed);
    }

    /// Renewals of the node arrive no more, or again.
    pub(crate) fn cut_off(&self, node: NodeId, cut_off: bool) {
        let mut leases = self.leases.lock();
        if cut_off {
            leases.cut_off.insert(node)
        } else {
            leases.cut_off.remove(&node)
        };
    }

    /// Every claim is void, as after a failover that lost some.
    pub(crate) fn void_claims(&self) {
        for (owner, _) in self.leases.lock().owners.values_mut() {
            *owner = None;
        }
    }

    /// Who owns the lobby now, if anybody does.
    pub(crate) fn owner_of(&self, lobby: LobbyId) -> Option<NodeId> {
        self.leases.lock().owner(lobby, self.clock.now())
    }
}

impl Leases {
    fn lives(&self, node: NodeId, now: Timestamp) -> bool {
        self.nodes.get(&node).is_some_and(|until| now < *until)
    }

    fn owner(&self, lobby: LobbyId, now: Timestamp) -> Option<NodeId> {
        let (node, _) = self.owners.get(&lobby).copied()?;
        node.filter(|node| self.lives(*node, now))
    }
}

#[async_trait]
impl Store for LeasedStore {
    fn may_lose_tail(&self) -> bool {
        self.loses.load(Ordering::Relaxed)
    }

    async fn renew(&self, node: NodeId) -> Result<Lease, StoreError> {
        let _arrived = self.way.read().await;
        let mut leases = self.leases.lock();
        if leases.cut_off.contains(&node) {
            return Err(StoreError::Unavailable);
        }
        leases.nodes.insert(node, self.clock.now() + LEASE_MS);
        Ok(Lease::Timed { ms: LEASE_MS })
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let (Claim { node, lobby, .. }, now) = (claim, self.clock.now());
        {
            let leases = self.leases.lock();
            if !leases.lives(node, now) {
                return Ok(Claimed::Lapsed);
            }
            if leases.owner(lobby, now).is_some_and(|owner| owner != node) {
                return Ok(Claimed::Others);
            }
        }
        let claimed = self.rows.claim(claim).await?;
        if let Claimed::Yours(epoch) = claimed {
            self.leases.lock().owners.insert(lobby, (Some(node), epoch));
        }
        Ok(claimed)
    }

    async fn hand_over(&self, owner: Owner) -> Result<(), StoreError> {
        let mut leases = self.leases.lock();
        let row = leases.owners.get_mut(&owner.lobby);
        if let Some(row) = row.filter(|row| **row == (Some(owner.node), owner.epoch)) {
            row.0 = None;
        }
        Ok(())
    }

    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        self.leases.lock().nodes.remove(&node);
        Ok(())
    }

    async fn lobbies_to_own(&self, node: NodeId, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        let (mut lobbies, now) = (self.rows.lobbies_to_own(node, limit).await?, self.clock.now());
        let leases = self.leases.lock();
        lobbies.retain(|lobby| leases.owner(*lobby, now).is_none());
        Ok(lobbies)
    }

    async fn apply(&self, batch: Arc<Batch>) -> Result<Applied, StoreError> {
        self.rows.apply(batch).await
    }

    async fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<(), StoreError> {
        self.rows.acknowledge(acknowledgement).await?;
        if self.mute.load(Ordering::Relaxed) { Err(StoreError::Unavailable) } else { Ok(()) }
    }

    async fn unsent(
        &self,
        node: NodeId,
        limit: u32,
        except: &[LobbyId],
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = self.rows.unsent(node, limit, except).await?;
        let (leases, now) = (self.leases.lock(), self.clock.now());
        rows.retain(|row| leases.owner(row.round.lobby, now) == Some(node));
        Ok(rows)
    }

    async fn oldest_unsettled(&self) -> Result<Option<i64>, StoreError> {
        self.rows.oldest_unsettled().await
    }

    async fn prune(&self, before: i64) -> Result<usize, StoreError> {
        self.rows.prune(before).await
    }

    async fn create_lobby(
        &self,
        new: NewLobby,
        limit: u32,
    ) -> Result<Option<LobbyRecord>, StoreError> {
        self.rows.create_lobby(new, limit).await
    }

    async fn open_lobby(&self, opening: Opening) -> Result<Opened, StoreError> {
        self.rows.open_lobby(opening).await
    }

    async fn lobby(&self, lobby: LobbyId) -> Result<Option<LobbyRecord>, StoreError> {
        self.rows.lobby(lobby).await
    }

    async fn visit(&self, visits: Vec<(LobbyId, i64)>) -> Result<(), StoreError> {
        self.rows.visit(visits).await
    }

    async fn unvisited(&self, before: i64, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        self.rows.unvisited(before, limit).await
    }

    async fn close_lobby(
        &self,
        node: NodeId,
        lobby: LobbyId,
        before: i64,
        at: i64,
    ) -> Result<bool, StoreError> {
        if self.owner_of(lobby).is_some_and(|owner| owner != node) {
            return Ok(false);
        }
        self.rows.close_lobby(node, lobby, before, at).await
    }

    async fn public_lobbies(&self, limit: u32) -> Result<Vec<LobbyRecord>, StoreError> {
        self.rows.public_lobbies(limit).await
    }

    async fn inherit(&self, lobby: LobbyId) -> Result<Option<Inheritance>, StoreError> {
        let (left, owner) = (self.rows.inherit(lobby).await?, self.owner_of(lobby));
        Ok(left.map(|left| Inheritance { owner, ..left }))
    }

    async fn add_chain(
        &self,
        owner: Owner,
        chain: ChainRecord,
        checkpoints: Vec<SealedSeed>,
    ) -> Result<(), StoreError> {
        self.rows.add_chain(owner, chain, checkpoints).await
    }

    async fn set_public_seed(
        &self,
        owner: Owner,
        chain: u32,
        seed: PublicSeed,
    ) -> Result<Option<ChainRecord>, StoreError> {
        self.rows.set_public_seed(owner, chain, seed).await
    }

    async fn abandon(&self, owner: Owner, abandonment: Abandonment) -> Result<(), StoreError> {
        self.rows.abandon(owner, abandonment).await
    }

    async fn abandon_all(&self, how: Abandoned) -> Result<usize, StoreError> {
        self.rows.abandon_all(how).await
    }

    async fn chains(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StoreError> {
        self.rows.chains(lobby, before, limit).await
    }

    async fn checkpoint(
        &self,
        lobby: LobbyId,
        chain: u32,
        index: u32,
    ) -> Result<Option<SealedSeed>, StoreError> {
        self.rows.checkpoint(lobby, chain, index).await
    }

    async fn chain(&self, lobby: LobbyId, chain: u32) -> Result<Option<ChainRecord>, StoreError> {
        self.rows.chain(lobby, chain).await
    }

    async fn round(
        &self,
        round: RoundId,
    ) -> Result<Option<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        self.rows.round(round).await
    }

    async fn rounds(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<RoundRecord>, StoreError> {
        self.rows.rounds(lobby, before, limit).await
    }

    async fn finished(
        &self,
        lobby: LobbyId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        self.rows.finished(lobby, after, limit).await
    }

    async fn bet(&self, player: PlayerId, bet: BetId) -> Result<Option<BetRecord>, StoreError> {
        self.rows.bet(player, bet).await
    }

    async fn was_refused(&self, player: PlayerId, bet: BetId) -> Result<bool, StoreError> {
        self.rows.was_refused(player, bet).await
    }

    async fn bets_of(
        &self,
        player: PlayerId,
        before: Option<BetId>,
        limit: u32,
    ) -> Result<Vec<BetRecord>, StoreError> {
        self.rows.bets_of(player, before, limit).await
    }
}
