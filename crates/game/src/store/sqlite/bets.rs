//! Bets: accepted, cancelled, released, cashed out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use engine::{Bet, BetKey, CashOut, Outcome, Settlement, StoredBet};
use kernel::{BetId, LobbyId, PlayerId, RoundId};
use rusqlite::{Connection, OptionalExtension, Result, Row, Transaction, params};

use super::super::queued::Queued;
use super::super::{BetRecord, Done, WireOutcome, words};
use super::{columns, outbox};

const COLUMNS: &str = "player, bet, lobby, round, name, stake_steps, auto_centi, cap_centi,
    balance_units, state, in_round, multiplier_centi, payout_units, stamped_ms, placed_at";

/// The bet's row, while its round is open; its release otherwise.
pub(super) fn accept(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    bet: &Bet,
    name: &str,
    at: i64,
) -> Result<Done> {
    let key = bet.key;
    let is_open = tx
        .prepare_cached("SELECT 1 FROM round WHERE lobby = ?1 AND round = ?2 AND state = 'open'")?
        .exists(params![lobby.as_i64(), key.round])?;
    if is_open && insert(tx, lobby, bet, name, at)? {
        return Ok(Done::Stored);
    }
    // Either this is the same bet applied again, perhaps when it had been played already, or it
    // came too late.
    let stands = tx
        .prepare_cached(
            "SELECT state = 'accepted' OR in_round = 1 FROM bet
             WHERE player = ?1 AND bet = ?2 AND lobby = ?3 AND round = ?4 AND stake_steps = ?5",
        )?
        .query_row(
            params![
                key.player.as_i64(),
                key.bet.as_bytes(),
                lobby.as_i64(),
                key.round,
                bet.stake.steps()
            ],
            |row| row.get::<_, bool>(0),
        )
        .optional()?;
    if stands == Some(true) {
        return Ok(Done::Stored);
    }
    outbox::queue(tx, &Queued::release(lobby, key))?;
    Ok(Done::Missed)
}

/// Whether the row is new. Values, for what is selected goes through a journal of its own.
fn insert(tx: &Transaction<'_>, lobby: LobbyId, bet: &Bet, name: &str, at: i64) -> Result<bool> {
    let key = bet.key;
    let written = tx
        .prepare_cached(
            "INSERT INTO bet (player, bet, lobby, round, name, stake_steps, auto_centi, cap_centi,
                              balance_units, state, placed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'accepted', ?10)
             ON CONFLICT (player, bet) DO NOTHING",
        )?
        .execute(params![
            key.player.as_i64(),
            key.bet.as_bytes(),
            lobby.as_i64(),
            key.round,
            name,
            bet.stake.steps(),
            bet.auto_cash_out.map(kernel::Multiplier::centi),
            bet.cap.centi(),
            bet.balance.units(),
            at,
        ])?;
    Ok(written == 1)
}

/// An accepted bet goes back to its player as `state`, `released` if it was refused after all; its
/// release is queued.
pub(super) fn give_back(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    key: BetKey,
    state: &str,
    at: i64,
) -> Result<()> {
    tx.prepare_cached(
        "UPDATE bet SET state = ?3, ended_at = ?4, refused = (?3 = 'released')
         WHERE player = ?1 AND bet = ?2 AND state = 'accepted' AND in_round = 0",
    )?
    .execute(params![key.player.as_i64(), key.bet.as_bytes(), state, at])?;
    outbox::queue(tx, &Queued::release(lobby, key))
}

/// Marks exactly these bets as in the round; every other one of the round is given back.
pub(super) fn mark(tx: &Transaction<'_>, round: RoundId, bets: &[BetKey], at: i64) -> Result<()> {
    let mut mark = tx.prepare_cached(
        "UPDATE bet SET in_round = 1
         WHERE player = ?1 AND bet = ?2 AND lobby = ?3 AND round = ?4 AND state = 'accepted'",
    )?;
    for key in bets {
        let marked = mark.execute(params![
            key.player.as_i64(),
            key.bet.as_bytes(),
            round.lobby.as_i64(),
            round.number
        ])?;
        if marked != 1 {
            // The engine saw it stored and it is not here: nothing may be built on this.
            return Err(rusqlite::Error::QueryReturnedNoRows);
        }
    }
    let mut others = tx.prepare_cached(
        "SELECT player, bet FROM bet
         WHERE lobby = ?1 AND round = ?2 AND state = 'accepted' AND in_round = 0",
    )?;
    let others: Vec<BetKey> = others
        .query_map(params![round.lobby.as_i64(), round.number], |row| {
            let (player, bet) = (columns::player(row, "player")?, columns::bet(row, "bet")?);
            Ok(BetKey { player, bet, round: round.number })
        })?
        .collect::<Result<_>>()?;
    others.into_iter().try_for_each(|key| give_back(tx, round.lobby, key, "released", at))
}

