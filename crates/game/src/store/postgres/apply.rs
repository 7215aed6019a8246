//! A batch of changes, step by step: what follows each other and is of one kind is one statement.
//!
//! Each step stands in a savepoint of its own, so that one that is refused is undone alone.

use std::collections::BTreeSet;

use engine::BetKey;
use kernel::{BetId, PlayerId, RoundId};
use platform::postgres::{StoreError as PostgresError, Transaction};

use super::bets::{Accepting, CashingOut, GivingBack};
use super::columns::Result;
use super::{bets, chains, lobbies, outbox, owners, rounds};
use crate::store::{Applied, Batch, Done, StoreCommand, StoreError};

/// Commands that one statement does.
enum Step<'a> {
    Accept(Vec<Accepting<'a>>),
    GiveBack(Vec<GivingBack>),
    CashOut(Vec<CashingOut>),
    Beat(Vec<(RoundId, kernel::Multiplier)>),
    One(&'a StoreCommand),
}

/// An answer each, in the order of the step's commands.
type Answers = Vec<std::result::Result<Done, StoreError>>;

/// Applies the batch to those lobbies that its node owns.
pub(super) async fn batch(tx: &Transaction<'_>, batch: &Batch) -> Result<Applied> {
    let not_owned = owners::not_owned(tx, batch).await?;
    let mut answers: Vec<Option<std::result::Result<Done, StoreError>>> = Vec::new();
    let mut steps: Vec<(Step<'_>, Vec<usize>)> = Vec::new();
    let mut named = BTreeSet::new();
    for (place, command) in batch.commands.iter().enumerate() {
        if command.lobby().is_some_and(|lobby| !batch.owns(lobby, &not_owned)) {
            answers.push(Some(Err(StoreError::NotOwner)));
            continue;
        }
        answers.push(None);
        let mut step = Step::of(command);
        if let Step::Beat(beats) = &mut step {
            beats.retain(|(round, _)| batch.owns(round.lobby, &not_owned));
        }
        // The same bet twice in one statement would be changed once.
        let is_new = step.names().is_none_or(|name| named.insert(name));
        if let Some((last, places)) = steps.last_mut()
            && is_new
            && last.takes(&mut step)
        {
            places.push(place);
        } else {
            named = step.names().into_iter().collect();
            steps.push((step, vec![place]));
        }
    }
    for (step, places) in &steps {
        for (place, answer) in places.iter().zip(guarded(tx, step).await?) {
            answers[*place] = Some(answer);
        }
    }
    let missing = || Err(StoreError::Failed("no answer".into()));
    let answers = answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect();
    Ok(Applied { answers, not_owned })
}

/// The step; if all of it is refused, each command alone.
async fn guarded(tx: &Transaction<'_>, step: &Step<'_>) -> Result<Answers> {
    match saved(tx, step).await? {
        Err(_) if step.len() > 1 => {
            let mut answers = Vec::with_capacity(step.len());
            for alone in step.pieces() {
                answers.extend(saved(tx, &alone).await?.unwrap_or_else(|error| vec![Err(error)]));
            }
            Ok(answers)
        }
        Err(error) => Ok(vec![Err(error)]),
        Ok(answers) => Ok(answers),
    }
}

/// The step in a savepoint; what refuses it undoes it. What ends the whole transaction is an error.
async fn saved(
    tx: &Transaction<'_>,
    step: &Step<'_>,
) -> Result<std::result::Result<Answers, StoreError>> {
    tx.batch_execute("SAVEPOINT step").await?;
    match step.apply(tx).await {
        Ok(answers) => {
            tx.batch_execute("RELEASE step").await?;
            Ok(Ok(answers))
        }
        Err(error @ (PostgresError::Failed(_) | PostgresError::Duplicate(_))) => {
            tx.batch_execute("ROLLBACK TO step; RELEASE step").await?;
            Ok(Err(error.into()))
        }
        Err(error) => Err(error),
    }
}

impl<'a> Step<'a> {
    fn of(command: &'a StoreCommand) -> Self {
        match command {
            StoreCommand::AcceptBet { lobby, bet, name, at } => {
                Self::Accept(vec![(*lobby, bet, name, *at)])
            }
            StoreCommand::CancelBet { lobby, key, at } => {
                Self::GiveBack(vec![(*lobby, *key, "cancelled", *at)])
            }
            StoreCommand::ReleaseBet { lobby, key, at } => {
                Self::GiveBack(vec![(*lobby, *key, "released", *at)])
            }
            StoreCommand::CashOut { lobby, cash_out, at } => {
                Self::CashOut(vec![(*lobby, *cash_out, *at)])
            }
            StoreCommand::Heartbeats(beats) => Self::Beat(beats.clone()),
            command => Self::One(command),
        }
    }

    /// The bet of a step of one.
    fn names(&self) -> Option<(PlayerId, BetId)> {
        let name = |key: &BetKey| (key.player, key.bet);
        match self {
            Self::Accept(new) => new.first().map(|(_, bet, ..)| name(&bet.key)),
            Self::GiveBack(back) => back.first().map(|(_, key, ..)| name(key)),
            Self::CashOut(cash_outs) => cash_outs.first().map(|(_, it, _)| name(&it.key)),
            Self::Beat(_) | Self::One(_) => None,
        }
    }

    /// Takes the commands of a step of the same kind; whether it did.
    fn takes(&mut self, next: &mut Self) -> bool {
        match (self, next) {
            (Self::Accept(these), Self::Accept(more)) => these.append(more),
            (Self::GiveBack(these), Self::GiveBack(more)) => these.append(more),
            (Self::CashOut(these), Self::CashOut(more)) => these.append(more),
            _ => return false,
        }
        true
    }

    fn len(&self) -> usize {
        match self {
            Self::Accept(new) => new.len(),
            Self::GiveBack(back) => back.len(),
            Self::CashOut(cash_outs) => cash_outs.len(),
            Self::Beat(_) | Self::One(_) => 1,
        }
    }

    /// A step for each command.
    fn pieces(&self) -> Vec<Self> {
        match self {
            Self::Accept(new) => new.iter().map(|one| Self::Accept(vec![*one])).collect(),
            Self::GiveBack(back) => back.iter().map(|one| Self::GiveBack(vec![*one])).collect(),
            Self::CashOut(many) => many.iter().map(|one| Self::CashOut(vec![*one])).collect(),
            Self::Beat(beats) => vec![Self::Beat(beats.clone())],
            Self::One(command) => vec![Self::One(command)],
        }
    }

    async fn apply(&self, tx: &Transaction<'_>) -> Result<Answers> {
        match self {
            Self::Accept(new) => Ok(bets::accept(tx, new).await?.into_iter().map(Ok).collect()),
            Self::GiveBack(back) => {
                bets::give_back(tx, back).await?;
                Ok(vec![Ok(Done::Stored); back.len()])
            }
            Self::CashOut(cash_outs) => {
                let answers = bets::cash_out(tx, cash_outs).await?.into_iter();
                Ok(answers.map(|answer| answer.map_err(StoreError::from)).collect())
            }
            Self::Beat(beats) => {
                rounds::heartbeats(tx, beats).await?;
                Ok(vec![Ok(Done::Stored)])
            }
            Self::One(command) => {
                one(tx, command).await?;
                Ok(vec![Ok(Done::Stored)])
            }
        }
    }
}

/// A command that stands alone.
async fn one(tx: &Transaction<'_>, command: &StoreCommand) -> Result<()> {
    match command {
        StoreCommand::OpenRound { round, epoch, chain, at } => {
            rounds::open(tx, *round, *epoch, (*chain, *at)).await
        }
        StoreCommand::Lock(record) => rounds::lock(tx, record).await,
        StoreCommand::Crash { round, crash_point, multiplier, at } => {
            rounds::crash(tx, *round, (*crash_point, *multiplier), *at).await
        }
        StoreCommand::EndRound(end) => rounds::end(tx, end).await,
        StoreCommand::ForgetRound { round } => rounds::forget(tx, *round).await,
        StoreCommand::VoidRound { round, reason, at } => {
            rounds::void(tx, *round, *reason, *at).await
        }
        StoreCommand::CloseUnknown { round } => rounds::close_unknown(tx, *round).await,
        StoreCommand::TakeOver { lobby, epoch } => lobbies::take_over(tx, *lobby, *epoch).await,
        StoreCommand::SkipSeeds { lobby, chain, skipped } => {
            chains::skip(tx, *lobby, *chain, skipped).await
        }
        StoreCommand::SendAgain { lobby, after } => outbox::send_again(tx, *lobby, *after).await,
        StoreCommand::AcceptBet { .. }
        | StoreCommand::CancelBet { .. }
        | StoreCommand::ReleaseBet { .. }
        | StoreCommand::CashOut { .. }
        | StoreCommand::Heartbeats(_) => {
            Err(PostgresError::Failed("a command of many stands in no step".to_owned()))
        }
    }
}
