//! `contracts::Wallet` in the ledger's words, and its answers back.

use async_trait::async_trait;
use contracts::{Close, Closed, Fence, Fenced, Outcome, Refusal, Release, Reserve, Resolve};
use contracts::{RESOLVES_MAX, ResolveAnswer, Wallet, WalletError};
use kernel::Amount;
use ledger::{Answer, Command};

use crate::service::Service;
use crate::store::StoreError;

#[async_trait]
impl Wallet for Service {
    async fn fence(&self, fence: Fence) -> Result<Fenced, WalletError> {
        let Fence { lobby, epoch, funding, raise, request } = fence;
        let command = Command::Fence(ledger::OpenFence { lobby, epoch, funding, raise, request });
        match self.ask(vec![command]).await?.pop() {
            Some(Answer::Fence(Ok(fenced))) => Ok(Fenced {
                epoch: fenced.epoch,
                closed_round: fenced.closed_round,
                seed_index: fenced.seed_index,
                seen_round: fenced.seen_round,
                seen_seed: fenced.seen_seed,
                house_balance: fenced.house_balance,
                open_holds: fenced.open_holds,
            }),
            Some(Answer::Fence(Err(_))) => Err(WalletError::Fenced),
            _ => Err(WalletError::Unavailable),
        }
    }

    async fn reserve(
        &self,
        holds: &[Reserve],
    ) -> Result<Vec<Result<Amount, Refusal>>, WalletError> {
        let command = |hold: &Reserve| {
            let Reserve { player, bet, round, epoch, stake } = *hold;
            Command::Reserve(ledger::Reserve { player, bet, round, epoch, stake })
        };
        self.ask_each(holds.iter().map(command), |answer| match answer {
            Answer::Reserve(answer) => Some(answer.map_err(refusal)),
            _ => None,
        })
        .await
    }

    async fn release(&self, holds: &[Release]) -> Result<Vec<Result<(), Refusal>>, WalletError> {
        let command = |hold: &Release| {
            let Release { player, bet, round, epoch } = *hold;
            Command::Release(ledger::Release { player, bet, round, epoch })
        };
        self.ask_each(holds.iter().map(command), |answer| match answer {
            Answer::Release(answer) => Some(answer.map_err(refusal)),
            _ => None,
        })
        .await
    }

    async fn resolve(
        &self,
        holds: &[Resolve],
    ) -> Result<Vec<Result<ResolveAnswer, Refusal>>, WalletError> {
        if holds.len() > RESOLVES_MAX {
            tracing::error!(holds = holds.len(), "a resolve of too many holds was refused");
            return Err(WalletError::Failed);
        }
        let command = |hold: &Resolve| {
            let Resolve { player, bet, round, epoch, outcome } = *hold;
            let outcome = match outcome {
                Outcome::Won { payout } => ledger::Outcome::Won { payout },
                Outcome::Lost => ledger::Outcome::Lost,
                Outcome::Released => ledger::Outcome::Released,
            };
            Command::Resolve(ledger::Resolve { player, bet, round, epoch, outcome })
        };
        self.ask_each(holds.iter().map(command), |answer| match answer {
            Answer::Resolve(answer) => Some(answer.map(resolve_answer).map_err(refusal)),
            _ => None,
        })
        .await
    }

    async fn close(&self, close: Close) -> Result<Closed, WalletError> {
        let Close { round, epoch, count, stake_sum, seed_index } = close;
        let command = Command::Close(ledger::Close { round, epoch, count, stake_sum, seed_index });
        match self.ask(vec![command]).await?.pop() {
            Some(Answer::Close(Ok(closed))) => {
                Ok(Closed { house_balance: closed.house_balance, agreed: closed.agreed })
            }
            Some(Answer::Close(Err(_))) => Err(WalletError::Fenced),
            _ => Err(WalletError::Unavailable),
        }
    }
}

impl Service {
    /// Submits; what was refused and what is unknown are told apart.
    async fn ask(&self, commands: Vec<Command>) -> Result<Vec<Answer>, WalletError> {
        self.submit(commands).await.map_err(|error| match error {
            StoreError::Failed(_) => WalletError::Failed,
            StoreError::Unavailable => WalletError::Unavailable,
        })
    }

    /// Submits a command an item and reads an answer an item, in their order.
    async fn ask_each<T>(
        &self,
        commands: impl Iterator<Item = Command>,
        read: fn(Answer) -> Option<T>,
    ) -> Result<Vec<T>, WalletError> {
        let answers = self.ask(commands.collect()).await?;
        answers.into_iter().map(|answer| read(answer).ok_or(WalletError::Unavailable)).collect()
    }
}

const fn resolve_answer(answer: ledger::ResolveAnswer) -> ResolveAnswer {
    match answer {
        ledger::ResolveAnswer::Done => ResolveAnswer::Done,
        ledger::ResolveAnswer::Conflict => ResolveAnswer::Conflict,
    }
}

const fn refusal(refusal: ledger::Refusal) -> Refusal {
    match refusal {
        ledger::Refusal::Fenced => Refusal::Fenced,
        ledger::Refusal::RoundClosed => Refusal::RoundClosed,
        ledger::Refusal::Tombstoned => Refusal::Tombstoned,
        ledger::Refusal::IdReused => Refusal::IdReused,
        ledger::Refusal::InsufficientFunds => Refusal::InsufficientFunds,
    }
}
