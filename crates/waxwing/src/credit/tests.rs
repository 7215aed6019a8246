//! A credit is booked once, also beside whoever holds the directory.

use rusqlite::Connection;
use tempfile::TempDir;

use super::run;
use crate::config::Config;
use crate::schemas;
use platform::data_dir::DataDir;
use platform::sqlite::Writer;

/// A directory in which ann is player 7.
fn place() -> (TempDir, Config) {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let config = Config { data: data.clone(), ..Config::default() };
    drop(DataDir::open(&data).unwrap());
    drop(Writer::open(data.join("user.db"), schemas::USER).unwrap());
    let insert = "INSERT INTO player VALUES (7, 'ann', '', 0)";
    book(&config).execute_batch(insert).unwrap();
    (root, config)
}

fn book(config: &Config) -> Connection {
    Connection::open(config.data.join("user.db")).unwrap()
}

/// Kind, amount and balance of every transfer, in order.
fn statement(config: &Config) -> Vec<(String, i64, i64)> {
    let book = book(config);
    let read = "SELECT kind, amount_units, balance_units FROM ledger_transfer ORDER BY seq";
    let mut lines = book.prepare(read).unwrap();
    let line = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    lines.query_map([], line).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_key_credits_once_and_another_takes_back() {
    let (_root, config) = place();
    let told = run(&config, "7", "25.5", "march").unwrap();
    assert_eq!(told, "player 7 (\"ann\") was credited 25.5 PLAY, which left 25.5 to stake");
    let again = run(&config, "7", "25.5", "march").unwrap();
    assert_eq!(again, format!("{told} before, under this key; nothing moved now"));
    run(&config, "7", "-5.5", "april").unwrap();
    let expected = [("top_up", 255_000, 255_000), ("take_out", 55_000, 200_000)];
    let expected = expected.map(|(kind, amount, balance)| (kind.to_owned(), amount, balance));
    assert_eq!(statement(&config), expected);
    let cashier = "SELECT balance_units FROM ledger_account WHERE kind = 'cashier'";
    let cashier: i64 = book(&config).query_row(cashier, [], |row| row.get(0)).unwrap();
    assert_eq!(cashier, -200_000);
}

#[test]
fn what_cannot_be_credited_moves_nothing() {
    let (_root, config) = place();
    run(&config, "7", "1", "march").unwrap();
    for (player, amount, key, why) in [
        ("8", "1", "april", "there is no player 8"),
        ("ann", "1", "april", "a player is a number"),
        ("7", "0", "april", "nothing"),
        ("7", "1e3", "april", "the amount is"),
        ("7", "0.00001", "april", "the amount is"),
        ("7", "-1.0001", "april", "insufficient funds"),
        ("7", "1", "", "a key has"),
        ("7", "2", "march", "another request"),
    ] {
        let refused = format!("{:#}", run(&config, player, amount, key).unwrap_err());
        assert!(refused.contains(why), "{player} {amount} {key:?}: {refused}");
    }
    assert_eq!(statement(&config).len(), 1);
    let nowhere = Config { data: config.data.join("nowhere"), ..Config::default() };
    assert!(run(&nowhere, "7", "1", "march").unwrap_err().to_string().contains("there is no"));
}

#[test]
fn a_server_that_runs_is_not_stopped_for_it_unless_it_is_another_version() {
    let (_root, config) = place();
    let _held = DataDir::open(&config.data).unwrap();
    let server = Writer::open(config.data.join("user.db"), schemas::USER).unwrap();
    run(&config, "7", "1", "march").unwrap();
    assert_eq!(statement(&config).len(), 1);
    let older = "UPDATE schema_version SET version = version - 1 WHERE name = 'wallet'";
    book(&config).execute_batch(older).unwrap();
    let refused = run(&config, "7", "1", "april").unwrap_err().to_string();
    assert!(refused.contains("another version"), "{refused}");
    assert_eq!(statement(&config).len(), 1);
    drop(server);
}
