//! Lock records against the accepted sets they fixed, one round in memory at a time.

use fairness::{BetEntry, bets_hash};
use kernel::{BetId, Multiplier, PlayerId, Stake};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Result, Row, params};

use super::findings::Findings;

/// What a round's row says of its bets.
#[derive(PartialEq, Eq)]
struct Record {
    count: i64,
    stake_units: i64,
    hash: [u8; 32],
    /// Known once the round is over.
    payout_units: Option<i64>,
}

/// Counts, sums and hashes every accepted set again.
pub(super) fn walk(connection: &Connection, findings: &mut Findings) -> Result<()> {
    let mut locked = connection.prepare(
        "SELECT lobby, round, count, stake_sum_units, bets_hash,
                iif(state IN ('settled', 'interrupted'), payout_sum_units, NULL)
         FROM game.round WHERE state IN ('locked', 'crashed', 'settled', 'interrupted')
         ORDER BY lobby, round",
    )?;
    let mut rows = locked.query([])?;
    while let Some(row) = rows.next()? {
        let (lobby, round): (i64, i64) = (row.get(0)?, row.get(1)?);
        let stored = Record {
            count: row.get(2)?,
            stake_units: row.get(3)?,
            hash: row.get(4)?,
            payout_units: row.get(5)?,
        };
        let mut counted = count(connection, lobby, round)?;
        if stored.payout_units.is_none() {
            counted.payout_units = None;
        }
        if stored != counted {
            findings.add(format!("round {lobby}/{round}"), difference(&stored, &counted));
        }
    }
    Ok(())
}

fn count(connection: &Connection, lobby: i64, round: i64) -> Result<Record> {
    let mut accepted = connection.prepare_cached(
        "SELECT player, bet, stake_steps, auto_centi,
                CASE state WHEN 'cashed_out' THEN payout_units
                           WHEN 'released' THEN stake_steps * 100 ELSE 0 END
         FROM game.bet WHERE lobby = ?1 AND round = ?2 AND in_round",
    )?;
    let mut rows = accepted.query(params![lobby, round])?;
    let (mut entries, mut stake_units, mut payout_units) = (Vec::new(), 0, 0);
    while let Some(row) = rows.next()? {
        let entry = entry(row)?;
        stake_units += entry.stake.amount().units();
        payout_units += row.get::<_, i64>(4)?;
        entries.push(entry);
    }
    let hash = bets_hash(&entries);
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    Ok(Record { count, stake_units, hash, payout_units: Some(payout_units) })
}

fn entry(row: &Row<'_>) -> Result<BetEntry> {
    let unreadable = |column| Error::InvalidColumnType(column, "bet".into(), Type::Integer);
    let player: u64 = u64::try_from(row.get::<_, i64>(0)?).map_err(|_| unreadable(0))?;
    let target: Option<u32> = row.get(3)?;
    Ok(BetEntry {
        player: PlayerId::new(player).map_err(|_| unreadable(0))?,
        bet: BetId::from_bytes(row.get(1)?),
        stake: Stake::from_steps(row.get(2)?).ok_or_else(|| unreadable(2))?,
        auto_cash_out: target.and_then(Multiplier::from_centi),
    })
}

fn difference(stored: &Record, counted: &Record) -> String {
    let hash = if stored.hash == counted.hash { "the same" } else { "another" };
    format!(
        "says {} bets of {} units that were paid {:?}; its bets are {} of {}, paid {:?}, \
         with {} hash",
        stored.count,
        stored.stake_units,
        stored.payout_units,
        counted.count,
        counted.stake_units,
        counted.payout_units,
        hash,
    )
}
