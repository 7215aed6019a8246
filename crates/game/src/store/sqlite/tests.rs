//! The suite on SQLite, and what its rows cost and forbid.

use std::sync::Arc;

use kernel::{Epoch, LobbyId, RoundId};
use platform::random::SystemRandom;
use rusqlite::Connection;

use super::super::{NodeId, StoreCommand};
use super::owners::Claims;
use super::{Batch, SqliteStore, apply_all};

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn store(&self) -> Arc<SqliteStore> {
        let (writer, reader) = crate::testing::open(self.directory.path());
        Arc::new(SqliteStore::new(writer, reader))
    }
}

mod suite {
    crate::conformance_tests!(async { super::Place { directory: tempfile::tempdir().unwrap() } });
}

#[tokio::test]
async fn a_word_that_is_no_state_is_refused_and_no_bet_costs_a_table_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, _reader) = crate::testing::open(directory.path());
    let states = writer.run(|tx| {
        let refused = |sql: &str| tx.execute(sql, []).unwrap_err().to_string();
        Ok([
            refused(
                "INSERT INTO bet (player, bet, lobby, round, name, stake_steps, cap_centi, state,
                                  placed_at)
                 VALUES (1, zeroblob(16), 1, 1, 'ann', 1, 100, 'gone', 0)",
            ),
            refused(
                "INSERT INTO round (lobby, round, epoch, chain, state, seed_index, opened_at)
                 VALUES (1, 1, 1, 1, 'gone', 1, 0)",
            ),
        ])
    });
    for refused in states.await.unwrap() {
        assert!(refused.contains("CHECK constraint failed: state"), "{refused}");
    }
    let connection = Connection::open(directory.path().join("game.db")).unwrap();
    let mut steps = connection.prepare("EXPLAIN INSERT INTO bet DEFAULT VALUES").unwrap();
    let steps = steps.query_map([], |row| row.get("opcode")).unwrap();
    let steps: Vec<String> = steps.map(Result::unwrap).collect();
    assert!(steps.iter().any(|step| step == "IdxInsert"), "{steps:?}");
    assert!(!steps.iter().any(|step| step == "OpenEphemeral"), "{steps:?}");
}

#[tokio::test]
async fn what_ends_the_transaction_is_the_error_of_the_batch() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, _reader) = crate::testing::open(directory.path());
    drop(writer);
    let mut connection = Connection::open(directory.path().join("game.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER ends BEFORE INSERT ON outbox BEGIN SELECT raise(ROLLBACK, 'gone'); END",
        )
        .unwrap();
    let lobby = LobbyId::new(1).unwrap();
    let command = StoreCommand::CloseUnknown { round: RoundId::new(lobby, 1) };
    let owned = [(lobby, Epoch(1))].into();
    let batch = Batch { node: NodeId::draw(&SystemRandom), owned, commands: vec![command] };
    let tx = connection.transaction().unwrap();
    let error = apply_all(&tx, &batch, &Claims::default()).unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
}
