//! Rounds, bets and seeds as they are stored: each step is one that the design allows.

use std::collections::{BTreeMap, BTreeSet};

use engine::{BetKey, BetState, CashOut};
use game::store::{Done, LockRecord, RoundEnd, RoundState, StoreCommand, StoreError};
use kernel::{BetId, Epoch, LobbyId, Multiplier, PlayerId, RoundId};

use super::{Judge, Tally};
use crate::database::Witness;
use crate::records::{BetRow, Records, RecordsAnswer, RecordsChange};

/// A seed by its lobby, chain and index.
pub(super) type SeedName = (LobbyId, u32, u32);

/// What the judge saw of rounds.
#[derive(Default)]
pub(super) struct Rounds {
    pub(super) tally: Tally,
    /// Bets that were ever stored, and those that were ever taken back: each counts once.
    bets: BTreeSet<(PlayerId, BetId)>,
    cancelled: BTreeSet<(PlayerId, BetId)>,
    /// How each bet ended: once, and for all.
    pub(super) ended: BTreeMap<(PlayerId, BetId), Ended>,
    /// Cash-outs that were stored while their round was open to them.
    pub(super) cash_outs: BTreeMap<(PlayerId, BetId), Multiplier>,
    /// Which round each seed was locked for.
    pub(super) seeds: BTreeMap<SeedName, RoundId>,
    /// Seeds that everybody has seen.
    pub(super) revealed: BTreeSet<SeedName>,
    pub(super) states: BTreeMap<RoundId, RoundState>,
    /// The highest multiplier shown of a climb.
    pub(super) shown: BTreeMap<RoundId, Multiplier>,
    /// When climbs began, in milliseconds of the world.
    pub(super) started: BTreeMap<RoundId, u64>,
    epochs: BTreeMap<LobbyId, Epoch>,
    /// Rounds of which a failover lost something.
    pub(super) lost: BTreeSet<RoundId>,
    pub(super) lost_bets: BTreeSet<(PlayerId, BetId)>,
}

/// How a bet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    CashedOut(Multiplier),
    Lost,
    Cancelled,
    Released,
}

impl Ended {
    pub(super) const fn of(state: BetState) -> Option<Self> {
        Some(match state {
            BetState::CashedOut { multiplier, .. } => Self::CashedOut(multiplier),
            BetState::Lost => Self::Lost,
            BetState::Cancelled => Self::Cancelled,
            BetState::Released => Self::Released,
            _ => return None,
        })
    }
}

impl Witness<Records> for Judge {
    fn committed(&self, records: &Records, change: &RecordsChange, answer: &RecordsAnswer) {
        self.owner_wrote(change, answer);
        let (Some(batch), RecordsAnswer::Applied(answers)) = (change.batch(), answer) else {
            return;
        };
        let mut rounds = self.0.rounds.lock();
        for (command, answer) in batch.commands.iter().zip(&answers.answers) {
            match answer {
                Ok(Done::Stored) => self.stored(&mut rounds, records, command),
                Ok(Done::Missed) | Err(_) => self.refused(command, answer),
            }
        }
    }

    fn lost(&self, records: &Records, changes: &[RecordsChange]) {
        self.nobody_owns();
        let mut rounds = self.0.rounds.lock();
        rounds.tally.lost_commits += changes.len() as u64;
        for change in changes {
            let Some(batch) = change.batch() else { continue };
            for command in &batch.commands {
                rounds.lose(command);
            }
        }
        // What stands now is what is left.
        let left = |round: &RoundId| records.rounds.get(round).map(|row| row.record.state);
        let states = std::mem::take(&mut rounds.states);
        rounds.states =
            states.into_keys().filter_map(|round| Some((round, left(&round)?))).collect();
        let ended =
            records.bets.iter().filter_map(|(name, bet)| Some((*name, Ended::of(bet.state)?)));
        rounds.ended = ended.collect();
        // Applied more than once, a cash-out may be lost and stand.
        let paid = |name: &(PlayerId, BetId)| {
            let bet = records.bets.get(name);
            bet.is_some_and(|bet| matches!(bet.state, BetState::CashedOut { .. }))
        };
        rounds.cash_outs.retain(|name, _| paid(name));
        let lobbies = records.lobbies.iter();
        rounds.epochs = lobbies.map(|(lobby, row)| (*lobby, row.record.epoch)).collect();
    }
}

