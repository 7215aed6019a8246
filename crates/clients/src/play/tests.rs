//! Whoever plays from afar is answered by the owner as if there were no way between them.

mod nodes;

use std::time::Duration;

use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, LobbyRef, Play, PlayError,
    PlayRefusal, Returned,
};
use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, RoundId, Stake, Timestamp};

use nodes::{Nodes, Says};

/// The largest number a browser can hold, which ids may be.
const LARGEST: u64 = (1 << 53) - 1;

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

fn stake(steps: u32) -> Stake {
    Stake::from_steps(steps).unwrap()
}

fn bet() -> BetRequest {
    BetRequest {
        player: PlayerId::new(LARGEST).unwrap(),
        username: "ann \"✈\"\nbob".into(),
        at: LobbyRef { lobby: lobby(LARGEST), round: Some(u32::MAX) },
        bet: BetId::from_bytes([0xfe; 16]),
        stake: stake(u32::MAX),
        auto_cash_out: Some(Multiplier::MAX),
    }
}

fn accepted() -> Accepted {
    Accepted {
        bet: BetId::from_bytes([0xfe; 16]),
        round: RoundId::new(lobby(LARGEST), u32::MAX),
        stake: stake(u32::MAX),
        auto_cash_out: Some(Multiplier::MAX),
        cap: Multiplier::CASH_OUT_MIN,
        balance: Amount::MAX,
    }
}

fn cash_out() -> CashOutRequest {
    let BetRequest { player, at, bet, .. } = bet();
    CashOutRequest { player, at, bet: Some(bet), stamp: Timestamp::from_ms(u64::MAX) }
}

#[tokio::test]
async fn bets_cross_unchanged() {
    let nodes = Nodes::start(1);
    nodes.at(0).says(Says { place_bet: Ok(accepted()), ..Says::default() });
    let plain =
        BetRequest { at: LobbyRef { lobby: lobby(1), round: None }, auto_cash_out: None, ..bet() };
    assert_eq!(nodes.afar.place_bet(bet()).await, Ok(accepted()));
    assert_eq!(nodes.afar.place_bet(plain.clone()).await, Ok(accepted()));
    assert_eq!(nodes.at(0).heard().bets, [bet(), plain]);
}

#[tokio::test]
async fn cancels_and_cash_outs_cross_unchanged() {
    let nodes = Nodes::start(1);
    let BetRequest { player, at, bet: name, .. } = bet();
    let Accepted { round, stake, .. } = accepted();
    let returned = Returned { bet: name, round, stake };
    let paid = CashedOut {
        bet: name,
        round,
        stake,
        multiplier: Multiplier::MAX,
        payout: Amount::MAX,
        stamped_ms: u64::MAX,
    };
    let says = Says { cancel_bet: Ok(returned), cash_out: Ok(vec![paid; 2]), ..Says::default() };
    nodes.at(0).says(says);
    let cancel = CancelRequest { player, at, bet: name };
    assert_eq!(nodes.afar.cancel_bet(cancel).await, Ok(returned));
    assert_eq!(nodes.afar.cash_out(cash_out()).await, Ok(vec![paid; 2]));
    assert_eq!(nodes.at(0).heard().cancels, [cancel]);
}

#[tokio::test]
async fn a_cash_out_is_stamped_by_its_owner() {
    let nodes = Nodes::start(1);
    nodes.at(0).clock.advance(4_711);
    let _answer = nodes.afar.cash_out(cash_out()).await;
    let heard = nodes.at(0).heard().cash_outs;
    let stamp = Timestamp::from_ms(4_711);
    assert_eq!(heard, [CashOutRequest { stamp, ..cash_out() }]);
}

#[tokio::test]
async fn every_refusal_crosses_unchanged() {
    let nodes = Nodes::start(1);
    let refusals = [
        PlayRefusal::UnknownLobby,
        PlayRefusal::BettingClosed,
        PlayRefusal::WrongRound,
        PlayRefusal::BelowMin { min: stake(1) },
        PlayRefusal::AboveMax { max: stake(u32::MAX) },
        PlayRefusal::InvalidTarget,
        PlayRefusal::BetLimit { limit: 2 },
        PlayRefusal::InsufficientFunds,
        PlayRefusal::ExposureFull { fits: None },
        PlayRefusal::ExposureFull { fits: Some(stake(7)) },
        PlayRefusal::BetIdReused,
        PlayRefusal::NoOpenBet,
        PlayRefusal::TooEarly,
        PlayRefusal::TooLate,
        PlayRefusal::AlreadyCashedOut,
        PlayRefusal::Overloaded,
        PlayRefusal::Draining,
        PlayRefusal::SeedsExhausted,
    ];
    for refusal in refusals {
        nodes.at(0).says(Says { place_bet: Err(refusal.into()), ..Says::default() });
        assert_eq!(nodes.afar.place_bet(bet()).await, Err(PlayError::Refused(refusal)));
    }
}

#[tokio::test]
async fn a_picture_comes_as_it_was_drawn() {
    let nodes = Nodes::start(1);
    let json = r#"{"type":"snapshot","elapsed_ms":12,"stake":0.10}"#;
    nodes.at(0).says(Says { snapshot: Ok(json.into()), ..Says::default() });
    let player = PlayerId::new(3).ok();
    assert_eq!(nodes.afar.snapshot(lobby(4), player).await.unwrap(), json);
    assert_eq!(nodes.at(0).heard().looks, [(lobby(4), player)]);
}

