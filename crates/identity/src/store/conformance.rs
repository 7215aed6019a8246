//! What every store of players must do; run on each.

use std::sync::Arc;

use kernel::{PlayerId, Sealed};
use platform::sqlite::{Reader, Writer};

use super::{NewPlayer, SCHEMA, SqliteStore, Store};

mod sessions;

/// A store with what keeps it alive.
struct Fixture {
    store: Arc<dyn Store>,
    _root: tempfile::TempDir,
}

fn sqlite() -> Fixture {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("user.db");
    let writer = Writer::open(&path, &[SCHEMA]).unwrap();
    let reader = Reader::open(&path, 2).unwrap();
    Fixture { store: Arc::new(SqliteStore::new(writer, reader)), _root: root }
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

async fn players_are_numbered_from_one(store: &dyn Store) {
    for (number, name) in [(1, "ann"), (2, "bob"), (3, "eve")] {
        assert_eq!(store.register(new(name)).await.unwrap(), Some(player(number)));
    }
}

async fn a_name_is_taken_once_to_the_letter(store: &dyn Store) {
    assert!(store.register(new("ann")).await.unwrap().is_some());
    let other = NewPlayer { password_hash: Sealed::new("stolen".to_owned()), ..new("ann") };
    assert_eq!(store.register(other).await.unwrap(), None);
    let kept = store.find("ann").await.unwrap().unwrap();
    assert_eq!(kept.password_hash.expose(), "hash of ann");
    for other in ["Ann", "ann ", "ánn"] {
        assert!(store.register(new(other)).await.unwrap().is_some(), "{other}");
    }
}

async fn a_player_is_found_by_name(store: &dyn Store) {
    assert_eq!(store.find("ann").await.unwrap(), None);
    let registered = store.register(new("ann")).await.unwrap().unwrap();
    let found = store.find("ann").await.unwrap().unwrap();
    assert_eq!((found.player, found.username.as_str()), (registered, "ann"));
    assert_eq!(store.find("' OR 1=1 --").await.unwrap(), None);
}

async fn names_come_in_the_order_asked(store: &dyn Store) {
    store.register(new("ann")).await.unwrap();
    store.register(new("bob")).await.unwrap();
    let asked = [player(2), player(9), player(1), player(2)];
    let names = store.usernames(&asked).await.unwrap();
    assert_eq!(names, [Some("bob".into()), None, Some("ann".into()), Some("bob".into())]);
    assert!(store.usernames(&[]).await.unwrap().is_empty());
}

async fn of_many_at_once_one_gets_the_name(store: Arc<dyn Store>) {
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.register(new("ann")).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        made += usize::from(attempt.await.unwrap().is_some());
    }
    assert_eq!(made, 1);
    assert_eq!(store.find("ann").await.unwrap().unwrap().player, player(1));
}

macro_rules! conforms {
    ($module:ident: $fixture:ident) => {
        mod $module {
            #[tokio::test]
            async fn players_are_numbered_from_one() {
                super::players_are_numbered_from_one(&*super::$fixture().store).await;
            }

            #[tokio::test]
            async fn a_name_is_taken_once_to_the_letter() {
                super::a_name_is_taken_once_to_the_letter(&*super::$fixture().store).await;
            }

            #[tokio::test]
            async fn a_player_is_found_by_name() {
                super::a_player_is_found_by_name(&*super::$fixture().store).await;
            }

            #[tokio::test]
            async fn names_come_in_the_order_asked() {
                super::names_come_in_the_order_asked(&*super::$fixture().store).await;
            }

            #[tokio::test]
            async fn of_many_at_once_one_gets_the_name() {
                let fixture = super::$fixture();
                super::of_many_at_once_one_gets_the_name(fixture.store.clone()).await;
            }
        }
    };
}

conforms!(on_sqlite: sqlite);
