//! What may be armed. That each place stands in the code is tested where it is used.

use std::collections::BTreeSet;

use super::{Action, Armed, NAMES, fails, reach};

#[test]
fn a_failpoint_is_a_name_a_count_and_an_action() {
    let kill = Armed { name: "lock.after_commit", nth: 1, action: Action::Kill };
    assert_eq!(Armed::parse("lock.after_commit:kill"), Ok(kill));
    let stall = Armed { name: "heartbeat.before_commit", nth: 3, action: Action::Stall(3_000) };
    assert_eq!(Armed::parse("heartbeat.before_commit@3:stall=3000"), Ok(stall));
    let error = Armed { name: "wallet.reserve.after_commit", nth: 1, action: Action::Error };
    assert_eq!(Armed::parse("wallet.reserve.after_commit:error"), Ok(error));
}

#[test]
fn several_may_be_armed() {
    let both = Armed::parse_all("release.before_commit:kill,bet.after_told@2:stall=5").unwrap();
    assert_eq!(both.len(), 2);
    assert_eq!((both[1].name, both[1].nth), ("bet.after_told", 2));
    assert!(Armed::parse_all("release.before_commit:kill,").is_err());
}

#[test]
fn anything_else_is_refused_and_not_ignored() {
    for text in [
        "",
        "kill",
        "lock.after_commit",
        "lock.after_commit:explode",
        "lock.after_commit@0:kill",
        "lock.after_commit@x:kill",
        "lock.after_commit:stall",
        "lock.after_commit:stall=long",
        "nowhere:kill",
    ] {
        assert!(Armed::parse(text).is_err(), "{text}");
    }
}

#[test]
fn an_unarmed_place_does_nothing() {
    for name in NAMES {
        reach(name);
        assert!(!fails(name));
    }
    assert_eq!(NAMES.iter().collect::<BTreeSet<_>>().len(), NAMES.len(), "a name stands twice");
}
