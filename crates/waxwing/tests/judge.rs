//! The checker from outside: it has nothing to say about a real play with deaths in it, it agrees
//! with `waxwing check` about files that are broken on purpose, and it finds every lie in a log.

mod damages;
mod lies;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use checker::{Case, Report};

use crate::check::{self, Damage};
use crate::harness::Random;
use crate::harness::databases::copied;
use crate::torture::plan::Plan;
use crate::torture::{self, Remains};

/// Rules of `waxwing check` that the checker leaves to it: pages of files, and calls that wait.
const ITS_OWN: [&str; 2] = ["files_are_sound", "the_outbox_is_answered"];

/// A short play, hard enough that rounds end in every way.
fn short() -> Plan {
    Plan {
        lasts: Duration::from_secs(20),
        kills: 7,
        pauses: 1,
        pause_max_ms: 5_000,
        storms: 1,
        dump_every: 1,
        quick_lobbies: 3,
        slow_lobbies: 0,
        tables: 2,
        seats: 3,
        singles: 2,
    }
}

/// As short, and hardly disturbed: every kind of answer and of end was told to somebody, so that
/// there is something to lie about.
fn calm() -> Plan {
    Plan { kills: 1, pauses: 0, ..short() }
}

/// What a play has left, and where its log and its deaths are.
async fn played(plan: &Plan) -> (Remains, tempfile::TempDir) {
    let evidence = tempfile::tempdir().unwrap();
    let mut random = Random::announced();
    let remains = torture::suffer(plan, evidence.path(), &mut random).await;
    assert_eq!(remains.world.wrongs(), Vec::<String>::new());
    (remains, evidence)
}

fn judged(case: &Case) -> Report {
    checker::judge(case).unwrap_or_else(|error| panic!("the checker cannot look: {error}"))
}

/// The files alone, as `waxwing check` looks at them.
fn files(data: &Path) -> Case {
    Case { dumps: vec![data.to_path_buf()], logs: Vec::new(), settled: false }
}

/// Every damage that `waxwing check` must find, the checker finds under the same name; whatever
/// the one calls broken the other calls broken too.
async fn assert_agree(data: &Path, damage: &Damage) {
    let copy = check::break_copy(data, damage);
    let report = check::report(&check::look(copy.path()).await);
    let its: BTreeSet<&str> = check::broken(&report).into_iter().collect();
    let ours: BTreeSet<&str> = judged(&files(copy.path())).broken().into_iter().collect();
    let shared: BTreeSet<&str> =
        its.iter().copied().filter(|rule| !ITS_OWN.contains(rule)).collect();
    assert!(shared.is_subset(&ours), "{}: {its:?} but {ours:?}", damage.by);
    let only_its = ITS_OWN.contains(&damage.breaks);
    assert!(only_its || ours.contains(damage.breaks), "{}: {ours:?}", damage.by);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_judges_agree_about_what_was_played_and_what_was_broken() {
    let (remains, _evidence) = played(&short()).await;
    let whole = judged(&remains.case);
    assert!(whole.sound, "{whole}");
    let data = remains.place.data();
    let report = check::report(&check::look(&data).await);
    assert_eq!(report["sound"], true, "{report}");
    assert!(judged(&files(&data)).sound);
    for damage in check::DAMAGES {
        assert_agree(&data, damage).await;
    }
    let mut found: BTreeSet<&str> = check::DAMAGES.iter().map(|damage| damage.breaks).collect();
    for damage in damages::OURS {
        let copy = check::break_copy(&data, damage);
        let mut case = Case { settled: true, ..remains.case.clone() };
        // What deaths left, and then the whole file as it was, before what was done to it.
        *case.dumps.last_mut().unwrap() = data.clone();
        case.dumps.push(copy.path().to_path_buf());
        let report = judged(&case);
        assert!(report.broken().contains(&damage.breaks), "{}\n{report}", damage.by);
        found.insert(damage.breaks);
    }
    found.insert(damages::assert_second_records_are_found(&data));
    found.extend(lies::RULES);
    for verdict in &whole.verdicts {
        assert!(found.contains(verdict.rule), "nothing here breaks {}", verdict.rule);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lie_in_a_log_is_found_and_named() {
    let (remains, evidence) = played(&calm()).await;
    let data = copied(&remains.place.data());
    let truth = lies::read(&remains.case.logs[0]);
    let log = evidence.path().join("lie.jsonl");
    let case =
        Case { dumps: vec![data.path().to_path_buf()], logs: vec![log.clone()], settled: true };
    lies::write(&log, &truth);
    let whole = judged(&case);
    assert!(whole.sound, "{whole}");
    for (rule, what, lie) in lies::LIES {
        let told = lie(truth.clone()).unwrap_or_else(|| panic!("nobody could lie: {what}"));
        assert_ne!(told, truth, "{what}");
        lies::write(&log, &told);
        let report = judged(&case);
        assert!(report.broken().contains(rule), "{what}\n{report}");
    }
}
