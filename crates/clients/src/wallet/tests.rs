//! The twin over HTTP/2 hears and says what the wallet behind it hears and says, and what is no
//! answer is an unknown outcome.

mod twin;

use std::sync::Arc;

use contracts::{
    Close, Closed, Fence, Fenced, Outcome, Refusal, Release, Reserve, Resolve, ResolveAnswer,
    Wallet, WalletError,
};
use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};

use twin::{Script, Twin};

const WHOLE_CALL: [WalletError; 3] =
    [WalletError::Unavailable, WalletError::Failed, WalletError::Fenced];
const REFUSALS: [Refusal; 5] = [
    Refusal::Fenced,
    Refusal::RoundClosed,
    Refusal::Tombstoned,
    Refusal::IdReused,
    Refusal::InsufficientFunds,
];
/// The largest number a browser can hold, which ids may be.
const LARGEST: u64 = (1 << 53) - 1;

fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

fn round(lobby: u64, number: u32) -> RoundId {
    RoundId::new(LobbyId::new(lobby).unwrap(), number)
}

fn reserve(number: u64, steps: u32) -> Reserve {
    Reserve {
        player: player(number),
        bet: BetId::from_bytes([number.to_le_bytes()[0]; 16]),
        round: round(LARGEST, u32::MAX),
        epoch: Epoch(u64::MAX),
        stake: Stake::from_steps(steps).unwrap(),
    }
}

fn resolve(number: u64, outcome: Outcome) -> Resolve {
    let Reserve { player, bet, round, epoch, .. } = reserve(number, 1);
    Resolve { player, bet, round, epoch, outcome }
}

#[tokio::test]
async fn stakes_and_refusals_cross_unchanged() {
    let twin = Twin::start().await;
    let mut answers = vec![Ok(Amount::MAX), Ok(Amount::ZERO)];
    answers.extend(REFUSALS.map(Err));
    let holds: Vec<_> = (1..=7).map(|number| reserve(number, u32::MAX)).collect();
    twin.says(Script { reserve: Some(Ok(answers.clone())), ..Script::default() });
    assert_eq!(twin.afar.reserve(&holds).await, Ok(answers));
    assert_eq!(twin.heard().reserve, holds);
}

#[tokio::test]
async fn releases_and_outcomes_cross_unchanged() {
    let twin = Twin::start().await;
    let Reserve { player, bet, round, epoch, .. } = reserve(LARGEST, 1);
    let released = [
        Release { player, bet, round, epoch },
        Release { epoch: Epoch(0), ..{ Release { player, bet, round, epoch } } },
    ];
    let given_back = vec![Ok(()), Err(Refusal::Fenced)];
    let outcomes = [
        resolve(1, Outcome::Won { payout: Amount::MAX }),
        resolve(2, Outcome::Lost),
        resolve(3, Outcome::Released),
    ];
    let resolved = vec![Ok(ResolveAnswer::Done), Ok(ResolveAnswer::Conflict), Err(Refusal::Fenced)];
    twin.says(Script {
        release: Some(Ok(given_back.clone())),
        resolve: Some(Ok(resolved.clone())),
        ..Script::default()
    });
    assert_eq!(twin.afar.release(&released).await, Ok(given_back));
    assert_eq!(twin.afar.resolve(&outcomes).await, Ok(resolved));
    assert_eq!(twin.heard().release, released);
    assert_eq!(twin.heard().resolve, outcomes);
}

