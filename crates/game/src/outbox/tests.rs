//! What is queued reaches the wallet once in effect, in order, whatever happens to the answers.

use std::sync::Arc;

use contracts::{Fence, Outcome, Reserve, Wallet};
use engine::{Bet, BetKey, BetState, Settlement, Totals};
use kernel::{Amount, Epoch, Multiplier, RoundId, SeedIndex, Stake};
use platform::clock::{ManualClock, SystemClock};
use platform::metrics::Registry;
use tokio::sync::Notify;

use super::{Flush, Sender};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::ownership::Ownership;
use crate::store::{
    ChainRecord, LockRecord, PublicSeed, RoundEnd, SqliteStore, Store, StoreCommand,
};
use crate::testing::{Hold, NODE, TestWallet, apply, bet_id, lobby, open, owner, player};

struct Node {
    _directory: tempfile::TempDir,
    wallet: Arc<TestWallet>,
    store: Arc<dyn Store>,
    sender: Sender,
}

async fn node() -> Node {
    let directory = tempfile::tempdir().unwrap();
    let (writer, reader) = open(directory.path());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::new(writer, reader));
    let rules = engine::Rules::standard(kernel::Curve::linear());
    store.create_lobby(Config::default().main_lobby(&rules, 1), 1).await.unwrap();
    let chain = ChainRecord {
        lobby: lobby(1),
        chain: 1,
        length: 1_000,
        seeds_before: 0,
        house_edge_bps: 100,
        terminal: [0; 32],
        public_key: [0; 32],
        signature: [0; 64],
        anchor: fairness::Anchor::Local,
        public_seed: Some("drawn".into()),
        beacon_signature: None,
        promised: false,
        used: 0,
        skipped: Vec::new(),
        abandoned: None,
        created_at: 1,
    };
    store.add_chain(owner(1), chain, Vec::new()).await.unwrap();
    let drawn = PublicSeed { text: "drawn".into(), signature: None };
    store.set_public_seed(owner(1), 1, drawn).await.unwrap();
    let wallet = Arc::new(TestWallet::default());
    wallet.top_up(player(1), 100);
    let funding = Amount::from_whole(1_000);
    wallet
        .fence(Fence { lobby: lobby(1), epoch: Epoch(1), funding, raise: 0, request: [0; 16] })
        .await
        .unwrap();
    let take_over = StoreCommand::TakeOver { lobby: lobby(1), epoch: Epoch(1) };
    apply(&*store, 1, vec![take_over]).await.remove(0).unwrap();
    let (clock, metrics) = (Arc::new(SystemClock::new()), Metrics::register(&Registry::new()));
    let ownership = Ownership::new(NODE, Arc::clone(&store), clock.clone(), metrics.clone());
    ownership.renew().await.unwrap();
    let sender = Sender {
        store: Arc::clone(&store),
        ownership: Arc::new(ownership),
        wallet: wallet.clone(),
        clock,
        live: Arc::default(),
        gate: Arc::default(),
        bell: Arc::new(Notify::new()),
        metrics,
        failures: Arc::default(),
    };
    Node { _directory: directory, wallet, store, sender }
}

impl Node {
    /// Plays `number` with one lost bet, as far as the store is concerned.
    async fn play(&self, number: u32) {
        let round = RoundId::new(lobby(1), number);
        let name = bet_id(u8::try_from(number).unwrap());
        let key = BetKey { player: player(1), bet: name, round: number };
        let stake = Stake::from_whole(10);
        let reserve = Reserve { player: player(1), bet: name, round, epoch: Epoch(1), stake };
        self.wallet.reserve(&[reserve]).await.unwrap()[0].unwrap();
        let cap = Multiplier::from_centi(200).unwrap();
        let requested = BetState::Requested;
        let bet =
            Bet { key, stake, auto_cash_out: None, cap, balance: Amount::ZERO, state: requested };
        let stake_sum = stake.amount();
        let lock = LockRecord {
            round,
            bets: vec![key],
            totals: Totals { count: 1, stake_sum, payout_sum: Amount::ZERO },
            seed_index: number,
            bets_hash: [0; 32],
            start_at: 1,
            at: 1,
        };
        let end = RoundEnd {
            round,
            interrupted: None,
            crash_point: Multiplier::ONE,
            multiplier: Some(Multiplier::ONE),
            settlements: vec![Settlement { key, outcome: engine::Outcome::Lost }],
            payout_sum: Amount::ZERO,
            seed: [0; 32],
            at: 1,
        };
        let commands = vec![
            StoreCommand::OpenRound { round, epoch: Epoch(1), chain: 1, at: 1 },
            StoreCommand::AcceptBet { lobby: lobby(1), bet, name: "ann".into(), at: 1 },
            StoreCommand::Lock(Box::new(lock)),
            StoreCommand::EndRound(Box::new(end)),
        ];
        for answer in apply(&*self.store, 1, commands).await {
            answer.unwrap();
        }
    }

    async fn flush_all(&self) {
        for _ in 0..100 {
            if self.sender.flush().await == Flush::Empty {
                return;
            }
        }
        panic!("the outbox never became empty");
    }
}

