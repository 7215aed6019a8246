//! Whole rounds on a real store: what is acknowledged is durable, and survives any death.

mod anchored;
mod draining;
mod lost;
mod owners;
#[cfg(feature = "planted")]
mod planted;
mod resting;
mod stalled;

use std::time::Duration;

use contracts::{
    BetRequest, CancelRequest, CashOutRequest, LobbyRef, Outcome, Play, PlayError, PlayRefusal,
};
use kernel::{Amount, Multiplier, RoundId, Stake};
use protocol::rounds::Phase;

use crate::store::RoundState;
use crate::testing::{Hold, Process, World, bet_id, lobby, player};

fn request(who: u64, bet: u8, whole: u32, auto: Option<u32>) -> BetRequest {
    BetRequest {
        player: player(who),
        username: format!("player {who}"),
        at: LobbyRef { lobby: lobby(1), round: None },
        bet: bet_id(bet),
        stake: Stake::from_whole(whole),
        auto_cash_out: auto.and_then(Multiplier::from_centi),
    }
}

/// Places the bet as soon as a round takes it.
async fn place(process: &Process, bet: BetRequest) -> contracts::Accepted {
    for _ in 0..4_000 {
        match process.service.place_bet(bet.clone()).await {
            Ok(accepted) => return accepted,
            Err(PlayError::Refused(PlayRefusal::BettingClosed)) => pause().await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no round took the bet");
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

/// Waits until `holds` does, at most a minute.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..12_000 {
        if holds().await {
            return;
        }
        pause().await;
    }
    panic!("it never came to be");
}

async fn state(process: &Process, round: RoundId) -> RoundState {
    process.service.inner.store.round(round).await.unwrap().unwrap().0.state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_played_from_bet_to_close() {
    let world = World::new();
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    let accepted = place(&process, request(1, 1, 10, Some(101))).await;
    assert_eq!(accepted.stake, Stake::from_whole(10));
    assert_eq!(world.wallet.hold(player(1), bet_id(1)), Some(Hold::Reserved(accepted.stake)));
    let stored = process.service.inner.store.bet(player(1), bet_id(1)).await.unwrap().unwrap();
    assert_eq!(stored.name, "player 1");

    until(async || world.wallet.fence_of(lobby(1)).1 >= accepted.round.number).await;
    let (round, bets) = process.service.inner.store.round(accepted.round).await.unwrap().unwrap();
    assert_eq!(round.state, RoundState::Settled);
    assert_eq!(round.count, 1);
    assert!(round.seed.is_some());
    let (won, paid) = match bets[0].payout {
        Some(payout) => {
            assert_eq!(payout, Amount::parse("10.1").unwrap());
            (Outcome::Won { payout }, payout)
        }
        None => (Outcome::Lost, Amount::ZERO),
    };
    let ended = Hold::Ended(Stake::from_whole(10), won);
    assert_eq!(world.wallet.hold(player(1), bet_id(1)), Some(ended));
    let balance = Amount::from_whole(90) + paid;
    assert_eq!(world.wallet.balance(player(1)), balance);
    assert_eq!(world.wallet.book.lock().conflicts, 0);
    let metrics = process.service.metrics();
    let staked = Amount::from_whole(10).units().unsigned_abs();
    until(async || metrics.settled_staked_units.get() == staked).await;
    assert_eq!(metrics.settled_paid_units.get(), paid.units().unsigned_abs());

    // Sent again in a later round: the first answer, and no second hold.
    let again = process.service.place_bet(request(1, 1, 10, Some(101))).await.unwrap();
    assert_eq!(again, accepted);
    let other = process.service.place_bet(request(1, 1, 11, Some(101))).await;
    assert_eq!(other, Err(PlayRefusal::BetIdReused.into()));
    assert_eq!(world.wallet.balance(player(1)), balance);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cash_out_is_durable_before_it_is_acknowledged() {
    let world = World::new();
    world.wallet.top_up(player(1), 1_000);
    let process = world.start().await;
    // Rounds that crash before 1.01x are not this test's; the next one is tried.
    for bet in 1..=60 {
        let accepted = place(&process, request(1, bet, 1, None)).await;
        let mut paid = None;
        for _ in 0..2_000 {
            let stamp = process.service.inner.clock.now();
            let at = LobbyRef { lobby: lobby(1), round: Some(accepted.round.number) };
            let asked = CashOutRequest { player: player(1), at, bet: Some(bet_id(bet)), stamp };
            match process.service.cash_out(asked).await {
                Ok(answer) => {
                    paid = Some(answer[0]);
                    break;
                }
                Err(PlayError::Refused(PlayRefusal::NoOpenBet | PlayRefusal::TooEarly)) => {
                    pause().await;
                }
                Err(PlayError::Refused(_)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        let Some(paid) = paid else { continue };
        let store = &process.service.inner.store;
        let stored = store.bet(player(1), bet_id(bet)).await.unwrap().unwrap();
        assert_eq!(stored.payout, Some(paid.payout));
        assert_eq!(paid.payout, Stake::from_whole(1).payout_at(paid.multiplier));
        assert!(paid.multiplier >= Multiplier::CASH_OUT_MIN);
        let won = Outcome::Won { payout: paid.payout };
        let ended = Hold::Ended(Stake::from_whole(1), won);
        until(async || world.wallet.hold(player(1), bet_id(bet)) == Some(ended)).await;
        process.stop().await;
        return;
    }
    panic!("sixty rounds in a row crashed at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_bet_goes_back_and_is_in_no_round() {
    let mut world = World::new();
    world.config.main.betting_ms = 2_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let accepted = place(&process, request(1, 1, 10, None)).await;
    let at = LobbyRef { lobby: lobby(1), round: Some(accepted.round.number) };
    let cancel = CancelRequest { player: player(1), at, bet: bet_id(1) };
    let returned = process.service.cancel_bet(cancel).await.unwrap();
    assert_eq!(returned.stake, accepted.stake);
    until(async || world.wallet.balance(player(1)) == Amount::from_whole(10)).await;
    // The same request again gets the same answer.
    assert_eq!(process.service.cancel_bet(cancel).await, Ok(returned));
    until(async || state(&process, accepted.round).await != RoundState::Open).await;
    let (round, bets) = process.service.inner.store.round(accepted.round).await.unwrap().unwrap();
    assert_eq!((round.count, bets[0].in_round), (0, false));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wallet_decides_about_funds_and_lost_answers_are_asked_for_again() {
    let mut world = World::new();
    world.config.main.betting_ms = 3_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let refused = process.service.place_bet(request(1, 1, 11, None)).await;
    let poor = Err(PlayRefusal::InsufficientFunds.into());
    let refused = match refused {
        Err(PlayError::Refused(PlayRefusal::BettingClosed)) => {
            until(async || process.service.place_bet(request(1, 1, 11, None)).await == poor).await;
            poor
        }
        refused => refused,
    };
    assert_eq!(refused, Err(PlayRefusal::InsufficientFunds.into()));
    world.wallet.book.lock().lost_answers = 2;
    place(&process, request(1, 2, 10, None)).await;
    assert_eq!(world.wallet.balance(player(1)), Amount::ZERO);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_that_misses_the_lock_is_refused_and_released() {
    let world = World::new();
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    until(async || {
        let snapshot = process.service.look(lobby(1), None).await.unwrap();
        snapshot.phase == Phase::Open && snapshot.closes_in_ms.is_some()
    })
    .await;
    // The hold is made but its answer never comes while the round is open.
    world.wallet.book.lock().lost_answers = 1_000_000;
    let refused = process.service.place_bet(request(1, 1, 10, None)).await;
    assert_eq!(refused, Err(PlayRefusal::BettingClosed.into()));
    world.wallet.book.lock().lost_answers = 0;
    until(async || world.wallet.balance(player(1)) == Amount::from_whole(10)).await;
    assert!(process.service.inner.store.bet(player(1), bet_id(1)).await.unwrap().is_none());
    process.stop().await;
}

#[test]
fn a_killed_process_is_taken_over_and_no_seed_is_played_twice() {
    let world = World::new();
    world.wallet.top_up(player(1), 1_000);
    let mut accepted = Vec::new();
    for death in 0..4_u8 {
        // A runtime that is dropped without a word stands for a killed process.
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let process = world.start_with_random(u64::from(death)).await;
            let bet = place(&process, request(1, death + 1, 10, None)).await;
            accepted.push(bet.round);
            tokio::time::sleep(Duration::from_millis(u64::from(death) * 170)).await;
        });
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let process = world.start().await;
        let store = &process.service.inner.store;
        for (number, round) in accepted.iter().enumerate() {
            let bet = bet_id(u8::try_from(number).unwrap() + 1);
            let round_is_over =
                async || store.round(*round).await.unwrap().unwrap().0.state.is_over();
            until(round_is_over).await;
            until(async || matches!(world.wallet.hold(player(1), bet), Some(Hold::Ended(..))))
                .await;
            let stored = store.bet(player(1), bet).await.unwrap().unwrap();
            assert_ne!(stored.state, engine::BetState::Accepted);
        }
        let rounds = store.rounds(lobby(1), None, 200).await.unwrap();
        let mut seeds: Vec<_> = rounds.iter().filter_map(|round| round.seed_index).collect();
        let played = seeds.len();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), played);
        process.stop().await;
    });
    let book = world.wallet.book.lock();
    assert_eq!(book.conflicts, 0);
    let held = book.holds.values().map(|(_, hold)| match hold {
        Hold::Reserved(stake) => stake.amount(),
        _ => Amount::ZERO,
    });
    let total: Amount =
        book.balances.values().copied().chain(held).sum::<Amount>() + book.houses[&lobby(1)];
    assert_eq!(total, Amount::from_whole(1_000_000_000) + Amount::from_whole(1_000));
    let closes = book.closes.iter().map(|close| close.round.number);
    assert!(closes.is_sorted(), "closes go out in order of rounds");
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_finishes_a_round_with_bets_and_then_takes_no_more() {
    let world = World::new();
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let accepted = place(&process, request(1, 1, 10, Some(101))).await;
    process.shutdown.drain();
    process.shutdown.finished().await;
    assert_eq!(state(&process, accepted.round).await, RoundState::Settled);
    let late = process.service.place_bet(request(1, 2, 1, None)).await;
    assert_eq!(late, Err(PlayRefusal::Draining.into()));
    assert_eq!(world.wallet.fence_of(lobby(1)).1, accepted.round.number);
}
