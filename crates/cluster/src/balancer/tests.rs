//! Who is called, who is left alone, and who is tried again.

use std::sync::Arc;

use platform::clock::ManualClock;
use platform::random::SeededRandom;

use super::{Balancer, CallEnd, Endpoint, Picked};

fn endpoint(name: &str) -> Endpoint {
    Endpoint { instance: name.into(), address: format!("http://{name}:1") }
}

fn balancer(names: &[&str]) -> (Balancer, ManualClock) {
    let clock = ManualClock::new();
    let balancer = Balancer::new(Arc::new(clock.clone()), Arc::new(SeededRandom::new(1)));
    balancer.know(&names.iter().map(|name| endpoint(name)).collect::<Vec<_>>());
    (balancer, clock)
}

fn name(picked: &Picked) -> &str {
    &picked.endpoint().instance
}

/// Calls `name` and ends as told; every other instance answers.
fn call_until(balancer: &Balancer, wanted: &str, end: CallEnd) {
    for _ in 0..1_000 {
        let picked = balancer.pick().unwrap();
        if name(&picked) == wanted {
            return picked.ended(end);
        }
        picked.ended(CallEnd::Answered);
    }
    panic!("{wanted} was never called");
}

/// How many of a thousand calls, one after another, go to `wanted`.
fn share(balancer: &Balancer, wanted: &str) -> usize {
    let called = (0..1_000).map(|_| balancer.pick().unwrap());
    called.filter(|picked| name(picked) == wanted).count()
}

#[test]
fn nobody_known_is_nobody_called() {
    assert!(balancer(&[]).0.pick().is_none());
}

#[test]
fn who_is_left_alone_or_was_tried_is_no_other() {
    assert!(!balancer(&["a"]).0.pick().unwrap().has_others());
    let (balancer, _clock) = balancer(&["a", "b"]);
    assert!(balancer.pick().unwrap().has_others());
    assert!(!balancer.pick_other_than(&[endpoint("a")]).unwrap().has_others());
    for _ in 0..3 {
        call_until(&balancer, "b", CallEnd::Failed);
    }
    assert!(!balancer.pick().unwrap().has_others());
}

#[test]
fn whoever_has_less_to_do_is_called() {
    let (balancer, _clock) = balancer(&["a", "b"]);
    let under_way: Vec<Picked> = (0..100).map(|_| balancer.pick().unwrap()).collect();
    let to_a = under_way.iter().filter(|picked| name(picked) == "a").count();
    assert_eq!(to_a, 50, "calls under way are spread evenly");
}

#[test]
fn all_of_three_are_called() {
    let (balancer, _clock) = balancer(&["a", "b", "c"]);
    for instance in ["a", "b", "c"] {
        assert!(share(&balancer, instance) > 100, "{instance} gets its share");
    }
}

#[test]
fn who_was_slow_once_is_asked_again() {
    let (balancer, _clock) = balancer(&["a", "b"]);
    loop {
        let picked = balancer.pick().unwrap();
        let is_a = name(&picked) == "a";
        if is_a {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        picked.ended(CallEnd::Answered);
        if is_a {
            break;
        }
    }
    for _ in 0..10_000 {
        let picked = balancer.pick().unwrap();
        if name(&picked) == "a" {
            return;
        }
        picked.ended(CallEnd::Answered);
    }
    panic!("a is never called again");
}

#[test]
fn who_fails_again_and_again_is_left_alone_then_probed() {
    let (balancer, clock) = balancer(&["a", "b"]);
    for _ in 0..3 {
        call_until(&balancer, "a", CallEnd::Failed);
    }
    assert_eq!(share(&balancer, "a"), 0);
    clock.advance(500);
    // One call looks; meanwhile no other goes there.
    let probe = loop {
        let picked = balancer.pick().unwrap();
        if name(&picked) == "a" {
            break picked;
        }
    };
    assert_eq!(share(&balancer, "a"), 0);
    probe.ended(CallEnd::Failed);
    clock.advance(999);
    assert_eq!(share(&balancer, "a"), 0, "twice as long after a probe that failed");
    clock.advance(1);
    call_until(&balancer, "a", CallEnd::Answered);
    assert!(share(&balancer, "a") > 100, "whoever answers is one of all again");
}

#[test]
fn one_answer_between_failures_keeps_an_instance() {
    let (balancer, _clock) = balancer(&["a", "b"]);
    for _ in 0..10 {
        call_until(&balancer, "a", CallEnd::Failed);
        call_until(&balancer, "a", CallEnd::Failed);
        call_until(&balancer, "a", CallEnd::Answered);
    }
    assert!(share(&balancer, "a") > 0);
}

#[test]
fn a_fault_of_most_is_nobodys_own() {
    let (balancer, _clock) = balancer(&["a", "b", "c"]);
    for instance in ["a", "b"] {
        for _ in 0..3 {
            call_until(&balancer, instance, CallEnd::Failed);
        }
    }
    for instance in ["a", "b", "c"] {
        assert!(share(&balancer, instance) > 0, "{instance} is called all the same");
    }
}

#[test]
fn who_was_tried_is_not_tried_again() {
    let (balancer, _clock) = balancer(&["a", "b"]);
    let picked = balancer.pick_other_than(&[endpoint("a")]).unwrap();
    assert_eq!(name(&picked), "b");
    assert!(balancer.pick_other_than(&[endpoint("a"), endpoint("b")]).is_none());
}

#[test]
fn who_left_is_forgotten_and_who_stays_is_remembered() {
    let (balancer, clock) = balancer(&["a", "b"]);
    for _ in 0..3 {
        call_until(&balancer, "a", CallEnd::Failed);
    }
    balancer.know(&[endpoint("a"), endpoint("c")]);
    assert_eq!(share(&balancer, "a"), 0);
    assert_eq!(share(&balancer, "b"), 0);
    balancer.know(&[endpoint("c")]);
    balancer.know(&[endpoint("a"), endpoint("c")]);
    assert!(share(&balancer, "a") > 0, "one that came back begins anew");
    clock.advance(1);
}
