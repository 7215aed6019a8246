//! The game role's tables in memory, with the meaning that its SQL gives them.
//!
//! A batch is one transaction; a command that is refused is undone alone.

mod bets;
mod chains;
mod client;
mod lobbies;
mod outbox;
mod owners;
mod rounds;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::{BetKey, BetState, Reason};
use game::store::{
    Abandonment, Acknowledgement, Applied, Batch, ChainRecord, Claim, Claimed, Done, LobbyRecord,
    NewLobby, NodeId, OutboxBody, Owner, PublicSeed, RoundRecord, SealedSeed, StoreCommand,
    StoreError,
};
use kernel::{Amount, BetId, Epoch, LobbyId, Multiplier, PlayerId, RoundId, Stake};
use protocol::chains::Abandoned;

use crate::database::Tables;
use crate::dice::mix;

pub(crate) use client::RecordsClient;

/// Everything that the game keeps.
#[derive(Clone, Default)]
pub(crate) struct Records {
    pub(crate) lobbies: BTreeMap<LobbyId, LobbyRow>,
    pub(crate) chains: BTreeMap<(LobbyId, u32), ChainRecord>,
    checkpoints: BTreeMap<(LobbyId, u32, u32), SealedSeed>,
    pub(crate) rounds: BTreeMap<RoundId, RoundRow>,
    /// Rounds that have no end.
    pub(crate) unfinished: BTreeSet<RoundId>,
    /// Rounds whose close the wallet has not answered.
    unclosed: BTreeSet<RoundId>,
    pub(crate) bets: BTreeMap<(PlayerId, BetId), BetRow>,
    pub(crate) outbox: BTreeMap<i64, OutboxEntry>,
    pub(crate) unsent: BTreeSet<i64>,
    parts: BTreeMap<(RoundId, Part), i64>,
    last_outbox: i64,
    /// Until when each node may own lobbies, in milliseconds of the database's clock.
    nodes: BTreeMap<NodeId, u64>,
    /// Who owns each lobby under which epoch; nobody if it was handed over.
    pub(crate) owners: BTreeMap<LobbyId, (Option<NodeId>, Epoch)>,
}

#[derive(Clone)]
pub(crate) struct LobbyRow {
    pub(crate) record: LobbyRecord,
    visited_at: i64,
}

#[derive(Clone)]
pub(crate) struct RoundRow {
    pub(crate) record: RoundRecord,
    pub(crate) heartbeat: Option<Multiplier>,
    pub(crate) reason: Option<Reason>,
    /// Until the wallet answered the close; then whether it agreed.
    pub(crate) close_agreed: Option<bool>,
    /// In the order of their coming.
    pub(crate) bets: Vec<(PlayerId, BetId)>,
}

#[derive(Clone)]
pub(crate) struct BetRow {
    pub(crate) key: BetKey,
    pub(crate) lobby: LobbyId,
    pub(crate) name: Arc<str>,
    pub(crate) stake: Stake,
    pub(crate) auto_cash_out: Option<Multiplier>,
    pub(crate) cap: Multiplier,
    pub(crate) balance: Amount,
    /// Accepted, or how it ended.
    pub(crate) state: BetState,
    pub(crate) in_round: bool,
    /// Stored and refused all the same: it was never in its round.
    refused: bool,
    placed_at: i64,
}

#[derive(Clone)]
pub(crate) struct OutboxEntry {
    pub(crate) round: RoundId,
    pub(crate) body: OutboxBody,
    acknowledged_at: Option<i64>,
}

/// What makes a row of the outbox unique in its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Release(PlayerId, BetId),
    CashOut(PlayerId, BetId),
    End(usize),
    Close,
}

/// One transaction.
#[derive(Clone)]
pub(crate) enum RecordsChange {
    Apply(Arc<Batch>),
    /// As it would be without a lock on the owners, who were read when it came.
    ApplyUnlocked {
        batch: Arc<Batch>,
        not_owned: BTreeSet<LobbyId>,
    },
    Renew(NodeId),
    Claim(Claim),
    HandOver(Owner),
    Leave(NodeId),
    Acknowledge(Acknowledgement),
    Prune {
        before: i64,
    },
    CreateLobby {
        new: Box<NewLobby>,
        limit: u32,
    },
    Visit(Vec<(LobbyId, i64)>),
    CloseLobby {
        node: NodeId,
        lobby: LobbyId,
        before: i64,
    },
    AddChain {
        owner: Owner,
        chain: Box<ChainRecord>,
        checkpoints: Vec<SealedSeed>,
    },
    SetPublicSeed {
        owner: Owner,
        chain: u32,
        seed: PublicSeed,
    },
    Abandon {
        owner: Owner,
        abandonment: Abandonment,
    },
    AbandonAll(Abandoned),
}

