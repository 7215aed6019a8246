//! A book at rest with a payout that its house could not pay.

use rusqlite::Connection;
use tempfile::TempDir;

use super::run;
use crate::config::Config;
use crate::schemas;
use platform::data_dir::DataDir;
use platform::sqlite::Writer;

/// Ann staked 10 and won 500 where the house has 100; and a bet that nobody knows was to be lost.
const SHORT: &str = "
INSERT INTO ledger_fence (lobby, epoch, closed_round, seed_index) VALUES (1, 3, 1, 1);
INSERT INTO ledger_account (kind, id, balance_units, held_units) VALUES
    ('cashier', 0, -1100000, 0), ('house', 1, 1000000, 0), ('escrow', 1, 100000, 0),
    ('player', 7, 0, 100000);
INSERT INTO ledger_round VALUES (1, 1, 1, 100000, 0, 0, 'disagreed');
INSERT INTO ledger_hold (bet, player, lobby, round, stake_steps, state) VALUES
    (x'01010101010101010101010101010101', 7, 1, 1, 1000, 'reserved');
INSERT INTO ledger_transfer (at_ms, kind, reference, player, lobby, round, amount_units,
                             balance_units) VALUES
    (1, 'funding', x'00000000000000000000000000000000', NULL, 1, NULL, 1000000, NULL),
    (1, 'top_up', x'05050505050505050505050505050505', 7, NULL, NULL, 100000, 100000),
    (1, 'stake', x'01010101010101010101010101010101', 7, 1, 1, 100000, 0);
INSERT INTO ledger_parked VALUES
    ('house_short', 1, 1, 7, x'01010101010101010101010101010101', 'won', 5000000, 0, 0, 0, 0, 1),
    ('close', 1, 1, 0, x'', '', 0, 1, 100000, 0, 0, 2),
    ('unknown', 1, 1, 7, x'02020202020202020202020202020202', 'lost', 0, 0, 0, 0, 0, 3);
";

/// The game knows two rounds whose closes did not agree, with a bet of 10 up to 50x in the first
/// and one of 1 up to 2x in the second.
const KEPT: &str = "
INSERT INTO lobby (lobby, name, visibility, mode, curve, betting_ms, stake_min_steps,
                   stake_max_steps, multiplier_max_centi, payout_max_units, bets_per_player,
                   house_edge_bps, funding_units, chain_length, created_at, kept_exposure_units)
VALUES (1, 'Main', 'public', 'continuous', 'linear', 3000, 1, 1000000, 10000, 1000000000, 2, 100,
        1000000, 100, 0, 5020000);
INSERT INTO chain (lobby, chain, length, seeds_before, house_edge_bps, terminal, public_key,
                   signature, created_at) VALUES (1, 1, 100, 0, 100, x'', x'', x'', 0);
INSERT INTO round (lobby, round, epoch, chain, state, seed_index, opened_at, close_agreed)
VALUES (1, 1, 3, 1, 'settled', 1, 0, 0), (1, 2, 3, 1, 'settled', 2, 0, 0);
INSERT INTO bet (player, bet, lobby, round, name, stake_steps, cap_centi, state, in_round,
                 multiplier_centi, payout_units, placed_at)
VALUES (7, x'01010101010101010101010101010101', 1, 1, 'ann', 1000, 5000, 'cashed_out', 1, 5000,
        5000000, 0),
       (7, x'02020202020202020202020202020202', 1, 2, 'ann', 100, 200, 'lost', 1, NULL, NULL, 0);
";

#[test]
fn a_settled_round_keeps_no_exposure() {
    let (_root, config) = place();
    let book = Connection::open(config.data.join("user.db")).unwrap();
    book.execute_batch(SHORT).unwrap();
    drop(Writer::open(config.data.join("game.db"), schemas::GAME).unwrap());
    let game = Connection::open(config.data.join("game.db")).unwrap();
    game.execute_batch(KEPT).unwrap();
    let kept = || {
        let read = "SELECT kept_exposure_units, (SELECT close_agreed FROM round WHERE round = 1),
                           (SELECT close_agreed FROM round WHERE round = 2) FROM lobby";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        game.query_row(read, [], row).unwrap()
    };
    // The wallet knows nothing of the second round: nobody may say that it is made good.
    for _ in 0..2 {
        run(&config).unwrap();
        assert_eq!(kept(), (20_000, 1, 0));
    }
    // A process that died between the two files is made up for by the next run.
    game.execute_batch(
        "UPDATE round SET close_agreed = 0 WHERE round = 1;
         UPDATE lobby SET kept_exposure_units = 5020000;",
    )
    .unwrap();
    assert_eq!(run(&config).unwrap()[0], "free again: the exposure of 1 rounds");
    assert_eq!(kept(), (20_000, 1, 0));
}

fn place() -> (TempDir, Config) {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let config = Config { data: data.clone(), ..Config::default() };
    drop(DataDir::open(&data).unwrap());
    drop(Writer::open(data.join("user.db"), schemas::USER).unwrap());
    (root, config)
}

#[test]
fn a_short_house_is_funded_and_its_player_paid_once() {
    let (_root, config) = place();
    let connection = Connection::open(config.data.join("user.db")).unwrap();
    connection.execute_batch(SHORT).unwrap();
    let bet = "01010101-0101-0101-0101-010101010101";
    let unknown = "02020202-0202-0202-0202-020202020202";
    let left = format!("still parked: round 1/1: bet 7/{unknown} could not be lost: unknown");
    let paid = format!("paid: round 1/1: bet 7/{bet} could not be won with 500: house_short");
    assert_eq!(run(&config).unwrap(), [paid, left.clone()]);
    assert_eq!(run(&config).unwrap(), [left]);
    let mut accounts = connection
        .prepare("SELECT kind, balance_units, held_units FROM ledger_account ORDER BY kind")
        .unwrap();
    let accounts: Vec<(String, i64, i64)> = accounts
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected = [("cashier", -5_000_000), ("escrow", 0), ("house", 0), ("player", 5_000_000)];
    assert_eq!(accounts, expected.map(|(kind, units)| (kind.to_owned(), units, 0)));
}

#[test]
fn a_book_without_anything_parked_says_so() {
    let (_root, config) = place();
    assert_eq!(run(&config).unwrap(), ["nothing is parked"]);
}

#[test]
fn a_book_that_is_not_there_or_in_use_is_not_settled() {
    let (root, config) = place();
    let held = DataDir::open(&config.data).unwrap();
    run(&config).unwrap_err();
    drop(held);
    let nowhere = Config { data: root.path().join("nowhere"), ..Config::default() };
    let refused = run(&nowhere).unwrap_err().to_string();
    assert!(refused.contains("there is no"), "{refused}");
    assert!(!nowhere.data.exists(), "nothing is made");
}
