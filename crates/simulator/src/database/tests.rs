//! What a database promises when it dies, fills up, or loses its tail.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Database, Death, Refused, Tables, Witness};
use crate::dice::Dice;
use crate::executor::Executor;
use crate::trace::Trace;

/// Numbers in the order of their commits.
#[derive(Clone, Default)]
struct Numbers(Vec<u64>);

impl Tables for Numbers {
    type Change = u64;
    type Answer = usize;

    fn commit(&mut self, _: u64, change: &u64) -> usize {
        self.0.push(*change);
        self.0.len()
    }

    fn digest(change: &u64) -> u64 {
        *change
    }
}

#[derive(Default)]
struct Notes(Mutex<Vec<u64>>);

impl Witness<Numbers> for Notes {
    fn committed(&self, _: &Numbers, _: &u64, _: &usize) {}

    fn lost(&self, _: &Numbers, changes: &[u64]) {
        self.0.lock().extend(changes);
    }
}

type Answers = Arc<Mutex<Vec<(u64, Result<usize, Refused>)>>>;

struct Test {
    executor: Executor,
    database: Arc<Database<Numbers>>,
    notes: Arc<Notes>,
    answers: Answers,
}

impl Test {
    fn new(seed: u64) -> Self {
        let executor = Executor::new(Dice::new(seed, 1), Trace::default());
        let notes = Arc::new(Notes::default());
        let witness: Arc<dyn Witness<Numbers>> = notes.clone();
        let database = Database::new(executor.clone(), Dice::new(seed, 2), witness, true);
        Self { executor, database: Arc::new(database), notes, answers: Answers::default() }
    }

    /// Writes these numbers, all at once.
    fn write(&self, numbers: std::ops::Range<u64>) {
        let process = self.executor.start_process();
        for number in numbers {
            let (database, answers) = (Arc::clone(&self.database), Arc::clone(&self.answers));
            let work = async move {
                let answer = database.write(number).await;
                answers.lock().push((number, answer));
            };
            self.executor.spawn(process, Box::pin(work));
        }
    }

    /// Until everything was asked for and nothing is committed.
    fn ask_only(&self) {
        while self.database.state.lock().under_way.len() < 8 && self.executor.step(0) {}
    }

    fn run(&self) {
        let until_ms = self.executor.now_ms() + 10_000;
        while self.executor.step(until_ms) {}
    }

    fn committed(&self) -> Vec<u64> {
        self.database.read(|numbers| numbers.0.clone())
    }
}

#[test]
fn what_was_answered_stands_and_what_was_not_is_unknown() {
    for seed in 0..50 {
        for death in [Death::Killed, Death::Unsynced, Death::Torn] {
            let test = Test::new(seed);
            test.write(0..8);
            test.ask_only();
            test.database.die(death);
            test.run();
            let answers = test.answers.lock();
            assert_eq!(answers.len(), 8);
            for (number, answer) in &*answers {
                let stands = test.committed().contains(number);
                assert!(*answer == Err(Refused::Unknown) || stands, "{number}: {answer:?}");
            }
            let lost = test.committed().len() < 8;
            assert!(death != Death::Unsynced || lost, "{death:?} keeps what was synced");
        }
    }
}

#[test]
fn a_full_disk_changes_nothing_and_says_so() {
    let test = Test::new(1);
    test.database.fill(1_000);
    test.write(0..8);
    test.run();
    assert!(
        test.answers.lock().iter().all(|(_, answer)| matches!(answer, Err(Refused::Failed(_))))
    );
    assert!(test.committed().is_empty());
}

#[test]
fn a_sync_that_fails_leaves_the_outcome_unknown() {
    let test = Test::new(1);
    test.database.fail_syncs(1_000);
    test.write(0..8);
    test.run();
    assert!(test.answers.lock().iter().all(|(_, answer)| *answer == Err(Refused::Unknown)));
    let stand = test.committed().len();
    assert!(stand > 0 && stand < 8, "{stand} of 8");
}

#[test]
fn a_failover_loses_the_last_commits_and_tells_which() {
    let test = Test::new(1);
    test.write(0..60);
    test.run();
    let all = test.committed();
    test.database.fail_over(7);
    assert_eq!(test.committed(), all[..53]);
    assert_eq!(*test.notes.0.lock(), all[53..]);
    test.write(60..70);
    test.run();
    assert_eq!(test.committed().len(), 63);
    test.database.fail_over(1_000);
    assert_eq!(test.committed().len(), 63 - 10, "a tail has an end");
}