impl RecordsChange {
    /// The batch of rounds and bets that it is, if it is one.
    pub(crate) fn batch(&self) -> Option<&Batch> {
        match self {
            Self::Apply(batch) | Self::ApplyUnlocked { batch, .. } => Some(batch),
            _ => None,
        }
    }
}

/// What a transaction is answered.
pub(crate) enum RecordsAnswer {
    Applied(Applied),
    Claimed(Claimed),
    NotOwner,
    Done,
    Counted(usize),
    Created(Option<Box<LobbyRecord>>),
    Closed(bool),
    Chain(Option<Box<ChainRecord>>),
}

/// A command that cannot be: it is undone, the rest of its batch is not.
pub(crate) struct Impossible;

impl Tables for Records {
    type Change = RecordsChange;
    type Answer = RecordsAnswer;

    fn commit(&mut self, now_ms: u64, change: &RecordsChange) -> RecordsAnswer {
        match change {
            RecordsChange::Apply(batch) => {
                RecordsAnswer::Applied(self.apply_all(batch, self.not_owned(batch)))
            }
            RecordsChange::ApplyUnlocked { batch, not_owned } => {
                RecordsAnswer::Applied(self.apply_all(batch, not_owned.clone()))
            }
            RecordsChange::Renew(node) => {
                self.renew(*node, now_ms);
                RecordsAnswer::Done
            }
            RecordsChange::Claim(claim) => RecordsAnswer::Claimed(self.claim(*claim, now_ms)),
            RecordsChange::HandOver(owner) => {
                self.hand_over(*owner);
                RecordsAnswer::Done
            }
            RecordsChange::Leave(node) => {
                self.leave(*node);
                RecordsAnswer::Done
            }
            RecordsChange::Acknowledge(answers) => {
                self.acknowledge(answers);
                RecordsAnswer::Done
            }
            RecordsChange::Prune { before } => RecordsAnswer::Counted(self.prune(*before)),
            RecordsChange::CreateLobby { new, limit } => {
                RecordsAnswer::Created(self.create_lobby(new, *limit).map(Box::new))
            }
            RecordsChange::Visit(visits) => {
                self.visit(visits);
                RecordsAnswer::Done
            }
            RecordsChange::CloseLobby { node, lobby, before } => {
                let others = self.owner(*lobby, now_ms).is_some_and(|owner| owner != *node);
                RecordsAnswer::Closed(!others && self.close_lobby(*lobby, *before))
            }
            RecordsChange::AddChain { owner, .. }
            | RecordsChange::SetPublicSeed { owner, .. }
            | RecordsChange::Abandon { owner, .. }
                if !self.owns(owner) =>
            {
                RecordsAnswer::NotOwner
            }
            RecordsChange::AddChain { chain, checkpoints, .. } => {
                self.add_chain(chain, checkpoints);
                RecordsAnswer::Done
            }
            RecordsChange::SetPublicSeed { owner, chain, seed } => {
                let chain = self.set_public_seed(owner.lobby, *chain, seed);
                RecordsAnswer::Chain(chain.map(Box::new))
            }
            RecordsChange::Abandon { owner, abandonment } => {
                self.abandon(owner.lobby, abandonment);
                RecordsAnswer::Done
            }
            RecordsChange::AbandonAll(how) => RecordsAnswer::Counted(self.abandon_all(how)),
        }
    }

    fn read_early(&self, change: RecordsChange) -> RecordsChange {
        match change {
            RecordsChange::Apply(batch) => {
                let not_owned = self.not_owned(&batch);
                RecordsChange::ApplyUnlocked { batch, not_owned }
            }
            change => change,
        }
    }

    /// Nobody owns anything after a loss: what owners believe to be stored may not be.
    fn begin_anew(&mut self) {
        self.disown_all();
    }

    fn digest(change: &RecordsChange) -> u64 {
        match change {
            RecordsChange::Apply(batch) | RecordsChange::ApplyUnlocked { batch, .. } => {
                batch.commands.iter().map(digest).fold(5, |hash, word| mix(hash ^ word))
            }
            RecordsChange::Acknowledge(answers) => {
                answers.rows.iter().fold(6, |hash, row| mix(hash ^ row.id.cast_unsigned()))
            }
            RecordsChange::Renew(node) => mix(7 ^ u64::from(node.as_bytes()[0])),
            RecordsChange::Claim(claim) => mix(8 ^ claim.lobby.get()),
            RecordsChange::AddChain { chain, .. } => mix(chain.lobby.get() ^ 8),
            _ => 9,
        }
    }
}