#[tokio::test]
async fn fences_and_closes_cross_unchanged() {
    let twin = Twin::start().await;
    let fence = Fence {
        lobby: LobbyId::new(7).unwrap(),
        epoch: Epoch(u64::MAX),
        funding: Amount::from_whole(1_000_000_000),
        raise: 3,
        request: [0xab; 16],
    };
    let fenced = Fenced {
        epoch: Epoch(u64::MAX),
        closed_round: 41,
        seed_index: SeedIndex(u32::MAX),
        seen_round: 38,
        seen_seed: SeedIndex(7),
        house_balance: Amount::from_units(-1),
        open_holds: vec![(42, 1_000), (43, u64::MAX)],
    };
    let close = Close {
        round: round(7, 42),
        epoch: Epoch(3),
        count: u32::MAX,
        stake_sum: Amount::MAX,
        seed_index: SeedIndex(9),
    };
    let closed = Closed { house_balance: Amount::MAX, agreed: false };
    let script =
        Script { fence: Some(Ok(fenced.clone())), close: Some(Ok(closed)), ..Script::default() };
    twin.says(script);
    assert_eq!(twin.afar.fence(fence).await, Ok(fenced));
    assert_eq!(twin.afar.close(close).await, Ok(closed));
    assert_eq!((twin.heard().fence, twin.heard().close), (vec![fence], vec![close]));
}

#[tokio::test]
async fn a_call_that_failed_failed_for_the_same_reason() {
    let twin = Twin::start().await;
    for error in WHOLE_CALL {
        let script = Script { reserve: Some(Err(error.clone())), ..Script::default() };
        twin.says(script);
        assert_eq!(twin.afar.reserve(&[reserve(1, 1)]).await, Err(error));
    }
}

#[tokio::test]
async fn an_answer_of_another_length_is_no_answer() {
    let twin = Twin::start().await;
    let script = Script { reserve: Some(Ok(vec![Ok(Amount::ZERO)])), ..Script::default() };
    twin.says(script);
    let holds = [reserve(1, 1), reserve(2, 1)];
    assert_eq!(twin.afar.reserve(&holds).await, Err(WalletError::Unavailable));
}

#[tokio::test]
async fn a_thousand_holds_go_in_one_call() {
    let twin = Twin::start().await;
    let answers = vec![Ok(ResolveAnswer::Done); contracts::RESOLVES_MAX];
    let outcome = Outcome::Won { payout: Amount::MAX };
    let holds = vec![resolve(LARGEST, outcome); contracts::RESOLVES_MAX];
    twin.says(Script { resolve: Some(Ok(answers.clone())), ..Script::default() });
    assert_eq!(twin.afar.resolve(&holds).await, Ok(answers));
    assert_eq!(twin.heard().resolve.len(), contracts::RESOLVES_MAX);
}

#[tokio::test]
async fn nobody_there_and_nobody_in_time_are_unknown_outcomes() {
    let twin = Twin::start().await;
    // The wallet behind never answers.
    twin.says(Script::default());
    assert_eq!(twin.afar.reserve(&[reserve(1, 1)]).await, Err(WalletError::Unavailable));
    twin.stop().await;
    assert_eq!(twin.afar.reserve(&[reserve(1, 1)]).await, Err(WalletError::Unavailable));
}

#[tokio::test]
async fn who_is_no_service_of_ours_moves_nothing() {
    let twin = Twin::start().await;
    twin.says(Script { reserve: Some(Ok(vec![Ok(Amount::ZERO)])), ..Script::default() });
    for stranger in [twin.stranger(), twin.for_another_role()] {
        let wallet: Arc<dyn Wallet> = Arc::new(stranger);
        assert_eq!(wallet.reserve(&[reserve(1, 1)]).await, Err(WalletError::Unavailable));
    }
    assert_eq!(twin.heard().reserve, []);
    assert_eq!(twin.afar.reserve(&[reserve(1, 1)]).await, Ok(vec![Ok(Amount::ZERO)]));
}

#[tokio::test]
async fn a_stake_of_nothing_is_refused_at_the_border() {
    let twin = Twin::start().await;
    let body = r#"{"holds":[{"hold":{"player":1,"bet":"00000000-0000-0000-0000-000000000001",
        "lobby":1,"round":1,"epoch":1},"stake_steps":0}]}"#;
    assert_eq!(
        twin.post(crate::routes::wallet::RESERVE, body).await,
        http::StatusCode::BAD_REQUEST
    );
    assert_eq!(twin.heard().reserve, []);
}