/// A cash-out and its resolve.
pub(super) fn cash_out(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    cash_out: &CashOut,
    at: i64,
) -> Result<()> {
    let CashOut { key, multiplier, payout, stamped_ms, .. } = *cash_out;
    let outcome = Outcome::CashedOut { multiplier, payout };
    if end(tx, key, outcome, stamped_ms, at)? {
        let bet = WireOutcome::new(key.player, key.bet, outcome);
        return outbox::queue(tx, &Queued::cash_out(RoundId::new(lobby, key.round), bet));
    }
    // Either it was applied before, or the bet has another end and this one is not true.
    let stands: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM bet WHERE player = ?1 AND bet = ?2
                            AND state = 'cashed_out' AND multiplier_centi = ?3)",
        )?
        .query_row(params![key.player.as_i64(), key.bet.as_bytes(), multiplier.centi()], |row| {
            row.get(0)
        })?;
    if stands { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
}

/// Ends a bet that is in its round and open; whether it was.
fn end(
    tx: &Transaction<'_>,
    key: BetKey,
    outcome: Outcome,
    stamped_ms: u64,
    at: i64,
) -> Result<bool> {
    let (state, multiplier, payout) = words::outcome(outcome);
    let ended = tx
        .prepare_cached(
            "UPDATE bet SET state = ?3, multiplier_centi = ?4, payout_units = ?5,
                            stamped_ms = ?6, ended_at = ?7
             WHERE player = ?1 AND bet = ?2 AND state = 'accepted' AND in_round = 1",
        )?
        .execute(params![
            key.player.as_i64(),
            key.bet.as_bytes(),
            state,
            multiplier,
            payout,
            multiplier.map(|_| columns::signed(stamped_ms)),
            at
        ])?;
    Ok(ended == 1)
}

/// Ends all of these bets that are in their round and open, in one statement: ten thousand take
/// a start no time. Answers with those that were.
pub(super) fn end_all(
    tx: &Transaction<'_>,
    settlements: &[Settlement],
    at: i64,
) -> Result<Vec<WireOutcome>> {
    let mut ends = String::with_capacity(80 * settlements.len() + 2);
    for Settlement { key, outcome } in settlements {
        let (state, multiplier, payout) = words::outcome(*outcome);
        let number = |number: Option<i64>| number.map_or("null".to_owned(), |n| n.to_string());
        let (player, bet) = (key.player, key.bet);
        let (multiplier, payout) = (number(multiplier.map(i64::from)), number(payout));
        let comma = if ends.is_empty() { '[' } else { ',' };
        // Nothing here needs an escape: numbers, a UUID and one of three words.
        let _never_fails =
            write!(ends, r#"{comma}[{player},"{bet}","{state}",{multiplier},{payout}]"#);
    }
    ends.push_str(if ends.is_empty() { "[]" } else { "]" });
    let mut statement = tx.prepare_cached(
        "UPDATE bet SET state = ending.value ->> 2, multiplier_centi = ending.value ->> 3,
                        payout_units = ending.value ->> 4,
                        stamped_ms = iif(ending.value ->> 3 IS NULL, NULL, 0), ended_at = ?2
         FROM json_each(?1) AS ending
         WHERE player = ending.value ->> 0 AND bet = unhex(ending.value ->> 1, '-')
           AND bet.state = 'accepted' AND in_round = 1
         RETURNING player, bet",
    )?;
    let ended = statement.query_map(params![ends, at], |row| {
        Ok((columns::player_at(row, 0)?, BetId::from_bytes(row.get(1)?)))
    })?;
    let ended: BTreeSet<(PlayerId, BetId)> = ended.collect::<Result<_>>()?;
    let ended = settlements.iter().filter(|Settlement { key, .. }| {
        let name = (key.player, key.bet);
        ended.contains(&name)
    });
    Ok(ended
        .map(|Settlement { key, outcome }| WireOutcome::new(key.player, key.bet, *outcome))
        .collect())
}

/// Every accepted bet of a round without lock goes back; the round's close releases the holds.
pub(super) fn release_all(tx: &Transaction<'_>, round: RoundId, at: i64) -> Result<()> {
    tx.prepare_cached(
        "UPDATE bet SET state = 'released', ended_at = ?3
         WHERE lobby = ?1 AND round = ?2 AND state = 'accepted'",
    )?
    .execute(params![round.lobby.as_i64(), round.number, at])?;
    Ok(())
}

pub(super) fn of_round(connection: &Connection, round: RoundId) -> Result<Vec<BetRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bet WHERE lobby = ?1 AND round = ?2 ORDER BY placed_at, player, bet"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![round.lobby.as_i64(), round.number], record)?;
    rows.collect()
}

