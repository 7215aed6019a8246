//! Fifty random deaths under load. After each the server is up within a second and every lobby
//! takes bets; in the end every promise that any client holds has been kept, exactly once.

pub(crate) mod promises;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::databases::Books;
use crate::harness::settings::BRISK;
use crate::harness::time::{eventually, now, within};
use crate::harness::{Place, Player, Random, Server};
use crate::load::book::Book;
use crate::load::player::{Gambler, Habit};
use crate::load::socket_io::Socket;

const DEATHS: u32 = 50;
const READY_WITHIN: Duration = Duration::from_secs(1);
const HABITS: [Habit; 4] = [Habit::Auto, Habit::Hand, Habit::Leaver, Habit::Hand];

/// The world that outlives each server.
pub(crate) struct Crowd {
    pub(crate) lobbies: Vec<u64>,
    players: Vec<Player>,
    /// One for each lobby, who asks after each start whether it takes bets.
    probes: Vec<Player>,
    pub(crate) book: Arc<Book>,
}

/// Makes lobbies and players on a fresh server.
pub(crate) async fn gather(server: &Server) -> Crowd {
    let caller = server.caller();
    let host = caller.player("host").await;
    let resting = caller.lobby(&host, json!({})).await;
    let busy = caller.lobby(&host, json!({ "mode": "continuous" })).await;
    let lobbies = vec![1, resting, busy];
    let (mut players, mut probes) = (Vec::new(), Vec::new());
    for lobby in &lobbies {
        for habit in 0..HABITS.len() {
            let name = format!("player-{lobby}-{habit}");
            players.push(caller.rich_player(&name, "100000").await);
        }
        probes.push(caller.rich_player(&format!("probe-{lobby}"), "100000").await);
    }
    Crowd { lobbies, players, probes, book: Arc::default() }
}

impl Crowd {
    /// Sends everybody to play; they stop when the server is gone.
    pub(crate) fn play(&self, server: &Server, random: &mut Random) -> JoinSet<u32> {
        let mut playing = JoinSet::new();
        for (index, player) in self.players.iter().enumerate() {
            let gambler = Gambler {
                player: player.clone(),
                lobby: self.lobbies[index / HABITS.len()],
                habit: HABITS[index % HABITS.len()],
                book: Arc::clone(&self.book),
                random: random.fork(),
            };
            playing.spawn(gambler.play(server.base.clone()));
        }
        playing
    }

    /// Places one bet in every lobby as soon as it takes one; how long the last one took.
    pub(crate) async fn probe(&self, server: &Server) -> Duration {
        let asked_at = now();
        let mut asking = JoinSet::new();
        for (player, lobby) in self.probes.iter().cloned().zip(self.lobbies.iter().copied()) {
            asking.spawn(probe(server.base.clone(), player, lobby, Arc::clone(&self.book)));
        }
        asking.join_all().await;
        asked_at.elapsed()
    }
}

/// Bets the least there is until it is taken.
async fn probe(base: String, player: Player, lobby: u64, book: Arc<Book>) {
    let socket = Socket::join(&base, lobby).await.expect("the server is ready");
    // Who misses the countdown waits for a whole climb.
    eventually(&format!("lobby {lobby} to take bets again"), Duration::from_mins(2), || async {
        let bet = json!({ "token": player.token, "lobby_id": lobby, "amount": "0.01" });
        let answer = socket.call("place_bet", bet).await.expect("the server is ready");
        book.placed(player.id, &answer)
    })
    .await;
}

/// How long the server lives after it took bets: through betting, the lock, and some climbs.
pub(crate) fn life(random: &mut Random) -> Duration {
    let longest = [400, 1_200, 2_500, 4_000, 7_000][usize::try_from(random.between(0, 4)).unwrap()];
    Duration::from_millis(random.between(0, longest))
}

