//! Decides parked payouts again, the house being funded, and forgets what is no longer parked.

use kernel::{Epoch, LobbyId, RoundId};
use ledger::{Answer, Command, Outcome, Resolve, ResolveAnswer};
use rusqlite::{Connection, OptionalExtension, Result, Transaction, params};

use super::{apply, columns, load};
use crate::parked::{Matter, ParkedLine};

/// Payouts that one transaction makes good.
const SETTLED: u32 = 1_000;

/// What was paid.
pub(crate) fn settle_parked(tx: &Transaction<'_>, at_ms: i64) -> Result<Vec<ParkedLine>> {
    let (mut lines, mut batch) = (Vec::new(), Vec::new());
    for line in load::parked_for(tx, "house_short", SETTLED)? {
        if let Some(command) = command(tx, &line)? {
            batch.push(command);
            lines.push(line);
        }
    }
    let answers = apply(tx, &batch, at_ms)?.answers;
    let answered = lines.into_iter().zip(answers);
    let done =
        |(line, answer)| matches!(answer, Answer::Resolve(Ok(ResolveAnswer::Done))).then_some(line);
    let paid: Vec<ParkedLine> = answered.filter_map(done).collect();
    for line in &paid {
        forget(tx, line)?;
    }
    forget_closes(tx)?;
    Ok(paid)
}

/// The parked payout as an operator's command, under the epoch that stands.
fn command(tx: &Transaction<'_>, line: &ParkedLine) -> Result<Option<Command>> {
    let Matter::Resolve { player, bet, payout, .. } = line.matter else { return Ok(None) };
    let outcome = Outcome::Won { payout };
    let epoch = epoch(tx, line.round.lobby)?;
    let settle =
        |epoch| Command::Settle(Resolve { player, bet, round: line.round, epoch, outcome });
    Ok(epoch.map(settle))
}

fn epoch(tx: &Transaction<'_>, lobby: LobbyId) -> Result<Option<Epoch>> {
    let mut select = tx.prepare_cached("SELECT epoch FROM ledger_fence WHERE lobby = ?1")?;
    select.query_row([lobby.as_i64()], |row| columns::number(row, 0).map(Epoch)).optional()
}

fn forget(tx: &Transaction<'_>, line: &ParkedLine) -> Result<()> {
    let Matter::Resolve { player, bet, payout, .. } = &line.matter else { return Ok(()) };
    tx.prepare_cached(
        "DELETE FROM ledger_parked
         WHERE lobby = ?1 AND round = ?2 AND player = ?3 AND bet = ?4 AND reason = 'house_short'
           AND outcome = 'won' AND payout_units = ?5",
    )?
    .execute(params![
        line.round.lobby.as_i64(),
        line.round.number,
        player.as_i64(),
        bet.as_bytes(),
        payout.units(),
    ])?;
    Ok(())
}

/// A close that did not agree, and would now.
fn forget_closes(tx: &Transaction<'_>) -> Result<usize> {
    tx.execute(
        "DELETE FROM ledger_parked WHERE reason = 'close' AND EXISTS (
             SELECT 1 FROM ledger_round AS tally
             WHERE tally.lobby = ledger_parked.lobby AND tally.round = ledger_parked.round
               AND tally.reserved_count = 0
               AND tally.resolved_count = ledger_parked.locked_count
               AND tally.resolved_units = ledger_parked.locked_units)",
        [],
    )
}

/// Those of `rounds` that closed in disagreement and agree by now, with nothing held.
pub(crate) fn made_good(connection: &Connection, rounds: &[RoundId]) -> Result<Vec<RoundId>> {
    let mut select = connection.prepare_cached(
        "SELECT EXISTS (
             SELECT 1 FROM ledger_round
             WHERE lobby = ?1 AND round = ?2 AND state = 'disagreed' AND reserved_count = 0)
         AND NOT EXISTS (
             SELECT 1 FROM ledger_parked WHERE lobby = ?1 AND round = ?2 AND reason = 'close')",
    )?;
    let mut good = Vec::new();
    for round in rounds {
        let key = params![round.lobby.as_i64(), round.number];
        if select.query_row(key, |row| row.get(0))? {
            good.push(*round);
        }
    }
    Ok(good)
}
