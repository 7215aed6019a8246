//! `waxwing check` from outside: nothing to say about what a server left, beside a server that
//! plays, and the right name for everything that is broken on purpose.

use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use crate::failpoints::crowd;
use crate::failpoints::stage::Stage;
use crate::harness::databases::copied;
use crate::harness::numbers::{text, whole};
use crate::harness::process::{Finished, finish, waxwing};

/// One way to break what is stored: the invariant that must notice, the file, the statements.
struct Damage {
    breaks: &'static str,
    file: &'static str,
    by: &'static str,
}

const fn damage(breaks: &'static str, file: &'static str, by: &'static str) -> Damage {
    Damage { breaks, file, by }
}

const DAMAGES: &[Damage] = &[
    damage(
        "balances_sum_to_zero",
        "user.db",
        "UPDATE ledger_account SET balance_units = balance_units + 1 WHERE kind = 'cashier'",
    ),
    damage(
        "nobody_owes",
        "user.db",
        "UPDATE ledger_account SET balance_units = -1 WHERE kind = 'house' AND id = 1",
    ),
    damage(
        "transfers_give_the_balances",
        "user.db",
        "DELETE FROM ledger_transfer WHERE seq = (SELECT min(seq) FROM ledger_transfer
         WHERE kind = 'top_up')",
    ),
    damage(
        "statements_add_up",
        "user.db",
        "UPDATE ledger_transfer SET balance_units = balance_units + 1
         WHERE seq = (SELECT max(seq) FROM ledger_transfer WHERE kind = 'payout')",
    ),
    damage(
        "escrow_is_what_is_held",
        "user.db",
        "UPDATE ledger_account SET balance_units = balance_units + 100 WHERE kind = 'escrow';
         UPDATE ledger_account SET balance_units = balance_units - 100 WHERE kind = 'house'",
    ),
    damage(
        "held_is_what_is_reserved",
        "user.db",
        "UPDATE ledger_account SET held_units = held_units + 100 WHERE kind = 'player'",
    ),
    damage(
        "closed_rounds_hold_nothing",
        "user.db",
        "UPDATE ledger_hold SET state = 'reserved', payout_units = NULL WHERE state = 'won'",
    ),
    damage(
        "answered_rounds_are_paid",
        "user.db",
        "UPDATE ledger_hold SET state = 'reserved', payout_units = NULL WHERE state = 'won'",
    ),
    damage(
        "tallies_count_the_holds",
        "user.db",
        "UPDATE ledger_round SET resolved_count = resolved_count + 1",
    ),
    damage(
        "nothing_is_parked",
        "user.db",
        "INSERT INTO ledger_parked VALUES ('unknown', 2, 1, 1, x'00', 'won', 1, 0, 0, 0, 0, 0)",
    ),
    damage(
        "bets_end_once",
        "game.db",
        "UPDATE bet SET state = 'accepted', payout_units = NULL WHERE state = 'cashed_out'",
    ),
    damage(
        "payouts_are_exact",
        "game.db",
        "UPDATE bet SET payout_units = payout_units + 1 WHERE state = 'cashed_out'",
    ),
    // Exact, and above the crash point.
    damage(
        "payouts_are_exact",
        "game.db",
        "UPDATE bet SET multiplier_centi = 9000000, payout_units = stake_steps * 9000000,
                        auto_centi = NULL, cap_centi = 9000000 WHERE state = 'cashed_out'",
    ),
    damage("lock_records_agree", "game.db", "UPDATE round SET count = count + 1"),
    damage("lock_records_agree", "game.db", "UPDATE round SET bets_hash = zeroblob(32)"),
    damage(
        "lock_records_agree",
        "game.db",
        "UPDATE round SET payout_sum_units = payout_sum_units + 1",
    ),
    damage(
        "crash_points_follow_from_the_seeds",
        "game.db",
        "UPDATE round SET crash_point_centi = crash_point_centi + 1 WHERE seed IS NOT NULL",
    ),
    damage(
        "seeds_follow_from_each_other",
        "game.db",
        "UPDATE round SET seed = randomblob(32) WHERE seed IS NOT NULL",
    ),
    damage("seeds_follow_from_each_other", "game.db", "UPDATE chain SET terminal = zeroblob(32)"),
    damage("rounds_only_go_forward", "game.db", "UPDATE round SET epoch = 1000 - round"),
    damage("rounds_only_go_forward", "game.db", "UPDATE chain SET used = 0"),
    damage("bets_hold_their_stakes", "user.db", "DELETE FROM ledger_hold WHERE state = 'won'"),
    damage(
        "bets_hold_their_stakes",
        "game.db",
        "UPDATE bet SET stake_steps = stake_steps + 1 WHERE state = 'released'",
    ),
    damage(
        "holds_end_as_their_bets",
        "user.db",
        "UPDATE ledger_hold SET payout_units = payout_units + 1 WHERE state = 'won'",
    ),
    damage(
        "holds_end_as_their_bets",
        "game.db",
        "UPDATE bet SET state = 'lost', payout_units = NULL WHERE state = 'cashed_out'",
    ),
    damage("fences_never_fall", "user.db", "UPDATE ledger_fence SET closed_round = 0"),
    damage("fences_never_fall", "user.db", "UPDATE ledger_fence SET epoch = 0"),
    damage("closes_agreed", "game.db", "UPDATE round SET close_agreed = 0 WHERE count > 0"),
    damage(
        "the_outbox_is_answered",
        "game.db",
        "UPDATE outbox SET acknowledged_at = NULL; UPDATE round SET ended_at = 1 WHERE round = 1",
    ),
];

