//! Order by seed, time by events, processes that die and stand still.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Executor, ProcessId};
use crate::dice::Dice;
use crate::trace::Trace;

type Seen = Arc<Mutex<Vec<(u64, u32)>>>;

fn executor(seed: u64) -> Executor {
    Executor::new(Dice::new(seed, 1), Trace::default())
}

/// Notes `name` now and after each of so many sleeps of 10 ms.
fn note(executor: &Executor, process: ProcessId, seen: &Seen, name: u32, sleeps: u64) {
    let (own, seen) = (executor.clone(), Arc::clone(seen));
    let work = async move {
        for turn in 0..=sleeps {
            own.sleep_until(turn * 10).await;
            seen.lock().push((own.now_ms(), name));
        }
    };
    executor.spawn(process, Box::pin(work));
}

fn run(executor: &Executor) {
    while executor.step(1_000) {}
}

fn order_of(seed: u64) -> Vec<u32> {
    let (world, noted) = (executor(seed), Seen::default());
    let process = world.start_process();
    (0..20).for_each(|name| note(&world, process, &noted, name, 0));
    run(&world);
    noted.lock().iter().map(|(_, name)| *name).collect()
}

#[test]
fn the_seed_fixes_the_order_and_another_seed_another_one() {
    assert_eq!(order_of(1), order_of(1));
    assert_ne!(order_of(1), order_of(2));
    let mut sorted = order_of(1);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..20).collect::<Vec<_>>());
}

#[test]
fn time_jumps_to_what_is_due_and_to_the_end() {
    let (executor, seen) = (executor(1), Seen::default());
    let process = executor.start_process();
    note(&executor, process, &seen, 7, 3);
    run(&executor);
    assert_eq!(*seen.lock(), [(0, 7), (10, 7), (20, 7), (30, 7)]);
    assert_eq!(executor.now_ms(), 1_000);
}

#[test]
fn a_killed_process_takes_no_other_step() {
    let (executor, seen) = (executor(1), Seen::default());
    let (dying, living) = (executor.start_process(), executor.start_process());
    note(&executor, dying, &seen, 1, 9);
    note(&executor, living, &seen, 2, 3);
    let killer = executor.clone();
    executor.call_in(15, move || killer.kill(dying));
    run(&executor);
    let last = |name| seen.lock().iter().rev().find(|(_, who)| *who == name).copied();
    assert_eq!((last(1), last(2)), (Some((10, 1)), Some((30, 2))));
    assert!(executor.spawn(dying, Box::pin(std::future::pending())).is_none());
}

#[test]
fn a_paused_process_stands_still_while_its_clock_goes_on() {
    let (executor, seen) = (executor(1), Seen::default());
    let process = executor.start_process();
    note(&executor, process, &seen, 1, 3);
    for (at_ms, pauses) in [(5, true), (25, false)] {
        let own = executor.clone();
        let change = move || if pauses { own.pause(process) } else { own.resume(process) };
        executor.call_in(at_ms, change);
    }
    run(&executor);
    assert_eq!(*seen.lock(), [(0, 1), (25, 1), (25, 1), (30, 1)]);
}

#[test]
fn what_is_aborted_is_dropped_where_it_waits() {
    let executor = executor(1);
    let process = executor.start_process();
    let held = Arc::new(());
    let kept = Arc::clone(&held);
    let sleeps = executor.sleep_until(500);
    let task = executor.spawn(
        process,
        Box::pin(async move {
            sleeps.await;
            drop(kept);
        }),
    );
    let aborter = executor.clone();
    executor.call_in(100, move || task.into_iter().for_each(|task| aborter.abort(task)));
    while executor.step(200) {}
    assert_eq!(Arc::strong_count(&held), 1);
}
