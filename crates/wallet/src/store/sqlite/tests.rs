//! The suite on SQLite, and the second lock: constraints that hold whatever a program does.

use std::sync::Arc;

use kernel::Amount;
use platform::clock::SystemClock;
use platform::http::idempotency;
use platform::sqlite::{Reader, Schema, Writer};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{SCHEMA, SqliteStore};
use crate::store::{Store, conformance};

const SCHEMAS: [Schema; 2] = [SCHEMA, idempotency::SCHEMA];

struct Place {
    directory: TempDir,
    writer: Writer,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let writer = Writer::open(directory.path().join("user.db"), &SCHEMAS).unwrap();
        Self { directory, writer }
    }

    fn store(&self) -> Arc<SqliteStore> {
        let reader = Reader::open(self.directory.path().join("user.db"), 2).unwrap();
        let clock = Arc::new(SystemClock::new());
        Arc::new(SqliteStore::new(self.writer.clone(), reader, clock))
    }

    fn connection(&self) -> Connection {
        Connection::open(self.directory.path().join("user.db")).unwrap()
    }
}

#[tokio::test]
async fn random_histories_leave_no_unit_and_no_hold_astray() {
    let place = Place::new();
    conformance::does_as_the_ledger_decides(&*place.store()).await;
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
    conformance::does_as_the_ledger_decides(&*place.store()).await;
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

mod suite {
    crate::conformance_tests!(async { super::Place::new() });
}

#[tokio::test]
async fn the_second_lock_holds_whatever_a_program_does() {
    let place = Place::new();
    place.store().apply(conformance::a_round()).await.unwrap();
    let connection = place.connection();
    for (sql, reason) in [
        ("UPDATE ledger_account SET balance_units = -1 WHERE kind = 'player'", "CHECK"),
        ("UPDATE ledger_account SET balance_units = -1 WHERE kind = 'house'", "CHECK"),
        ("UPDATE ledger_account SET held_units = -1 WHERE kind = 'player'", "CHECK"),
        ("UPDATE ledger_account SET held_units = 1 WHERE kind = 'house'", "CHECK"),
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
        ("UPDATE ledger_account SET kind = 'bank' WHERE kind = 'house'", "CHECK"),
        ("UPDATE ledger_round SET state = 'over'", "CHECK"),
        (
            "INSERT INTO ledger_hold SELECT randomblob(16), player, lobby, round, stake_steps,
             'gone', NULL, NULL FROM ledger_hold",
            "CHECK",
        ),
        (
            "INSERT INTO ledger_transfer SELECT seq + 100, at_ms, 'gift', reference, player, lobby,
             round, amount_units, balance_units FROM ledger_transfer",
            "CHECK",
        ),
    ] {
        let refused = connection.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains(reason), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn no_row_costs_a_table_in_memory() {
    let place = Place::new();
    let connection = place.connection();
    for table in ["ledger_account", "ledger_round", "ledger_hold", "ledger_transfer"] {
        let mut steps =
            connection.prepare(&format!("EXPLAIN INSERT INTO {table} DEFAULT VALUES")).unwrap();
        let steps = steps.query_map([], |row| row.get("opcode")).unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        assert!(steps.iter().any(|step| step == "Insert" || step == "IdxInsert"), "{steps:?}");
        assert!(!steps.iter().any(|step| step == "OpenEphemeral"), "{table}: {steps:?}");
    }
}

#[tokio::test]
async fn a_file_of_before_learns_what_players_hold() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("user.db");
    let before = Schema { name: SCHEMA.name, steps: &SCHEMA.steps[..1] };
    drop(Writer::open(&path, &[before]).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "INSERT INTO ledger_fence VALUES (1, 1, 0, 0);
             INSERT INTO ledger_account VALUES ('player', 1, 5), ('player', 2, 7), ('house', 1, 9);
             INSERT INTO ledger_hold VALUES
                 (x'01010101010101010101010101010101', 1, 1, 1, 30, 'reserved', NULL, NULL),
                 (x'02020202020202020202020202020202', 1, 1, 1, 12, 'reserved', NULL, NULL),
                 (x'03030303030303030303030303030303', 1, 1, 1, 50, 'lost', NULL, NULL);",
        )
        .unwrap();
    drop(connection);
    let writer = Writer::open(&path, &SCHEMAS).unwrap();
    let reader = Reader::open(&path, 1).unwrap();
    let store = SqliteStore::new(writer, reader, Arc::new(SystemClock::new()));
    for (number, available, held) in [(1, 5, 4_200), (2, 7, 0), (3, 0, 0)] {
        let balance = store.balance(conformance::player(number)).await.unwrap();
        assert_eq!((balance.available.units(), balance.held.units()), (available, held));
    }
}

#[tokio::test]
async fn what_is_parked_can_be_listed() {
    let place = Place::new();
    place.store().apply(conformance::a_round()).await.unwrap();
    place.store().apply(conformance::conflicts()).await.unwrap();
    let reader = Reader::open(place.directory.path().join("user.db"), 1).unwrap();
    let told = crate::parked(&reader, 100).await.unwrap();
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "round 1/1: bet 1/01010101-0101-0101-0101-010101010101 could not be lost: decided",
            "round 1/2: closed with 3 bets of 30 at the lock and 0 of 0 resolved",
            "round 1/2: bet 1/07070707-0707-0707-0707-070707070707 could not be won with 20: \
             unknown",
        ]
    );
    assert_eq!(crate::parked(&reader, 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_operator_settles_what_a_house_could_not_pay() {
    let place = Place::new();
    place.store().apply(conformance::a_short_house()).await.unwrap();
    let path = place.directory.path().join("user.db");
    let reader = Reader::open(&path, 1).unwrap();
    let parked = crate::parked(&reader, 100).await.unwrap();
    assert_eq!(parked.len(), 3, "two payouts and a close: {parked:?}");
    let kept = async || place.store().escrow_kept().await.unwrap();
    assert_eq!(kept().await, Amount::from_whole(20));
    let paid = crate::settle_parked(&place.writer, 5).await.unwrap();
    assert_eq!(paid, parked[1..], "the close stands first");
    assert_eq!(crate::settle_parked(&place.writer, 6).await.unwrap(), []);
    assert_eq!(crate::parked(&reader, 100).await.unwrap(), []);
    assert_eq!(kept().await, Amount::ZERO);
    let balance = place.store().balance(conformance::player(1)).await.unwrap();
    assert_eq!((balance.available, balance.held), (Amount::from_whole(1_180), Amount::ZERO));
    let number =
        |sql: &str| place.connection().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("SELECT sum(balance_units) FROM ledger_account"), 0);
    assert_eq!(number("SELECT balance_units FROM ledger_account WHERE kind = 'house'"), 0);
    assert_eq!(number("SELECT count(*) FROM ledger_transfer WHERE kind = 'funding'"), 3);
}
