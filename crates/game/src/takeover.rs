//! Becoming the owner of a lobby: fence first, then end what an earlier owner left, then play.

use std::sync::Arc;

use contracts::{Fence, Fenced, Wallet, WalletError};
use engine::{
    Interruption, Lobby, Outcome, Reason, Resume, Rules, Settlement, StoredRound, Unclosed,
    decide_interruption, would_have_paid,
};
use fairness::hex;
use kernel::planted::{self, Bug};
use kernel::{Amount, Curve, CurveKind, Epoch, LobbyId, Multiplier, RoundId};
use platform::clock::Clock;
use platform::failpoint;
use platform::random::{self, Random};
use protocol::chains::{LostRounds, Skipped, SkippedRounds, SkippedSeeds};
use protocol::picture::LastRound;
use protocol::wire::WireMultiplier;

use crate::metrics::Metrics;
use crate::pictures::LAST_MAX;
use crate::recorder::apply_until_definite;
use crate::seeds::{Behind, ChainPlan, Opened, SeedError, SeedMaker, Seeds, give_up, read_seed};
use crate::store::{
    Claim, Claimed, Inheritance, LobbyRecord, NodeId, Owner, RoundEnd, RoundState, Store,
    StoreCommand, StoreError, UnfinishedRound,
};

mod sweep;

/// How often the fence is asked for before the lobby stays closed for now.
const FENCE_TRIES: u32 = 8;
/// How often a higher epoch is tried, each time by twice as much.
const EPOCH_TRIES: u32 = 40;
/// How long to wait between two tries, in milliseconds.
const FENCE_PAUSE_MS: u64 = 100;
/// How many rounds, and seeds, may be shown that the wallet has not closed: the engine's limit.
const TAIL_ROUNDS: u32 = 3;

/// Why a lobby could not be taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeoverError {
    #[error("there is no such lobby")]
    Unknown,
    #[error("another node owns the lobby, or may")]
    NotOwner,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seeds(#[from] SeedError),
    #[error("fence: {0}")]
    Wallet(#[from] WalletError),
}

/// What taking over needs.
pub(crate) struct Takeover {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) wallet: Arc<dyn Wallet>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) node: NodeId,
    pub(crate) seeds: Arc<SeedMaker>,
    pub(crate) curve: Curve,
    pub(crate) pause_ms: u64,
    pub(crate) metrics: Metrics,
}

/// What a fence was passed with.
struct Passed {
    owner: Owner,
    fenced: Fenced,
    /// Whether the wallet knew a higher epoch than the store had ever given.
    older: bool,
}

/// A lobby that is ours and has nothing unfinished.
pub(crate) struct Taken {
    pub(crate) record: LobbyRecord,
    pub(crate) epoch: Epoch,
    pub(crate) seeds: Arc<Seeds>,
    pub(crate) lobby: Lobby,
    pub(crate) last: Vec<LastRound>,
}

impl Takeover {
    /// Takes `lobby` over.
    ///
    /// # Errors
    /// [`TakeoverError`]; nothing was decided that the next try would decide otherwise.
    pub(crate) async fn take(&self, lobby: LobbyId) -> Result<Taken, TakeoverError> {
        let record = self.store.lobby(lobby).await?.filter(|record| !record.closed);
        let record = record.ok_or(TakeoverError::Unknown)?;
        failpoint::reach("fence.before_send");
        let Passed { owner, fenced, older } = self.fence(&record).await?;
        failpoint::reach("fence.after_answer");
        let mut left = self.store.inherit(lobby).await?.ok_or(TakeoverError::Unknown)?;
        // Rounds that only the wallet knows: a store that loses nothing has been exchanged.
        let older = older || (!self.store.may_lose_tail() && held_round(&fenced) > left.last_round);
        // A raised fence has left the last rounds of the lost store behind already.
        let tail = if self.store.may_lose_tail() { 0 } else { TAIL_ROUNDS };
        if let Some(behind) = behind(&left, &fenced, older, tail) {
            // Before the new epoch is stored, which is one of the signs.
            give_up(&self.seeds, owner, &left.chains, behind).await?;
            left = self.store.inherit(lobby).await?.ok_or(TakeoverError::Unknown)?;
        }
        self.end_unfinished(&left, &fenced, owner).await?;
        let left = self.store.inherit(lobby).await?.ok_or(TakeoverError::Unknown)?;
        let plan = ChainPlan {
            owner,
            length: left.lobby.rules.chain_length,
            house_edge_bps: left.lobby.rules.house_edge_bps,
        };
        let chains = left.chains.clone();
        let seeds = Seeds::load(Arc::clone(&self.seeds), plan, chains, fenced.seed_index).await?;
        let rules = self.rules(&left.lobby);
        let resume = resume(&left, &fenced);
        let last = self.last_rounds(lobby).await?;
        let lobby = Lobby::new(rules, resume, self.clock.now());
        Ok(Taken { record: left.lobby, epoch: owner.epoch, seeds, lobby, last })
    }

