//! A data directory of SQLite files as the lines of a dump. Nothing is written, also not by a look
//! at what a dead server left: its next start finds the files as its death left them.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{CannotRead, Moment};

/// How long another program's lock on a file is waited for.
const BUSY: Duration = Duration::from_secs(10);

/// A file, and what gives the lines of one of its tables.
type Query = (&'static str, &'static str);

const FENCES: Query = (
    "user.db",
    "SELECT json_object('fence', json_object('lobby', lobby, 'epoch', epoch,
        'closed_round', closed_round, 'seed_index', seed_index)) FROM ledger_fence",
);
const LOBBIES: Query = (
    "game.db",
    "SELECT json_object('lobby', json_object('lobby', lobby, 'epoch', epoch,
        'multiplier_max_centi', multiplier_max_centi)) FROM lobby",
);
const WALLET: &[Query] = &[
    (
        "user.db",
        "SELECT json_object('account', json_object('kind', kind, 'id', id,
            'balance_units', balance_units, 'held_units', held_units)) FROM ledger_account",
    ),
    FENCES,
    (
        "user.db",
        "SELECT json_object('tally', json_object('lobby', lobby, 'round', round,
            'reserved_count', reserved_count, 'reserved_units', reserved_units,
            'resolved_count', resolved_count, 'resolved_units', resolved_units,
            'state', state)) FROM ledger_round",
    ),
    (
        "user.db",
        "SELECT json_object('hold', json_object('player', player, 'bet', lower(hex(bet)),
            'lobby', lobby, 'round', round, 'stake_steps', stake_steps, 'state', state,
            'payout_units', payout_units, 'released_by', released_by)) FROM ledger_hold",
    ),
    (
        "user.db",
        "SELECT json_object('transfer', json_object('seq', seq, 'kind', kind,
            'reference', lower(hex(reference)), 'player', player, 'lobby', lobby,
            'round', round, 'amount_units', amount_units, 'balance_units', balance_units))
         FROM ledger_transfer ORDER BY seq",
    ),
    (
        "user.db",
        "SELECT json_object('parked', json_object('reason', reason, 'lobby', lobby,
            'round', round, 'player', player, 'outcome', outcome)) FROM ledger_parked",
    ),
];
const GAME: &[Query] = &[
    LOBBIES,
    (
        "game.db",
        "SELECT json_object('chain', json_object('lobby', lobby, 'chain', chain,
            'length', length, 'house_edge_bps', house_edge_bps, 'terminal', lower(hex(terminal)),
            'public_seed', public_seed, 'used', used)) FROM chain",
    ),
    (
        "game.db",
        "SELECT json_object('unsent', json_object('lobby', lobby, 'round', round, 'part', part))
         FROM outbox WHERE acknowledged_at IS NULL",
    ),
];
const ROUND: &str = "SELECT json_object('round', json_object('lobby', lobby, 'round', round,
    'epoch', epoch, 'chain', chain, 'state', state, 'seed_index', seed_index, 'count', count,
    'stake_sum_units', stake_sum_units, 'payout_sum_units', payout_sum_units,
    'bets_hash', iif(bets_hash IS NULL, NULL, lower(hex(bets_hash))),
    'heartbeat_centi', heartbeat_centi, 'crash_point_centi', crash_point_centi,
    'multiplier_centi', multiplier_centi,
    'seed', iif(seed IS NULL, NULL, lower(hex(seed))), 'close_agreed', close_agreed))
    FROM round";
const BET: &str = "SELECT json_object('bet', json_object('player', player,
    'bet', lower(hex(bet)), 'lobby', lobby, 'round', round, 'stake_steps', stake_steps,
    'auto_centi', auto_centi, 'cap_centi', cap_centi, 'state', state, 'in_round', in_round,
    'multiplier_centi', multiplier_centi, 'payout_units', payout_units,
    'stamped_ms', stamped_ms)) FROM bet";
/// Rounds without an end.
const UNFINISHED: &str = "state IN ('open', 'locked', 'crashed')";

/// Gives every line of a dump of `data` to `take`, the head first.
///
/// # Errors
/// [`CannotRead`], also one of `take`'s: not everything was given.
pub fn rows(
    data: &Path,
    moment: Moment,
    take: &mut dyn FnMut(&str) -> Result<(), CannotRead>,
) -> Result<(), CannotRead> {
    let files = Files { user: open(data, "user.db")?, game: open(data, "game.db")? };
    take(&format!(r#"{{"head":{{"moment":"{}"}}}}"#, named(moment)))?;
    if moment == Moment::Death {
        files.give(FENCES, take)?;
        files.give(LOBBIES, take)?;
        files.give(("game.db", &format!("{ROUND} WHERE {UNFINISHED}")), take)?;
        let bets = format!(
            "{BET} WHERE (lobby, round) IN (SELECT lobby, round FROM round WHERE {UNFINISHED})"
        );
        return files.give(("game.db", &bets), take);
    }
    for query in WALLET.iter().chain(GAME) {
        files.give(*query, take)?;
    }
    files.give(("game.db", ROUND), take)?;
    files.give(("game.db", BET), take)
}

/// Both files.
struct Files {
    user: Connection,
    game: Connection,
}

impl Files {
    fn give(
        &self,
        (file, query): (&str, &str),
        take: &mut dyn FnMut(&str) -> Result<(), CannotRead>,
    ) -> Result<(), CannotRead> {
        let connection = if file == "user.db" { &self.user } else { &self.game };
        let mut statement = connection.prepare(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        }
        Ok(())
    }
}

fn open(data: &Path, file: &str) -> Result<Connection, CannotRead> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(file), flags)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; BEGIN")?;
    Ok(connection)
}

const fn named(moment: Moment) -> &'static str {
    match moment {
        Moment::Rest => "rest",
        Moment::Settled => "settled",
        Moment::Death => "death",
    }
}
