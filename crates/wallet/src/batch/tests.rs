//! Gathering, bounds, and what is told when the store does not do as asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use cluster::{Bus, Delivery, MemoryBus};
use kernel::{Amount, PlayerId};
use ledger::{Bounds, Command, Funds, FundsChange};
use parking_lot::Mutex;
use platform::metrics::Registry;
use tokio::sync::Semaphore;

use super::{Batcher, WAITING_MAX};
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::store::{Applied, Balance, Funded, Keyed, Line, Moved, Store, StoreError};

/// A store whose commits wait for a permit, and which refuses batches with `REFUSED` in them.
#[derive(Default)]
struct Gated {
    book: Mutex<ledger::Rows>,
    batches: Mutex<Vec<usize>>,
    gate: Gate,
    away: AtomicBool,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

#[async_trait]
impl Store for Gated {
    async fn open_book(&self, _: String, _: i64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn apply(&self, batch: Vec<Command>) -> Result<Applied, StoreError> {
        self.batches.lock().push(batch.len());
        self.gate.0.acquire().await.unwrap().forget();
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable);
        }
        if batch.contains(&top_up(REFUSED)) {
            return Err(StoreError::Failed("a constraint".into()));
        }
        let mut book = self.book.lock();
        let (answers, changes) = ledger::decide(&batch, &book);
        book.apply(changes);
        let moved = changes_of(&batch);
        Ok(Applied { answers, parked: Vec::new(), moved })
    }

    async fn change_funds(&self, _: Funds, _: Option<Keyed>) -> Result<Funded, StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn balance(&self, _: PlayerId) -> Result<Balance, StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn escrow_kept(&self) -> Result<Amount, StoreError> {
        Err(StoreError::Unavailable)
    }

    async fn statement(&self, _: PlayerId, _: u64, _: u32) -> Result<Vec<Line>, StoreError> {
        Err(StoreError::Unavailable)
    }
}

/// A movement a command, of the player it names.
fn changes_of(batch: &[Command]) -> Vec<Moved> {
    let moved = batch.iter().zip(1..).filter_map(|(command, version)| match command {
        Command::Funds(funds) => {
            Some(Moved { player: funds.player, balance: Balance::default(), version })
        }
        _ => None,
    });
    moved.collect()
}

/// Nobody else's number.
const REFUSED: u64 = 900_003;

fn top_up(player: u64) -> Command {
    let amount = Amount::from_whole(1);
    Command::Funds(Funds {
        player: PlayerId::new(player).unwrap(),
        request: [7; 16],
        change: FundsChange::Add(amount),
        day: 1,
        bounds: Bounds { per_day: amount, balance: amount },
    })
}

fn start() -> (Arc<Gated>, Batcher) {
    let store = Arc::new(Gated::default());
    let bus = Arc::new(MemoryBus::new());
    let batcher = start_on(&store, bus);
    (store, batcher)
}

fn start_on(store: &Arc<Gated>, bus: Arc<MemoryBus>) -> Batcher {
    let metrics = Metrics::register(&Registry::new());
    let store = Arc::clone(store) as Arc<dyn Store>;
    let (batcher, applying) = Batcher::new(store, Notices::new(bus), metrics);
    tokio::spawn(applying);
    batcher
}

/// Calls begun now, in order, each with one top-up.
fn call(batcher: &Batcher, players: impl Iterator<Item = u64>) -> Vec<Call> {
    let begin = |player| {
        let batcher = batcher.clone();
        tokio::spawn(async move { batcher.submit(vec![top_up(player)]).await })
    };
    players.map(begin).collect()
}

type Call = tokio::task::JoinHandle<Result<Vec<ledger::Answer>, StoreError>>;

/// Lets everything that can go on go on.
async fn settle() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn calls_gather_while_a_batch_is_committing() {
    let (store, batcher) = start();
    let first = call(&batcher, 1..=1);
    settle().await;
    let rest = call(&batcher, 2..=101);
    settle().await;
    assert_eq!(*store.batches.lock(), [1]);
    store.gate.0.add_permits(2);
    for call in first.into_iter().chain(rest) {
        assert_eq!(call.await.unwrap().unwrap().len(), 1);
    }
    assert_eq!(*store.batches.lock(), [1, 100]);
}

