//! What is revoked stays so for as long as a token could show it, and no longer.

use kernel::PlayerId;

use super::{KEPT_S, Revocations, Revoked};

fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

#[test]
fn a_session_ends_alone_and_for_good() {
    let revoked = Revocations::default();
    revoked.add(player(1), 100, Some("laptop"));
    assert!(revoked.cover(player(1), 100, "laptop"));
    assert!(revoked.cover(player(1), 101, "laptop"), "one signed as it ended");
    assert!(!revoked.cover(player(1), 100, "phone"));
}

#[test]
fn all_of_a_player_ends_up_to_a_second() {
    let revoked = Revocations::default();
    revoked.add(player(1), 100, None);
    assert!(revoked.cover(player(1), 100, "laptop") && revoked.cover(player(1), 9, "phone"));
    assert!(!revoked.cover(player(1), 101, "laptop"), "signed in again");
    assert!(!revoked.cover(player(2), 100, "other"));
    revoked.add(player(1), 90, None);
    assert!(revoked.cover(player(1), 100, "laptop"), "an older notice takes nothing back");
}

#[test]
fn what_no_token_outlives_is_forgotten() {
    let revoked = Revocations::default();
    for again in 0..3 {
        revoked.add(player(1), 100, Some("laptop"));
        revoked.add(player(1), 100 + again, None);
    }
    assert_eq!(revoked.len(), 4, "what is known is not kept twice");
    revoked.add(player(2), 102 + KEPT_S, Some("kept"));
    assert!(revoked.cover(player(1), 102, "any"), "the newest of the player is still kept");
    assert!(!revoked.cover(player(2), 0, "laptop"));
    revoked.add(player(2), 103 + KEPT_S, Some("later"));
    assert_eq!(revoked.len(), 2);
    assert!(!revoked.cover(player(1), 102, "any"));
}

#[test]
fn past_the_bound_the_oldest_is_forgotten() {
    let mut revoked = Revoked::default();
    for number in 0..1_000 {
        revoked.add(player(1), 100, Some(&number.to_string()), 10);
    }
    assert_eq!((revoked.order.len(), revoked.sessions.len()), (10, 10));
    assert!(revoked.sessions.contains_key("990") && !revoked.sessions.contains_key("989"));
}
