//! What every store of the book must do. Each case takes an empty store.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a suite of tests")]

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};
use ledger::{
    Bounds, Changes, Close, Command, Funds, FundsChange, HoldState, Kind, OpenFence, Outcome,
    Release, Reserve, Resolve, Rows, Transfer, decide,
};
use platform::http::idempotency::KeptAnswer;
use platform::http::{IdempotencyKey, Idempotent};
use platform::random::{SeededRandom, array};

use super::{Applied, Balance, Funded, Keyed, Store, StoreError};

/// Random histories: the store answers, keeps and parks exactly what the ledger decides.
pub async fn does_as_the_ledger_decides(store: &dyn Store) {
    let random = SeededRandom::new(7);
    let mut book = Rows::default();
    let mut transfers: Vec<Transfer> = Vec::new();
    let mut versions = BTreeMap::new();
    for _ in 0..150 {
        let size = 1 + usize::from(array::<1>(&random)[0] % 20);
        let batch: Vec<Command> = (0..size).map(|_| any_command(&random)).collect();
        let (answers, changes) = decide(&batch, &book);
        let parked = changes.parked.iter().copied().collect();
        let applied = store.apply(batch).await.unwrap();
        let told = whose_money_moved(&applied, &changes, &mut versions);
        assert_eq!(applied, Applied { answers, parked, moved: applied.moved.clone() });
        transfers.extend(&changes.transfers);
        book.apply(changes);
        for (player, balance) in told {
            assert_eq!(balance, balance_of(&book, player), "{player}");
        }
    }
    assert!(transfers.len() > 300, "{} transfers say little", transfers.len());
    for number in 1..=3 {
        is_told_as_kept(store, &book, &transfers, player(number)).await;
    }
}

async fn is_told_as_kept(store: &dyn Store, book: &Rows, transfers: &[Transfer], player: PlayerId) {
    assert_eq!(store.balance(player).await.unwrap(), balance_of(book, player));
    let told = store.statement(player, 0, 10_000).await.unwrap();
    assert!(told.is_sorted_by(|one, next| one.seq < next.seq && one.at_ms <= next.at_ms));
    let told: Vec<Transfer> = told.iter().map(|line| line.transfer).collect();
    let shown = transfers.iter().filter(|transfer| transfer.player == Some(player));
    let shown = shown.filter(|transfer| transfer.balance.is_some());
    let shown: Vec<Transfer> =
        shown.filter(|transfer| transfer.amount > Amount::ZERO).copied().collect();
    assert_eq!(told, shown);
}

/// Whom a batch tells of: each player with a transfer in it, once, under a version that rises.
fn whose_money_moved(
    applied: &Applied,
    changes: &Changes,
    versions: &mut BTreeMap<PlayerId, u64>,
) -> Vec<(PlayerId, Balance)> {
    let players: BTreeSet<PlayerId> =
        changes.transfers.iter().filter_map(|transfer| transfer.player).collect();
    let told: Vec<PlayerId> = applied.moved.iter().map(|moved| moved.player).collect();
    assert_eq!(told, players.into_iter().collect::<Vec<_>>());
    for moved in &applied.moved {
        let before = versions.insert(moved.player, moved.version);
        assert!(before < Some(moved.version), "{before:?} before {moved:?}");
    }
    applied.moved.iter().map(|moved| (moved.player, moved.balance)).collect()
}

/// What the ledger's rows say, the held counted from the holds.
fn balance_of(book: &Rows, player: PlayerId) -> Balance {
    let available = book.accounts.get(&ledger::Account::Player(player)).copied();
    let own = book.holds.iter().filter(|(id, _)| id.player == player);
    let reserved = own.filter(|(_, hold)| hold.state == HoldState::Reserved);
    let held = reserved.map(|(_, hold)| hold.stake.amount()).sum();
    Balance { available: available.unwrap_or_default(), held }
}