#[tokio::test]
async fn a_batch_ends_at_its_bound_and_no_call_is_split() {
    let (store, batcher) = start();
    let first = call(&batcher, 1..=1);
    settle().await;
    let one = batcher.clone();
    let large: Vec<Command> = (1..=1_000).map(top_up).collect();
    let large = [large.clone(), large].map(|commands| {
        let one = one.clone();
        tokio::spawn(async move { one.submit(commands).await })
    });
    settle().await;
    let rest = call(&batcher, 2_000..=2_009);
    settle().await;
    store.gate.0.add_permits(10);
    for call in large {
        assert_eq!(call.await.unwrap().unwrap().len(), 1_000);
    }
    for call in first.into_iter().chain(rest) {
        call.await.unwrap().unwrap();
    }
    assert_eq!(*store.batches.lock(), [1, 2_000, 10]);
}

#[tokio::test]
async fn a_full_queue_turns_calls_away_at_once() {
    let (store, batcher) = start();
    let first = call(&batcher, 1..=1);
    settle().await;
    let many: Vec<Command> = (1..=1_000).map(top_up).collect();
    let fit = (WAITING_MAX - 1) / many.len();
    let waiting: Vec<Call> = (0..fit)
        .map(|_| {
            let (batcher, many) = (batcher.clone(), many.clone());
            tokio::spawn(async move { batcher.submit(many).await })
        })
        .collect();
    settle().await;
    assert_eq!(batcher.submit(many.clone()).await, Err(StoreError::Unavailable));
    assert_eq!(batcher.metrics.overloaded.get(), 1);
    store.gate.0.add_permits(fit + 1);
    for call in first.into_iter().chain(waiting) {
        call.await.unwrap().unwrap();
    }
    store.gate.0.add_permits(1);
    batcher.submit(many).await.unwrap();
}

#[tokio::test]
async fn a_call_the_store_refuses_fails_alone() {
    let (store, batcher) = start();
    let first = call(&batcher, 1..=1);
    settle().await;
    let rest = call(&batcher, 900_001..=900_005);
    settle().await;
    store.gate.0.add_permits(100);
    first.into_iter().next().unwrap().await.unwrap().unwrap();
    for (call, player) in rest.into_iter().zip(900_001..) {
        let answer = call.await.unwrap();
        assert_eq!(answer.is_err(), player == REFUSED, "{player}: {answer:?}");
    }
    assert_eq!(batcher.metrics.refused_batches.get(), 1);
    assert_eq!(batcher.metrics.failed_batches.get(), 0);
}

#[tokio::test]
async fn an_unknown_outcome_is_told_to_every_call_of_the_batch() {
    let (store, batcher) = start();
    store.away.store(true, Ordering::SeqCst);
    let calls = call(&batcher, 1..=5);
    settle().await;
    store.gate.0.add_permits(10);
    for call in calls {
        assert_eq!(call.await.unwrap(), Err(StoreError::Unavailable));
    }
    store.away.store(false, Ordering::SeqCst);
    batcher.submit(vec![top_up(1)]).await.unwrap();
    assert_eq!(batcher.submit(Vec::new()).await, Ok(Vec::new()));
}

#[tokio::test]
async fn balances_are_told_after_the_commit_and_before_the_answer() {
    let (store, bus) = (Arc::new(Gated::default()), Arc::new(MemoryBus::new()));
    let batcher = start_on(&store, Arc::clone(&bus));
    let mut notices = bus.notices();
    let mut calls = call(&batcher, 1..=1);
    settle().await;
    assert!(calls.iter().all(|call| !call.is_finished()), "nothing is answered yet");
    store.gate.0.add_permits(1);
    calls.remove(0).await.unwrap().unwrap();
    // Told already: the answer comes after it.
    let told = tokio::time::timeout(std::time::Duration::ZERO, notices.next()).await;
    let Ok(Some(Delivery::Picture(json))) = told else { panic!("{told:?}") };
    assert_eq!(json, r#"{"balance":{"user_id":1,"balance":0,"held":0,"version":1}}"#);
    store.away.store(true, Ordering::SeqCst);
    store.gate.0.add_permits(1);
    batcher.submit(vec![top_up(2)]).await.unwrap_err();
    let told = tokio::time::timeout(std::time::Duration::from_millis(5), notices.next()).await;
    assert!(told.is_err(), "what is not stored is not told: {told:?}");
}
