//! Who may still write: a claim ends what its lobby's earlier owner does, a fence what he sends,
//! and what went back stays back.
//!
//! Known from claims, commands and their answers alone, never from the rows that decide them.

use std::collections::{BTreeMap, BTreeSet};

use game::store::{Applied, Batch, Claimed, NodeId, Owner, StoreCommand};
use kernel::{Epoch, LobbyId};
use ledger::{Answer, Command, HoldId};

use super::Judge;
use crate::book::Book;
use crate::records::{RecordsAnswer, RecordsChange};

/// What claims and fences have said.
#[derive(Default)]
pub(super) struct Fences {
    /// Whom each lobby's last claim made its owner.
    owners: BTreeMap<LobbyId, (NodeId, Epoch)>,
    /// The epoch under which each lobby was last fenced at the wallet.
    epochs: BTreeMap<LobbyId, Epoch>,
    /// Holds that somebody was told are given back.
    returned: BTreeSet<HoldId>,
}

impl Judge {
    /// Only who claimed a lobby last writes to it.
    pub(super) fn owner_wrote(&self, change: &RecordsChange, answer: &RecordsAnswer) {
        match (change, answer) {
            (RecordsChange::Claim(claim), RecordsAnswer::Claimed(Claimed::Yours(epoch))) => {
                let owner = (claim.node, *epoch);
                self.0.fences.lock().owners.insert(claim.lobby, owner);
            }
            (RecordsChange::HandOver(Owner { node, lobby, epoch }), _) => {
                let owners = &mut self.0.fences.lock().owners;
                if owners.get(lobby) == Some(&(*node, *epoch)) {
                    owners.remove(lobby);
                }
            }
            (
                RecordsChange::AddChain { owner, .. }
                | RecordsChange::SetPublicSeed { owner, .. }
                | RecordsChange::Abandon { owner, .. },
                RecordsAnswer::Done | RecordsAnswer::Chain(_),
            ) => self.owns(owner.node, owner.lobby, Some(owner.epoch)),
            (change, RecordsAnswer::Applied(applied)) => {
                if let Some(batch) = change.batch() {
                    self.owner_applied(batch, applied);
                }
            }
            _ => {}
        }
    }

    fn owner_applied(&self, batch: &Batch, applied: &Applied) {
        let owns = |lobby| self.owns(batch.node, lobby, batch.owned.get(&lobby).copied());
        for (command, answer) in batch.commands.iter().zip(&applied.answers) {
            match command {
                _ if answer.is_err() => {}
                StoreCommand::Heartbeats(beats) => {
                    let lobbies = beats.iter().map(|(round, _)| round.lobby);
                    lobbies.filter(|lobby| !applied.not_owned.contains(lobby)).for_each(owns);
                }
                command => command.lobby().into_iter().for_each(owns),
            }
        }
    }

    fn owns(&self, node: NodeId, lobby: LobbyId, epoch: Option<Epoch>) {
        let owner = self.0.fences.lock().owners.get(&lobby).copied();
        let is_owner = owner.is_some() && owner == epoch.map(|epoch| (node, epoch));
        self.require(is_owner, "a claim ends what the earlier owner writes", || {
            format!("lobby {lobby} is {owner:?}'s, {node:?} wrote to it under {epoch:?}")
        });
    }

    /// Nobody owns anything after a loss, until it is claimed again.
    pub(super) fn nobody_owns(&self) {
        self.0.fences.lock().owners.clear();
    }

    /// Who sends under an epoch that is over changes nothing, and nobody takes a stake again that
    /// was given back.
    pub(super) fn sender_was_obeyed(&self, batch: &[Command], answers: &[Answer]) {
        for (command, answer) in batch.iter().zip(answers) {
            match (command, answer) {
                (Command::Fence(fence), Answer::Fence(Ok(_))) => {
                    let epochs = &mut self.0.fences.lock().epochs;
                    let epoch = epochs.entry(fence.lobby).or_insert(fence.epoch);
                    *epoch = (*epoch).max(fence.epoch);
                }
                (Command::Reserve(reserve), Answer::Reserve(Ok(_))) => {
                    self.may_send(reserve.round.lobby, reserve.epoch);
                    self.is_not_returned(reserve.hold());
                }
                (Command::Release(release), Answer::Release(Ok(()))) => {
                    self.may_send(release.round.lobby, release.epoch);
                    self.0.fences.lock().returned.insert(release.hold());
                }
                (Command::Resolve(resolve) | Command::Settle(resolve), Answer::Resolve(Ok(_))) => {
                    self.may_send(resolve.round.lobby, resolve.epoch);
                }
                (Command::Close(close), Answer::Close(Ok(_))) => {
                    self.may_send(close.round.lobby, close.epoch);
                }
                _ => {}
            }
        }
    }

    fn may_send(&self, lobby: LobbyId, epoch: Epoch) {
        let fenced = self.0.fences.lock().epochs.get(&lobby).copied();
        let obeyed = fenced.is_some_and(|fenced| epoch >= fenced);
        self.require(obeyed, "a fence ends what the earlier owner sends", || {
            format!("lobby {lobby} is fenced under {fenced:?}, {epoch} was obeyed")
        });
    }

    fn is_not_returned(&self, hold: HoldId) {
        let returned = self.0.fences.lock().returned.contains(&hold);
        self.require(!returned, "what went back is not taken again", || format!("hold {hold}"));
    }

    /// A failover took `batches` back: fences are what is left of them.
    pub(super) fn fences_are_left<'a>(
        &self,
        book: &Book,
        commands: impl Iterator<Item = &'a Command>,
    ) {
        let mut fences = self.0.fences.lock();
        let left = book.rows.fences.iter().map(|(lobby, fence)| (*lobby, fence.epoch));
        fences.epochs = left.collect();
        for command in commands {
            if let Command::Release(release) = command {
                fences.returned.remove(&release.hold());
            }
        }
    }
}
