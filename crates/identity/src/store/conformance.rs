//! What every store of players must do. Each case takes an empty store.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a suite of tests")]

use kernel::{PlayerId, Sealed};

use futures_util::future::join_all;

use super::{NewPlayer, Store};

mod sessions;

pub use sessions::{
    a_password_is_replaced_only_where_the_old_one_stands, a_sign_in_is_over_at_its_instant,
    a_token_is_spent_once_and_again_within_the_grace,
    ends_are_remembered_as_long_as_asked_and_the_rest_is_cleared,
    of_many_at_once_every_one_is_judged_by_what_stands_before_it,
    one_too_many_ends_the_one_used_longest_ago,
};

/// A test of each case, for a crate that brings a store: `$place` is a future of something whose
/// method `store` gives an `Arc` of one new, empty store.
#[macro_export]
macro_rules! conformance_tests {
    ($place:expr) => { $crate::conformance_tests! { $place;
        players_are_numbered_from_one
        a_name_is_taken_once_to_the_letter
        a_player_is_found_by_name
        names_come_in_the_order_asked
        of_many_at_once_one_gets_the_name
        a_token_is_spent_once_and_again_within_the_grace
        a_sign_in_is_over_at_its_instant
        ends_are_remembered_as_long_as_asked_and_the_rest_is_cleared
        one_too_many_ends_the_one_used_longest_ago
        a_password_is_replaced_only_where_the_old_one_stands
        of_many_at_once_every_one_is_judged_by_what_stands_before_it
    } };
    ($place:expr; $($case:ident)*) => { $(
        #[tokio::test]
        async fn $case() {
            let place = $place.await;
            $crate::store::conformance::$case(&*place.store()).await;
        }
    )* };
}

fn new(username: &str) -> NewPlayer {
    NewPlayer {
        username: username.to_owned(),
        password_hash: Sealed::new(format!("hash of {username}")),
        created_at_ms: 7,
    }
}

fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

/// Players are numbered from one.
pub async fn players_are_numbered_from_one(store: &dyn Store) {
    for (number, name) in [(1, "ann"), (2, "bob"), (3, "eve")] {
        assert_eq!(store.register(new(name)).await.unwrap(), Some(player(number)));
    }
}

/// A name is taken once, to the letter.
pub async fn a_name_is_taken_once_to_the_letter(store: &dyn Store) {
    assert!(store.register(new("ann")).await.unwrap().is_some());
    let other = NewPlayer { password_hash: Sealed::new("stolen".to_owned()), ..new("ann") };
    assert_eq!(store.register(other).await.unwrap(), None);
    let kept = store.find("ann").await.unwrap().unwrap();
    assert_eq!(kept.password_hash.expose(), "hash of ann");
    for other in ["Ann", "ann ", "ánn"] {
        assert!(store.register(new(other)).await.unwrap().is_some(), "{other}");
    }
}

/// A player is found by name.
pub async fn a_player_is_found_by_name(store: &dyn Store) {
    assert_eq!(store.find("ann").await.unwrap(), None);
    let registered = store.register(new("ann")).await.unwrap().unwrap();
    let found = store.find("ann").await.unwrap().unwrap();
    assert_eq!((found.player, found.username.as_str()), (registered, "ann"));
    assert_eq!(store.find("' OR 1=1 --").await.unwrap(), None);
}

/// Names come in the order asked.
pub async fn names_come_in_the_order_asked(store: &dyn Store) {
    store.register(new("ann")).await.unwrap();
    store.register(new("bob")).await.unwrap();
    let asked = [player(2), player(9), player(1), player(2)];
    let names = store.usernames(&asked).await.unwrap();
    assert_eq!(names, [Some("bob".into()), None, Some("ann".into()), Some("bob".into())]);
    assert!(store.usernames(&[]).await.unwrap().is_empty());
}

/// Of many at once, one gets the name.
pub async fn of_many_at_once_one_gets_the_name(store: &dyn Store) {
    let made = join_all((0..50).map(|_| store.register(new("ann")))).await;
    let made = made.into_iter().filter(|made| made.as_ref().unwrap().is_some());
    assert_eq!(made.count(), 1);
    assert_eq!(store.find("ann").await.unwrap().unwrap().player, player(1));
}
