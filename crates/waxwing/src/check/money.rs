//! What holds in the wallet's book alone.

use rusqlite::{Connection, ErrorCode, Result};

use super::findings::Findings;
use super::{Invariant, Look};

pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "files_are_sound",
        says: "the pages of the databases are whole",
        look: Look::Walk(pages),
    },
    Invariant {
        name: "balances_sum_to_zero",
        says: "no money is made or lost",
        look: Look::Rows(
            "SELECT 'ledger', 'all balances sum to ' || units || ' units'
             FROM (SELECT coalesce(sum(balance_units), 0) AS units FROM book.ledger_account)
             WHERE units <> 0",
        ),
    },
    Invariant {
        name: "nobody_owes",
        says: "only the cashier's balance may be below zero",
        look: Look::Rows(
            "SELECT kind || ':' || id, 'has ' || balance_units || ' units'
             FROM book.ledger_account WHERE balance_units < 0 AND kind <> 'cashier'",
        ),
    },
    Invariant {
        name: "transfers_give_the_balances",
        says: "replaying every transfer gives every stored balance",
        look: Look::Rows(
            "WITH side (kind, id, units) AS (
                SELECT CASE WHEN kind IN ('funding', 'top_up') THEN 'cashier'
                            WHEN kind IN ('take_out', 'stake') THEN 'player'
                            WHEN kind IN ('collect', 'release') THEN 'escrow'
                            WHEN kind = 'payout' THEN 'house' ELSE 'unknown ' || kind END,
                       CASE WHEN kind IN ('funding', 'top_up') THEN 0
                            WHEN kind IN ('take_out', 'stake') THEN player ELSE lobby END,
                       -amount_units FROM book.ledger_transfer
                UNION ALL
                SELECT CASE WHEN kind IN ('funding', 'collect') THEN 'house'
                            WHEN kind IN ('top_up', 'payout', 'release') THEN 'player'
                            WHEN kind = 'take_out' THEN 'cashier'
                            WHEN kind = 'stake' THEN 'escrow' ELSE 'unknown ' || kind END,
                       CASE WHEN kind = 'take_out' THEN 0
                            WHEN kind IN ('top_up', 'payout', 'release') THEN player
                            ELSE lobby END,
                       amount_units FROM book.ledger_transfer),
             given (kind, id, units) AS (SELECT kind, id, sum(units) FROM side GROUP BY kind, id)
             SELECT coalesce(account.kind, given.kind) || ':' || coalesce(account.id, given.id),
                    'has ' || coalesce(balance_units, 0) || ' units, its transfers give '
                    || coalesce(units, 0)
             FROM given FULL JOIN book.ledger_account AS account
               ON account.kind = given.kind AND account.id = given.id
             WHERE coalesce(units, 0) <> coalesce(balance_units, 0)",
        ),
    },
    Invariant {
        name: "statements_add_up",
        says: "each line of a player's statement follows from the line before",
        look: Look::Rows(
            "WITH line AS (
                SELECT player, seq, balance_units,
                       CASE WHEN kind IN ('take_out', 'stake') THEN -amount_units
                            ELSE amount_units END AS moved,
                       lag(balance_units, 1, 0) OVER (PARTITION BY player ORDER BY seq) AS earlier
                FROM book.ledger_transfer WHERE balance_units IS NOT NULL)
             SELECT 'player:' || player || ' transfer ' || seq,
                    'shows ' || balance_units || ' units after ' || earlier || ' and ' || moved
             FROM line WHERE balance_units <> earlier + moved",
        ),
    },
    Invariant {
        name: "escrow_is_what_is_held",
        says: "a lobby's escrow is the sum of its reserved holds",
        look: Look::Rows(
            "WITH held (lobby, units) AS (
                SELECT lobby, sum(stake_steps) * 100 FROM book.ledger_hold
                WHERE state = 'reserved' GROUP BY lobby),
             escrow (lobby, units) AS (
                SELECT id, balance_units FROM book.ledger_account WHERE kind = 'escrow')
             SELECT 'escrow:' || coalesce(escrow.lobby, held.lobby),
                    'has ' || coalesce(escrow.units, 0) || ' units, '
                    || coalesce(held.units, 0) || ' are held'
             FROM held FULL JOIN escrow ON escrow.lobby = held.lobby
             WHERE coalesce(escrow.units, 0) <> coalesce(held.units, 0)",
        ),
    },
    Invariant {
        name: "held_is_what_is_reserved",
        says: "what a player is told to hold is the sum of his reserved holds",
        look: Look::Rows(
            "WITH held (player, units) AS (
                SELECT player, sum(stake_steps) * 100 FROM book.ledger_hold
                WHERE state = 'reserved' GROUP BY player),
             told (player, units) AS (
                SELECT id, held_units FROM book.ledger_account WHERE kind = 'player')
             SELECT 'player:' || coalesce(told.player, held.player),
                    'is told ' || coalesce(told.units, 0) || ' units, '
                    || coalesce(held.units, 0) || ' are held'
             FROM held FULL JOIN told ON told.player = held.player
             WHERE coalesce(told.units, 0) <> coalesce(held.units, 0)",
        ),
    },
    Invariant {
        name: "closed_rounds_hold_nothing",
        says: "a closed round has no reserved hold, unless its close was alarmed",
        look: Look::Rows(
            "SELECT 'round ' || hold.lobby || '/' || hold.round || ' player:' || hold.player,
                    'still holds ' || hold.stake_steps || ' steps'
             FROM book.ledger_hold AS hold JOIN book.ledger_fence AS fence USING (lobby)
             WHERE hold.state = 'reserved' AND hold.round <= fence.closed_round
               AND NOT EXISTS (SELECT 1 FROM book.ledger_round AS tally
                               WHERE tally.lobby = hold.lobby AND tally.round = hold.round
                                 AND tally.state = 'disagreed')",
        ),
    },
    Invariant {
        name: "tallies_count_the_holds",
        says: "what the wallet counted of a round is what its holds say",
        look: Look::Rows(
            "WITH counted AS (
                SELECT lobby, round,
                       sum(state = 'reserved') AS reserved,
                       sum(iif(state = 'reserved', stake_steps, 0)) * 100 AS reserved_units,
                       sum(state IN ('won', 'lost') OR released_by = 'resolve') AS resolved,
                       sum(iif(state IN ('won', 'lost') OR released_by = 'resolve',
                               stake_steps, 0)) * 100 AS resolved_units
                FROM book.ledger_hold GROUP BY lobby, round)
             SELECT 'round ' || coalesce(tally.lobby, counted.lobby) || '/'
                    || coalesce(tally.round, counted.round),
                    'counts ' || coalesce(tally.reserved_count, 0) || ' reserved and '
                    || coalesce(tally.resolved_count, 0) || ' resolved, its holds '
                    || coalesce(counted.reserved, 0) || ' and ' || coalesce(counted.resolved, 0)
             FROM counted FULL JOIN book.ledger_round AS tally
               ON tally.lobby = counted.lobby AND tally.round = counted.round
             WHERE (coalesce(tally.reserved_count, 0), coalesce(tally.reserved_units, 0),
                    coalesce(tally.resolved_count, 0), coalesce(tally.resolved_units, 0))
                <> (coalesce(counted.reserved, 0), coalesce(counted.reserved_units, 0),
                    coalesce(counted.resolved, 0), coalesce(counted.resolved_units, 0))",
        ),
    },
    Invariant {
        name: "nothing_is_parked",
        says: "the wallet could do everything it was told",
        look: Look::Rows(
            "SELECT 'round ' || lobby || '/' || round || iif(player > 0, ' player:' || player, ''),
                    reason || ' ' || outcome || ': ' || payout_units || ' units; locked '
                    || locked_count || ' bets of ' || locked_units || ' units, resolved '
                    || resolved_count || ' of ' || resolved_units
             FROM later.ledger_parked",
        ),
    },
];

/// What SQLite itself finds in the files.
fn pages(connection: &Connection, findings: &mut Findings) -> Result<()> {
    for (schema, file) in [("later", "user.db"), ("game", "game.db")] {
        match quick_check(connection, schema) {
            Ok(said) => {
                let wrong = said.into_iter().filter(|line| line != "ok");
                wrong.for_each(|line| findings.add(file.into(), line));
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
                findings.add(file.into(), error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn quick_check(connection: &Connection, schema: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA {schema}.quick_check(20)"))?;
    statement.query_map([], |row| row.get(0))?.collect()
}
