//! Locks and reads the rows that a batch touches.
//!
//! Every transaction locks in one order: fences by lobby, then the cashier, escrows and houses,
//! then players. Whoever has a lobby's house has its rounds, holds and tombstones, whoever has a
//! player has that player's requests: these are read after the locks and need none of their own.

use futures_util::future;
use kernel::RoundId;
use ledger::{Account, Command, HoldId, Keys, Kind, Rows, TopUp, TopUpDay};
use platform::postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::columns::{self, Result, corrupt};
use crate::store::words;

/// `FOR SHARE` lets others of the same epoch go on, and a new owner wait: what is decided under it
/// is decided under an epoch that stands until the commit. `EXISTS` would not hold anybody up.
const FENCES_SHARED: &str = "
SELECT lobby, epoch, closed_round, seed_index, seen_round, seen_seed, request
FROM ledger_fence WHERE lobby = ANY($1) ORDER BY lobby FOR SHARE";
const FENCES_CHANGED: &str = "
SELECT lobby, epoch, closed_round, seed_index, seen_round, seen_seed, request
FROM ledger_fence WHERE lobby = ANY($1) ORDER BY lobby FOR UPDATE";
const LOBBIES: &str = "
SELECT kind, id, balance_units FROM ledger_account
WHERE (kind = 'cashier' AND id = 0 AND $1) OR (kind IN ('escrow', 'house') AND id = ANY($2))
ORDER BY kind, id FOR UPDATE";
const PLAYERS: &str = "
SELECT id, balance_units, held_units FROM ledger_account
WHERE kind = 'player' AND id = ANY($1) ORDER BY id FOR UPDATE";
const CLOSING: &str = "
SELECT player, bet, lobby, round, stake_steps, state, payout_units, released_by FROM ledger_hold
JOIN unnest($1::BIGINT[], $2::BIGINT[]) AS key (lobby, round) USING (lobby, round)
WHERE state = 'reserved'";
const ROUNDS: &str = "
SELECT lobby, round, reserved_count, reserved_units, resolved_count, resolved_units, state
FROM ledger_round JOIN unnest($1::BIGINT[], $2::BIGINT[]) AS key (lobby, round)
    USING (lobby, round)";
const OPEN_ROUNDS: &str = "
SELECT lobby, round, reserved_count, reserved_units, resolved_count, resolved_units, state
FROM ledger_round WHERE lobby = ANY($1) AND reserved_count > 0";
const HOLDS: &str = "
SELECT player, bet, lobby, round, stake_steps, state, payout_units, released_by FROM ledger_hold
JOIN unnest($1::BIGINT[], $2::BYTEA[]) AS key (player, bet) USING (player, bet)";
const TOMBSTONES: &str = "
SELECT player, bet, lobby, round FROM ledger_tombstone
JOIN unnest($1::BIGINT[], $2::BYTEA[]) AS key (player, bet) USING (player, bet)";
const REQUESTS: &str = "
SELECT player, reference, kind, amount_units, balance_units FROM ledger_transfer
JOIN unnest($1::BIGINT[], $2::BYTEA[]) AS key (player, reference) USING (player, reference)
WHERE kind IN ('top_up', 'take_out')";
const DAYS: &str = "SELECT player, day, sum_units FROM ledger_top_up_day WHERE player = ANY($1)";

type Parameters<'a> = [&'a (dyn ToSql + Sync)];

/// What `sql` finds; nothing is asked where there is nothing to ask for.
async fn select(
    tx: &Transaction<'_>,
    sql: &str,
    is_needed: bool,
    parameters: &Parameters<'_>,
) -> Result<Vec<Row>> {
    if !is_needed {
        return Ok(Vec::new());
    }
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.query(&statement, parameters).await?)
}

/// Everything `keys` names, and the reserved holds of closing rounds with their players.
pub(super) async fn rows(tx: &Transaction<'_>, batch: &[Command], mut keys: Keys) -> Result<Rows> {
    let mut rows = Rows::default();
    locks(tx, batch, &keys, &mut rows).await?;
    closing(tx, &mut keys, &mut rows).await?;
    players(tx, &keys, &mut rows).await?;
    // Under the locks, in any order, and without waiting for each other's answers.
    let (rounds, holds) = (rounds(tx, &keys), holds(tx, &keys));
    let funds = funds(tx, &keys);
    let (rounds, (holds, tombstones), (requests, days)) =
        future::try_join3(rounds, holds, funds).await?;
    for row in &rounds {
        rows.rounds.insert(columns::round_id(row, 0)?, columns::round(row, 2)?);
    }
    for row in &holds {
        rows.holds.insert(columns::hold_id(row, 0)?, columns::hold(row, 2)?);
    }
    for row in &tombstones {
        rows.tombstones.insert(columns::hold_id(row, 0)?, columns::round_id(row, 2)?);
    }
    for row in &requests {
        let kind = words::kind_of(row.try_get(2)?).ok_or_else(|| corrupt(row, 2))?;
        let amount = columns::amount(row, 3)?;
        let moved = if kind == Kind::TakeOut { -amount } else { amount };
        let made = TopUp { moved, balance: columns::amount(row, 4)? };
        rows.requests.insert((columns::player(row, 0)?, columns::sixteen(row, 1)?), made);
    }
    for row in &days {
        let day = TopUpDay { day: columns::number(row, 1)?, sum: columns::amount(row, 2)? };
        rows.top_up_days.insert(columns::player(row, 0)?, day);
    }
    Ok(rows)
}

