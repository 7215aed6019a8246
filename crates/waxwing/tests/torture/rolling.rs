//! An upgrade: every process of a deployment is told to end and started again, one after the other,
//! while everybody bets in every round. Whoever asks once more when he is let down loses no bet.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::asking::{self, patient};
use super::outcome::settled;
use super::plan::{QUICK, SETTINGS};
use super::stage::lobbies;
use super::weather::Proxy;
use crate::harness::fleet::Fleet;
use crate::harness::numbers::text;
use crate::harness::time::now;
use crate::harness::{Place, Player, Random};
use crate::load::socket_io::{Gone, Socket};

/// Tables that play all the time, and players at each.
const LOBBIES: usize = 3;
const SEATS: usize = 8;
/// Bets that each player places in every round.
const BETS: usize = 2;
/// How long a process that was told to end may take.
const LEAVES_WITHIN: Duration = Duration::from_mins(1);

/// What became of bets.
#[derive(Default)]
struct Tally {
    taken: AtomicU64,
    /// Asked for a second time, and why.
    again: Mutex<BTreeMap<String, u64>>,
    /// Not even then.
    failed: Mutex<Vec<String>>,
    ended: AtomicBool,
}

/// Somebody who bets in every round and asks once more for what was not taken.
struct Bettor {
    base: String,
    lobby: u64,
    player: Player,
    random: Random,
    tally: Arc<Tally>,
    socket: Option<Socket>,
}

impl Bettor {
    async fn play(mut self) {
        while !self.tally.ended.load(Ordering::Relaxed) {
            let ids: Vec<String> = (0..BETS).map(|_| self.random.bet_id()).collect();
            let first = self.bet(&ids).await;
            let left: Vec<String> = first.iter().map(|(id, _)| id.clone()).collect();
            let second = if left.is_empty() { Vec::new() } else { self.bet(&left).await };
            let taken = BETS - second.len();
            self.tally.taken.fetch_add(taken as u64, Ordering::Relaxed);
            for (_, why) in first {
                *self.tally.again.lock().unwrap().entry(why).or_default() += 1;
            }
            let failed = second.into_iter().map(|(id, why)| format!("{id}: {why}"));
            self.tally.failed.lock().unwrap().extend(failed);
        }
    }

    /// Asks for these bets in the next round that opens; those that were not taken, and why.
    async fn bet(&mut self, ids: &[String]) -> Vec<(String, String)> {
        let socket = self.window().await;
        let asked = ids.iter().map(|id| {
            let data = json!({
                "token": self.player.token,
                "lobby_id": self.lobby.to_string(),
                "amount": "1",
                "bet_id": id,
            });
            patient(socket.ask("place_bet", &data))
        });
        let answers = futures_util::future::join_all(asked).await;
        let answers =
            answers.into_iter().map(|answer| answer.and_then(|got| got.map_err(|_| Gone)));
        let whys = answers.map(|answer| match answer {
            Err(Gone) => Some("no answer".to_owned()),
            Ok(answer) if answer["error"].is_null() => None,
            Ok(answer) => Some(text(&answer["code"]).to_owned()),
        });
        let not_taken: Vec<_> =
            ids.iter().zip(whys).filter_map(|(id, why)| Some((id.clone(), why?))).collect();
        if not_taken.is_empty() {
            self.socket = Some(socket);
        }
        not_taken
    }

    /// The connection that was kept, or a new one if there is one to be had.
    async fn seat(&mut self) -> Option<Socket> {
        if self.socket.is_some() {
            return self.socket.take();
        }
        let socket = asking::sit(&self.base, self.lobby).await.ok();
        if socket.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        socket
    }

    /// A connection whose lobby has just opened a round. Finding one is no try.
    async fn window(&mut self) -> Socket {
        loop {
            let Some(mut socket) = self.seat().await else { continue };
            while let Ok(event) = socket.event(asking::PATIENCE).await {
                if event.is_some_and(|event| event.name == "round_opened") {
                    return socket;
                }
            }
        }
    }
}

/// Tells every process to end and starts it again, one after the other.
async fn roll(fleet: &mut Fleet, proxy: &Proxy) {
    let open_doors = |fleet: &Fleet| {
        proxy.lead_to(fleet.processes.gateways.iter().map(|gateway| &gateway.base));
    };
    for role in ["user", "game", "gateway"] {
        for _ in 0..fleet.processes.of(role).len() {
            let (began, leaving) = (now(), fleet.processes.of(role).remove(0));
            let number = leaving.number();
            open_doors(fleet);
            leaving.terminate(LEAVES_WITHIN).await;
            fleet.start_one(role, number).await;
            open_doors(fleet);
            println!("{role} {number} left and came back in {:.1?}", began.elapsed());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_of_every_process_fails_no_bet_of_who_asks_once_more() {
    let place = Place::apart_and_alone(SETTINGS).and(QUICK);
    let lobbies = lobbies(&place, "quick", LOBBIES).await;
    let mut fleet = Fleet::at(place).await;
    let proxy = Proxy::start().await;
    proxy.lead_to(fleet.processes.gateways.iter().map(|gateway| &gateway.base));
    let (tally, mut random) = (Arc::new(Tally::default()), Random::announced());
    let mut playing = JoinSet::new();
    for seat in 0..LOBBIES * SEATS {
        let bettor = Bettor {
            base: proxy.base.clone(),
            lobby: lobbies[seat % LOBBIES],
            player: fleet.caller(0).rich_player(&format!("bettor-{seat}"), "20000").await,
            random: random.fork(),
            tally: Arc::clone(&tally),
            socket: None,
        };
        playing.spawn(bettor.play());
    }
    let began = now();
    roll(&mut fleet, &proxy).await;
    let lasted = began.elapsed();
    tally.ended.store(true, Ordering::Relaxed);
    while let Some(played) = playing.join_next().await {
        played.unwrap();
    }
    let taken = tally.taken.load(Ordering::Relaxed);
    let again = tally.again.lock().unwrap().clone();
    println!("{taken} bets taken in {lasted:.0?}; asked for once more: {again:?}");
    assert_eq!(*tally.failed.lock().unwrap(), Vec::<String>::new());
    assert!(taken > 100, "only {taken} bets were taken");
    settled(&fleet.place.data()).await;
    fleet.end_soundly().await;
}