/// A key moves money once; its repeat is answered the same, another request is not done.
pub async fn a_key_moves_money_once(store: &dyn Store) {
    let keyed = |key: &str, body: &str, told: &str| Keyed {
        call: Idempotent::new(
            IdempotencyKey::new(key).unwrap(),
            "PUT /balance".to_owned(),
            body.as_bytes(),
        ),
        answer: KeptAnswer::ok(&told),
    };
    let funds = |request: u8, player: PlayerId, amount: Amount| Funds {
        player,
        request: [request; 16],
        change: FundsChange::Add(amount),
        day: 1,
        bounds: BOUNDS,
    };
    let ten = Amount::from_whole(10);
    let first = funds(1, player(1), ten);
    let done = store.change_funds(first, Some(keyed("k", "10", "one"))).await.unwrap();
    let Funded::Now(Ok(taken), Some(moved)) = done else { panic!("{done:?}") };
    assert_eq!((taken.balance, moved.balance.available), (ten, ten));
    // Repeats come with another request id, and would be answered otherwise.
    let again = funds(2, player(1), ten);
    let repeat = store.change_funds(again, Some(keyed("k", "10", "two"))).await.unwrap();
    assert_eq!(repeat, Funded::Before(KeptAnswer::ok(&"one")));
    let other = store.change_funds(again, Some(keyed("k", "11", "two"))).await.unwrap();
    assert_eq!(other, Funded::Mismatch);
    assert_eq!(store.balance(player(1)).await.unwrap().available, ten);
    // The same key is another player's own.
    let theirs = funds(1, player(2), ten);
    let theirs = store.change_funds(theirs, Some(keyed("k", "10", "three"))).await.unwrap();
    assert!(matches!(theirs, Funded::Now(Ok(_), Some(_))), "{theirs:?}");
    // A refusal changed nothing and is not kept: the key may try again.
    let much = funds(3, player(1), MUCH + ten);
    let refused = store.change_funds(much, Some(keyed("later", "10", "four"))).await.unwrap();
    assert!(matches!(refused, Funded::Now(Err(_), None)), "{refused:?}");
    let done = store.change_funds(funds(4, player(1), ten), Some(keyed("later", "10", "four")));
    assert!(matches!(done.await.unwrap(), Funded::Now(Ok(_), Some(_))));
    // Without a key the request's own id still moves money once.
    for _ in 0..3 {
        let done = store.change_funds(funds(5, player(2), ten), None).await.unwrap();
        assert!(matches!(done, Funded::Now(Ok(_), _)), "{done:?}");
    }
    for number in [1, 2] {
        let balance = store.balance(player(number)).await.unwrap();
        assert_eq!(balance.available, ten + ten, "{number}");
    }
}

/// A batch whose answer was lost is applied again: the same answers, nothing moves twice.
pub async fn a_batch_may_be_applied_again(store: &dyn Store) {
    let batch = a_round();
    let first = store.apply(batch.clone()).await.unwrap();
    let before = (store.balance(player(1)).await, store.statement(player(1), 0, 100).await);
    let again = store.apply(batch).await.unwrap();
    assert_eq!(before, (store.balance(player(1)).await, store.statement(player(1), 0, 100).await));
    // The reserves are late now, their round being closed; all else is answered as before.
    let late = |answer: &ledger::Answer| matches!(answer, ledger::Answer::Reserve(_));
    let differing = first.answers.iter().zip(&again.answers).filter(|(one, two)| one != two);
    for (first, again) in differing {
        let is_fence = matches!(first, ledger::Answer::Fence(_));
        assert!(is_fence || late(first), "{first:?} became {again:?}");
    }
}

/// Everything a restart finds is in the store: `other` is another handle on the same book.
pub async fn another_handle_goes_on(store: &dyn Store, other: &dyn Store) {
    store.apply(a_round()).await.unwrap();
    assert_eq!(other.balance(player(1)).await, store.balance(player(1)).await);
    let fence = Command::Fence(fence(lobby(), Epoch(2), MUCH));
    let applied = other.apply(vec![fence]).await.unwrap();
    let [ledger::Answer::Fence(Ok(fenced))] = &applied.answers[..] else { panic!("{applied:?}") };
    assert_eq!((fenced.epoch, fenced.closed_round), (Epoch(2), 1));
    assert_eq!(fenced.house_balance, MUCH - Amount::from_whole(10));
}

/// A statement is read in pages.
pub async fn a_statement_goes_on_after_a_line(store: &dyn Store) {
    store.apply(a_round()).await.unwrap();
    let all = store.statement(player(1), 0, 100).await.unwrap();
    let kinds: Vec<Kind> = all.iter().map(|line| line.transfer.kind).collect();
    assert_eq!(kinds, [Kind::TopUp, Kind::Stake, Kind::Payout]);
    let mut after = 0;
    for line in &all {
        assert_eq!(store.statement(player(1), after, 1).await.unwrap(), [*line]);
        after = line.seq;
    }
    assert_eq!(store.statement(player(1), after, 1).await.unwrap(), []);
    assert_eq!(store.statement(player(1), u64::MAX, 1).await.unwrap(), []);
    assert_eq!(store.statement(player(2), 0, 100).await.unwrap(), []);
}

