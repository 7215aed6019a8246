//! What the game keeps, at the level of commands: a batch is applied in one transaction.
//!
//! Every command may be applied again after an unknown outcome; the second time changes nothing.

mod failpoints;
mod owners;
mod postgres;
mod queued;
mod records;
mod sqlite;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Bet, BetKey, CashOut, Reason, Settlement, Totals};
use kernel::{Amount, BetId, Epoch, LobbyId, Multiplier, PlayerId, RoundId};
use platform::http::Idempotent;
use platform::http::idempotency::KeptAnswer;
use protocol::chains::{Abandoned, Skipped};

use crate::http::lobbies::opened;

pub use owners::{Applied, Batch, Claim, Claimed, Lease, NodeId, Owner};
pub use postgres::{LEASE_MS, POSTGRES_SCHEMA, PostgresStore};
pub use records::{
    Abandonment, BetRecord, ChainRecord, LobbyRecord, NewLobby, OutboxBody, OutboxRow, PublicSeed,
    RoundRecord, RoundState, SealedSeed, UnfinishedRound, Visibility, WireOutcome,
};
pub use sqlite::SCHEMA;
pub use sqlite::SqliteStore;
pub(crate) use sqlite::{disagreed, free_exposure};

/// The most rows forgotten at once, so that nobody waits for it.
pub const PRUNED_MAX: u32 = 10_000;

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Refused for good; nothing was changed.
    #[error("the store refused: {0}")]
    Failed(String),
    /// The outcome is unknown: apply the same again.
    #[error("the store did not answer")]
    Unavailable,
    /// Another node owns the lobby by now, or may; nothing was changed.
    #[error("another node owns the lobby")]
    NotOwner,
}

/// One change of a round's state.
#[derive(Clone, Debug)]
pub enum StoreCommand {
    /// The round's row.
    OpenRound { round: RoundId, epoch: Epoch, chain: u32, at: i64 },
    /// A held bet; in its round it stays stored. Too late, its release is queued: [`Done::Missed`].
    AcceptBet { lobby: LobbyId, bet: Bet, name: Arc<str>, at: i64 },
    /// An accepted bet leaves, its release queued.
    CancelBet { lobby: LobbyId, key: BetKey, at: i64 },
    /// A bet that missed the lock, with a row or without: its release queued.
    ReleaseBet { lobby: LobbyId, key: BetKey, at: i64 },
    /// The lock record.
    Lock(Box<LockRecord>),
    /// How far the running rounds of the node have come, in one statement.
    Heartbeats(Vec<(RoundId, Multiplier)>),
    /// A cash-out, its resolve queued.
    CashOut { lobby: LobbyId, cash_out: CashOut, at: i64 },
    /// The climb is over.
    Crash { round: RoundId, crash_point: Multiplier, multiplier: Multiplier, at: i64 },
    /// A locked round ends: resolves of what was still open and the round's close queued.
    EndRound(Box<RoundEnd>),
    /// An open round that nobody asked for a bet never was.
    ForgetRound { round: RoundId },
    /// A round ends without lock, its close queued with a count of 0.
    VoidRound { round: RoundId, reason: Reason, at: i64 },
    /// Closes a round that this store does not know, so that its holds are released.
    CloseUnknown { round: RoundId },
    /// The epoch of an owner that the wallet has let pass.
    TakeOver { lobby: LobbyId, epoch: Epoch },
    /// What may have been shown and lost is left out, and told with the chain. Its seeds are used
    /// up by it. Applied before if the chain tells the same already.
    SkipSeeds { lobby: LobbyId, chain: u32, skipped: Skipped },
    /// The wallet has closed no round above `after`. If it had closed one before, it is an older
    /// copy of itself, and what it had answered since is sent again.
    SendAgain { lobby: LobbyId, after: u32 },
}