impl Rounds {
    /// A failover took this back: what it was about is judged by what is left.
    fn lose(&mut self, command: &StoreCommand) {
        match command {
            StoreCommand::OpenRound { round, .. }
            | StoreCommand::Crash { round, .. }
            | StoreCommand::ForgetRound { round }
            | StoreCommand::VoidRound { round, .. }
            | StoreCommand::CloseUnknown { round } => {
                self.lost.insert(*round);
            }
            StoreCommand::AcceptBet { lobby, bet, .. } => self.lose_bet(*lobby, &bet.key),
            StoreCommand::CancelBet { lobby, key, .. }
            | StoreCommand::ReleaseBet { lobby, key, .. } => self.lose_bet(*lobby, key),
            StoreCommand::CashOut { lobby, cash_out, .. } => {
                self.lose_bet(*lobby, &cash_out.key);
            }
            StoreCommand::Lock(lock) => {
                self.lost.insert(lock.round);
            }
            StoreCommand::EndRound(end) => {
                self.lost.insert(end.round);
            }
            StoreCommand::Heartbeats(beats) => {
                self.lost.extend(beats.iter().map(|(round, _)| *round));
            }
            StoreCommand::TakeOver { .. }
            | StoreCommand::SkipSeeds { .. }
            | StoreCommand::SendAgain { .. } => {}
        }
    }

    fn lose_bet(&mut self, lobby: LobbyId, key: &BetKey) {
        self.lost.insert(RoundId::new(lobby, key.round));
        self.lost_bets.insert((key.player, key.bet));
    }
}

impl Judge {
    /// A write of the production code that its own store refuses is a fault of ours or of it.
    fn refused(&self, command: &StoreCommand, answer: &Result<Done, StoreError>) {
        let late = matches!((command, answer), (StoreCommand::AcceptBet { .. }, Ok(_)));
        let fenced = answer.is_err();
        self.require(late || fenced, "only a bet comes too late", || format!("{command:?}"));
    }

    fn stored(&self, rounds: &mut Rounds, records: &Records, command: &StoreCommand) {
        match command {
            StoreCommand::OpenRound { round, .. } => self.opened(rounds, records, *round),
            StoreCommand::AcceptBet { bet, .. } => {
                let name = (bet.key.player, bet.key.bet);
                self.bet_stands(rounds, records, name);
                self.cap_follows(records, name);
                // Not when it is applied again.
                rounds.tally.bets += u64::from(rounds.bets.insert(name));
            }
            StoreCommand::CancelBet { key, .. } => {
                let name = (key.player, key.bet);
                rounds.tally.cancelled += u64::from(rounds.cancelled.insert(name));
                self.bet_stands(rounds, records, name);
            }
            StoreCommand::ReleaseBet { key, .. } => {
                self.bet_stands(rounds, records, (key.player, key.bet));
            }
            StoreCommand::Lock(lock) => self.locked(rounds, records, lock),
            StoreCommand::CashOut { lobby, cash_out, .. } => {
                self.cashed_out(rounds, records, *lobby, cash_out);
            }
            StoreCommand::Crash { round, .. } => self.moved_on(rounds, records, *round),
            StoreCommand::EndRound(end) => {
                self.moved_on(rounds, records, end.round);
                self.ends_each_once(end);
                self.bets_stand(rounds, records, end.round);
                self.ended_rightly(rounds, records, end.round);
            }
            StoreCommand::VoidRound { round, .. } => {
                self.moved_on(rounds, records, *round);
                self.bets_stand(rounds, records, *round);
            }
            StoreCommand::TakeOver { lobby, .. } => self.taken_over(rounds, records, *lobby),
            StoreCommand::SkipSeeds { lobby, chain, skipped } => {
                // Everybody is told them, so none may be played.
                if let Some(seeds) = &skipped.seeds {
                    let told = (seeds.from..=seeds.to).map(|index| (*lobby, *chain, index));
                    rounds.revealed.extend(told);
                }
            }
            StoreCommand::Heartbeats(_)
            | StoreCommand::ForgetRound { .. }
            | StoreCommand::CloseUnknown { .. }
            | StoreCommand::SendAgain { .. } => {}
        }
    }

    fn opened(&self, rounds: &mut Rounds, records: &Records, round: RoundId) {
        if rounds.states.contains_key(&round) {
            return;
        }
        self.moved_on(rounds, records, round);
        let fence = self.0.money.lock().fences.get(&round.lobby).copied();
        let closed_round = fence.map_or(0, |fence| fence.closed_round);
        self.require(round.number > closed_round, "no closed round is opened again", || {
            format!("round {round} is opened, {closed_round} is closed")
        });
    }

    /// A round goes forward only, and to its end by one of the ways there are.
    fn moved_on(&self, rounds: &mut Rounds, records: &Records, round: RoundId) {
        let Some(row) = records.rounds.get(&round) else { return };
        let state = row.record.state;
        let before = rounds.states.insert(round, state);
        if before == Some(state) {
            return;
        }
        let allowed = matches!(
            (before, state),
            (None, RoundState::Open)
                | (Some(RoundState::Open), RoundState::Locked | RoundState::Voided)
                | (
                    Some(RoundState::Locked),
                    RoundState::Crashed | RoundState::Settled | RoundState::Interrupted
                )
                | (Some(RoundState::Crashed), RoundState::Settled | RoundState::Interrupted)
        );
        self.require(allowed, "a round goes one way", || {
            format!("round {round} went from {before:?} to {state:?}")
        });
        if state.is_over() {
            rounds.tally.rounds += 1;
            rounds.tally.interrupted += u64::from(state == RoundState::Interrupted);
            rounds.tally.voided += u64::from(state == RoundState::Voided);
        }
    }

