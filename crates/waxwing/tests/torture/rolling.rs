//! An upgrade: every process of a deployment is told to end and started again, one after the other,
//! while everybody bets in every round. Whoever asks once more when he is let down loses no bet.
//!
//! `make rolling RATE=500` is the run with a crowd; in every run of the tests there are few.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::task::JoinSet;

use super::asking::{self, patient};
use super::outcome::settled;
use super::plan::{QUICK, SETTINGS, asked_number};
use super::stage::lobbies;
use super::weather::Proxy;
use crate::harness::fleet::Fleet;
use crate::harness::numbers::text;
use crate::harness::time::now;
use crate::harness::{Caller, Place, Player, Random};
use crate::load::socket_io::{Gone, Socket};

/// Lobbies that play all the time, and connections in each.
const LOBBIES: usize = 3;
const TABLES: usize = 8;
/// No round takes longer from one opening to the next; by it so many players are invited that they
/// place the bets a second that were asked for.
const ROUND_MAX_S: usize = 5;
/// Under which a crowd's lobbies are made: hundreds of bets come at each opening.
const CROWDED: &[(&str, &str)] = &[("WAXWING_GAME__PLAYERS__BETTING_MS", "1500")];
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

/// Why a bet was not taken that nobody said anything about.
const UNANSWERED: &str = "no answer";

/// Whose it is, by his seat, and its id.
type Bet = (usize, String);

/// Players at one connection who bet in every round and ask once more for what was not taken.
struct Bettors {
    base: String,
    lobby: u64,
    players: Vec<Player>,
    random: Random,
    tally: Arc<Tally>,
    socket: Option<Socket>,
}

impl Bettors {
    async fn play(mut self) {
        while !self.tally.ended.load(Ordering::Relaxed) {
            let seats = (0..self.players.len() * BETS).map(|bet| bet / BETS);
            let bets: Vec<Bet> = seats.map(|seat| (seat, self.random.bet_id())).collect();
            let first = self.bet(&bets).await;
            let left: Vec<Bet> = first.iter().map(|asked| self.once_more(asked)).collect();
            let second = if left.is_empty() { Vec::new() } else { self.bet(&left).await };
            let taken = bets.len() - second.len();
            self.tally.taken.fetch_add(taken as u64, Ordering::Relaxed);
            for (_, why) in first {
                *self.tally.again.lock().unwrap().entry(why).or_default() += 1;
            }
            let failed = second.into_iter().map(|((_, id), why)| format!("{id}: {why}"));
            self.tally.failed.lock().unwrap().extend(failed);
        }
    }

    /// What was not answered may be stored, so it keeps its id. What was refused may have been held
    /// for a moment, and its id is no other's.
    fn once_more(&mut self, ((seat, id), why): &(Bet, String)) -> Bet {
        (*seat, if why == UNANSWERED { id.clone() } else { self.random.bet_id() })
    }

    /// Asks for these bets in the next round that opens; those that were not taken, and why.
    async fn bet(&mut self, bets: &[Bet]) -> Vec<(Bet, String)> {
        let socket = self.window().await;
        let asked = bets.iter().map(|(seat, id)| {
            let data = json!({
                "token": self.players[*seat].token,
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
            Err(Gone) => Some(UNANSWERED.to_owned()),
            Ok(answer) if answer["error"].is_null() => None,
            Ok(answer) => Some(text(&answer["code"]).to_owned()),
        });
        let not_taken: Vec<_> =
            bets.iter().zip(whys).filter_map(|(bet, why)| Some((bet.clone(), why?))).collect();
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

/// The players of one table: one, or as many as the bets a second take that were asked for.
async fn players(caller: &Caller, table: usize, rate: Option<u64>) -> Vec<Player> {
    let bets = rate.map_or(1, |rate| usize::try_from(rate).unwrap() * ROUND_MAX_S);
    let count = bets.div_ceil(BETS * LOBBIES * TABLES);
    let names = (0..count).map(|seat| format!("bettor-{table}-{seat}"));
    let made = names.map(|name| async move { caller.rich_player(&name, "20000").await });
    stream::iter(made).buffered(8).collect().await
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
    let rate = asked_number("ROLLING_RATE");
    let crowded = if rate.is_some() { CROWDED } else { &[] };
    let place = Place::apart_and_alone(SETTINGS).and(QUICK).and(crowded);
    let lobbies = lobbies(&place, "quick", LOBBIES).await;
    let mut fleet = Fleet::at(place).await;
    let proxy = Proxy::start().await;
    proxy.lead_to(fleet.processes.gateways.iter().map(|gateway| &gateway.base));
    let (tally, mut random) = (Arc::new(Tally::default()), Random::announced());
    let mut playing = JoinSet::new();
    for table in 0..LOBBIES * TABLES {
        let bettors = Bettors {
            base: proxy.base.clone(),
            lobby: lobbies[table % LOBBIES],
            players: players(&fleet.caller(0), table, rate).await,
            random: random.fork(),
            tally: Arc::clone(&tally),
            socket: None,
        };
        playing.spawn(bettors.play());
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
    let reached = taken / lasted.as_secs().max(1);
    println!("{taken} bets taken in {lasted:.0?}, {reached} a second; once more: {again:?}");
    assert_eq!(*tally.failed.lock().unwrap(), Vec::<String>::new());
    assert!(taken > 100, "only {taken} bets were taken");
    assert!(rate.is_none_or(|rate| reached >= rate), "only {reached} bets a second");
    settled(&fleet.place.data()).await;
    fleet.end_soundly().await;
}