impl StoreCommand {
    /// The lobby it changes; none for heartbeats, which are of many.
    #[must_use]
    pub fn lobby(&self) -> Option<LobbyId> {
        match self {
            Self::OpenRound { round, .. }
            | Self::Crash { round, .. }
            | Self::ForgetRound { round }
            | Self::VoidRound { round, .. }
            | Self::CloseUnknown { round } => Some(round.lobby),
            Self::AcceptBet { lobby, .. }
            | Self::CancelBet { lobby, .. }
            | Self::ReleaseBet { lobby, .. }
            | Self::CashOut { lobby, .. }
            | Self::TakeOver { lobby, .. }
            | Self::SkipSeeds { lobby, .. }
            | Self::SendAgain { lobby, .. } => Some(*lobby),
            Self::Lock(lock) => Some(lock.round.lobby),
            Self::EndRound(end) => Some(end.round.lobby),
            Self::Heartbeats(_) => None,
        }
    }
}

/// A lobby that a player asks for.
#[derive(Debug)]
pub struct Opening {
    /// Joined if it exists and is not closed.
    pub join: Option<LobbyId>,
    /// Made otherwise.
    pub new: NewLobby,
    /// How many lobbies its owner may have, and how many of them may be continuous.
    pub limits: LobbyLimits,
    /// How to know the call again.
    pub call: Option<KeyedOpening>,
}

/// How many lobbies a player may have that are not closed.
#[derive(Clone, Copy, Debug)]
pub struct LobbyLimits {
    pub all: u32,
    pub continuous: u32,
}

/// A call under an idempotency key, and how it is answered.
#[derive(Debug)]
pub struct KeyedOpening {
    pub player: PlayerId,
    pub call: Idempotent,
    /// The origin that the answer names.
    pub origin: String,
}

impl KeyedOpening {
    /// What the call is answered, now and at every repetition, once the lobby is `lobby`.
    #[must_use]
    pub fn answer(&self, lobby: LobbyId) -> KeptAnswer {
        KeptAnswer::ok(&opened(&self.origin, lobby))
    }
}

/// What became of an [`Opening`].
#[derive(Debug)]
pub enum Opened {
    /// Joined.
    Joined(LobbyId),
    /// Made.
    Made(Box<LobbyRecord>),
    /// Done before, under the same key.
    Kept(KeptAnswer),
    /// The key stands for another request.
    Mismatch,
    /// As many lobbies as a player may have.
    TooMany,
    /// As many continuous ones.
    TooManyContinuous,
}

/// What fixes the accepted set of a round.
#[derive(Clone, Debug)]
pub struct LockRecord {
    pub round: RoundId,
    pub bets: Vec<BetKey>,
    pub totals: Totals,
    /// The seed's index in the round's chain.
    pub seed_index: u32,
    pub bets_hash: [u8; 32],
    /// When the climb starts, in Unix milliseconds, for history only.
    pub start_at: i64,
    pub at: i64,
}

/// How a locked round ended.
#[derive(Clone, Debug)]
pub struct RoundEnd {
    pub round: RoundId,
    /// `None`: settled as played; otherwise interrupted, and why.
    pub interrupted: Option<Reason>,
    /// The seed's own crash point, known to all from now on.
    pub crash_point: Multiplier,
    /// Where the climb ended; `None` where every stake went back.
    pub multiplier: Option<Multiplier>,
    /// The ends of the bets still open. What is decided already is left as it is.
    pub settlements: Vec<Settlement>,
    pub payout_sum: Amount,
    pub seed: [u8; 32],
    pub at: i64,
}

/// What applying a command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is durable.
    Stored,
    /// The bet came after the lock; its release is queued.
    Missed,
}

/// The wallet's answer to a close, to be kept with its acknowledgement.
#[derive(Clone, Copy, Debug)]
pub struct ClosedRound {
    pub round: RoundId,
    pub agreed: bool,
}

/// A row of the outbox that the wallet has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredRow {
    pub id: i64,
    pub lobby: LobbyId,
    /// The epoch it was sent under.
    pub epoch: Epoch,
}

