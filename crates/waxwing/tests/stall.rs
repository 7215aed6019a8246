//! A store that stands still for three seconds in mid-climb, seen by players: the round stops
//! within a second of its last durable multiplier, nothing is told that is not stored, and
//! everybody is paid what was.

use std::time::Duration;

use kernel::Multiplier;
use serde_json::{Value, json};

use crate::harness::numbers::{multiplier, stake, text};
use crate::harness::time::{eventually, now};
use crate::harness::{Caller, Place, Player};
use crate::load::socket_io::{Event, Socket};

/// Our rounds are open for a moment; Main all the time, so that each heartbeat is ours.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__MAIN__BETTING_MS", "60000"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "700"),
    ("WAXWING_GAME__PAUSE_MS", "200"),
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "0"),
];
/// The third heartbeat, due 750 ms after the start, waits so long for its commit.
const STALL: &str = "heartbeat.before_commit@3:stall=3000";
/// The second heartbeat is durable at 500 ms. A second later the climb stands, also where the one
/// who stops it woke up half a second late: floor(100·e^(0.00006·2000)) hundredths.
const SHOWN_MAX: u32 = 112;
/// When the click comes: behind the last durable multiplier and before the climb stands.
const CLICK_AT: u32 = 106;
/// Rounds that may crash before the stall.
const ROUNDS: usize = 8;
/// Servers tried: one climb in twelve crashes inside of the stall, and some stand too early.
const TRIES: usize = 4;

/// What a player who clicks in the stall saw.
struct Seen {
    round: Value,
    /// The highest multiplier shown.
    shown: u32,
    /// From the click to its result.
    answered_after: Option<Duration>,
    /// What was told of the clicker's bet.
    told: Value,
}

async fn next(socket: &mut Socket) -> Event {
    socket.event(Duration::from_secs(40)).await.unwrap().expect("nothing happened for 40 s")
}

async fn bet(socket: &Socket, lobby: u64, player: &Player, target: Value) -> Value {
    let bet = json!({
        "token": player.token, "lobby_id": lobby, "amount": "10", "coefficient": target,
    });
    for _ in 0..400 {
        let answer = socket.call("place_bet", bet.clone()).await.unwrap();
        if answer["code"] != "betting_closed" {
            assert!(answer["error"].is_null(), "{answer}");
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no round opens");
}

/// One round: the clicker's bet until its result. A socket hears of one player, so each has one.
async fn play(sockets: &mut [Socket; 3], lobby: u64, players: &[Player; 3]) -> Seen {
    let [clicks, aims, rides] = players;
    let [socket, of_aims, of_rides] = sockets;
    let placed = bet(socket, lobby, clicks, Value::Null).await;
    bet(of_aims, lobby, aims, json!("1.01")).await;
    bet(of_rides, lobby, rides, Value::Null).await;
    let mut clicked = None;
    let mut shown = 100;
    loop {
        let event = next(socket).await;
        if event.name == "coefficient_update" {
            shown = shown.max(multiplier(&event.data["coefficient"]).centi());
            if shown >= CLICK_AT && clicked.is_none() {
                clicked = Some(now());
                drop(socket.ask("withdraw", &json!({ "token": clicks.token, "lobby_id": lobby })));
            }
        }
        if event.name == "bet_result" && event.data["bet_id"] == placed["bet_id"] {
            let answered_after = clicked.map(|at| at.elapsed());
            let round = placed["round"].clone();
            return Seen { round, shown, answered_after, told: event.data };
        }
    }
}

async fn record(caller: &Caller, lobby: u64, round: &Value) -> Value {
    let path = format!("/gateway/game/v1/lobby/{lobby}/rounds/{round}");
    eventually("the round to end", Duration::from_secs(20), || async {
        let record = caller.get(&path).await.json();
        ["settled", "interrupted"].contains(&text(&record["state"])).then_some(record)
    })
    .await
}

/// Everything about the interrupted round is what was durable.
fn assert_paid(record: &Value, seen: &Seen, players: &[Player; 3]) {
    let stopped_at = multiplier(&record["interrupted_at"]);
    assert!(seen.shown <= SHOWN_MAX, "shown {} hundredths, then {record}", seen.shown);
    assert!(stopped_at.centi() <= SHOWN_MAX, "{record}");
    assert!(stopped_at <= multiplier(&record["crash_point"]), "{record}");
    assert!(record["seed"].is_string() && record["would_have_paid"].is_number(), "{record}");
    let paid_at = |player: &Player| -> Multiplier {
        let bets = record["bets"].as_array().unwrap();
        let bet = bets.iter().find(|bet| bet["user_id"] == player.id).unwrap();
        assert_eq!(text(&bet["state"]), "cashed_out", "{record}");
        let payout = stake(&bet["stake"]).payout_at(multiplier(&bet["multiplier"]));
        assert_eq!(crate::harness::numbers::amount(&bet["payout"]), payout, "{record}");
        multiplier(&bet["multiplier"])
    };
    let [clicks, aims, rides] = players;
    assert_eq!(paid_at(aims).centi(), 101, "its target was reached: {record}");
    assert_eq!(paid_at(rides), stopped_at, "{record}");
    assert!(paid_at(clicks) <= stopped_at, "{record}");
    assert_eq!(multiplier(&seen.told["coefficient"]), paid_at(clicks), "{:?}", seen.told);
    // The store came back three seconds after the heartbeat; the click was made within one.
    let answered_after = seen.answered_after.expect("somebody clicked");
    let least = Duration::from_millis(1_500);
    assert!(answered_after >= least, "told after {answered_after:?}, before it was stored");
}

/// One server; `None` if every climb ended before somebody clicked in the stall.
async fn stall_a_climb() -> Option<()> {
    let mut place = Place::with(SETTINGS);
    place.arm(Some(STALL));
    let server = place.start().await;
    let caller = server.caller();
    let players = [
        caller.rich_player("clicks", "1000").await,
        caller.rich_player("aims", "1000").await,
        caller.rich_player("rides", "1000").await,
    ];
    let lobby = caller.lobby(&players[0], json!({})).await;
    let join = || async { Socket::join(&server.base, lobby).await.unwrap() };
    let mut sockets = [join().await, join().await, join().await];
    for _ in 0..ROUNDS {
        let seen = play(&mut sockets, lobby, &players).await;
        let record = record(&caller, lobby, &seen.round).await;
        // On a busy machine the climb may stand before anybody was shown enough to click.
        if text(&record["state"]) == "interrupted" && seen.answered_after.is_some() {
            assert_paid(&record, &seen, &players);
            return Some(());
        }
        if server.log().contains("the failpoint is reached") {
            return None;
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_store_interrupts_the_round_and_shows_nothing_it_did_not_store() {
    for _ in 0..TRIES {
        if stall_a_climb().await.is_some() {
            return;
        }
    }
    panic!("no climb lived through the stall");
}