    /// The rules a stored lobby is played by.
    pub(crate) fn rules(&self, record: &LobbyRecord) -> Rules {
        let stored = &record.rules;
        let curve = match stored.curve {
            CurveKind::Exponential => self.curve.clone(),
            CurveKind::Linear => Curve::linear(),
        };
        Rules {
            mode: stored.mode,
            betting_ms: stored.betting_ms,
            pause_ms: self.pause_ms,
            multiplier_max: stored.multiplier_max,
            payout_max: stored.payout_max,
            stake_min: stored.stake_min,
            stake_max: stored.stake_max,
            bets_per_player: stored.bets_per_player,
            ..Rules::standard(curve)
        }
    }

    /// Claims the lobby and fences it at the wallet. An epoch that the wallet finds too low, though
    /// the store has given no higher one, is that of an older copy of this store: its seeds are
    /// given up at once, and higher epochs are tried.
    async fn fence(&self, record: &LobbyRecord) -> Result<Passed, TakeoverError> {
        let (mut at_least, mut older) = (Epoch(0), false);
        for doubled in 0..EPOCH_TRIES {
            let owner = self.claim(record.lobby, at_least).await?;
            let Owner { lobby, epoch, .. } = owner;
            match self.fence_under(record, epoch).await {
                Ok(fenced) => return Ok(Passed { owner, fenced, older }),
                Err(WalletError::Fenced) => {}
                Err(error) => return Err(error.into()),
            }
            // Read after the refusal: whoever fenced there had claimed the lobby here before.
            let left = self.store.inherit(lobby).await?.ok_or(TakeoverError::Unknown)?;
            if left.claimed > epoch {
                continue;
            }
            if !older {
                // Said again with the rounds that were lost, once the wallet tells them.
                let behind = Behind { lost_rounds: None };
                give_up(&self.seeds, owner, &left.chains, behind).await?;
            }
            older = true;
            at_least = Epoch(epoch.0.saturating_add(1 << doubled));
        }
        Err(WalletError::Fenced.into())
    }

    async fn claim(&self, lobby: LobbyId, at_least: Epoch) -> Result<Owner, TakeoverError> {
        let node = self.node;
        match self.store.claim(Claim { node, lobby, at_least }).await? {
            Claimed::Yours(epoch) => Ok(Owner { node, lobby, epoch }),
            Claimed::Others | Claimed::Lapsed => Err(TakeoverError::NotOwner),
            Claimed::Unknown => Err(TakeoverError::Unknown),
        }
    }

    async fn fence_under(&self, record: &LobbyRecord, epoch: Epoch) -> Result<Fenced, WalletError> {
        let loses = self.store.may_lose_tail();
        let fence = Fence {
            lobby: record.lobby,
            epoch,
            funding: record.rules.funding,
            raise: if loses { TAIL_ROUNDS } else { 0 },
            // A store that loses nothing gives an epoch once, or again where it did nothing.
            request: if loses { random::array(&*self.random) } else { [0; 16] },
        };
        for _ in 1..FENCE_TRIES {
            match self.wallet.fence(fence).await {
                Err(WalletError::Unavailable) => {
                    self.clock.sleep_until(self.clock.now() + FENCE_PAUSE_MS).await;
                }
                answer => return answer,
            }
        }
        self.wallet.fence(fence).await
    }