#[tokio::test]
async fn lost_answers_are_asked_for_again_and_change_nothing_twice() {
    let node = node().await;
    node.play(1).await;
    node.play(2).await;
    // The resolve is done but not answered; then the close likewise.
    node.wallet.book.lock().lost_answers = 1;
    assert_eq!(node.sender.flush().await, Flush::Stuck);
    assert!(node.wallet.book.lock().closes.is_empty(), "no close before its resolves");
    assert_eq!(node.sender.flush().await, Flush::Sent);
    node.wallet.book.lock().lost_answers = 1;
    node.flush_all().await;
    let lost = Hold::Ended(Stake::from_whole(10), Outcome::Lost);
    for bet in [1, 2] {
        assert_eq!(node.wallet.hold(player(1), bet_id(bet)), Some(lost));
    }
    let book = node.wallet.book.lock();
    assert_eq!(book.balances[&player(1)], Amount::from_whole(80));
    assert_eq!(book.houses[&lobby(1)], Amount::from_whole(1_020));
    let closes: Vec<_> =
        book.closes.iter().map(|close| (close.round.number, close.seed_index)).collect();
    assert_eq!(closes, [(1, SeedIndex(1)), (2, SeedIndex(2))]);
    assert_eq!(book.conflicts, 0);
}

#[tokio::test]
async fn a_lobby_that_is_stuck_hides_no_other() {
    let node = node().await;
    node.play(1).await;
    assert!(!node.store.unsent(NODE, 100, &[lobby(2)]).await.unwrap().is_empty());
    assert!(node.store.unsent(NODE, 100, &[lobby(2), lobby(1)]).await.unwrap().is_empty());
    // A call that is never answered goes out lobby by lobby in the end, and still in order.
    node.wallet.book.lock().down = true;
    for _ in 0..4 {
        assert_eq!(node.sender.flush().await, Flush::Stuck);
    }
    node.wallet.book.lock().down = false;
    node.play(2).await;
    node.flush_all().await;
    assert_eq!(node.wallet.fence_of(lobby(1)).1, 2);
    assert_eq!(node.wallet.book.lock().conflicts, 0);
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_wallet_is_down() {
    let node = node().await;
    node.play(1).await;
    let queued = node.store.unsent(NODE, 100, &[]).await.unwrap().len();
    node.wallet.book.lock().down = true;
    for _ in 0..3 {
        assert_eq!(node.sender.flush().await, Flush::Stuck);
    }
    assert_eq!(node.store.unsent(NODE, 100, &[]).await.unwrap().len(), queued);
    node.wallet.book.lock().down = false;
    node.flush_all().await;
    assert_eq!(node.store.inherit(lobby(1)).await.unwrap().unwrap().unclosed, []);
}

#[tokio::test]
async fn for_how_long_nothing_is_answered_is_shown() {
    let node = node().await;
    let clock = ManualClock::new();
    let sender = Sender { clock: Arc::new(clock.clone()), ..node.sender.clone() };
    let mut since = None;
    let mut shown_after = |ms, flush| {
        clock.advance(ms);
        sender.note_stuck(&mut since, flush);
        sender.metrics.outbox_stuck_seconds.get()
    };
    assert_eq!(shown_after(5_000, Flush::Empty), 0);
    assert_eq!(shown_after(5_000, Flush::Stuck), 0, "it was just asked for the first time");
    assert_eq!(shown_after(31_000, Flush::Stuck), 31);
    assert_eq!(shown_after(2_000, Flush::Sent), 0, "somebody answers again");
    assert_eq!(shown_after(9_000, Flush::Stuck), 0, "and what was before is over");
}

#[tokio::test]
async fn how_long_a_round_has_waited_is_shown_after_a_restart_too() {
    let node = node().await;
    let shown = async |ms: i64| {
        // Each look is the first one of a new process. Rounds end at 1 here.
        let clock = Arc::new(ManualClock::starting_at(1 + ms));
        let sender = Sender { clock, ..node.sender.clone() };
        sender.note_age().await;
        sender.metrics.settlement_age_seconds.get()
    };
    assert_eq!(shown(61_000).await, 0, "nothing waits");
    node.play(1).await;
    node.wallet.book.lock().down = true;
    assert_eq!(node.sender.flush().await, Flush::Stuck);
    assert_eq!(shown(61_000).await, 61);
    assert_eq!(shown(62_999).await, 62);
    assert_eq!(shown(-5_000).await, 0, "by another machine's clock it ends later");
    node.wallet.book.lock().down = false;
    node.flush_all().await;
    assert_eq!(shown(61_000).await, 0, "it is settled");
}

#[tokio::test]
async fn rows_of_an_earlier_owner_go_out_under_the_present_epoch() {
    let node = node().await;
    node.play(1).await;
    let funding = Amount::ZERO;
    node.wallet
        .fence(Fence { lobby: lobby(1), epoch: Epoch(2), funding, raise: 0, request: [0; 16] })
        .await
        .unwrap();
    assert_eq!(node.sender.flush().await, Flush::Stuck, "a newer owner's fence stands");
    let take_over = StoreCommand::TakeOver { lobby: lobby(1), epoch: Epoch(2) };
    apply(&*node.store, 2, vec![take_over]).await.remove(0).unwrap();
    node.flush_all().await;
    assert_eq!(node.wallet.fence_of(lobby(1)).1, 1);
}
