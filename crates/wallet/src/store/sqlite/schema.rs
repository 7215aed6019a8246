//! The tables of the book. Constraints are a second lock: the rules are `ledger`'s.

use platform::sqlite::Schema;

/// The wallet's tables in the user role's file. Steps are only ever appended.
pub const SCHEMA: Schema = Schema { name: "wallet", steps: &[BOOK, HELD, MADE_GOOD, SEEN, WORDS] };

const BOOK: &str = "
-- What the units of every column named _units are; never changes.
CREATE TABLE ledger_book (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    currency TEXT NOT NULL,
    scale INTEGER NOT NULL
) STRICT;

-- player:{id}, house:{lobby}, escrow:{lobby}, and the cashier, whose id is 0.
CREATE TABLE ledger_account (
    kind TEXT NOT NULL CHECK (kind IN ('cashier', 'house', 'escrow', 'player')),
    id INTEGER NOT NULL,
    balance_units INTEGER NOT NULL,
    PRIMARY KEY (kind, id),
    CHECK (balance_units >= 0 OR kind = 'cashier')
) STRICT, WITHOUT ROWID;

-- What nobody may go behind: one row a lobby.
CREATE TABLE ledger_fence (
    lobby INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    closed_round INTEGER NOT NULL,
    seed_index INTEGER NOT NULL
) STRICT;
CREATE TRIGGER ledger_fence_never_falls BEFORE UPDATE ON ledger_fence
WHEN new.epoch < old.epoch OR new.closed_round < old.closed_round
  OR new.seed_index < old.seed_index
BEGIN SELECT raise(ABORT, 'a fence never falls'); END;

-- The tally of a round's holds.
CREATE TABLE ledger_round (
    lobby INTEGER NOT NULL REFERENCES ledger_fence,
    round INTEGER NOT NULL,
    reserved_count INTEGER NOT NULL CHECK (reserved_count >= 0),
    reserved_units INTEGER NOT NULL CHECK (reserved_units >= 0),
    resolved_count INTEGER NOT NULL CHECK (resolved_count >= 0),
    resolved_units INTEGER NOT NULL CHECK (resolved_units >= 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'agreed', 'disagreed')),
    PRIMARY KEY (lobby, round),
    CHECK (state <> 'agreed' OR reserved_count = 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_round_open ON ledger_round (lobby, round) WHERE reserved_count > 0;

-- Bets are named by UUIDs that grow with time, so the bet comes first in the key: the holds of a
-- batch stand side by side, and a commit writes few pages.
CREATE TABLE ledger_hold (
    bet BLOB NOT NULL CHECK (length(bet) = 16),
    player INTEGER NOT NULL,
    lobby INTEGER NOT NULL REFERENCES ledger_fence,
    round INTEGER NOT NULL,
    stake_steps INTEGER NOT NULL CHECK (stake_steps > 0),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'won', 'lost', 'released')),
    payout_units INTEGER CHECK ((payout_units IS NOT NULL) = (state = 'won')),
    released_by TEXT CHECK ((released_by IS NOT NULL) = (state = 'released')),
    PRIMARY KEY (bet, player)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_hold_reserved ON ledger_hold (lobby, round) WHERE state = 'reserved';
CREATE INDEX ledger_hold_held ON ledger_hold (player, stake_steps) WHERE state = 'reserved';
CREATE TRIGGER ledger_hold_is_decided_once BEFORE UPDATE ON ledger_hold
WHEN old.state <> 'reserved'
BEGIN SELECT raise(ABORT, 'a hold is decided once'); END;

-- Releases that came before their reserve.
CREATE TABLE ledger_tombstone (
    player INTEGER NOT NULL,
    bet BLOB NOT NULL,
    lobby INTEGER NOT NULL,
    round INTEGER NOT NULL,
    PRIMARY KEY (player, bet)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_tombstone_round ON ledger_tombstone (lobby, round);

CREATE TABLE ledger_top_up_day (
    player INTEGER PRIMARY KEY,
    day INTEGER NOT NULL,
    sum_units INTEGER NOT NULL
) STRICT;

-- Every movement of money, in order. From and to follow from the kind:
--   funding cashier>house, top_up cashier>player, take_out player>cashier, stake player>escrow,
--   collect escrow>house, payout house>player, release escrow>player.
-- The balance is the player's right after it, null where no player's account moved.
CREATE TABLE ledger_transfer (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('funding', 'top_up', 'take_out', 'stake', 'collect',
                                       'payout', 'release')),
    reference BLOB NOT NULL,
    player INTEGER,
    lobby INTEGER,
    round INTEGER,
    amount_units INTEGER NOT NULL CHECK (amount_units >= 0),
    balance_units INTEGER CHECK (balance_units >= 0)
) STRICT;
CREATE UNIQUE INDEX ledger_transfer_request ON ledger_transfer (player, reference)
    WHERE kind IN ('top_up', 'take_out');