impl AnsweredRow {
    /// The row, answered.
    #[must_use]
    pub const fn of(row: &OutboxRow) -> Self {
        Self { id: row.id, lobby: row.round.lobby, epoch: row.epoch }
    }
}

/// Answers of the wallet. Those about lobbies that are not owned any more are left out.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// Who sends them.
    pub node: NodeId,
    /// The rows that were answered.
    pub rows: Vec<AnsweredRow>,
    pub closed: Vec<ClosedRound>,
    pub at: i64,
}

/// Everything a new owner reads of a lobby.
#[derive(Clone, Debug)]
pub struct Inheritance {
    pub lobby: LobbyRecord,
    /// Rounds that have no end yet, oldest first.
    pub unfinished: Vec<UnfinishedRound>,
    /// Rounds that ended but are not closed at the wallet, with what they may cost the house.
    pub unclosed: Vec<(u32, Amount)>,
    /// The node that owns the lobby, if its lease has not run out; none on a store whose lease is
    /// [`Lease::Held`].
    pub owner: Option<NodeId>,
    /// The highest epoch that the lobby was claimed under.
    pub claimed: Epoch,
    /// The highest round there ever was, 0 if none.
    pub last_round: u32,
    pub chains: Vec<ChainRecord>,
}

/// The game's store. One transaction a batch.
///
/// A lobby is changed by its owner alone. A store with timed leases keeps `node(id, lease_until)`
/// and `lobby_owner(lobby, node, epoch)`, and begins each transaction on a lobby's rounds by
/// locking the owner's row against a claim; it gives an epoch once, for ever. A failover that may
/// have lost commits voids every claim made before it: what owners believe stored may not be.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Whether committed records may be lost, the last ones first: by a failover, say. Fences are
    /// raised then, so that what was shown before the loss is not played again.
    fn may_lose_tail(&self) -> bool;

    /// Lets the node own lobbies for its lease from now on; it may have lapsed before.
    async fn renew(&self, node: NodeId) -> Result<Lease, StoreError>;
    /// Makes the node the owner of a lobby that has none, or whose owner's lease has run out, or
    /// that it owns itself. From then on nobody else's changes to the lobby are taken, none that
    /// is under way either: what is read after it is what they left.
    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError>;
    /// The node owns the lobby no more: anybody may claim it at once. Not if it was claimed anew.
    async fn hand_over(&self, owner: Owner) -> Result<(), StoreError>;
    /// The node owns nothing any more, its lease is over.
    async fn leave(&self, node: NodeId) -> Result<(), StoreError>;
    /// Lobbies that need an owner and that `node` could claim, the lowest number first, at most
    /// `limit`: configured ones, those with an unfinished round and those with unsent rows.
    async fn lobbies_to_own(&self, node: NodeId, limit: u32) -> Result<Vec<LobbyId>, StoreError>;

    /// Applies the batch in order; one answer a command. A refused command is undone alone.
    async fn apply(&self, batch: Arc<Batch>) -> Result<Applied, StoreError>;

    /// Notes what the wallet answered.
    async fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<(), StoreError>;
    /// The oldest rows of the node's own lobbies that the wallet has not answered, at most `limit`,
    /// in order, none of the lobbies in `except`; each under the epoch that the node claimed.
    async fn unsent(
        &self,
        node: NodeId,
        limit: u32,
        except: &[LobbyId],
    ) -> Result<Vec<OutboxRow>, StoreError>;
    /// When the first round ended of those that the wallet has not answered all about, whoever
    /// owns them, in Unix milliseconds.
    async fn oldest_unsettled(&self) -> Result<Option<i64>, StoreError>;
    /// Forgets rows acknowledged before `before`, at most [`PRUNED_MAX`]; how many went.
    async fn prune(&self, before: i64) -> Result<usize, StoreError>;

    /// Makes a lobby under the next free number; `None` if its owner has `limit` already.
    async fn create_lobby(
        &self,
        new: NewLobby,
        limit: u32,
    ) -> Result<Option<LobbyRecord>, StoreError>;
    /// Joins a lobby or makes one under the next free number, and keeps the answer with it.
    async fn open_lobby(&self, opening: Opening) -> Result<Opened, StoreError>;
    async fn lobby(&self, lobby: LobbyId) -> Result<Option<LobbyRecord>, StoreError>;
    /// Notes when lobbies were last visited, in Unix milliseconds.
    async fn visit(&self, visits: Vec<(LobbyId, i64)>) -> Result<(), StoreError>;
    /// Players' lobbies that nobody has visited since `before`, at most `limit`.
    async fn unvisited(&self, before: i64, limit: u32) -> Result<Vec<LobbyId>, StoreError>;
    /// Closes a player's lobby unless it was visited since `before`, has a round without end or an
    /// unsent row, or another node owns it; whether it was closed.
    async fn close_lobby(
        &self,
        node: NodeId,
        lobby: LobbyId,
        before: i64,
        at: i64,
    ) -> Result<bool, StoreError>;
    /// Public lobbies that are not closed, the newest first, at most `limit`.
    async fn public_lobbies(&self, limit: u32) -> Result<Vec<LobbyRecord>, StoreError>;
    /// Everything that a new owner reads of a lobby, of one committed state.
    async fn inherit(&self, lobby: LobbyId) -> Result<Option<Inheritance>, StoreError>;

    /// Keeps a chain that was made, before its public seed is drawn; one of that number that
    /// stands is left as it is, but that the same chain is noted as promised.
    async fn add_chain(
        &self,
        owner: Owner,
        chain: ChainRecord,
        checkpoints: Vec<SealedSeed>,
    ) -> Result<(), StoreError>;
    /// Sets a chain's public seed, once and for all; answers with the chain as it stands.
    async fn set_public_seed(
        &self,
        owner: Owner,
        chain: u32,
        seed: PublicSeed,
    ) -> Result<Option<ChainRecord>, StoreError>;
    /// Gives chains up, for all to see: none of their seeds is played any more.
    async fn abandon(&self, owner: Owner, abandonment: Abandonment) -> Result<(), StoreError>;
    /// Gives up every chain of every lobby; how many. For a store at rest.
    async fn abandon_all(&self, how: Abandoned) -> Result<usize, StoreError>;
    /// Chains of a lobby below `before`, newest first.
    async fn chains(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StoreError>;
    /// The sealed value at or above `index`.
    async fn checkpoint(
        &self,
        lobby: LobbyId,
        chain: u32,
        index: u32,
    ) -> Result<Option<SealedSeed>, StoreError>;
    async fn chain(&self, lobby: LobbyId, chain: u32) -> Result<Option<ChainRecord>, StoreError>;

    async fn round(
        &self,
        round: RoundId,
    ) -> Result<Option<(RoundRecord, Vec<BetRecord>)>, StoreError>;
    /// Rounds of a lobby below `before`, newest first.
    async fn rounds(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<RoundRecord>, StoreError>;
    /// Rounds of a lobby above `after` that are over, oldest first, up to the first that is not.
    async fn finished(
        &self,
        lobby: LobbyId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(RoundRecord, Vec<BetRecord>)>, StoreError>;
    async fn bet(&self, player: PlayerId, bet: BetId) -> Result<Option<BetRecord>, StoreError>;
    /// Whether a stored bet was refused all the same, having come too late for its lock or for the
    /// end of its round; one that was in a voided round and went back was not.
    async fn was_refused(&self, player: PlayerId, bet: BetId) -> Result<bool, StoreError>;
    /// A player's bets placed before the bet `before`, newest first.
    async fn bets_of(
        &self,
        player: PlayerId,
        before: Option<BetId>,
        limit: u32,
    ) -> Result<Vec<BetRecord>, StoreError>;
}

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
