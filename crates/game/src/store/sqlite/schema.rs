//! The tables of `game.db`. Amounts in units of 0.0001, stakes in steps of 0.01, multipliers in
//! hundredths, instants in Unix milliseconds.

use platform::sqlite::Schema;

/// The game's schema. The constraints are a second lock, never the rules.
pub const SCHEMA: Schema = Schema {
    name: "game",
    steps: &[
        "
CREATE TABLE lobby (
    lobby INTEGER PRIMARY KEY CHECK (lobby > 0),
    owner INTEGER,
    name TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
    mode TEXT NOT NULL CHECK (mode IN ('continuous', 'on_first_bet')),
    curve TEXT NOT NULL CHECK (curve IN ('exponential', 'linear')),
    betting_ms INTEGER NOT NULL,
    stake_min_steps INTEGER NOT NULL,
    stake_max_steps INTEGER NOT NULL,
    multiplier_max_centi INTEGER NOT NULL,
    payout_max_units INTEGER NOT NULL,
    bets_per_player INTEGER NOT NULL,
    house_edge_bps INTEGER NOT NULL,
    funding_units INTEGER NOT NULL,
    chain_length INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    kept_exposure_units INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX lobby_by_owner ON lobby (owner) WHERE owner IS NOT NULL;

CREATE TABLE chain (
    lobby INTEGER NOT NULL REFERENCES lobby,
    chain INTEGER NOT NULL,
    length INTEGER NOT NULL,
    seeds_before INTEGER NOT NULL,
    house_edge_bps INTEGER NOT NULL,
    terminal BLOB NOT NULL,
    public_key BLOB NOT NULL,
    signature BLOB NOT NULL,
    public_seed TEXT,
    used INTEGER NOT NULL DEFAULT 0 CHECK (used <= length),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (lobby, chain)
) STRICT, WITHOUT ROWID;

-- s_N and every 1,000th value, encrypted with a key that is not in here.
CREATE TABLE checkpoint (
    lobby INTEGER NOT NULL,
    chain INTEGER NOT NULL,
    seed_index INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (lobby, chain, seed_index),
    FOREIGN KEY (lobby, chain) REFERENCES chain
) STRICT, WITHOUT ROWID;

CREATE TABLE round (
    lobby INTEGER NOT NULL REFERENCES lobby,
    round INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    chain INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('open', 'locked', 'crashed', 'settled', 'voided', 'interrupted')),
    seed_index INTEGER,
    count INTEGER NOT NULL DEFAULT 0,
    stake_sum_units INTEGER NOT NULL DEFAULT 0,
    payout_sum_units INTEGER NOT NULL DEFAULT 0,
    bets_hash BLOB,
    heartbeat_centi INTEGER,
    crash_point_centi INTEGER,
    multiplier_centi INTEGER,
    reason TEXT,
    seed BLOB,
    opened_at INTEGER NOT NULL,
    locked_at INTEGER,
    start_at INTEGER,
    ended_at INTEGER,
    -- NULL until the wallet answered the close; then whether it agreed.
    close_agreed INTEGER,
    PRIMARY KEY (lobby, round),
    FOREIGN KEY (lobby, chain) REFERENCES chain,
    CHECK (seed IS NULL OR state IN ('settled', 'interrupted')),
    CHECK (state IN ('open', 'voided') OR seed_index IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX round_unfinished ON round (lobby, round)
    WHERE state IN ('open', 'locked', 'crashed');
CREATE INDEX round_unclosed ON round (lobby, round) WHERE close_agreed IS NULL;
-- No seed is played twice.
CREATE UNIQUE INDEX round_seed ON round (lobby, chain, seed_index) WHERE seed_index IS NOT NULL;

CREATE TABLE bet (
    player INTEGER NOT NULL,
    bet BLOB NOT NULL CHECK (length(bet) = 16),
    lobby INTEGER NOT NULL,
    round INTEGER NOT NULL,
    name TEXT NOT NULL,
    stake_steps INTEGER NOT NULL CHECK (stake_steps > 0),
    auto_centi INTEGER,
    cap_centi INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('accepted', 'cashed_out', 'lost', 'cancelled', 'released')),
    in_round INTEGER NOT NULL DEFAULT 0,
    multiplier_centi INTEGER,
    payout_units INTEGER,
    stamped_ms INTEGER,
    placed_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (player, bet),
    FOREIGN KEY (lobby, round) REFERENCES round,
    CHECK ((state = 'cashed_out') = (payout_units IS NOT NULL)),
    CHECK (payout_units IS NULL OR payout_units = stake_steps * multiplier_centi)
) STRICT, WITHOUT ROWID;
CREATE INDEX bet_by_round ON bet (lobby, round);
CREATE INDEX bet_by_player ON bet (player, placed_at);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lobby INTEGER NOT NULL,
    round INTEGER NOT NULL,
    -- What makes the row unique in its round: what it is and for whom.
    part TEXT NOT NULL,
    body TEXT NOT NULL,
    acknowledged_at INTEGER,
    UNIQUE (lobby, round, part)
) STRICT;
CREATE INDEX outbox_unsent ON outbox (id) WHERE acknowledged_at IS NULL;
CREATE INDEX outbox_unsent_by_lobby ON outbox (lobby) WHERE acknowledged_at IS NULL;
CREATE INDEX outbox_acknowledged ON outbox (acknowledged_at) WHERE acknowledged_at IS NOT NULL;
",
        "
-- What a bet left its player to stake, told in every answer to it.
ALTER TABLE bet ADD COLUMN balance_units INTEGER NOT NULL DEFAULT 0;

-- Lobbies nobody visits are closed: not played any more, their history stays.
ALTER TABLE lobby ADD COLUMN visited_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lobby ADD COLUMN closed_at INTEGER;
UPDATE lobby SET visited_at = max(created_at, 1000 * unixepoch());
CREATE INDEX lobby_by_visit ON lobby (visited_at) WHERE owner IS NOT NULL AND closed_at IS NULL;
",
        "
-- The beacon's round that a chain's commitment names, NULL where the operator draws the public
-- seed, and what the beacon signed.
ALTER TABLE chain ADD COLUMN beacon_round INTEGER CHECK (beacon_round > 0);
ALTER TABLE chain ADD COLUMN beacon_signature BLOB CHECK (length(beacon_signature) = 48);
-- A chain given up: none of its seeds is played any more. Rounds may have been lost with it.
ALTER TABLE chain ADD COLUMN abandoned TEXT CHECK (abandoned IN
    ('beacon_missing', 'published_late', 'store_behind', 'restored'));
ALTER TABLE chain ADD COLUMN abandoned_at INTEGER;
ALTER TABLE chain ADD COLUMN lost_from INTEGER;
ALTER TABLE chain ADD COLUMN lost_to INTEGER;
",
        "
-- Used seeds that no round was locked with, as JSON. On a file nothing is ever skipped.
ALTER TABLE chain ADD COLUMN skipped TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(skipped));
",
        "
-- A bet that was stored and refused all the same: it was never in its round.
ALTER TABLE bet ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
UPDATE bet SET refused = 1 WHERE state = 'released' AND in_round = 0 AND EXISTS (
    SELECT 1 FROM round WHERE round.lobby = bet.lobby AND round.round = bet.round
                          AND round.state <> 'voided');
",
        "
-- Whether the chain's promise is known to have been public long enough before its beacon's round.
ALTER TABLE chain ADD COLUMN promised INTEGER NOT NULL DEFAULT 0;
",
        "
-- For a list of three words or more SQLite builds a table in memory, in every statement that
-- writes the column. The same in other words, which no row can be against: so whoever has the file
-- open may go on with the old ones (https://sqlite.org/lang_altertable.html, the end).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''accepted'', ''cashed_out'', ''lost'', ''cancelled'', ''released'')',
    'state = ''accepted'' OR state = ''lost'' OR state = ''cashed_out'' OR state = ''released''
        OR state = ''cancelled''')
WHERE name = 'bet';
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''open'', ''locked'', ''crashed'', ''settled'', ''voided'', ''interrupted'')',
    'state = ''open'' OR state = ''locked'' OR state = ''crashed'' OR state = ''settled''
        OR state = ''interrupted'' OR state = ''voided''')
WHERE name = 'round';
PRAGMA writable_schema = RESET;
",
    ],
};