/// Sometimes a server dies while it is still recovering from the last death.
async fn die_while_starting(place: &Place, random: &mut Random) {
    let (mut child, _) = place.spawn();
    tokio::time::sleep(Duration::from_millis(random.between(0, 150))).await;
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_deaths_break_no_promise() {
    let mut random = Random::announced();
    let place = Place::alone(BRISK);
    let mut server = place.start().await;
    let crowd = gather(&server).await;
    let (mut starts, mut bettings) = (Vec::new(), Vec::new());
    let mut fences = BTreeMap::new();
    for _ in 0..DEATHS {
        bettings.push(crowd.probe(&server).await);
        let mut playing = crowd.play(&server, &mut random);
        tokio::time::sleep(life(&mut random)).await;
        server.kill();
        while let Some(ended) = within("players to notice", playing.join_next()).await {
            ended.expect("no player saw anything wrong");
        }
        let books = Books::read(&place.data());
        books.assert_sound();
        promises::assert_remembered(&books, &crowd.book);
        promises::assert_fences_rise(&mut fences, &books);
        if random.between(0, 4) == 0 {
            die_while_starting(&place, &mut random).await;
        }
        server = place.start().await;
        starts.push(server.ready_after);
    }
    bettings.push(crowd.probe(&server).await);
    for (what, times) in [("ready", &mut starts), ("every lobby takes bets", &mut bettings)] {
        times.sort_unstable();
        let (rule, worst) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{what} after {rule:?} as a rule, {worst:?} at worst");
    }
    let books = settle(&place, server).await;
    promises::assert_kept(&books, &crowd.book);
    promises::assert_worth_it(&books, &crowd.book);
    // Last, so that a machine busy with other things hides no broken promise.
    assert!(starts.iter().all(|start| *start <= READY_WITHIN), "{starts:?}");
}

/// One more death, and a start after which nobody bets: recovery ends every round that had bets.
pub(crate) async fn settle(place: &Place, server: Server) -> Books {
    server.kill();
    let server = place.start().await;
    let started_at = now();
    eventually("every hold to be decided", Duration::from_secs(30), || async {
        let books = Books::watch(&place.data());
        books.holds.iter().all(|hold| hold.state != "reserved").then_some(())
    })
    .await;
    println!("every hold was decided {:?} after the last start", started_at.elapsed());
    let status = server.terminate(Duration::from_secs(20)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    let books = Books::read(&place.data());
    books.assert_sound();
    books
}

/// A bet that is sent again after a death is the same bet.
#[tokio::test(flavor = "multi_thread")]
async fn a_bet_sent_again_after_a_death_is_taken_once() {
    let mut random = Random::announced();
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "100").await;
    let lobby = caller.lobby(&ann, json!({ "betting_ms": 20_000 })).await;
    let bet = json!({
        "token": ann.token,
        "lobby_id": lobby,
        "amount": "10.00",
        "bet_id": random.bet_id(),
    });
    let socket = Socket::join(&server.base, lobby).await.unwrap();
    let first = eventually("the new lobby to take bets", Duration::from_secs(10), || async {
        let answer = socket.call("place_bet", bet.clone()).await.unwrap();
        answer["error"].is_null().then_some(answer)
    })
    .await;
    let again = socket.call("place_bet", bet.clone()).await.unwrap();
    assert_eq!(first, again, "the same bet gets its first answer");
    assert_eq!(caller.balance(&ann).await.to_string(), "90");
    server.kill();

    let server = place.start().await;
    let socket = Socket::join(&server.base, lobby).await.unwrap();
    let after = socket.call("place_bet", bet).await.unwrap();
    let caller = server.caller();
    let what = "the voided round's stake to come back";
    eventually(what, Duration::from_secs(10), || async {
        (caller.balance(&ann).await.to_string() == "100").then_some(())
    })
    .await;
    println!("sent again after the death it was answered {after}");
    let unlocked = Books::watch(&place.data());
    let mine: Vec<_> = unlocked.bets.iter().filter(|bet| bet.player == ann.id).collect();
    assert_eq!(mine.len(), 1, "{mine:?}");
    assert_eq!(mine[0].state, "released");
    assert_ne!(after, Value::Null);
}