/// Currency and scale are noted at the first start; another config is refused.
pub async fn the_currency_is_noted_once(store: &dyn Store) {
    store.open_book("PLAY".into(), 10_000).await.unwrap();
    store.open_book("PLAY".into(), 10_000).await.unwrap();
    for (currency, scale) in [("EUR", 10_000), ("PLAY", 100)] {
        let refused = store.open_book(currency.into(), scale).await.unwrap_err();
        let StoreError::Failed(reason) = refused else { panic!("{refused}") };
        assert!(reason.contains("PLAY") && reason.contains("10000"), "{reason}");
    }
}

/// What closed rounds hold is told; what open ones hold is none of it.
pub async fn what_closed_rounds_hold_is_told(store: &dyn Store) {
    let kept = async || store.escrow_kept().await.unwrap();
    assert_eq!(kept().await, Amount::ZERO);
    let mut batch = a_short_house();
    let close = batch.split_off(batch.len() - 1);
    store.apply(batch).await.unwrap();
    assert_eq!(kept().await, Amount::ZERO, "the round is not closed");
    store.apply(close).await.unwrap();
    assert_eq!(kept().await, Amount::from_whole(20), "the house could pay neither of two bets");
    let (round, epoch) = (RoundId::new(lobby(), 2), Epoch(1));
    let (player, bet, stake) = (player(1), BetId::from_bytes([3; 16]), Stake::from_whole(10));
    let next = Command::Reserve(Reserve { player, bet, round, epoch, stake });
    store.apply(vec![next]).await.unwrap();
    assert_eq!(kept().await, Amount::from_whole(20), "the next round is not closed");
}

/// A test of each case, for a crate that brings a store: `$place` is a future of something whose
/// method `store` gives `Arc`s of handles on one new, empty book.
#[macro_export]
macro_rules! conformance_tests {
    ($place:expr) => { $crate::conformance_tests! { $place;
        does_as_the_ledger_decides
        a_key_moves_money_once
        a_batch_may_be_applied_again
        a_statement_goes_on_after_a_line
        the_currency_is_noted_once
        what_closed_rounds_hold_is_told
    }
        #[tokio::test]
        async fn another_handle_goes_on() {
            let place = $place.await;
            $crate::store::conformance::another_handle_goes_on(&*place.store(), &*place.store())
                .await;
        }
    };
    ($place:expr; $($case:ident)*) => { $(
        #[tokio::test]
        async fn $case() {
            let place = $place.await;
            $crate::store::conformance::$case(&*place.store()).await;
        }
    )* };
}

const MUCH: Amount = Amount::from_whole(1_000);
const BOUNDS: Bounds = Bounds { per_day: MUCH, balance: MUCH };

/// One of the suite's players.
#[must_use]
pub fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

fn lobby() -> LobbyId {
    LobbyId::new(1).unwrap()
}

fn fence(lobby: LobbyId, epoch: Epoch, funding: Amount) -> OpenFence {
    OpenFence { lobby, epoch, funding, raise: 0, request: [0; 16] }
}

/// Player 1 stakes 10 of 100 and wins 20.
#[must_use]
pub fn a_round() -> Vec<Command> {
    let (round, epoch) = (RoundId::new(lobby(), 1), Epoch(1));
    let (player, bet) = (player(1), BetId::from_bytes([1; 16]));
    let change = FundsChange::Add(Amount::from_whole(100));
    let stake = Stake::from_whole(10);
    let outcome = Outcome::Won { payout: Amount::from_whole(20) };
    let (count, stake_sum, seed_index) = (1, stake.amount(), SeedIndex(1));
    vec![
        Command::Fence(fence(lobby(), epoch, MUCH)),
        Command::Funds(Funds { player, request: [1; 16], change, day: 1, bounds: BOUNDS }),
        Command::Reserve(Reserve { player, bet, round, epoch, stake }),
        Command::Resolve(Resolve { player, bet, round, epoch, outcome }),
        Command::Close(Close { round, epoch, count, stake_sum, seed_index }),
    ]
}

