//! Rounds: opened, locked, climbing, ended. Applied again, each changes nothing.

use std::collections::BTreeSet;

use engine::{BetState, Reason, Settlement};
use game::store::{LockRecord, OutboxBody, RoundEnd, RoundRecord, RoundState, WireOutcome};
use kernel::{Amount, LobbyId, Multiplier, RoundId};

use super::{Impossible, Part, Records, RoundRow, of_lobby};

/// The most holds in one queued resolve.
const HOLDS_MAX: usize = 1_000;

impl Records {
    pub(super) fn open_round(
        &mut self,
        round: RoundId,
        chain: u32,
        at: i64,
    ) -> Result<(), Impossible> {
        if self.rounds.contains_key(&round) {
            return Ok(());
        }
        if !self.chains.contains_key(&(round.lobby, chain)) {
            return Err(Impossible);
        }
        let record = RoundRecord {
            round,
            chain,
            state: RoundState::Open,
            seed_index: None,
            count: 0,
            stake_sum: Amount::ZERO,
            payout_sum: Amount::ZERO,
            bets_hash: None,
            crash_point: None,
            multiplier: None,
            seed: None,
            opened_at: at,
            locked_at: None,
            ended_at: None,
        };
        let row = RoundRow {
            record,
            heartbeat: None,
            reason: None,
            close_agreed: None,
            bets: Vec::new(),
        };
        self.rounds.insert(round, row);
        self.unfinished.insert(round);
        self.unclosed.insert(round);
        Ok(())
    }

    /// Takes the chain's next seed, that one and no other, and marks exactly these bets.
    pub(super) fn lock(&mut self, lock: &LockRecord) -> Result<(), Impossible> {
        let row = self.rounds.get(&lock.round).ok_or(Impossible)?;
        let chain = (lock.round.lobby, row.record.chain);
        let again = row.record.state == RoundState::Locked
            && row.record.seed_index == Some(lock.seed_index);
        let first = row.record.state == RoundState::Open
            && self.chains.get(&chain).is_some_and(|chain| {
                chain.abandoned.is_none()
                    && chain.public_seed.is_some()
                    && chain.used + 1 == lock.seed_index
            });
        let stands = |key: &engine::BetKey| {
            self.bets.get(&(key.player, key.bet)).is_some_and(|bet| {
                (bet.lobby, bet.key.round) == (lock.round.lobby, lock.round.number)
                    && bet.state == BetState::Accepted
            })
        };
        if !(again || first) || !lock.bets.iter().all(stands) {
            return Err(Impossible);
        }
        self.mark(lock.round, &lock.bets);
        if let Some(row) = self.rounds.get_mut(&lock.round) {
            row.record.state = RoundState::Locked;
            row.record.seed_index = Some(lock.seed_index);
            row.record.count = lock.totals.count;
            row.record.stake_sum = lock.totals.stake_sum;
            row.record.bets_hash = Some(lock.bets_hash);
            row.record.locked_at = Some(lock.at);
        }
        if let Some(chain) = self.chains.get_mut(&chain) {
            chain.used = chain.used.max(lock.seed_index);
        }
        Ok(())
    }

    pub(super) fn beat(&mut self, beats: &[(RoundId, Multiplier)]) {
        for (round, multiplier) in beats {
            if let Some(row) = self.rounds.get_mut(round)
                && row.record.state == RoundState::Locked
            {
                row.heartbeat = row.heartbeat.max(Some(*multiplier));
            }
        }
    }

    pub(super) fn crash(
        &mut self,
        round: RoundId,
        crash_point: Multiplier,
        multiplier: Multiplier,
        at: i64,
    ) -> Result<(), Impossible> {
        let row = self.rounds.get_mut(&round).ok_or(Impossible)?;
        let stands = (row.record.crash_point, row.record.multiplier)
            == (Some(crash_point), Some(multiplier));
        match row.record.state {
            RoundState::Locked => row.record.state = RoundState::Crashed,
            RoundState::Crashed | RoundState::Settled if stands => {}
            _ => return Err(Impossible),
        }
        row.record.crash_point = Some(crash_point);
        row.record.multiplier = Some(multiplier);
        row.record.ended_at.get_or_insert(at);
        Ok(())
    }