/// The bets that a round's lock marked, in the order of their placing.
pub(super) fn marked(connection: &Connection, round: RoundId) -> Result<Vec<StoredBet>> {
    let mut statement = connection.prepare_cached(
        "SELECT player, bet, stake_steps, cap_centi,
                iif(state = 'cashed_out', multiplier_centi, NULL)
         FROM bet WHERE lobby = ?1 AND round = ?2 AND in_round = 1
         ORDER BY placed_at, player, bet",
    )?;
    let rows = statement.query_map(params![round.lobby.as_i64(), round.number], |row| {
        let key = BetKey {
            player: columns::player_at(row, 0)?,
            bet: BetId::from_bytes(row.get(1)?),
            round: round.number,
        };
        let (stake, cap) = (columns::stake_at(row, 2)?, columns::multiplier_at(row, 3)?);
        let cashed_out = row.get::<_, Option<u32>>(4)?;
        let cashed_out = cashed_out.map(|_| columns::multiplier_at(row, 4)).transpose()?;
        Ok(StoredBet { key, stake, cap, cashed_out })
    })?;
    rows.collect()
}

pub(super) fn one(
    connection: &Connection,
    player: PlayerId,
    bet: BetId,
) -> Result<Option<BetRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM bet WHERE player = ?1 AND bet = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row(params![player.as_i64(), bet.as_bytes()], record).optional()
}

pub(super) fn was_refused(connection: &Connection, player: PlayerId, bet: BetId) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT refused FROM bet WHERE player = ?1 AND bet = ?2")?;
    let key = params![player.as_i64(), bet.as_bytes()];
    Ok(statement.query_row(key, |row| row.get(0)).optional()?.unwrap_or(false))
}

pub(super) fn of_player(
    connection: &Connection,
    player: PlayerId,
    before: Option<BetId>,
    limit: u32,
) -> Result<Vec<BetRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bet
         WHERE player = ?1 AND (?2 IS NULL OR (placed_at, bet) <
             (SELECT placed_at, bet FROM bet WHERE player = ?1 AND bet = ?2))
         ORDER BY placed_at DESC, bet DESC LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let before = before.map(|bet| *bet.as_bytes());
    let rows = statement.query_map(params![player.as_i64(), before, limit], record)?;
    rows.collect()
}

fn record(row: &Row<'_>) -> Result<BetRecord> {
    let payout = row.get::<_, Option<i64>>("payout_units")?.map(kernel::Amount::from_units);
    let multiplier = columns::multiplier_if_any(row, "multiplier_centi")?;
    let name: String = row.get("state")?;
    let cashed_out = multiplier
        .map(|multiplier| {
            Ok::<_, rusqlite::Error>((multiplier, columns::unsigned(row, "stamped_ms")?))
        })
        .transpose()?;
    Ok(BetRecord {
        player: columns::player(row, "player")?,
        name: row.get("name")?,
        bet: columns::bet(row, "bet")?,
        round: RoundId::new(columns::lobby(row, "lobby")?, row.get("round")?),
        stake: columns::stake(row, "stake_steps")?,
        auto_cash_out: columns::multiplier_if_any(row, "auto_centi")?,
        cap: columns::multiplier(row, "cap_centi")?,
        balance: columns::amount(row, "balance_units")?,
        state: words::bet_state_of(&name, cashed_out),
        in_round: row.get("in_round")?,
        payout,
        placed_at: row.get("placed_at")?,
    })
}