/// After [`a_round`]: a hold decided otherwise, one unknown, and a close that does not agree.
#[must_use]
pub fn conflicts() -> Vec<Command> {
    let (one, two) = (RoundId::new(lobby(), 1), RoundId::new(lobby(), 2));
    let (player, epoch, seed_index) = (player(1), Epoch(1), SeedIndex(2));
    let outcome = Outcome::Won { payout: Amount::from_whole(20) };
    let known = BetId::from_bytes([1; 16]);
    let unknown = BetId::from_bytes([7; 16]);
    let (count, stake_sum) = (3, Amount::from_whole(30));
    vec![
        Command::Resolve(Resolve { player, bet: known, round: one, epoch, outcome: Outcome::Lost }),
        Command::Resolve(Resolve { player, bet: unknown, round: two, epoch, outcome }),
        Command::Close(Close { round: two, epoch, count, stake_sum, seed_index }),
    ]
}

/// Player 1 wins more than the house has, twice, and the round is closed.
#[must_use]
pub fn a_short_house() -> Vec<Command> {
    let (round, epoch, player) = (RoundId::new(lobby(), 1), Epoch(1), player(1));
    let bets = [1, 2].map(|number| BetId::from_bytes([number; 16]));
    let change = FundsChange::Add(Amount::from_whole(200));
    let (stake, payout) = (Stake::from_whole(10), Amount::from_whole(500));
    let outcome = Outcome::Won { payout };
    let (count, stake_sum, seed_index) = (2, Amount::from_whole(20), SeedIndex(1));
    let funding = Amount::from_whole(100);
    let mut batch = vec![
        Command::Fence(fence(lobby(), epoch, funding)),
        Command::Funds(Funds { player, request: [1; 16], change, day: 1, bounds: BOUNDS }),
    ];
    let reserve = |bet| Command::Reserve(Reserve { player, bet, round, epoch, stake });
    let resolve = |bet| Command::Resolve(Resolve { player, bet, round, epoch, outcome });
    batch.extend(bets.map(reserve));
    batch.extend(bets.map(resolve));
    batch.push(Command::Close(Close { round, epoch, count, stake_sum, seed_index }));
    batch
}

/// Few players, lobbies, rounds and bets, so that commands meet.
#[must_use]
pub fn any_command(random: &SeededRandom) -> Command {
    let [verb, who, which, number, much, other, epoch, _] = array::<8>(random);
    let player = player(u64::from(who % 3) + 1);
    let lobby = LobbyId::new(u64::from(which % 2) + 1).unwrap();
    let bet = BetId::from_bytes([which % 32; 16]);
    let round = RoundId::new(lobby, u32::from(which % 32 / 4) + u32::from(other == 0));
    let epoch = Epoch(1 + u64::from(epoch == 0));
    match verb % 16 {
        0 => {
            let (funding, raise) = (Amount::from_whole(50), u32::from(other % 4));
            let request = [other / 64; 16];
            Command::Fence(OpenFence { lobby, epoch, funding, raise, request })
        }
        1..=3 => {
            let units = (i64::from(much) * 256 + i64::from(number)) * 5 - 20_000;
            let amount = Amount::from_units(units);
            let set = other % 2 == 0;
            let change = if set { FundsChange::Set(amount) } else { FundsChange::Add(amount) };
            let (request, day) = (array(random), u32::from(number % 4));
            Command::Funds(Funds { player, request, change, day, bounds: BOUNDS })
        }
        4..=9 => {
            let stake = Stake::from_steps(u32::from(much % 8) * 50 + 1).unwrap();
            Command::Reserve(Reserve { player, bet, round, epoch, stake })
        }
        10..=11 => Command::Release(Release { player, bet, round, epoch }),
        12..=14 => {
            let payout = Amount::from_units(i64::from(much) * 1_000);
            let outcome = match number % 3 {
                0 => Outcome::Won { payout },
                1 => Outcome::Lost,
                _ => Outcome::Released,
            };
            Command::Resolve(Resolve { player, bet, round, epoch, outcome })
        }
        _ if number < 64 => {
            let (count, stake_sum) = (u32::from(other % 4 == 1), Amount::ZERO);
            let seed_index = SeedIndex(u32::from(number % 8));
            Command::Close(Close { round, epoch, count, stake_sum, seed_index })
        }
        _ => Command::Release(Release { player, bet, round, epoch }),
    }
}
