//! Becoming the owner of a lobby: fence first, then end what an earlier owner left, then play.

use std::sync::Arc;

use contracts::{Fence, Fenced, Wallet, WalletError};
use engine::{
    Interruption, Lobby, Outcome, Reason, Resume, Rules, Settlement, StoredRound, Unclosed,
    decide_interruption, would_have_paid,
};
use kernel::planted::{self, Bug};
use kernel::{Amount, Curve, CurveKind, Epoch, LobbyId, Multiplier, RoundId};
use platform::clock::Clock;
use platform::failpoint;
use protocol::chains::LostRounds;
use protocol::picture::LastRound;
use protocol::wire::WireMultiplier;

use crate::metrics::Metrics;
use crate::pictures::LAST_MAX;
use crate::recorder::apply_until_definite;
use crate::seeds::{Behind, ChainPlan, Opened, SeedError, SeedMaker, Seeds, give_up, read_seed};
use crate::store::{
    Inheritance, LobbyRecord, RoundEnd, RoundState, Store, StoreCommand, StoreError,
    UnfinishedRound,
};

/// How often the fence is asked for before the lobby stays closed for now.
const FENCE_TRIES: u32 = 8;
/// How often a higher epoch is tried, each time by twice as much.
const EPOCH_TRIES: u32 = 40;
/// How long to wait between two tries, in milliseconds.
const FENCE_PAUSE_MS: u64 = 100;

/// Why a lobby could not be taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeoverError {
    #[error("there is no such lobby")]
    Unknown,
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
    pub(crate) seeds: Arc<SeedMaker>,
    pub(crate) curve: Curve,
    pub(crate) pause_ms: u64,
    pub(crate) metrics: Metrics,
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
        let (epoch, fenced) = self.fence(&record).await?;
        failpoint::reach("fence.after_answer");
        let left = self.store.inherit(lobby).await?.ok_or(TakeoverError::Unknown)?;
        if let Some(behind) = behind(&left, &fenced, epoch) {
            // Before the new epoch is stored, which is one of the signs.
            give_up(&self.seeds, lobby, &left.chains, behind).await?;
        }
        self.end_unfinished(&left, &fenced, epoch).await?;
        let left = self.store.inherit(lobby).await?.ok_or(TakeoverError::Unknown)?;
        let plan = ChainPlan {
            lobby,
            length: left.lobby.rules.chain_length,
            house_edge_bps: left.lobby.rules.house_edge_bps,
        };
        let chains = left.chains.clone();
        let seeds = Seeds::load(Arc::clone(&self.seeds), plan, chains, fenced.seed_index).await?;
        let rules = self.rules(&left.lobby);
        let resume = resume(&left, &fenced);
        let last = self.last_rounds(lobby).await?;
        let lobby = Lobby::new(rules, resume, self.clock.now());
        Ok(Taken { record: left.lobby, epoch, seeds, lobby, last })
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

    /// Fences under the next epoch. Whoever takes a lobby over is its only owner, since it holds
    /// the data directory: an epoch that the wallet finds too low is that of an older copy of this
    /// store, and higher ones are tried.
    async fn fence(&self, record: &LobbyRecord) -> Result<(Epoch, Fenced), WalletError> {
        let mut epoch = record.epoch.next();
        for doubled in 0..EPOCH_TRIES {
            match self.fence_under(record, epoch).await {
                Err(WalletError::Fenced) => epoch = Epoch(epoch.0.saturating_add(1 << doubled)),
                answer => return Ok((epoch, answer?)),
            }
        }
        Err(WalletError::Fenced)
    }

    async fn fence_under(&self, record: &LobbyRecord, epoch: Epoch) -> Result<Fenced, WalletError> {
        let fence = Fence { lobby: record.lobby, epoch, funding: record.rules.funding };
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
        epoch: Epoch,
    ) -> Result<(), TakeoverError> {
        let lobby = left.lobby.lobby;
        let after = fenced.closed_round;
        let mut commands =
            vec![StoreCommand::TakeOver { lobby, epoch }, StoreCommand::SendAgain { lobby, after }];
        for round in &left.unfinished {
            let number = round.record.round;
            tracing::info!(round = %number, "a round that an earlier owner left is ended");
            commands.push(self.end_of(left, round).await?);
        }
        for round in unknown_rounds(lobby, left.last_round, fenced) {
            tracing::error!(%round, "the wallet holds stakes for a round this store never had");
            commands.push(StoreCommand::CloseUnknown { round });
        }
        apply_until_definite(&*self.store, &*self.clock, commands).await?;
        Ok(())
    }

    /// The mistake of [`Bug::SweepVoidsLiveRounds`]: neither fence nor lock record is looked at.
    pub(crate) async fn void_all(&self, lobbies: &[LobbyId]) -> Result<(), StoreError> {
        let (reason, at) = (Reason::OwnerLost, self.clock.unix_ms());
        for lobby in lobbies {
            let left = self.store.inherit(*lobby).await?;
            let unfinished = left.into_iter().flat_map(|left| left.unfinished);
            let void = |left: UnfinishedRound| StoreCommand::VoidRound {
                round: left.record.round,
                reason,
                at,
            };
            let commands = unfinished.map(void).collect();
            apply_until_definite(&*self.store, &*self.clock, commands).await?;
        }
        Ok(())
    }

    /// How one unfinished round ends. Its seed is opened only if it was locked.
    async fn end_of(
        &self,
        left: &Inheritance,
        unfinished: &UnfinishedRound,
    ) -> Result<StoreCommand, TakeoverError> {
        let round = unfinished.record.round;
        let at = self.clock.unix_ms();
        let reason = Reason::OwnerLost;
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
        Ok(shown
            .filter_map(|round| {
                let crash_point = WireMultiplier(round.crash_point?);
                Some(LastRound { round: round.round.number, crash_point })
            })
            .collect())
    }
}

/// Whether the store is an older copy of itself: the wallet has seen what it has no record of.
fn behind(left: &Inheritance, fenced: &Fenced, epoch: Epoch) -> Option<Behind> {
    let used = left.chains.iter().map(|chain| chain.seeds_before + chain.used).max().unwrap_or(0);
    let fenced_before = epoch > left.lobby.epoch.next();
    if left.last_round >= fenced.closed_round && used >= fenced.seed_index.0 && !fenced_before {
        return None;
    }
    let (from, to) = (left.last_round + 1, last_round(left, fenced));
    Some(Behind { lost_rounds: (from <= to).then_some(LostRounds { from, to }) })
}

/// The highest round that there ever was as far as anybody knows.
fn last_round(left: &Inheritance, fenced: &Fenced) -> u32 {
    let held = fenced.open_holds.iter().map(|(round, _)| *round).max().unwrap_or(0);
    left.last_round.max(fenced.closed_round).max(held)
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
        held.filter(|round| *round > known && *round > fenced.closed_round).collect();
    unknown.sort_unstable();
    unknown.into_iter().map(|round| RoundId::new(lobby, round)).collect()
}

#[cfg(test)]
mod tests;
