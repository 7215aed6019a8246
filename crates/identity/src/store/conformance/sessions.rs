//! Sign-ins: what a store must answer at every edge of their lives.

use kernel::Sealed;

use futures_util::future::join_all;

use super::{Store, new, player};
use crate::store::{Bounds, EndedSession, NewSession, Replaced, Replacement, Rotated, Rotation};

const BOUNDS: Bounds =
    Bounds { idle_ms: 1_000, whole_ms: 5_000, per_player: 2, grace_ms: 10, kept_ms: 100 };

/// A sign-in of ann by a password, named after a letter, whose refresh tokens are numbers.
fn sign_in(password_hash: &str, name: &str, token: u8) -> NewSession {
    NewSession {
        player: player(1),
        password_hash: Sealed::new(password_hash.to_owned()),
        session: name.to_owned(),
        handle: [name.as_bytes()[0]; 16],
        hash: [token; 32],
    }
}

async fn open(store: &dyn Store, name: &str, token: u8, now_ms: i64) -> Vec<String> {
    let session = sign_in("hash of ann", name, token);
    store.open_session(session, now_ms, BOUNDS).await.unwrap().unwrap()
}

async fn rotate(store: &dyn Store, name: &str, [shown, next]: [u8; 2], now_ms: i64) -> Rotated {
    let rotation = Rotation { session: name.to_owned(), shown: [shown; 32], next: [next; 32] };
    store.rotate(rotation, now_ms, BOUNDS).await.unwrap()
}

fn fresh() -> Rotated {
    Rotated::Fresh(player(1), "ann".to_owned())
}

async fn with_ann(store: &dyn Store) {
    store.register(new("ann")).await.unwrap();
}

/// A token is spent once and again within the grace.
pub async fn a_token_is_spent_once_and_again_within_the_grace(store: &dyn Store) {
    with_ann(store).await;
    open(store, "a", 1, 0).await;
    assert_eq!(rotate(store, "a", [1, 2], 100).await, fresh());
    assert_eq!(rotate(store, "a", [1, 3], 110).await, fresh());
    assert_eq!(rotate(store, "a", [2, 4], 200).await, fresh());
    assert_eq!(rotate(store, "a", [3, 5], 210).await, fresh(), "spent with its twin, at 200");
    assert_eq!(rotate(store, "a", [3, 6], 211).await, Rotated::Reused(player(1)));
    assert_eq!(rotate(store, "a", [5, 7], 211).await, Rotated::Unknown, "it has ended");
    assert_eq!(rotate(store, "b", [1, 2], 211).await, Rotated::Unknown);
}

/// A sign in is over at its instant.
pub async fn a_sign_in_is_over_at_its_instant(store: &dyn Store) {
    with_ann(store).await;
    open(store, "a", 1, 0).await;
    assert_eq!(rotate(store, "a", [1, 2], 999).await, fresh());
    assert_eq!(rotate(store, "a", [2, 3], 1_999).await, Rotated::Over);
    open(store, "b", 1, 2_000).await;
    for (turn, now_ms) in (1..).zip((2_900..=6_500).step_by(900)) {
        assert_eq!(rotate(store, "b", [turn, turn + 1], now_ms).await, fresh());
    }
    assert_eq!(rotate(store, "b", [6, 7], 7_000).await, Rotated::Over, "in any case");
}

/// Ends are remembered as long as asked and the rest is cleared.
pub async fn ends_are_remembered_as_long_as_asked_and_the_rest_is_cleared(store: &dyn Store) {
    with_ann(store).await;
    open(store, "a", 1, 0).await;
    open(store, "b", 1, 10).await;
    let ended = store.end_sessions(player(1), Some("a".into()), 20, BOUNDS).await.unwrap();
    assert_eq!(ended, ["a"]);
    for only in [Some("a".to_owned()), Some("nobody's".to_owned())] {
        assert!(store.end_sessions(player(1), only, 21, BOUNDS).await.unwrap().is_empty());
    }
    let others = store.end_sessions(player(2), Some("b".into()), 21, BOUNDS).await.unwrap();
    assert!(others.is_empty(), "nobody ends another player's");
    assert_eq!(store.end_sessions(player(1), None, 30, BOUNDS).await.unwrap(), ["b"]);
    let of = |name: &str, at_ms| EndedSession { player: player(1), session: name.into(), at_ms };
    assert_eq!(store.ended_sessions(30, 9).await.unwrap(), [of("a", 20), of("b", 30)]);
    assert_eq!(store.ended_sessions(30, 1).await.unwrap(), [of("b", 30)], "the latest");
    assert_eq!(store.ended_sessions(120, 9).await.unwrap(), [of("b", 30)]);
    assert!(store.ended_sessions(130, 9).await.unwrap().is_empty());
}

/// One too many ends the one used longest ago.
pub async fn one_too_many_ends_the_one_used_longest_ago(store: &dyn Store) {
    with_ann(store).await;
    assert!(open(store, "a", 1, 0).await.is_empty());
    assert!(open(store, "b", 1, 1).await.is_empty());
    assert_eq!(rotate(store, "a", [1, 2], 2).await, fresh());
    assert_eq!(open(store, "c", 1, 3).await, ["b"]);
    assert_eq!(rotate(store, "b", [1, 2], 4).await, Rotated::Unknown);
}

/// A password is replaced only where the old one stands.
pub async fn a_password_is_replaced_only_where_the_old_one_stands(store: &dyn Store) {
    with_ann(store).await;
    open(store, "a", 1, 0).await;
    open(store, "b", 1, 0).await;
    let replacement = |old: &str, session: &str| Replacement {
        player: player(1),
        old_hash: Sealed::new(old.to_owned()),
        new_hash: Sealed::new("another".to_owned()),
        session: session.to_owned(),
        next: [9; 32],
    };
    for (old, session) in [("wrong", "a"), ("hash of ann", "nobody's")] {
        let refused = store.replace_password(replacement(old, session), 1, BOUNDS).await;
        assert_eq!(refused.unwrap(), None);
    }
    let replaced = store.replace_password(replacement("hash of ann", "a"), 2, BOUNDS).await;
    let done = Replaced { handle: *b"aaaaaaaaaaaaaaaa", ended: vec!["b".to_owned()] };
    assert_eq!(replaced.unwrap(), Some(done));
    let stored = store.find("ann").await.unwrap().unwrap();
    assert_eq!(stored.password_hash.expose(), "another");
    let late = store.open_session(sign_in("hash of ann", "c", 1), 3, BOUNDS).await.unwrap();
    assert_eq!(late, None, "proved before the password was replaced");
    assert_eq!(rotate(store, "c", [1, 2], 3).await, Rotated::Unknown);
    assert_eq!(rotate(store, "a", [9, 10], 3).await, fresh());
    assert_eq!(rotate(store, "b", [1, 2], 3).await, Rotated::Unknown);
    assert_eq!(rotate(store, "a", [1, 2], 3).await, Rotated::Reused(player(1)), "no grace");
}

/// Of many at once every one is judged by what stands before it.
pub async fn of_many_at_once_every_one_is_judged_by_what_stands_before_it(store: &dyn Store) {
    with_ann(store).await;
    open(store, "a", 1, 0).await;
    let answers = join_all((2..42).map(|next| rotate(store, "a", [1, next], 5))).await;
    assert!(answers.iter().all(|answer| *answer == fresh()), "{answers:?}");
    // All are twins of each other: the first one used spends the others.
    assert_eq!(rotate(store, "a", [2, 50], 100).await, fresh());
    assert_eq!(rotate(store, "a", [41, 51], 111).await, Rotated::Reused(player(1)));
}