/// Files with rounds of every end: settled, interrupted and voided.
async fn played() -> (Stage, tempfile::TempDir) {
    let stage = Stage::of_a_few().await;
    let data = stage.live_through(&["heartbeat.after_commit@3:kill", "bet.after_told:kill"]).await;
    (stage, data)
}

async fn look(data: &Path) -> Finished {
    let mut command = waxwing();
    command.args(["check", "--json", "--data"]).arg(data);
    finish(command, Duration::from_secs(30)).await
}

/// The report, if it could look.
fn report(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", finished.stdout, finished.stderr))
}

/// The invariants that the report calls broken.
fn broken(report: &Value) -> Vec<&str> {
    let verdicts = report["verdicts"].as_array().expect("a report has verdicts").iter();
    let broken = verdicts.filter(|verdict| whole(&verdict["violations"]) > 0);
    broken.map(|verdict| text(&verdict["invariant"])).collect()
}

/// Breaks a copy; the server's own triggers and constraints are out of the way.
fn break_copy(data: &Path, damage: &Damage) -> tempfile::TempDir {
    let copy = copied(data);
    let database = Connection::open(copy.path().join(damage.file)).unwrap();
    database
        .execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF")
        .unwrap();
    let triggers: Vec<String> = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    for trigger in triggers {
        database.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    database.execute_batch(damage.by).unwrap();
    assert!(database.total_changes() > 0, "{} changed nothing", damage.by);
    copy
}

/// Writes over a page of a copy, as a bad disk does.
fn scribble(data: &Path) -> tempfile::TempDir {
    let copy = copied(data);
    let path = copy.path().join("game.db");
    let database = Connection::open(&path).unwrap();
    let query = "SELECT rootpage FROM sqlite_schema WHERE name = 'bet'";
    let page: u32 = database.query_row(query, [], |row| row.get(0)).unwrap();
    let size: u32 = database.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    database.close().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0x5a; 512], u64::from((page - 1) * size)).unwrap();
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_invariant_is_found_and_named() {
    let (_stage, data) = played().await;
    let sound = look(data.path()).await;
    let said = report(&sound);
    assert_eq!(sound.status.code(), Some(0), "{said}");
    assert_eq!(said["sound"], Value::Bool(true), "{said}");
    assert_eq!(said["live"], Value::Bool(false), "{said}");
    let mut found = Vec::new();
    for damage in DAMAGES {
        let copy = break_copy(data.path(), damage);
        let finished = look(copy.path()).await;
        let said = report(&finished);
        assert_eq!(finished.status.code(), Some(1), "{}: {said}", damage.by);
        let names = broken(&said);
        assert!(names.contains(&damage.breaks), "{}: {names:?}", damage.by);
        found.push(damage.breaks);
    }
    found.push("files_are_sound");
    let copy = scribble(data.path());
    let finished = look(copy.path()).await;
    let torn = report(&finished);
    assert_eq!((finished.status.code(), broken(&torn)[0]), (Some(1), "files_are_sound"), "{torn}");
    for verdict in said["verdicts"].as_array().unwrap() {
        let name = text(&verdict["invariant"]);
        assert!(found.contains(&name), "nothing here breaks {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playing_server_is_never_called_broken() {
    let stage = Stage::of_a_few().await;
    let place = stage.place.twin();
    let server = place.start().await;
    let book = Arc::default();
    let playing = crowd::play(&server.base, stage.lobby, &stage.players, &book, 4);
    let looking = async {
        let mut looks = 0;
        loop {
            let finished = look(&place.data()).await;
            let said = report(&finished);
            assert_eq!(finished.status.code(), Some(0), "{:?} {said}", broken(&said));
            assert_eq!(said["live"], Value::Bool(true), "{said}");
            looks += 1;
            tokio::time::sleep(Duration::from_millis(7 * (looks % 10))).await;
        }
    };
    tokio::select! {
        () = playing => {}
        () = looking => {}
    }
    assert!(!book.all_placed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_neither_sound_nor_broken() {
    let empty = tempfile::tempdir().unwrap();
    let missing = look(empty.path()).await;
    assert_eq!(missing.status.code(), Some(2), "{}", missing.stderr);
    assert!(missing.stderr.contains("cannot look: there is no"), "{}", missing.stderr);
    for file in ["user.db", "game.db"] {
        std::fs::write(empty.path().join(file), "no database at all, only a few words").unwrap();
    }
    let foreign = look(empty.path()).await;
    assert_eq!(foreign.status.code(), Some(2), "{}", foreign.stderr);
}