/// Locks fences, the cashier, and the lobbies' accounts.
async fn locks(
    tx: &Transaction<'_>,
    batch: &[Command],
    keys: &Keys,
    rows: &mut Rows,
) -> Result<()> {
    let changes = |command: &Command| matches!(command, Command::Fence(_) | Command::Close(_));
    let fences = if batch.iter().any(changes) { FENCES_CHANGED } else { FENCES_SHARED };
    let lobbies: Vec<i64> = keys.fences.iter().map(|lobby| lobby.as_i64()).collect();
    let found = select(tx, fences, !lobbies.is_empty(), &[&lobbies]).await?;
    for row in &found {
        rows.fences.insert(columns::lobby(row, 0)?, columns::fence(row, 1)?);
    }
    let cashier = keys.accounts.contains(&Account::Cashier);
    let is_needed = cashier || !lobbies.is_empty();
    for row in &select(tx, LOBBIES, is_needed, &[&cashier, &lobbies]).await? {
        let account = match row.try_get(0)? {
            "cashier" => Account::Cashier,
            "escrow" => Account::Escrow(columns::lobby(row, 1)?),
            _ => Account::House(columns::lobby(row, 1)?),
        };
        rows.accounts.insert(account, columns::amount(row, 2)?);
    }
    Ok(())
}

/// The holds that a close may release; no lobby's hold changes while its house is locked.
async fn closing(tx: &Transaction<'_>, keys: &mut Keys, rows: &mut Rows) -> Result<()> {
    let (lobbies, numbers) = split_rounds(&keys.closing);
    for row in &select(tx, CLOSING, !lobbies.is_empty(), &[&lobbies, &numbers]).await? {
        let id = columns::hold_id(row, 0)?;
        keys.add_reserved(id);
        rows.holds.insert(id, columns::hold(row, 2)?);
    }
    Ok(())
}

/// Locks the players' accounts.
async fn players(tx: &Transaction<'_>, keys: &Keys, rows: &mut Rows) -> Result<()> {
    let players = keys.accounts.iter().filter_map(|account| match account {
        Account::Player(player) => Some(player.as_i64()),
        _ => None,
    });
    let players: Vec<i64> = players.collect();
    for row in &select(tx, PLAYERS, !players.is_empty(), &[&players]).await? {
        let player = columns::player(row, 0)?;
        rows.accounts.insert(Account::Player(player), columns::amount(row, 1)?);
        rows.held.insert(player, columns::amount(row, 2)?);
    }
    Ok(())
}

async fn rounds(tx: &Transaction<'_>, keys: &Keys) -> Result<Vec<Row>> {
    let (lobbies, numbers) = split_rounds(&keys.rounds);
    let open: Vec<i64> = keys.open_rounds.iter().map(|lobby| lobby.as_i64()).collect();
    let named: [&(dyn ToSql + Sync); 2] = [&lobbies, &numbers];
    let of_lobbies: [&(dyn ToSql + Sync); 1] = [&open];
    let named = select(tx, ROUNDS, !lobbies.is_empty(), &named);
    let open = select(tx, OPEN_ROUNDS, !open.is_empty(), &of_lobbies);
    let (mut named, open) = future::try_join(named, open).await?;
    named.extend(open);
    Ok(named)
}

/// Holds, and tombstones of the same names.
async fn holds(tx: &Transaction<'_>, keys: &Keys) -> Result<(Vec<Row>, Vec<Row>)> {
    let players: Vec<i64> = keys.holds.iter().map(|hold| hold.player.as_i64()).collect();
    let bets: Vec<&[u8]> = keys.holds.iter().map(bet).collect();
    let key: [&(dyn ToSql + Sync); 2] = [&players, &bets];
    let holds = select(tx, HOLDS, !players.is_empty(), &key);
    let tombstones = select(tx, TOMBSTONES, !players.is_empty(), &key);
    future::try_join(holds, tombstones).await
}

/// Requests made, and days of top-ups.
async fn funds(tx: &Transaction<'_>, keys: &Keys) -> Result<(Vec<Row>, Vec<Row>)> {
    let players: Vec<i64> = keys.requests.iter().map(|(player, _)| player.as_i64()).collect();
    let requests: Vec<&[u8]> = keys.requests.iter().map(|(_, request)| &request[..]).collect();
    let days: Vec<i64> = keys.top_up_days.iter().map(|player| player.as_i64()).collect();
    let named: [&(dyn ToSql + Sync); 2] = [&players, &requests];
    let of_players: [&(dyn ToSql + Sync); 1] = [&days];
    let requests = select(tx, REQUESTS, !players.is_empty(), &named);
    let days = select(tx, DAYS, !days.is_empty(), &of_players);
    future::try_join(requests, days).await
}

fn bet(hold: &HoldId) -> &[u8] {
    hold.bet.as_bytes()
}

fn split_rounds<'a>(rounds: impl IntoIterator<Item = &'a RoundId>) -> (Vec<i64>, Vec<i64>) {
    rounds.into_iter().map(|round| (round.lobby.as_i64(), i64::from(round.number))).unzip()
}
