//! The wheel against a list that is searched from end to end.

use kernel::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{SLOT_MS, SLOTS, Wheel};

/// What a test does to a wheel.
#[derive(Clone, Debug)]
enum Step {
    Insert { in_ms: u64 },
    Advance { by_ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let turn = SLOT_MS * SLOTS;
    prop_oneof![
        4 => (0..3 * turn).prop_map(|in_ms| Step::Insert { in_ms }),
        2 => (0..2_000_u64).prop_map(|in_ms| Step::Insert { in_ms }),
        4 => (0..500_u64).prop_map(|by_ms| Step::Advance { by_ms }),
        1 => (0..4 * turn).prop_map(|by_ms| Step::Advance { by_ms }),
    ]
}

proptest! {
    #[test]
    fn it_fires_what_a_list_would(began in 0..1_000_000_u64, steps in vec(step(), 1..200)) {
        let mut now = Timestamp::from_ms(began);
        let mut wheel = Wheel::new(now);
        let mut list: Vec<(Timestamp, usize)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Insert { in_ms } => {
                    wheel.insert(now + in_ms, number);
                    list.push((now + in_ms, number));
                }
                Step::Advance { by_ms } => {
                    now = now + by_ms;
                    let mut fired = Vec::new();
                    wheel.advance(now, &mut fired);
                    let at = |number: &usize| list.iter().find(|(_, other)| other == number);
                    for number in &fired {
                        prop_assert!(at(number).is_some_and(|(at, _)| *at <= now), "early");
                    }
                    list.retain(|(_, number)| !fired.contains(number));
                    for (at, _) in &list {
                        prop_assert!(at.as_ms() + SLOT_MS > now.as_ms(), "late by a slot");
                    }
                }
            }
            prop_assert_eq!(wheel.is_empty(), list.is_empty());
            prop_assert!(wheel.next_at().as_ms() <= now.as_ms() + SLOT_MS);
        }
    }
}

#[test]
fn a_deadline_fires_in_the_slot_after_it() {
    let mut wheel = Wheel::new(Timestamp::from_ms(0));
    let mut due = Vec::new();
    wheel.insert(Timestamp::from_ms(250), "soon");
    wheel.insert(Timestamp::from_ms(SLOT_MS * SLOTS + 250), "a turn later");
    for (now, expected) in [(0, 0), (250, 0), (299, 0), (300, 1), (SLOT_MS * SLOTS, 1)] {
        wheel.advance(Timestamp::from_ms(now), &mut due);
        assert_eq!(due.len(), expected, "{now}");
    }
    wheel.advance(Timestamp::from_ms(SLOT_MS * SLOTS + 300), &mut due);
    assert_eq!(due, ["soon", "a turn later"]);
    assert!(wheel.is_empty());
}