    /// Ends every unfinished round in one transaction, with what the wallet must be told.
    async fn end_unfinished(
        &self,
        left: &Inheritance,
        fenced: &Fenced,
        owner: Owner,
    ) -> Result<(), TakeoverError> {
        let Owner { lobby, epoch, .. } = owner;
        let after = fenced.seen_round;
        let mut commands =
            vec![StoreCommand::TakeOver { lobby, epoch }, StoreCommand::SendAgain { lobby, after }];
        commands.extend(self.skipped(left, fenced).await?);
        for round in &left.unfinished {
            let number = round.record.round;
            tracing::info!(round = %number, "a round that an earlier owner left is ended");
            commands.push(self.end_of(left, round).await?);
        }
        for round in unknown_rounds(lobby, left.last_round, fenced) {
            tracing::error!(%round, "the wallet holds stakes for a round this store never had");
            commands.push(StoreCommand::CloseUnknown { round });
        }
        apply_until_definite(&*self.store, &*self.clock, owner.batch(commands)).await?;
        Ok(())
    }

    /// What is at or below the fence and not in this store: an owner whose records are lost may
    /// have shown it. It is left out and told, seeds with their chain, rounds with the first such.
    async fn skipped(
        &self,
        left: &Inheritance,
        fenced: &Fenced,
    ) -> Result<Vec<StoreCommand>, TakeoverError> {
        let lobby = left.lobby.lobby;
        let (from, to) = (left.last_round + 1, last_round(left, fenced));
        let mut rounds = (from <= to).then_some(SkippedRounds { from, to });
        let mut commands = Vec::new();
        for chain in left.chains.iter().filter(|chain| chain.abandoned.is_none()) {
            let to = fenced.seed_index.0.saturating_sub(chain.seeds_before).min(chain.length);
            if to > chain.used {
                let seed = hex::encode(self.seeds.seed(chain, to).await?.as_bytes());
                let seeds = Some(SkippedSeeds { from: chain.used + 1, to, seed });
                let skipped = Skipped { seeds, rounds: rounds.take() };
                commands.push(StoreCommand::SkipSeeds { lobby, chain: chain.chain, skipped });
            }
        }
        // A store that is behind tells lost rounds with the chains it has given up.
        let newest = left.chains.last().filter(|chain| chain.abandoned.is_none());
        if let (Some(rounds), Some(chain)) = (rounds, newest) {
            let skipped = Skipped { seeds: None, rounds: Some(rounds) };
            commands.push(StoreCommand::SkipSeeds { lobby, chain: chain.chain, skipped });
        }
        Ok(commands)
    }

    /// How one unfinished round ends. Its seed is opened only if it was locked.
    async fn end_of(
        &self,
        left: &Inheritance,
        unfinished: &UnfinishedRound,
    ) -> Result<StoreCommand, TakeoverError> {
        let round = unfinished.record.round;
        let (at, reason) = (self.clock.unix_ms(), Reason::OwnerLost);
        let Some(opened) = self.opened(left, unfinished).await? else {
            return Ok(StoreCommand::VoidRound { round, reason, at });
        };
        let crash_point = *opened.crash_point.expose();
        let multiplier_max = left.lobby.rules.multiplier_max;
        let stored = StoredRound {
            locked: true,
            crashed: unfinished.record.state == RoundState::Crashed,
            heartbeat: unfinished.heartbeat,
            crash_point,
            multiplier_max,
            bets: unfinished.bets.clone(),
        };
        let all_released = vec![Outcome::Released; stored.bets.len()];
        let (interrupted, multiplier, outcomes) = match decide_interruption(&stored) {
            Interruption::Voided => return Ok(StoreCommand::VoidRound { round, reason, at }),
            Interruption::Settled { outcomes } => {
                (None, Some(crash_point.min(multiplier_max)), outcomes)
            }
            Interruption::Released => (Some(reason), None, all_released),
            Interruption::Stopped { multiplier, outcomes } => {
                (Some(reason), Some(multiplier), outcomes)
            }
        };
        let payout_sum = paid(&stored, &outcomes);
        if interrupted.is_some() {
            self.metrics.interrupted(payout_sum, would_have_paid(&stored));
        }
        Ok(StoreCommand::EndRound(Box::new(RoundEnd {
            round,
            interrupted,
            crash_point,
            multiplier,
            payout_sum,
            settlements: settlements(&stored, &outcomes),
            seed: *opened.seed.as_bytes(),
            at,
        })))
    }