#[tokio::test]
async fn the_owner_is_found_and_remembered() {
    let nodes = Nodes::start(3);
    for owner in 0..3 {
        for node in 0..3 {
            let not_mine = Err(PlayRefusal::NotOwner.into());
            let place_bet = if node == owner { Ok(accepted()) } else { not_mine };
            nodes.at(node).says(Says { place_bet, ..Says::default() });
        }
        assert_eq!(nodes.afar.place_bet(bet()).await, Ok(accepted()));
        let asked = nodes.asked();
        assert_eq!(nodes.afar.place_bet(bet()).await, Ok(accepted()));
        assert_eq!(nodes.asked(), asked + 1, "the owner alone is asked again");
    }
}

#[tokio::test]
async fn a_lobby_on_its_way_is_asked_for_again() {
    let nodes = Nodes::start(2);
    for node in 0..2 {
        let place_bet = Err(PlayRefusal::NotOwner.into());
        nodes.at(node).says(Says { place_bet, ..Says::default() });
    }
    assert_eq!(nodes.afar.place_bet(bet()).await, Err(PlayError::Unavailable));
    assert_eq!(nodes.asked(), 2);
}

#[tokio::test]
async fn what_has_no_answer_is_asked_nowhere_else() {
    let nodes = Nodes::start(2);
    for node in 0..2 {
        nodes.at(node).says(Says { place_bet: Err(PlayError::Unavailable), ..Says::default() });
    }
    assert_eq!(nodes.afar.place_bet(bet()).await, Err(PlayError::Unavailable));
    assert_eq!(nodes.asked(), 1);
}

#[tokio::test]
async fn a_look_goes_on_to_the_next_node() {
    let nodes = Nodes::start(2);
    for node in 0..2 {
        nodes.at(node).says(Says { snapshot: Err(PlayError::Unavailable), ..Says::default() });
    }
    assert_eq!(nodes.afar.snapshot(lobby(4), None).await, Err(PlayError::Unavailable));
    let looks = [0, 1].map(|node| nodes.at(node).heard().looks.len());
    assert_eq!(looks, [1, 1]);
}

#[tokio::test]
async fn only_where_every_node_drains_is_the_answer_draining() {
    let nodes = Nodes::start(2);
    let says = |node: usize, refusal: PlayRefusal| {
        nodes.at(node).says(Says { place_bet: Err(refusal.into()), ..Says::default() });
    };
    says(0, PlayRefusal::Draining);
    says(1, PlayRefusal::Draining);
    assert_eq!(nodes.afar.place_bet(bet()).await, Err(PlayRefusal::Draining.into()));
    // The lobby is on its way to the other one, so the caller asks again.
    says(1, PlayRefusal::NotOwner);
    assert_eq!(nodes.afar.place_bet(bet()).await, Err(PlayError::Unavailable));
}

#[tokio::test]
async fn a_dead_node_leaves_one_call_unanswered_and_is_asked_last_from_then_on() {
    let mut nodes = Nodes::start(2);
    nodes.at(0).says(Says { place_bet: Ok(accepted()), ..Says::default() });
    nodes.kill_last();
    let mut unanswered = 0;
    for number in 1..=20 {
        let at = LobbyRef { lobby: lobby(number), round: None };
        unanswered += u32::from(nodes.afar.place_bet(BetRequest { at, ..bet() }).await.is_err());
    }
    assert!(unanswered <= 1, "{unanswered}");
}

#[tokio::test]
async fn a_node_that_dies_leaves_every_open_ask_unknown() {
    let mut nodes = Nodes::start(1);
    nodes.at(0).says(Says { is_silent: true, ..Says::default() });
    let afar = nodes.afar.clone();
    let asking = tokio::spawn(async move { afar.place_bet(bet()).await });
    while nodes.asked() == 0 {
        tokio::task::yield_now().await;
    }
    nodes.kill_last();
    let told = tokio::time::timeout(Duration::from_secs(2), asking).await;
    assert_eq!(told.expect("at once").unwrap(), Err(PlayError::Unavailable));
}

#[tokio::test]
async fn a_node_that_came_back_is_asked_on_a_new_stream() {
    let mut nodes = Nodes::start(1);
    nodes.at(0).says(Says { place_bet: Ok(accepted()), ..Says::default() });
    assert_eq!(nodes.afar.place_bet(bet()).await, Ok(accepted()));
    nodes.restart_last().await;
    let mut answer = nodes.afar.place_bet(bet()).await;
    for _ in 0..100 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer = nodes.afar.place_bet(bet()).await;
    }
    assert_eq!(answer, Ok(accepted()));
}

#[tokio::test]
async fn asks_are_begun_in_their_order() {
    let nodes = Nodes::start(1);
    nodes.at(0).says(Says { place_bet: Ok(accepted()), ..Says::default() });
    let bets = (1..=500)
        .map(|round| BetRequest { at: LobbyRef { lobby: lobby(1), round: Some(round) }, ..bet() });
    let asking = bets.map(|bet| nodes.afar.place_bet(bet));
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(Result::is_ok));
    let heard: Vec<_> = nodes.at(0).heard().bets.iter().map(|bet| bet.at.round.unwrap()).collect();
    assert_eq!(heard, (1..=500).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_is_no_gateway_of_ours_plays_nothing() {
    let nodes = Nodes::start(1);
    nodes.at(0).says(Says { place_bet: Ok(accepted()), ..Says::default() });
    assert_eq!(nodes.stranger().place_bet(bet()).await, Err(PlayError::Unavailable));
    assert_eq!(nodes.asked(), 0);
}

#[test]
fn lobbies_are_spread_over_the_nodes() {
    let names = ["game-1", "game-2", "game-3", "game-4"];
    let mut first = [0; 4];
    for number in 1..=4_000 {
        let ranks = names.map(|name| super::rank(lobby(number), name));
        first[(0..4).min_by_key(|&node| ranks[node]).unwrap()] += 1;
    }
    assert!(first.iter().all(|count| (700..1_300).contains(count)), "{first:?}");
}