fn digest(command: &StoreCommand) -> u64 {
    let of_round = |round: RoundId| mix(round.lobby.get() ^ (u64::from(round.number) << 32));
    let of_bet = |key: &BetKey| {
        let bet = u128::from_le_bytes(*key.bet.as_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "a digest takes what fits")]
        mix(bet as u64 ^ (bet >> 64) as u64 ^ key.player.get())
    };
    match command {
        StoreCommand::OpenRound { round, .. } => of_round(*round),
        StoreCommand::AcceptBet { bet, .. } => of_bet(&bet.key),
        StoreCommand::CancelBet { key, .. } | StoreCommand::ReleaseBet { key, .. } => {
            of_bet(key) ^ 1
        }
        StoreCommand::Lock(record) => {
            record.bets.iter().map(of_bet).fold(of_round(record.round), |hash, bet| hash ^ bet)
        }
        StoreCommand::Heartbeats(beats) => beats
            .iter()
            .fold(2, |hash, (round, at)| mix(hash ^ of_round(*round) ^ u64::from(at.centi()))),
        StoreCommand::CashOut { cash_out, .. } => {
            of_bet(&cash_out.key) ^ u64::from(cash_out.multiplier.centi())
        }
        StoreCommand::Crash { round, crash_point, .. } => {
            of_round(*round) ^ u64::from(crash_point.centi())
        }
        StoreCommand::EndRound(end) => of_round(end.round) ^ 3,
        StoreCommand::TakeOver { lobby, epoch } => mix(lobby.get() ^ epoch.0),
        _ => 4,
    }
}

impl Records {
    /// Whether nothing is left to end or to send of any round that anybody played. Rounds that
    /// nobody plays follow each other for ever.
    pub(crate) fn is_at_rest(&self) -> bool {
        let unsent = self.unsent.iter().filter_map(|id| Some(&self.outbox.get(id)?.round));
        !unsent.chain(&self.unfinished).any(|round| self.was_played(*round))
    }

    /// Whether anybody had a bet in the round.
    pub(crate) fn was_played(&self, round: RoundId) -> bool {
        self.rounds.get(&round).is_some_and(|row| !row.bets.is_empty())
    }

    /// Each command of the batch, undone alone if it cannot be; none of a lobby that the node does
    /// not own under the epoch it says.
    fn apply_all(&mut self, batch: &Batch, not_owned: BTreeSet<LobbyId>) -> Applied {
        let own = |lobby: &LobbyId| batch.owned.contains_key(lobby) && !not_owned.contains(lobby);
        let refused = |_| StoreError::Failed("a constraint".to_owned());
        let mut answers = Vec::with_capacity(batch.commands.len());
        for command in &batch.commands {
            let answer = match command {
                StoreCommand::Heartbeats(beats) => {
                    let beats: Vec<_> =
                        beats.iter().filter(|(round, _)| own(&round.lobby)).copied().collect();
                    self.beat(&beats);
                    Ok(Done::Stored)
                }
                command if command.lobby().is_some_and(|lobby| !own(&lobby)) => {
                    Err(StoreError::NotOwner)
                }
                command => self.apply(command).map_err(refused),
            };
            answers.push(answer);
        }
        Applied { answers, not_owned }
    }

    fn apply(&mut self, command: &StoreCommand) -> Result<Done, Impossible> {
        match command {
            StoreCommand::OpenRound { round, chain, at, .. } => {
                self.open_round(*round, *chain, *at)?;
            }
            StoreCommand::AcceptBet { lobby, bet, name, at } => {
                return Ok(self.accept_bet(*lobby, bet, name, *at));
            }
            StoreCommand::CancelBet { lobby, key, .. } => {
                self.give_back(*lobby, *key, BetState::Cancelled);
            }
            StoreCommand::ReleaseBet { lobby, key, .. } => {
                self.give_back(*lobby, *key, BetState::Released);
            }
            StoreCommand::Lock(record) => self.lock(record)?,
            StoreCommand::Heartbeats(beats) => self.beat(beats),
            StoreCommand::CashOut { lobby, cash_out, .. } => self.cash_out(*lobby, cash_out)?,
            StoreCommand::Crash { round, crash_point, multiplier, at } => {
                self.crash(*round, *crash_point, *multiplier, *at)?;
            }
            StoreCommand::EndRound(end) => self.end_round(end),
            StoreCommand::ForgetRound { round } => self.forget_round(*round)?,
            StoreCommand::VoidRound { round, reason, at } => {
                self.void_round(*round, *reason, *at);
            }
            StoreCommand::CloseUnknown { round } => self.close_unknown(*round),
            StoreCommand::SkipSeeds { lobby, chain, skipped } => {
                self.skip_seeds(*lobby, *chain, skipped);
            }
            StoreCommand::SendAgain { lobby, after } => self.send_again(*lobby, *after),
            StoreCommand::TakeOver { lobby, epoch } => {
                if let Some(lobby) = self.lobbies.get_mut(lobby) {
                    lobby.record.epoch = lobby.record.epoch.max(*epoch);
                }
            }
        }
        Ok(Done::Stored)
    }
}

/// Every round of a lobby.
fn of_lobby(lobby: LobbyId) -> std::ops::RangeInclusive<RoundId> {
    RoundId::new(lobby, 0)..=RoundId::new(lobby, u32::MAX)
}

#[cfg(test)]
mod tests;
