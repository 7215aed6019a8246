//! Lobbies, and what a new owner inherits with one.

use std::collections::BTreeSet;

use engine::StoredBet;
use game::store::{Inheritance, LobbyRecord, NewLobby, UnfinishedRound, Visibility};
use kernel::{Amount, Epoch, LobbyId, PlayerId, RoundId};

use super::{LobbyRow, Records, of_lobby};

impl Records {
    pub(super) fn create_lobby(&mut self, new: &NewLobby, limit: u32) -> Option<LobbyRecord> {
        if let Some(owner) = new.owner
            && self.owned(owner) >= limit as usize
        {
            return None;
        }
        let last = self.lobbies.last_key_value().map_or(0, |(lobby, _)| lobby.get());
        let lobby = LobbyId::new(last + 1).ok()?;
        let record = LobbyRecord {
            lobby,
            rules: new.clone(),
            epoch: Epoch::default(),
            kept_exposure: Amount::ZERO,
            closed: false,
        };
        let row = LobbyRow { record: record.clone(), visited_at: new.created_at };
        self.lobbies.insert(lobby, row);
        Some(record)
    }

    fn owned(&self, owner: PlayerId) -> usize {
        let own = self.lobbies.values().filter(|row| row.record.rules.owner == Some(owner));
        own.filter(|row| !row.record.closed).count()
    }

    pub(super) fn lobby(&self, lobby: LobbyId) -> Option<LobbyRecord> {
        self.lobbies.get(&lobby).map(|row| row.record.clone())
    }

    pub(super) fn public_lobbies(&self, limit: u32) -> Vec<LobbyRecord> {
        let open = self
            .lobbies
            .values()
            .rev()
            .map(|row| &row.record)
            .filter(|record| record.rules.visibility == Visibility::Public && !record.closed);
        open.take(limit as usize).cloned().collect()
    }

    pub(super) fn visit(&mut self, visits: &[(LobbyId, i64)]) {
        for (lobby, at) in visits {
            if let Some(row) = self.lobbies.get_mut(lobby) {
                row.visited_at = row.visited_at.max(*at);
            }
        }
    }

    pub(super) fn unvisited(&self, before: i64, limit: u32) -> Vec<LobbyId> {
        let quiet = self.lobbies.values().filter(|row| {
            row.record.rules.owner.is_some() && !row.record.closed && row.visited_at < before
        });
        let mut quiet: Vec<_> = quiet.map(|row| (row.visited_at, row.record.lobby)).collect();
        quiet.sort_unstable();
        quiet.into_iter().map(|(_, lobby)| lobby).take(limit as usize).collect()
    }

    /// Never a configured one, and none that still has something to end.
    pub(super) fn close_lobby(&mut self, lobby: LobbyId, before: i64) -> bool {
        let mut owed = self.unsent.iter().filter_map(|id| self.outbox.get(id));
        let unfinished = self.unfinished.range(of_lobby(lobby)).next().is_some()
            || owed.any(|entry| entry.round.lobby == lobby);
        let Some(row) = self.lobbies.get_mut(&lobby) else { return false };
        let closes = row.record.rules.owner.is_some()
            && !row.record.closed
            && row.visited_at < before
            && !unfinished;
        row.record.closed |= closes;
        closes
    }

    /// Configured lobbies and those with something unfinished, as far as nobody owns them.
    pub(super) fn lobbies_to_own(&self, now_ms: u64, limit: u32) -> Vec<LobbyId> {
        let configured = self.lobbies.values().filter(|row| row.record.rules.owner.is_none());
        let mut owed: BTreeSet<LobbyId> = configured.map(|row| row.record.lobby).collect();
        owed.extend(self.unfinished.iter().map(|round| round.lobby));
        owed.extend(self.unsent.iter().filter_map(|id| Some(self.outbox.get(id)?.round.lobby)));
        let free = owed.into_iter().filter(|lobby| self.owner(*lobby, now_ms).is_none());
        free.take(limit as usize).collect()
    }

    pub(super) fn inherit(&self, lobby: LobbyId, now_ms: u64) -> Option<Inheritance> {
        let last = self.rounds.range(of_lobby(lobby)).next_back();
        Some(Inheritance {
            lobby: self.lobby(lobby)?,
            unfinished: self
                .unfinished
                .range(of_lobby(lobby))
                .filter_map(|round| self.unfinished_round(*round))
                .collect(),
            unclosed: self.unclosed_of(lobby),
            owner: self.owner(lobby, now_ms),
            claimed: self.claimed(lobby),
            last_round: last.map_or(0, |(round, _)| round.number),
            chains: self
                .chains
                .range((lobby, 0)..=(lobby, u32::MAX))
                .map(|(_, chain)| chain.clone())
                .collect(),
        })
    }

    fn unfinished_round(&self, round: RoundId) -> Option<UnfinishedRound> {
        let row = self.rounds.get(&round)?;
        let bets = row.bets.iter().filter_map(|name| self.bets.get(name));
        let marked = bets.filter(|bet| bet.in_round).map(|bet| StoredBet {
            key: bet.key,
            stake: bet.stake,
            cap: bet.cap,
            cashed_out: match bet.state {
                engine::BetState::CashedOut { multiplier, .. } => Some(multiplier),
                _ => None,
            },
        });
        let (record, heartbeat) = (row.record.clone(), row.heartbeat);
        Some(UnfinishedRound { record, heartbeat, bets: marked.collect() })
    }

    /// How the lobby stands, in words, for who must find out why.
    pub(crate) fn lobby_stands(&self, lobby: LobbyId) -> String {
        let mode = self.lobbies.get(&lobby).map(|row| row.record.rules.mode);
        let round = self.rounds.range(of_lobby(lobby)).next_back().map(|(_, row)| {
            let (state, bets) = (row.record.state, row.bets.len());
            format!("round {} is {state:?} with {bets} bets", row.record.round.number)
        });
        let unsent = self.unsent.iter().filter_map(|id| self.outbox.get(id));
        let unsent = unsent.filter(|entry| entry.round.lobby == lobby).count();
        let (owner, chains) = (self.owners.get(&lobby), self.chains_below(lobby, None, 1));
        let seeds = chains.first().map(|chain| (chain.used, chain.length, chain.abandoned));
        format!(
            "{mode:?}, {round:?}, owner {owner:?}, {unsent} rows unsent, {} rounds unclosed, \
             seeds {seeds:?}",
            self.unclosed.range(of_lobby(lobby)).count()
        )
    }
}