CREATE INDEX ledger_transfer_statement ON ledger_transfer (player, seq)
    WHERE balance_units IS NOT NULL;
CREATE UNIQUE INDEX ledger_transfer_funding ON ledger_transfer (lobby) WHERE kind = 'funding';
CREATE TRIGGER ledger_transfer_is_not_changed BEFORE UPDATE ON ledger_transfer
BEGIN SELECT raise(ABORT, 'a transfer is immutable'); END;
CREATE TRIGGER ledger_transfer_is_not_removed BEFORE DELETE ON ledger_transfer
BEGIN SELECT raise(ABORT, 'a transfer is immutable'); END;

-- What could not be done and wants a look. Zeros and empty texts stand where a column has no
-- meaning, so that the key tells repetitions.
CREATE TABLE ledger_parked (
    reason TEXT NOT NULL,
    lobby INTEGER NOT NULL,
    round INTEGER NOT NULL,
    player INTEGER NOT NULL,
    bet BLOB NOT NULL,
    outcome TEXT NOT NULL,
    payout_units INTEGER NOT NULL,
    locked_count INTEGER NOT NULL,
    locked_units INTEGER NOT NULL,
    resolved_count INTEGER NOT NULL,
    resolved_units INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (lobby, round, player, bet, reason, outcome, payout_units, locked_count,
                 locked_units)
) STRICT, WITHOUT ROWID;
";

/// What a player holds stands with the balance: both are read and written together, and a bet
/// keeps no index of its own for the sum.
const HELD: &str = "
ALTER TABLE ledger_account ADD COLUMN held_units INTEGER NOT NULL DEFAULT 0
    CHECK (held_units >= 0 AND (held_units = 0 OR kind = 'player'));
UPDATE ledger_account SET held_units =
    (SELECT coalesce(sum(stake_steps), 0) * 100 FROM ledger_hold
     WHERE player = ledger_account.id AND state = 'reserved')
WHERE kind = 'player';
DROP INDEX ledger_hold_held;
";

/// A lobby is funded once by itself; what an operator adds later is named by a bet.
const MADE_GOOD: &str = "
DROP INDEX ledger_transfer_funding;
CREATE UNIQUE INDEX ledger_transfer_funding ON ledger_transfer (lobby)
    WHERE kind = 'funding' AND reference = x'00000000000000000000000000000000';
";

/// What closes have named, apart from what a fence was raised to, and who raised it.
const SEEN: &str = "
ALTER TABLE ledger_fence ADD COLUMN seen_round INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger_fence ADD COLUMN seen_seed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger_fence ADD COLUMN request BLOB NOT NULL
    DEFAULT x'00000000000000000000000000000000' CHECK (length(request) = 16);
UPDATE ledger_fence SET seen_round = closed_round, seen_seed = seed_index;
";

/// For a list of three words or more SQLite builds a table in memory, in every statement that
/// writes the column. The same in other words, which no row can be against: so whoever has the file
/// open may go on with the old ones (<https://sqlite.org/lang_altertable.html>, the end).
const WORDS: &str = "
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'kind IN (''cashier'', ''house'', ''escrow'', ''player'')',
    'kind = ''player'' OR kind = ''escrow'' OR kind = ''house'' OR kind = ''cashier''')
WHERE name = 'ledger_account';
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''open'', ''agreed'', ''disagreed'')',
    'state = ''open'' OR state = ''agreed'' OR state = ''disagreed''')
WHERE name = 'ledger_round';
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''reserved'', ''won'', ''lost'', ''released'')',
    'state = ''reserved'' OR state = ''lost'' OR state = ''won'' OR state = ''released''')
WHERE name = 'ledger_hold';
UPDATE sqlite_schema SET sql = replace(sql,
    'kind IN (''funding'', ''top_up'', ''take_out'', ''stake'', ''collect'',
                                       ''payout'', ''release'')',
    'kind = ''stake'' OR kind = ''collect'' OR kind = ''payout'' OR kind = ''release''
        OR kind = ''top_up'' OR kind = ''take_out'' OR kind = ''funding''')
WHERE name = 'ledger_transfer';
PRAGMA writable_schema = RESET;
";