    /// The seed of a locked round; `None` for one that was not locked.
    async fn opened(
        &self,
        left: &Inheritance,
        unfinished: &UnfinishedRound,
    ) -> Result<Option<Opened>, TakeoverError> {
        let record = &unfinished.record;
        if record.state == RoundState::Open {
            return Ok(None);
        }
        let chain = left.chains.iter().find(|chain| chain.chain == record.chain);
        let (Some(chain), Some(index)) = (chain, record.seed_index) else {
            return Err(SeedError::Unreadable.into());
        };
        let seed = self.seeds.seed(chain, index).await?;
        Ok(Some(read_seed(chain, record.round.number, index, seed)?))
    }

    pub(crate) async fn last_rounds(&self, lobby: LobbyId) -> Result<Vec<LastRound>, StoreError> {
        let rounds = self.store.rounds(lobby, None, LAST_MAX.into()).await?;
        let shown = rounds.into_iter().filter(|round| round.state.is_over());
        let last = shown.filter_map(|round| {
            let crash_point = WireMultiplier(round.crash_point?);
            Some(LastRound { round: round.round.number, crash_point })
        });
        Ok(last.collect())
    }
}

/// Whether the store is an older copy of itself: the wallet has seen what it has no record of, and
/// up to `tail` rounds more may have been shown.
fn behind(left: &Inheritance, fenced: &Fenced, older: bool, tail: u32) -> Option<Behind> {
    let used = left.chains.iter().map(|chain| chain.seeds_before + chain.used).max().unwrap_or(0);
    if left.last_round >= fenced.seen_round && used >= fenced.seen_seed.0 && !older {
        return None;
    }
    let (from, to) = (left.last_round + 1, last_round(left, fenced).saturating_add(tail));
    Some(Behind { lost_rounds: (from <= to).then_some(LostRounds { from, to }) })
}

/// The highest round that may have been opened as far as anybody knows.
fn last_round(left: &Inheritance, fenced: &Fenced) -> u32 {
    let lost = left.chains.iter().filter_map(|chain| Some(chain.abandoned?.lost_rounds?.to));
    lost.fold(left.last_round, u32::max).max(fenced.closed_round).max(held_round(fenced))
}

/// The highest round with reserved holds.
fn held_round(fenced: &Fenced) -> u32 {
    fenced.open_holds.iter().map(|(round, _)| *round).max().unwrap_or(0)
}

/// Where the engine goes on.
fn resume(left: &Inheritance, fenced: &Fenced) -> Resume {
    Resume {
        next_round: last_round(left, fenced) + 1,
        house_balance: fenced.house_balance,
        // Also those that the fence has closed: whether that close agreed is told by its answer.
        unclosed: left
            .unclosed
            .iter()
            .map(|(round, exposure)| Unclosed { round: *round, exposure: *exposure })
            .collect(),
        kept_exposure: left.lobby.kept_exposure,
    }
}

fn settlements(round: &StoredRound, outcomes: &[Outcome]) -> Vec<Settlement> {
    let bets = round.bets.iter().zip(outcomes);
    let ends = bets.map(|(bet, outcome)| Settlement { key: bet.key, outcome: *outcome });
    if planted::is(Bug::RefundAndPay) {
        let refund = |end: Settlement| [end, Settlement { outcome: Outcome::Released, ..end }];
        return ends.flat_map(refund).collect();
    }
    ends.collect()
}

/// What goes back to players, gross.
fn paid(round: &StoredRound, outcomes: &[Outcome]) -> Amount {
    let bets = round.bets.iter().zip(outcomes);
    bets.map(|(bet, outcome)| match outcome {
        Outcome::CashedOut { payout, .. } => *payout,
        Outcome::Lost => Amount::ZERO,
        Outcome::Released => bet.stake.payout_at(Multiplier::ONE),
    })
    .sum()
}

/// Rounds that only the wallet knows, oldest first: their holds go back by closing them.
fn unknown_rounds(lobby: LobbyId, known: u32, fenced: &Fenced) -> Vec<RoundId> {
    let held = fenced.open_holds.iter().map(|(round, _)| *round);
    let mut unknown: Vec<u32> =
        held.filter(|round| *round > known && *round > fenced.seen_round).collect();
    unknown.sort_unstable();
    unknown.into_iter().map(|round| RoundId::new(lobby, round)).collect()
}

#[cfg(test)]
mod tests;