    pub(super) fn end_round(&mut self, end: &RoundEnd) {
        let Some(row) = self.rounds.get_mut(&end.round) else { return };
        if !matches!(row.record.state, RoundState::Locked | RoundState::Crashed) {
            return;
        }
        let interrupted = end.interrupted.is_some();
        row.record.state = if interrupted { RoundState::Interrupted } else { RoundState::Settled };
        row.record.crash_point = Some(end.crash_point);
        row.record.multiplier = end.multiplier;
        row.record.payout_sum = end.payout_sum;
        row.record.seed = Some(end.seed);
        row.record.ended_at.get_or_insert(end.at);
        row.reason = end.interrupted;
        let (count, stake_sum) = (row.record.count, row.record.stake_sum);
        self.unfinished.remove(&end.round);
        // As SQL does: all bets in one statement, then what is said of those that it ended.
        let ends = end.settlements.iter().map(|Settlement { key, outcome }| (*key, *outcome));
        let ended = ends.clone().filter(|(key, outcome)| self.end_bet(*key, *outcome, 0));
        let ended: BTreeSet<_> = ended.map(|(key, _)| (key.player, key.bet)).collect();
        let told = ends.filter(|(key, _)| ended.contains(&(key.player, key.bet)));
        let outcomes = told.map(|(key, outcome)| WireOutcome::new(key.player, key.bet, outcome));
        let outcomes: Vec<WireOutcome> = outcomes.collect();
        for (number, chunk) in outcomes.chunks(HOLDS_MAX).enumerate() {
            let body = OutboxBody::Resolve { bets: chunk.to_vec() };
            self.queue(end.round, Part::End(number), body);
        }
        let seed_index = self.seeds_used(end.round.lobby);
        let stake_sum_units = stake_sum.units();
        let close = OutboxBody::Close { count, stake_sum_units, seed_index };
        self.queue(end.round, Part::Close, close);
    }

    /// Only a round that was never asked for a bet.
    pub(super) fn forget_round(&mut self, round: RoundId) -> Result<(), Impossible> {
        let Some(row) = self.rounds.get(&round) else { return Ok(()) };
        if row.record.state != RoundState::Open {
            return Ok(());
        }
        if !row.bets.is_empty() {
            return Err(Impossible);
        }
        self.rounds.remove(&round);
        self.unfinished.remove(&round);
        self.unclosed.remove(&round);
        Ok(())
    }

    pub(super) fn void_round(&mut self, round: RoundId, reason: Reason, at: i64) {
        if let Some(row) = self.rounds.get_mut(&round) {
            if row.record.state == RoundState::Open {
                row.record.state = RoundState::Voided;
                row.record.ended_at = Some(at);
                row.reason = Some(reason);
                self.unfinished.remove(&round);
            }
            for name in &row.bets {
                if let Some(bet) = self.bets.get_mut(name)
                    && bet.state == BetState::Accepted
                {
                    bet.state = BetState::Released;
                }
            }
        }
        self.close_unknown(round);
    }

    /// A close with a count of 0: whatever is held for the round goes back.
    pub(super) fn close_unknown(&mut self, round: RoundId) {
        let seed_index = self.seeds_used(round.lobby);
        let close = OutboxBody::Close { count: 0, stake_sum_units: 0, seed_index };
        self.queue(round, Part::Close, close);
    }

    /// How many seeds of all its chains a lobby has used up.
    pub(super) fn seeds_used(&self, lobby: LobbyId) -> u32 {
        let chains = self.chains.range((lobby, 0)..=(lobby, u32::MAX)).map(|(_, chain)| chain);
        let used = chains.filter(|chain| chain.used > 0);
        used.map(|chain| chain.seeds_before + chain.used).max().unwrap_or(0)
    }

    /// What the round may cost the house at most.
    pub(super) fn exposure(&self, round: RoundId) -> Amount {
        let bets = self.rounds.get(&round).into_iter().flat_map(|row| &row.bets);
        let bets = bets.filter_map(|name| self.bets.get(name)).filter(|bet| bet.in_round);
        bets.map(|bet| bet.stake.payout_at(bet.cap)).sum()
    }

    /// Rounds of a lobby that ended but are not closed at the wallet, with their exposure.
    pub(super) fn unclosed_of(&self, lobby: LobbyId) -> Vec<(u32, Amount)> {
        let rounds = self.unclosed.range(of_lobby(lobby));
        let ended = rounds.filter(|round| !self.unfinished.contains(round));
        ended.map(|round| (round.number, self.exposure(*round))).collect()
    }

    pub(super) fn note_close(&mut self, round: RoundId, agreed: bool) {
        let exposure = self.exposure(round);
        let Some(row) = self.rounds.get_mut(&round) else { return };
        if row.close_agreed.is_some() {
            return;
        }
        row.close_agreed = Some(agreed);
        self.unclosed.remove(&round);
        if !agreed && let Some(lobby) = self.lobbies.get_mut(&round.lobby) {
            lobby.record.kept_exposure += exposure;
        }
    }
}
