//! The tables of the game in PostgreSQL. Amounts in units of 0.0001, stakes in steps of 0.01,
//! multipliers in hundredths, instants in Unix milliseconds. Constraints are a second lock.

use platform::postgres::Schema;

/// The game's tables in the game role's database. Steps are only ever appended.
pub const POSTGRES_SCHEMA: Schema = Schema { name: "game", steps: &[LOBBIES, ROUNDS, RESTORED] };

const LOBBIES: &str = "
-- Nodes and how long each may own lobbies, on this database's clock alone.
CREATE TABLE node (
    node BYTEA PRIMARY KEY CHECK (length(node) = 16),
    lease_until TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- Whoever makes a lobby locks it, so that numbers have no gaps and limits are counted one by one.
CREATE TABLE lobby_counter (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL
);
INSERT INTO lobby_counter VALUES (1, 0);

CREATE TABLE lobby (
    lobby BIGINT PRIMARY KEY CHECK (lobby > 0),
    owner BIGINT,
    name TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
    mode TEXT NOT NULL CHECK (mode IN ('continuous', 'on_first_bet')),
    curve TEXT NOT NULL CHECK (curve IN ('exponential', 'linear')),
    betting_ms BIGINT NOT NULL,
    stake_min_steps BIGINT NOT NULL,
    stake_max_steps BIGINT NOT NULL,
    multiplier_max_centi BIGINT NOT NULL,
    payout_max_units BIGINT NOT NULL,
    bets_per_player BIGINT NOT NULL,
    house_edge_bps BIGINT NOT NULL,
    funding_units BIGINT NOT NULL,
    chain_length BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- The highest epoch that the wallet has let pass.
    epoch BIGINT NOT NULL DEFAULT 0,
    kept_exposure_units BIGINT NOT NULL DEFAULT 0,
    visited_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX lobby_by_owner ON lobby (owner) WHERE owner IS NOT NULL;
CREATE INDEX lobby_configured ON lobby (lobby) WHERE owner IS NULL;
CREATE INDEX lobby_public ON lobby (lobby) WHERE visibility = 'public' AND closed_at IS NULL;
CREATE INDEX lobby_by_visit ON lobby (visited_at) WHERE owner IS NOT NULL AND closed_at IS NULL;

-- Who plays a lobby, and under which epoch. The node is null where nobody does; the row stays, so
-- that no epoch is given twice. Its lock is the fence: shared by whoever changes the lobby's
-- rounds, alone for whoever claims it.
CREATE TABLE lobby_owner (
    lobby BIGINT PRIMARY KEY REFERENCES lobby,
    node BYTEA CHECK (length(node) = 16),
    epoch BIGINT NOT NULL
);
CREATE INDEX lobby_owner_node ON lobby_owner (node) WHERE node IS NOT NULL;
CREATE FUNCTION game_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$;
CREATE TRIGGER lobby_owner_never_falls BEFORE UPDATE ON lobby_owner FOR EACH ROW
WHEN (new.epoch < old.epoch) EXECUTE FUNCTION game_refuse('an epoch never falls');
";

const ROUNDS: &str = "
CREATE TABLE chain (
    lobby BIGINT NOT NULL REFERENCES lobby,
    chain BIGINT NOT NULL,
    length BIGINT NOT NULL,
    seeds_before BIGINT NOT NULL,
    house_edge_bps BIGINT NOT NULL,
    terminal BYTEA NOT NULL CHECK (length(terminal) = 32),
    public_key BYTEA NOT NULL CHECK (length(public_key) = 32),
    signature BYTEA NOT NULL CHECK (length(signature) = 64),
    -- The beacon's round that the commitment names, null where the operator draws the public seed,
    -- and what the beacon signed.
    beacon_round BIGINT CHECK (beacon_round > 0),
    public_seed TEXT,
    -- Whether the promise is known to have been public long enough before its beacon's round.
    promised BOOLEAN NOT NULL DEFAULT FALSE,
    beacon_signature BYTEA CHECK (length(beacon_signature) = 48),
    used BIGINT NOT NULL DEFAULT 0 CHECK (used <= length),
    -- Used seeds that no round was locked with.
    skipped JSONB NOT NULL DEFAULT '[]',
    -- A chain given up: none of its seeds is played any more. Rounds may have been lost with it.
    abandoned TEXT CHECK (abandoned IN
        ('beacon_missing', 'published_late', 'store_behind', 'restored')),
    abandoned_at BIGINT,
    lost_from BIGINT,
    lost_to BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (lobby, chain)
);
CREATE TRIGGER chain_never_falls BEFORE UPDATE ON chain FOR EACH ROW
WHEN (new.used < old.used OR new.terminal <> old.terminal OR new.public_seed <> old.public_seed)
EXECUTE FUNCTION game_refuse('a promise is never changed, and no seed is played twice');

-- s_N and every 1,000th value, encrypted with a key that is not in here.
CREATE TABLE checkpoint (
    lobby BIGINT NOT NULL,
    chain BIGINT NOT NULL,
    seed_index BIGINT NOT NULL,
    nonce BYTEA NOT NULL CHECK (length(nonce) = 24),
    sealed BYTEA NOT NULL,
    PRIMARY KEY (lobby, chain, seed_index),
    FOREIGN KEY (lobby, chain) REFERENCES chain
);

-- Changed with every heartbeat: its page keeps room for new versions.
CREATE TABLE round (
    lobby BIGINT NOT NULL REFERENCES lobby,
    round BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    chain BIGINT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('open', 'locked', 'crashed', 'settled', 'voided', 'interrupted')),
    seed_index BIGINT,
    count BIGINT NOT NULL DEFAULT 0,
    stake_sum_units BIGINT NOT NULL DEFAULT 0,
    payout_sum_units BIGINT NOT NULL DEFAULT 0,
    bets_hash BYTEA CHECK (length(bets_hash) = 32),
    heartbeat_centi BIGINT,
    crash_point_centi BIGINT,
    multiplier_centi BIGINT,
    reason TEXT,
    seed BYTEA CHECK (length(seed) = 32),
    opened_at BIGINT NOT NULL,
    locked_at BIGINT,
    start_at BIGINT,
    ended_at BIGINT,
    -- Null until the wallet answered the close; then whether it agreed.
    close_agreed BOOLEAN,
    PRIMARY KEY (lobby, round),
    FOREIGN KEY (lobby, chain) REFERENCES chain,
    CHECK (seed IS NULL OR state IN ('settled', 'interrupted')),
    CHECK (state IN ('open', 'voided') OR seed_index IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX round_unfinished ON round (lobby, round)
    WHERE state IN ('open', 'locked', 'crashed');
CREATE INDEX round_unclosed ON round (lobby, round) WHERE close_agreed IS NULL;
-- No seed is played twice.
CREATE UNIQUE INDEX round_seed ON round (lobby, chain, seed_index) WHERE seed_index IS NOT NULL;

-- Bets are named by UUIDs that grow with time, so the bet comes first in the key.
CREATE TABLE bet (
    bet BYTEA NOT NULL CHECK (length(bet) = 16),
    player BIGINT NOT NULL,
    lobby BIGINT NOT NULL,
    round BIGINT NOT NULL,
    name TEXT NOT NULL,
    stake_steps BIGINT NOT NULL CHECK (stake_steps > 0),
    auto_centi BIGINT,
    cap_centi BIGINT NOT NULL,
    -- What the bet left its player to stake, told in every answer to it.
    balance_units BIGINT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('accepted', 'cashed_out', 'lost', 'cancelled', 'released')),
    in_round BOOLEAN NOT NULL DEFAULT FALSE,
    -- Stored and refused all the same: it was never in its round.
    refused BOOLEAN NOT NULL DEFAULT FALSE,
    multiplier_centi BIGINT,
    payout_units BIGINT,
    stamped_ms BIGINT,
    placed_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (bet, player),
    FOREIGN KEY (lobby, round) REFERENCES round,
    CHECK ((state = 'cashed_out') = (payout_units IS NOT NULL)),
    CHECK (payout_units IS NULL OR payout_units = stake_steps * multiplier_centi)
) WITH (fillfactor = 80);
CREATE INDEX bet_by_round ON bet (lobby, round);
CREATE INDEX bet_by_player ON bet (player, placed_at);
CREATE TRIGGER bet_ends_once BEFORE UPDATE ON bet FOR EACH ROW
WHEN (old.state <> 'accepted') EXECUTE FUNCTION game_refuse('a bet ends once');

CREATE TABLE outbox (
    -- Rises within a lobby, whose owner alone queues its rows.
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lobby BIGINT NOT NULL,
    round BIGINT NOT NULL,
    -- What makes the row unique in its round: what it is and for whom.
    part TEXT NOT NULL,
    body TEXT NOT NULL,
    acknowledged_at BIGINT,
    UNIQUE (lobby, round, part)
);
CREATE INDEX outbox_unsent ON outbox (lobby, id) WHERE acknowledged_at IS NULL;
CREATE INDEX outbox_acknowledged ON outbox (acknowledged_at) WHERE acknowledged_at IS NOT NULL;
";

/// Nodes look four times a second for lobbies that were restored and not settled since.
const RESTORED: &str = "
CREATE INDEX chain_restored ON chain (lobby, chain) WHERE abandoned = 'restored';
";
