//! Calls to the wallet, queued with what caused them.

use std::collections::BTreeSet;

use engine::BetKey;
use game::store::{Acknowledgement, NodeId, OutboxBody, OutboxRow, PRUNED_MAX};
use kernel::{LobbyId, RoundId};

use super::{OutboxEntry, Part, Records, of_lobby};

impl Records {
    pub(super) fn queue(&mut self, round: RoundId, part: Part, body: OutboxBody) {
        if self.parts.contains_key(&(round, part)) {
            return;
        }
        self.last_outbox += 1;
        let id = self.last_outbox;
        self.parts.insert((round, part), id);
        self.unsent.insert(id);
        self.outbox.insert(id, OutboxEntry { round, body, acknowledged_at: None });
    }

    pub(super) fn queue_release(&mut self, lobby: LobbyId, key: BetKey) {
        let body = OutboxBody::Release { player: key.player.get(), bet: key.bet.to_string() };
        self.queue(RoundId::new(lobby, key.round), Part::Release(key.player, key.bet), body);
    }

    /// Rows of the lobbies that `node` owns, each under the epoch that it claimed.
    pub(super) fn unsent(
        &self,
        node: NodeId,
        now_ms: u64,
        limit: u32,
        except: &[LobbyId],
    ) -> Vec<OutboxRow> {
        let rows = self.unsent.iter().filter_map(|id| {
            let entry = self.outbox.get(id)?;
            let lobby = entry.round.lobby;
            if except.contains(&lobby) || self.owner(lobby, now_ms) != Some(node) {
                return None;
            }
            let (round, epoch, body) = (entry.round, self.claimed(lobby), entry.body.clone());
            Some(OutboxRow { id: *id, round, epoch, body })
        });
        rows.take(limit as usize).collect()
    }

    pub(super) fn acknowledge(&mut self, answers: &Acknowledgement) {
        let mut owned = BTreeSet::new();
        for row in &answers.rows {
            if !self.acknowledges(answers.node, row.lobby, row.epoch) {
                continue;
            }
            owned.insert(row.lobby);
            if let Some(entry) = self.outbox.get_mut(&row.id) {
                entry.acknowledged_at = Some(answers.at);
                self.unsent.remove(&row.id);
            }
        }
        for closed in answers.closed.iter().filter(|closed| owned.contains(&closed.round.lobby)) {
            self.note_close(closed.round, closed.agreed);
        }
    }

    /// Rows above `after` go out again if the wallet once answered a close above it.
    pub(super) fn send_again(&mut self, lobby: LobbyId, after: u32) {
        let mut rounds = self.rounds.range(of_lobby(lobby));
        let answered =
            rounds.any(|(round, row)| round.number > after && row.close_agreed.is_some());
        if !answered {
            return;
        }
        for (id, entry) in &mut self.outbox {
            if entry.round.lobby == lobby
                && entry.round.number > after
                && entry.acknowledged_at.take().is_some()
            {
                self.unsent.insert(*id);
            }
        }
    }

    /// When the first round ended that is not closed or has a row that waits.
    pub(super) fn oldest_unsettled(&self) -> Option<i64> {
        let waiting = self.unsent.iter().filter_map(|id| Some(self.outbox.get(id)?.round));
        let owed = waiting.chain(self.unclosed.iter().copied());
        owed.filter_map(|round| self.rounds.get(&round)?.record.ended_at).min()
    }

    pub(super) fn prune(&mut self, before: i64) -> usize {
        let old = self
            .outbox
            .iter()
            .filter(|(_, entry)| entry.acknowledged_at.is_some_and(|at| at < before));
        let old: Vec<i64> = old.map(|(id, _)| *id).take(PRUNED_MAX as usize).collect();
        for id in &old {
            self.outbox.remove(id);
            self.parts.retain(|_, row| row != id);
        }
        old.len()
    }
}
