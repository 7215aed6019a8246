//! The game's store on SQLite. What commands mean to rows stands in the files beside it.

mod bets;
mod chains;
mod columns;
mod lobbies;
mod opening;
mod outbox;
mod owners;
mod rounds;
mod schema;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::{BetId, LobbyId, PlayerId, RoundId};
use platform::failpoint;
use platform::sqlite::{Reader, StoreError as SqliteError, Writer};
use protocol::chains::Abandoned;
use rusqlite::{Connection, Transaction};

use super::failpoints;
use super::{
    Abandonment, Acknowledgement, Applied, Batch, BetRecord, ChainRecord, Claim, Claimed, Done,
    Inheritance, Lease, LobbyRecord, NewLobby, NodeId, Opened, Opening, OutboxRow, Owner,
    PublicSeed, RoundRecord, SealedSeed, Store, StoreCommand, StoreError,
};

use owners::Claims;

pub(crate) use outbox::{disagreed, free_exposure};
pub use schema::SCHEMA;

/// The store on one file: a writer that commits in groups, and readers.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Writer,
    reader: Reader,
    claims: Claims,
}

impl SqliteStore {
    /// The store in the file of `writer` and `reader`, opened with [`SCHEMA`] and
    /// `platform::http::idempotency::SCHEMA`.
    #[must_use]
    pub fn new(writer: Writer, reader: Reader) -> Self {
        Self { writer, reader, claims: Claims::default() }
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.writer.run(work).await?)
    }

    /// What only a lobby's owner may do.
    async fn write_as<T: Send + 'static>(
        &self,
        owner: Owner,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let claims = self.claims.clone();
        let written = self
            .write(move |tx| claims.own(owner.lobby, owner.epoch).then(|| work(tx)).transpose());
        written.await?.ok_or(StoreError::NotOwner)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.reader.run(work).await?)
    }
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Unavailable => Self::Unavailable,
            definite => Self::Failed(definite.to_string()),
        }
    }
}

/// What one command came to.
type Answer = Result<Done, StoreError>;

/// All commands at once; if one fails, all again with a savepoint for each, so that it is undone
/// alone. SQLite copies a page the first time that it is written within a savepoint: with one for
/// each command, a page that many bets share was copied for each of them. What the second pass
/// reaches of failpoints it reaches again.
fn apply_all(tx: &Transaction<'_>, batch: &Batch, claims: &Claims) -> rusqlite::Result<Applied> {
    let not_owned = claims.not_owned(&batch.owned);
    tx.prepare_cached("SAVEPOINT batch")?.execute([])?;
    let applied: rusqlite::Result<Vec<_>> =
        batch.commands.iter().map(|command| apply_own(tx, batch, &not_owned, command)).collect();
    let answers = match applied {
        Ok(answers) => answers,
        // It ended the whole transaction, as a failing disk does: there is no way back.
        Err(error) if tx.is_autocommit() => return Err(error),
        Err(_) => {
            tx.prepare_cached("ROLLBACK TO batch")?.execute([])?;
            apply_each(tx, batch, &not_owned)?
        }
    };
    tx.prepare_cached("RELEASE batch")?.execute([])?;
    Ok(Applied { answers, not_owned })
}

/// Each command in a savepoint of its own.
fn apply_each(
    tx: &Transaction<'_>,
    batch: &Batch,
    not_owned: &BTreeSet<LobbyId>,
) -> rusqlite::Result<Vec<Answer>> {
    let mut answers = Vec::with_capacity(batch.commands.len());
    for command in &batch.commands {
        tx.prepare_cached("SAVEPOINT command")?.execute([])?;
        let answer = match apply_own(tx, batch, not_owned, command) {
            Ok(answer) => answer,
            Err(error) if tx.is_autocommit() => return Err(error),
            Err(error) => {
                tx.prepare_cached("ROLLBACK TO command")?.execute([])?;
                Err(StoreError::Failed(error.to_string()))
            }
        };
        tx.prepare_cached("RELEASE command")?.execute([])?;
        answers.push(answer);
    }
    Ok(answers)
}

/// What it does if its lobby is owned here.
fn apply_own(
    tx: &Transaction<'_>,
    batch: &Batch,
    not_owned: &BTreeSet<LobbyId>,
    command: &StoreCommand,
) -> rusqlite::Result<Answer> {
    if command.lobby().is_some_and(|lobby| !batch.owns(lobby, not_owned)) {
        return Ok(Err(StoreError::NotOwner));
    }
    let done = match command {
        StoreCommand::Heartbeats(beats) => {
            let own = |(round, _): &&(RoundId, _)| batch.owns(round.lobby, not_owned);
            let beats: Vec<_> = beats.iter().filter(own).copied().collect();
            rounds::heartbeats(tx, &beats).map(|()| Done::Stored)
        }
        command => apply(tx, command),
    };
    done.map(Ok)
}

