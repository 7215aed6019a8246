//! The lease as the node itself sees it, on a clock that moves when a test says so.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use platform::clock::{BoxFuture, ManualClock};
use platform::metrics::Registry;
use platform::sqlite::Writer;

use super::*;
use crate::store::{SqliteStore, conformance};
use crate::testing::{LeasedStore, NODE, open};

/// A node and the store it shares, each with its own clock: the store's may go on alone.
struct World {
    _directory: tempfile::TempDir,
    _writer: Writer,
    clock: ManualClock,
    stores_clock: ManualClock,
    store: Arc<LeasedStore>,
    ownership: Arc<Ownership>,
    stopped: Arc<AtomicU32>,
}

fn world() -> World {
    let directory = tempfile::tempdir().unwrap();
    let (writer, reader) = open(directory.path());
    let (clock, stores_clock) = (ManualClock::new(), ManualClock::new());
    let rows = SqliteStore::new(writer.clone(), reader);
    let store = Arc::new(LeasedStore::new(rows, Arc::new(stores_clock.clone())));
    let metrics = Metrics::register(&Registry::new());
    let shared = Arc::clone(&store) as Arc<dyn Store>;
    let ownership = Arc::new(Ownership::new(NODE, shared, Arc::new(clock.clone()), metrics));
    let stopped = Arc::default();
    World { _directory: directory, _writer: writer, clock, stores_clock, store, ownership, stopped }
}

impl World {
    /// Keeps the lease in a task, as a process does.
    async fn keep(&self) {
        self.ownership.renew().await.unwrap();
        let (ownership, stopped) = (Arc::clone(&self.ownership), Arc::clone(&self.stopped));
        tokio::spawn(ownership.keep(move || {
            stopped.fetch_add(1, Ordering::Relaxed);
        }));
        settle().await;
    }

    /// Both clocks go on, a tenth of a second at a time.
    async fn pass(&self, ms: u64) {
        for _ in 0..ms / 100 {
            self.clock.advance(100);
            self.stores_clock.advance(100);
            settle().await;
        }
    }

    fn stopped(&self) -> u32 {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// Lets tasks run that can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_lease_is_held_while_it_is_renewed() {
    let world = world();
    assert!(!world.ownership.holds(), "nothing before the first renewal");
    world.keep().await;
    for _ in 0..100 {
        world.pass(100).await;
        assert!(world.ownership.holds());
    }
    assert_eq!(world.stopped(), 0);
}

#[tokio::test]
async fn a_node_that_cannot_renew_stops_before_its_lease_ends() {
    let world = world();
    world.keep().await;
    world.store.cut_off(NODE, true);
    world.pass(1_600).await;
    assert!(world.ownership.holds(), "{:?}", world.clock.now());
    assert_eq!(world.stopped(), 0);
    world.pass(100).await;
    assert!(!world.ownership.holds(), "300 ms short of 2 s");
    assert_eq!(world.stopped(), 1, "its lobbies are stopped at once");
    world.pass(5_000).await;
    assert_eq!(world.stopped(), 1, "and once");
    assert_eq!(world.ownership.metrics.leases_lapsed.get(), 1);
    // Whoever waits for the lease hears of its renewal.
    let ownership = Arc::clone(&world.ownership);
    let waiting = tokio::spawn(async move { ownership.regained().await });
    settle().await;
    world.store.cut_off(NODE, false);
    world.pass(1_000).await;
    assert!(world.ownership.holds());
    waiting.await.unwrap();
}

#[tokio::test]
async fn a_paused_node_holds_nothing_when_it_wakes_up() {
    let world = world();
    world.keep().await;
    // Nothing ran meanwhile: the first that is asked must be told.
    world.clock.advance(1_700);
    assert!(!world.ownership.holds());
    settle().await;
    assert_eq!(world.stopped(), 1);
}

#[tokio::test]
async fn an_answer_that_came_after_the_lapse_does_not_hide_it() {
    let world = world();
    world.keep().await;
    let on_its_way = world.store.way.write().await;
    world.pass(500).await;
    // The process is paused, its lease runs out, and the renewal arrives after that.
    world.clock.advance(1_600);
    world.stores_clock.advance(1_600);
    drop(on_its_way);
    settle().await;
    assert_eq!(world.stopped(), 1, "another node may have taken what was owned");
    assert!(world.ownership.holds(), "the lease itself is a new one");
}

#[tokio::test]
async fn the_lease_counts_from_before_its_renewal_was_sent() {
    let world = world();
    let sent = world.clock.now();
    let lease = world.store.renew(NODE).await.unwrap();
    let Lease::Timed { ms } = lease else { panic!("{lease:?}") };
    // So long was the answer on its way.
    world.clock.advance(900);
    world.ownership.note(sent, lease);
    world.clock.advance(ms - 300 - 900 - 1);
    assert!(world.ownership.holds());
    world.clock.advance(1);
    assert!(!world.ownership.holds(), "the answer's way is no part of the lease");
}

#[tokio::test]
async fn a_lease_that_nothing_ends_is_never_renewed() {
    let directory = tempfile::tempdir().unwrap();
    let (writer, reader) = open(directory.path());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::new(writer.clone(), reader));
    let (clock, metrics) = (ManualClock::new(), Metrics::register(&Registry::new()));
    let ownership = Arc::new(Ownership::new(NODE, store, Arc::new(clock.clone()), metrics));
    ownership.renew().await.unwrap();
    tokio::spawn(Arc::clone(&ownership).keep(|| panic!("it cannot lapse")));
    settle().await;
    assert_eq!(clock.sleepers(), 0, "nobody waits to renew it");
    clock.advance(u64::from(u32::MAX));
    assert!(ownership.holds() && !ownership.is_shared());
    assert_eq!(writer.metrics().failed_commits.get(), 0);
}

/// The suite on the fake itself, so that what these tests show is true of what it stands for.
mod suite {
    use super::*;

    struct Place(World);

    impl Place {
        fn store(&self) -> Arc<LeasedStore> {
            Arc::clone(&self.0.store)
        }
    }

    #[tokio::test]
    async fn a_lobby_is_anybodys_once_its_owners_lease_ran_out() {
        let world = world();
        let clock = world.stores_clock.clone();
        let pass = move |ms| -> BoxFuture<'static, ()> {
            clock.advance(ms);
            Box::pin(tokio::time::sleep(Duration::ZERO))
        };
        let store = &*world.store;
        conformance::a_lobby_is_anybodys_once_its_owners_lease_ran_out(store, &pass).await;
    }

    crate::conformance_tests!(async { Place(world()) });
}