    fn locked(&self, rounds: &mut Rounds, records: &Records, lock: &LockRecord) {
        self.moved_on(rounds, records, lock.round);
        self.starts_later(lock.round);
        self.bets_stand(rounds, records, lock.round);
        let Some(row) = records.rounds.get(&lock.round) else { return };
        let seed = (lock.round.lobby, row.record.chain, lock.seed_index);
        let other = rounds.seeds.insert(seed, lock.round).filter(|other| *other != lock.round);
        let played = other.is_some_and(|other| !rounds.lost.contains(&other));
        let revealed = rounds.revealed.contains(&seed);
        self.require(!played && !revealed, "no seed is played twice", || {
            format!("round {} takes the seed {seed:?} of {other:?}", lock.round)
        });
        let own = row.bets.iter().filter_map(|name| records.bets.get(name));
        let marked: Vec<&BetRow> = own.filter(|bet| bet.in_round).collect();
        let sum = marked.iter().map(|bet| bet.stake.amount()).sum();
        let agrees = (marked.len(), sum) == (lock.totals.count as usize, lock.totals.stake_sum);
        self.require(agrees, "a lock counts its bets", || {
            format!("round {}: {:?} for {} bets of {sum}", lock.round, lock.totals, marked.len())
        });
    }

    fn cashed_out(
        &self,
        rounds: &mut Rounds,
        records: &Records,
        lobby: LobbyId,
        cash_out: &CashOut,
    ) {
        let CashOut { key, stake, multiplier, payout, stamped_ms, auto } = *cash_out;
        let name = (key.player, key.bet);
        self.bet_stands(rounds, records, name);
        if rounds.cash_outs.insert(name, multiplier).is_none() {
            rounds.tally.cash_outs += 1;
            if !auto {
                self.somebody_clicked(rounds, lobby, key, stamped_ms);
            }
        }
        let Some(bet) = records.bets.get(&name) else { return };
        self.require(
            bet.stake == stake
                && payout.units() == i64::from(bet.stake.steps()) * i64::from(multiplier.centi()),
            "a payout is stake × multiplier",
            || format!("{name:?}: {stake} at {multiplier} paid {payout}"),
        );
        let Some(rules) = records.lobbies.get(&lobby).map(|row| &row.record.rules) else { return };
        let curve = self.curve(rules.curve);
        let priced = if auto { bet.cap } else { curve.multiplier_at(stamped_ms) };
        self.require(multiplier == priced, "a cash-out is priced by its stamp or its cap", || {
            format!("{name:?} at {multiplier}, stamped {stamped_ms} ms, cap {}", bet.cap)
        });
        self.require(multiplier <= bet.cap, "no bet is paid above its cap", || {
            format!("{name:?} at {multiplier}, cap {}", bet.cap)
        });
        let round = RoundId::new(lobby, key.round);
        let now_ms = self.0.executor.now_ms();
        if let Some(started_ms) = rounds.started.get(&round) {
            let climbed_ms = now_ms.saturating_sub(*started_ms);
            // The start is told up to the latency of a wake-up late.
            self.require(stamped_ms <= climbed_ms + 1_000, "no stamp lies ahead", || {
                format!("{name:?} is stamped {stamped_ms} ms, the climb is {climbed_ms} ms old")
            });
        }
    }

    fn taken_over(&self, rounds: &mut Rounds, records: &Records, lobby: LobbyId) {
        let Some(row) = records.lobbies.get(&lobby) else { return };
        let epoch = row.record.epoch;
        let before = rounds.epochs.insert(lobby, epoch);
        self.require(before <= Some(epoch), "epochs never fall", || {
            format!("lobby {lobby}: {before:?} became {epoch}")
        });
    }

    /// What the end of a round says of bets goes to the wallet too: one thing of each.
    fn ends_each_once(&self, end: &RoundEnd) {
        let bets = end.settlements.iter().map(|end| (end.key.player, end.key.bet));
        let bets: BTreeSet<(PlayerId, BetId)> = bets.collect();
        self.require(bets.len() == end.settlements.len(), "a bet ends once", || {
            format!("round {} gives more than one end: {:?}", end.round, end.settlements)
        });
    }

    /// Every bet of the round has at most one end.
    fn bets_stand(&self, rounds: &mut Rounds, records: &Records, round: RoundId) {
        let Some(row) = records.rounds.get(&round) else { return };
        for name in &row.bets {
            self.bet_stands(rounds, records, *name);
        }
    }

    fn bet_stands(&self, rounds: &mut Rounds, records: &Records, name: (PlayerId, BetId)) {
        let now = records.bets.get(&name).and_then(|bet| Ended::of(bet.state));
        let before = match now {
            Some(now) => rounds.ended.insert(name, now),
            None => rounds.ended.get(&name).copied(),
        };
        self.require(before.is_none() || before == now, "a bet ends once", || {
            format!("{name:?} had ended {before:?} and is {now:?}")
        });
    }
}