fn apply(tx: &Transaction<'_>, command: &StoreCommand) -> rusqlite::Result<Done> {
    match command {
        StoreCommand::OpenRound { round, epoch, chain, at } => {
            rounds::open(tx, *round, *epoch, *chain, *at)?;
        }
        StoreCommand::AcceptBet { lobby, bet, name, at } => {
            return bets::accept(tx, *lobby, bet, name, *at);
        }
        StoreCommand::CancelBet { lobby, key, at } => {
            bets::give_back(tx, *lobby, *key, "cancelled", *at)?;
        }
        StoreCommand::ReleaseBet { lobby, key, at } => {
            bets::give_back(tx, *lobby, *key, "released", *at)?;
        }
        StoreCommand::Lock(record) => rounds::lock(tx, record)?,
        StoreCommand::Heartbeats(beats) => rounds::heartbeats(tx, beats)?,
        StoreCommand::CashOut { lobby, cash_out, at } => {
            bets::cash_out(tx, *lobby, cash_out, *at)?;
        }
        StoreCommand::Crash { round, crash_point, multiplier, at } => {
            rounds::crash(tx, *round, *crash_point, *multiplier, *at)?;
        }
        StoreCommand::EndRound(end) => rounds::end(tx, end)?,
        StoreCommand::ForgetRound { round } => rounds::forget(tx, *round)?,
        StoreCommand::VoidRound { round, reason, at } => rounds::void(tx, *round, *reason, *at)?,
        StoreCommand::CloseUnknown { round } => rounds::close_unknown(tx, *round)?,
        StoreCommand::SkipSeeds { lobby, chain, skipped } => {
            chains::skip(tx, *lobby, *chain, skipped)?;
        }
        StoreCommand::SendAgain { lobby, after } => outbox::send_again(tx, *lobby, *after)?,
        StoreCommand::TakeOver { lobby, epoch } => lobbies::take_over(tx, *lobby, *epoch)?,
    }
    Ok(Done::Stored)
}

#[async_trait]
impl Store for SqliteStore {
    fn may_lose_tail(&self) -> bool {
        false
    }

    async fn renew(&self, _: NodeId) -> Result<Lease, StoreError> {
        Ok(Lease::Held)
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let claims = self.claims.clone();
        // By the writer, so that everything sent before it is committed; it writes nothing itself.
        self.write(move |tx| claims.claim(tx, claim)).await
    }

    async fn hand_over(&self, _: Owner) -> Result<(), StoreError> {
        Ok(())
    }

    async fn leave(&self, _: NodeId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn lobbies_to_own(&self, _: NodeId, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        self.read(move |connection| lobbies::to_own(connection, limit)).await
    }

    async fn apply(&self, batch: Arc<Batch>) -> Result<Applied, StoreError> {
        let (claims, sent) = (self.claims.clone(), Arc::clone(&batch));
        let applied = self.write(move |tx| {
            let applied = apply_all(tx, &batch, &claims)?;
            failpoints::before_commit(&batch.commands);
            Ok(applied)
        });
        let applied = applied.await?;
        if failpoints::after_commit(&sent.commands) {
            return Err(StoreError::Unavailable);
        }
        Ok(applied)
    }

    async fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<(), StoreError> {
        failpoint::reach("outbox.before_acknowledged");
        let claims = self.claims.clone();
        self.write(move |tx| outbox::acknowledge(tx, &acknowledgement, &claims)).await?;
        failpoint::reach("outbox.after_acknowledged");
        Ok(())
    }

    async fn unsent(
        &self,
        _: NodeId,
        limit: u32,
        except: &[LobbyId],
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let (except, claims) = (except.to_vec(), self.claims.clone());
        let mut rows =
            self.read(move |connection| outbox::unsent(connection, limit, &except)).await?;
        for row in &mut rows {
            row.epoch = row.epoch.max(claims.last(row.round.lobby));
        }
        Ok(rows)
    }

    async fn oldest_unsettled(&self) -> Result<Option<i64>, StoreError> {
        self.read(outbox::oldest_unsettled).await
    }

    async fn prune(&self, before: i64) -> Result<usize, StoreError> {
        self.write(move |tx| outbox::prune(tx, before)).await
    }

    async fn create_lobby(
        &self,
        new: NewLobby,
        limit: u32,
    ) -> Result<Option<LobbyRecord>, StoreError> {
        self.write(move |tx| lobbies::create(tx, &new, limit)).await
    }

    async fn open_lobby(&self, opening: Opening) -> Result<Opened, StoreError> {
        self.write(move |tx| opening::open(tx, &opening)).await
    }

    async fn visit(&self, visits: Vec<(LobbyId, i64)>) -> Result<(), StoreError> {
        self.write(move |tx| lobbies::visit(tx, &visits)).await
    }

    async fn unvisited(&self, before: i64, limit: u32) -> Result<Vec<LobbyId>, StoreError> {
        self.read(move |connection| lobbies::unvisited(connection, before, limit)).await
    }

    async fn close_lobby(
        &self,
        _: NodeId,
        lobby: LobbyId,
        before: i64,
        at: i64,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| lobbies::close(tx, lobby, before, at)).await
    }

