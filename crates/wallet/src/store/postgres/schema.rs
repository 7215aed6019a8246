//! The tables of the book in PostgreSQL. Constraints are a second lock: the rules are `ledger`'s.

use platform::postgres::Schema;

/// The wallet's tables in the user role's database. Steps are only ever appended.
pub const POSTGRES_SCHEMA: Schema = Schema { name: "wallet", steps: &[BOOK] };

const BOOK: &str = "
-- What the units of every column named _units are; never changes.
CREATE TABLE ledger_book (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    currency TEXT NOT NULL,
    scale BIGINT NOT NULL
);

-- player:{id}, house:{lobby}, escrow:{lobby}, and the cashier, whose id is 0. What a player holds
-- stands with the balance. A page keeps room for new versions of its rows.
CREATE TABLE ledger_account (
    kind TEXT COLLATE \"C\" NOT NULL CHECK (kind IN ('cashier', 'house', 'escrow', 'player')),
    id BIGINT NOT NULL,
    balance_units BIGINT NOT NULL,
    held_units BIGINT NOT NULL CHECK (held_units >= 0 AND (held_units = 0 OR kind = 'player')),
    PRIMARY KEY (kind, id),
    CHECK (balance_units >= 0 OR kind = 'cashier')
) WITH (fillfactor = 70);

-- What nobody may go behind: one row a lobby.
CREATE TABLE ledger_fence (
    lobby BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    closed_round BIGINT NOT NULL,
    seed_index BIGINT NOT NULL,
    seen_round BIGINT NOT NULL,
    seen_seed BIGINT NOT NULL,
    request BYTEA NOT NULL CHECK (length(request) = 16)
);
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$;
CREATE TRIGGER ledger_fence_never_falls BEFORE UPDATE ON ledger_fence FOR EACH ROW
WHEN (new.epoch < old.epoch OR new.closed_round < old.closed_round
   OR new.seed_index < old.seed_index)
EXECUTE FUNCTION ledger_refuse('a fence never falls');

-- The tally of a round's holds.
CREATE TABLE ledger_round (
    lobby BIGINT NOT NULL REFERENCES ledger_fence,
    round BIGINT NOT NULL,
    reserved_count BIGINT NOT NULL CHECK (reserved_count >= 0),
    reserved_units BIGINT NOT NULL CHECK (reserved_units >= 0),
    resolved_count BIGINT NOT NULL CHECK (resolved_count >= 0),
    resolved_units BIGINT NOT NULL CHECK (resolved_units >= 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'agreed', 'disagreed')),
    PRIMARY KEY (lobby, round),
    CHECK (state <> 'agreed' OR reserved_count = 0)
);
CREATE INDEX ledger_round_open ON ledger_round (lobby, round) WHERE reserved_count > 0;

-- Bets are named by UUIDs that grow with time, so the bet comes first in the key. No foreign key:
-- every hold's fence is locked by the transaction that makes it.
CREATE TABLE ledger_hold (
    bet BYTEA NOT NULL CHECK (length(bet) = 16),
    player BIGINT NOT NULL,
    lobby BIGINT NOT NULL,
    round BIGINT NOT NULL,
    stake_steps BIGINT NOT NULL CHECK (stake_steps > 0),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'won', 'lost', 'released')),
    payout_units BIGINT CHECK ((payout_units IS NOT NULL) = (state = 'won')),
    released_by TEXT CHECK ((released_by IS NOT NULL) = (state = 'released')),
    PRIMARY KEY (bet, player)
);
CREATE INDEX ledger_hold_reserved ON ledger_hold (lobby, round) WHERE state = 'reserved';
CREATE TRIGGER ledger_hold_is_decided_once BEFORE UPDATE ON ledger_hold FOR EACH ROW
WHEN (old.state <> 'reserved') EXECUTE FUNCTION ledger_refuse('a hold is decided once');

-- Releases that came before their reserve.
CREATE TABLE ledger_tombstone (
    player BIGINT NOT NULL,
    bet BYTEA NOT NULL,
    lobby BIGINT NOT NULL,
    round BIGINT NOT NULL,
    PRIMARY KEY (bet, player)
);
CREATE INDEX ledger_tombstone_round ON ledger_tombstone (lobby, round);

CREATE TABLE ledger_top_up_day (
    player BIGINT PRIMARY KEY,
    day BIGINT NOT NULL,
    sum_units BIGINT NOT NULL
);

-- Every movement of money. From and to follow from the kind:
--   funding cashier>house, top_up cashier>player, take_out player>cashier, stake player>escrow,
--   collect escrow>house, payout house>player, release escrow>player.
-- seq rises with every movement of one account, since whoever moves it has it locked; between
-- accounts it says nothing, and numbers of undone transactions are missing.
-- The balance is the player's right after it, null where no player's account moved.
CREATE TABLE ledger_transfer (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('funding', 'top_up', 'take_out', 'stake', 'collect',
                                       'payout', 'release')),
    reference BYTEA NOT NULL,
    player BIGINT,
    lobby BIGINT,
    round BIGINT,
    amount_units BIGINT NOT NULL CHECK (amount_units >= 0),
    balance_units BIGINT CHECK (balance_units >= 0)
);
CREATE UNIQUE INDEX ledger_transfer_request ON ledger_transfer (player, reference)
    WHERE kind IN ('top_up', 'take_out');
CREATE INDEX ledger_transfer_statement ON ledger_transfer (player, seq)
    WHERE balance_units IS NOT NULL;
CREATE UNIQUE INDEX ledger_transfer_funding ON ledger_transfer (lobby)
    WHERE kind = 'funding' AND reference = '\\x00000000000000000000000000000000';
CREATE TRIGGER ledger_transfer_is_immutable BEFORE UPDATE OR DELETE ON ledger_transfer
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('a transfer is immutable');

-- What could not be done and wants a look. Zeros and empty texts stand where a column has no
-- meaning, so that the key tells repetitions.
CREATE TABLE ledger_parked (
    reason TEXT NOT NULL,
    lobby BIGINT NOT NULL,
    round BIGINT NOT NULL,
    player BIGINT NOT NULL,
    bet BYTEA NOT NULL,
    outcome TEXT NOT NULL,
    payout_units BIGINT NOT NULL,
    locked_count BIGINT NOT NULL,
    locked_units BIGINT NOT NULL,
    resolved_count BIGINT NOT NULL,
    resolved_units BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (lobby, round, player, bet, reason, outcome, payout_units, locked_count,
                 locked_units)
);
";
