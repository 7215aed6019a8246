//! What breaks a file so that only the checker has a rule for it.

use std::io::Write as _;
use std::path::Path;

use checker::Case;
use checker::dump::{Moment, sqlite};

use crate::check::{Damage, damage};

/// The rule, the file, and what is done to it. Each stands after the whole file in a sequence.
pub(super) const OURS: &[Damage] = &[
    damage(
        "holds_move_their_money_once",
        "user.db",
        "INSERT INTO ledger_transfer (at_ms, kind, reference, player, lobby, round, amount_units,
                                      balance_units)
         SELECT at_ms, kind, reference, player, lobby, round, amount_units, balance_units
         FROM ledger_transfer WHERE kind = 'payout' ORDER BY seq LIMIT 1",
    ),
    damage(
        "holds_move_their_money_once",
        "user.db",
        "DELETE FROM ledger_transfer
         WHERE seq = (SELECT max(seq) FROM ledger_transfer WHERE kind = 'release')",
    ),
    // A negative balance that is mended later stands in no account, but in the replay.
    damage(
        "nobody_owes",
        "user.db",
        "UPDATE ledger_transfer SET amount_units = amount_units + 100000000000
         WHERE seq = (SELECT min(seq) FROM ledger_transfer WHERE kind = 'stake')",
    ),
    damage(
        "rounds_end_by_the_rule",
        "game.db",
        "UPDATE round SET multiplier_centi = multiplier_centi + 1 WHERE state = 'interrupted'",
    ),
    damage(
        "rounds_end_by_the_rule",
        "game.db",
        "UPDATE round SET heartbeat_centi = heartbeat_centi + 1
         WHERE state = 'interrupted' AND heartbeat_centi = multiplier_centi",
    ),
    damage(
        "rounds_end_by_the_rule",
        "game.db",
        "UPDATE bet SET state = 'lost', multiplier_centi = NULL, payout_units = NULL
         WHERE state = 'cashed_out' AND auto_centi = multiplier_centi",
    ),
    damage(
        "deaths_end_by_the_rule",
        "game.db",
        "UPDATE round SET multiplier_centi = multiplier_centi + 1 WHERE state = 'interrupted'",
    ),
    damage(
        "deaths_end_by_the_rule",
        "game.db",
        "UPDATE bet SET state = 'cancelled', multiplier_centi = NULL, payout_units = NULL
         WHERE state = 'cashed_out' AND stamped_ms = 0",
    ),
    damage(
        "nothing_is_left_open",
        "game.db",
        "UPDATE outbox SET acknowledged_at = NULL WHERE id = (SELECT max(id) FROM outbox)",
    ),
    damage(
        "fences_rise_from_dump_to_dump",
        "user.db",
        "UPDATE ledger_fence SET seed_index = seed_index - 1 WHERE seed_index > 0",
    ),
    damage("fences_rise_from_dump_to_dump", "user.db", "DELETE FROM ledger_fence WHERE lobby = 1"),
    damage(
        "what_is_decided_stays",
        "user.db",
        "UPDATE ledger_transfer SET at_ms = 0, round = round + 1
         WHERE seq = (SELECT max(seq) FROM ledger_transfer WHERE kind = 'stake')",
    ),
    damage(
        "what_is_decided_stays",
        "user.db",
        "UPDATE ledger_hold SET state = 'lost', payout_units = NULL WHERE state = 'won'",
    ),
    damage("what_is_decided_stays", "game.db", "UPDATE bet SET cap_centi = cap_centi + 1"),
    damage("what_is_decided_stays", "game.db", "UPDATE round SET epoch = epoch + 1"),
];

/// A database cannot hold two rows under one name; lines can.
pub(super) fn assert_second_records_are_found(data: &Path) -> &'static str {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (mut out, mut second) = (file.as_file(), None);
    sqlite::rows(data, Moment::Rest, &mut |line| {
        writeln!(out, "{line}").unwrap();
        if line.starts_with("{\"bet\"") {
            second.get_or_insert_with(|| line.to_owned());
        }
        Ok(())
    })
    .unwrap();
    let case = || Case { dumps: vec![file.path().to_path_buf()], logs: Vec::new(), settled: false };
    let whole = super::judged(&case());
    assert!(whole.sound, "the same lines out of a file: {whole}");
    writeln!(out, "{}", second.unwrap()).unwrap();
    let report = super::judged(&case());
    assert!(report.broken().contains(&"names_stand_once"), "{report}");
    "names_stand_once"
}