    async fn lobby(&self, lobby: LobbyId) -> Result<Option<LobbyRecord>, StoreError> {
        self.read(move |connection| lobbies::one(connection, lobby)).await
    }

    async fn public_lobbies(&self, limit: u32) -> Result<Vec<LobbyRecord>, StoreError> {
        self.read(move |connection| lobbies::public(connection, limit)).await
    }

    async fn inherit(&self, lobby: LobbyId) -> Result<Option<Inheritance>, StoreError> {
        let claimed = self.claims.last(lobby);
        self.read(move |connection| lobbies::inherit(connection, lobby, claimed)).await
    }

    async fn add_chain(
        &self,
        owner: Owner,
        chain: ChainRecord,
        checkpoints: Vec<SealedSeed>,
    ) -> Result<(), StoreError> {
        self.write_as(owner, move |tx| chains::add(tx, &chain, &checkpoints)).await
    }

    async fn set_public_seed(
        &self,
        owner: Owner,
        chain: u32,
        seed: PublicSeed,
    ) -> Result<Option<ChainRecord>, StoreError> {
        self.write_as(owner, move |tx| chains::set_public_seed(tx, owner.lobby, chain, &seed)).await
    }

    async fn abandon(&self, owner: Owner, abandonment: Abandonment) -> Result<(), StoreError> {
        self.write_as(owner, move |tx| chains::abandon(tx, owner.lobby, &abandonment)).await
    }

    async fn abandon_all(&self, how: Abandoned) -> Result<usize, StoreError> {
        self.write(move |tx| chains::abandon_all(tx, &how)).await
    }

    async fn checkpoint(
        &self,
        lobby: LobbyId,
        chain: u32,
        index: u32,
    ) -> Result<Option<SealedSeed>, StoreError> {
        self.read(move |connection| chains::checkpoint(connection, lobby, chain, index)).await
    }

    async fn chain(&self, lobby: LobbyId, chain: u32) -> Result<Option<ChainRecord>, StoreError> {
        self.read(move |connection| chains::one(connection, lobby, chain)).await
    }

    async fn chains(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StoreError> {
        self.read(move |connection| chains::before(connection, lobby, before, limit)).await
    }

    async fn finished(
        &self,
        lobby: LobbyId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        self.read(move |connection| rounds::finished(connection, lobby, after, limit)).await
    }

    async fn round(
        &self,
        round: RoundId,
    ) -> Result<Option<(RoundRecord, Vec<BetRecord>)>, StoreError> {
        self.read(move |connection| rounds::one(connection, round)).await
    }

    async fn rounds(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<RoundRecord>, StoreError> {
        self.read(move |connection| rounds::before(connection, lobby, before, limit)).await
    }

    async fn bet(&self, player: PlayerId, bet: BetId) -> Result<Option<BetRecord>, StoreError> {
        self.read(move |connection| bets::one(connection, player, bet)).await
    }

    async fn was_refused(&self, player: PlayerId, bet: BetId) -> Result<bool, StoreError> {
        self.read(move |connection| bets::was_refused(connection, player, bet)).await
    }

    async fn bets_of(
        &self,
        player: PlayerId,
        before: Option<BetId>,
        limit: u32,
    ) -> Result<Vec<BetRecord>, StoreError> {
        self.read(move |connection| bets::of_player(connection, player, before, limit)).await
    }
}

#[cfg(test)]
mod tests;
