//! The suite on SQLite, and the second lock: constraints that hold whatever a program does.

use std::sync::Arc;

use platform::clock::SystemClock;
use platform::sqlite::{Reader, Writer};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{SCHEMA, SqliteStore};
use crate::store::{Store, conformance};

struct Place {
    directory: TempDir,
    writer: Writer,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let writer = Writer::open(directory.path().join("user.db"), &[SCHEMA]).unwrap();
        Self { directory, writer }
    }

    fn store(&self) -> SqliteStore {
        let reader = Reader::open(self.directory.path().join("user.db"), 2).unwrap();
        SqliteStore::new(self.writer.clone(), reader, Arc::new(SystemClock::new()))
    }

    fn connection(&self) -> Connection {
        Connection::open(self.directory.path().join("user.db")).unwrap()
    }
}

#[tokio::test]
async fn does_as_the_ledger_decides() {
    let place = Place::new();
    conformance::does_as_the_ledger_decides(&place.store()).await;
    let connection = place.connection();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("SELECT sum(balance_units) FROM ledger_account"), 0);
    assert_eq!(
        number(
            "SELECT count(*) FROM ledger_account AS account WHERE kind = 'escrow'
             AND balance_units <> (SELECT coalesce(sum(stake_steps), 0) * 100 FROM ledger_hold
                                   WHERE lobby = account.id AND state = 'reserved')"
        ),
        0,
        "escrow is the sum of its reserved holds"
    );
    assert!(number("SELECT count(*) FROM ledger_parked") > 10);
}

#[tokio::test]
async fn transfers_replay_to_the_balances() {
    let place = Place::new();
    conformance::does_as_the_ledger_decides(&place.store()).await;
    let differing: i64 = place
        .connection()
        .query_row(
            "WITH entry (kind, id, units) AS (
                SELECT CASE WHEN kind IN ('funding', 'top_up') THEN 'cashier'
                            WHEN kind IN ('take_out', 'stake') THEN 'player'
                            WHEN kind IN ('collect', 'release') THEN 'escrow'
                            ELSE 'house' END,
                       CASE WHEN kind IN ('funding', 'top_up') THEN 0
                            WHEN kind IN ('take_out', 'stake') THEN player ELSE lobby END,
                       -amount_units FROM ledger_transfer
                UNION ALL
                SELECT CASE WHEN kind IN ('funding', 'collect') THEN 'house'
                            WHEN kind = 'take_out' THEN 'cashier'
                            WHEN kind = 'stake' THEN 'escrow' ELSE 'player' END,
                       CASE WHEN kind IN ('funding', 'collect', 'stake') THEN lobby
                            WHEN kind = 'take_out' THEN 0 ELSE player END,
                       amount_units FROM ledger_transfer)
             SELECT count(*) FROM ledger_account AS account WHERE balance_units <>
                (SELECT coalesce(sum(units), 0) FROM entry
                 WHERE entry.kind = account.kind AND entry.id = account.id)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(differing, 0);
}

#[tokio::test]
async fn a_batch_may_be_applied_again() {
    conformance::a_batch_may_be_applied_again(&Place::new().store()).await;
}

#[tokio::test]
async fn another_handle_goes_on() {
    let place = Place::new();
    conformance::another_handle_goes_on(&place.store(), &place.store()).await;
}

#[tokio::test]
async fn a_statement_goes_on_after_a_line() {
    conformance::a_statement_goes_on_after_a_line(&Place::new().store()).await;
}

#[tokio::test]
async fn the_currency_is_noted_once() {
    conformance::the_currency_is_noted_once(&Place::new().store()).await;
}

#[tokio::test]
async fn the_second_lock_holds_whatever_a_program_does() {
    let place = Place::new();
    place.store().apply(conformance::a_round()).await.unwrap();
    let connection = place.connection();
    for (sql, reason) in [
        ("UPDATE ledger_account SET balance_units = -1 WHERE kind = 'player'", "CHECK"),
        ("UPDATE ledger_account SET balance_units = -1 WHERE kind = 'house'", "CHECK"),
        ("UPDATE ledger_transfer SET amount_units = 1", "a transfer is immutable"),
        ("DELETE FROM ledger_transfer", "a transfer is immutable"),
        ("UPDATE ledger_hold SET state = 'lost', payout_units = NULL", "a hold is decided once"),
        ("UPDATE ledger_fence SET epoch = 0", "a fence never falls"),
        ("UPDATE ledger_fence SET closed_round = 0", "a fence never falls"),
        ("INSERT INTO ledger_hold SELECT * FROM ledger_hold", "UNIQUE"),
        (
            "INSERT INTO ledger_transfer SELECT seq + 100, at_ms, kind, reference, player, lobby,
             round, amount_units, balance_units FROM ledger_transfer",
            "UNIQUE",
        ),
    ] {
        let refused = connection.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains(reason), "{sql}: {refused}");
    }
}
