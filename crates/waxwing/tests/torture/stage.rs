//! Lobbies and players before anything goes wrong, and everybody at his place.

use std::collections::BTreeSet;
use std::sync::Arc;

use checker::decimal::Decimal;
use checker::log::{Answer, Entry};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::task::JoinSet;

use super::banker::Banker;
use super::hostile::Hostile;
use super::plan::{Plan, QUICK, SETTINGS, SLOW};
use super::single::Single;
use super::table::{Table, manners};
use super::watcher::watch;
use super::world::World;
use crate::harness::time::now;
use crate::harness::{Caller, Place, Player, Random};

/// What everybody begins with, in whole units.
const MONEY: i64 = 2_000;
/// Who works over HTTP.
const BANKERS: usize = 4;
/// Who is up to no good.
const WICKED: usize = 4;

/// Everything that outlives the servers.
pub(crate) struct Stage {
    pub(crate) place: Place,
    pub(crate) lobbies: Vec<u64>,
}

impl Stage {
    /// Makes the lobbies at an empty place, the short ones under rules of their own.
    pub(crate) async fn build(place: Place, plan: &Plan) -> Self {
        let quick = place.and(SETTINGS).and(QUICK);
        let mut lobbies = lobbies(&quick, "quick", plan.quick_lobbies).await;
        // Whatever is set twice has the value that was set last.
        let default_climb = [("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "100000")];
        let default_edge = [("WAXWING_GAME__HOUSE_EDGE_BPS", "100")];
        let place = quick.and(SLOW).and(&default_climb).and(&default_edge);
        lobbies.extend(self::lobbies(&place, "slow", plan.slow_lobbies).await);
        lobbies.push(1);
        Self { place, lobbies }
    }
}

/// Makes the players of so many lobbies; everybody's first money stands in the journal.
pub(crate) async fn invite(
    lobbies: usize,
    plan: &Plan,
    world: &Arc<World>,
    caller: &Caller,
) -> Crowd {
    Crowd {
        tables: make(caller, world, "table", lobbies * plan.tables * plan.seats).await,
        singles: make(caller, world, "single", lobbies * plan.singles).await,
        wicked: make(caller, world, "wicked", 2 * WICKED).await,
        probes: make(caller, world, "probe", lobbies).await,
    }
}

/// Makes `count` lobbies under the rules of `place`, some of which rest until somebody bets.
pub(super) async fn lobbies(place: &Place, name: &str, count: usize) -> Vec<u64> {
    if count == 0 {
        return Vec::new();
    }
    let server = place.start().await;
    let caller = server.caller();
    let mut lobbies = Vec::new();
    for number in 0..count {
        // A player may have one lobby that plays without a pause.
        let host = caller.player(&format!("host-{name}-{number}")).await;
        let mode = if number % 4 == 3 { "on_first_bet" } else { "continuous" };
        lobbies.push(caller.lobby(&host, json!({ "mode": mode })).await);
    }
    let status = server.terminate(std::time::Duration::from_secs(30)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    lobbies
}

async fn make(caller: &Caller, world: &Arc<World>, name: &str, count: usize) -> Vec<Player> {
    let players = stream::iter(0..count).map(|number| {
        let (caller, world) = (caller.clone(), Arc::clone(world));
        async move {
            let asked = now();
            let name = format!("{name}-{number}");
            let player = caller.rich_player(&name, &MONEY.to_string()).await;
            let amount = Decimal::from_units(MONEY * Decimal::SCALE);
            let entry = Entry::TopUp { key: name, amount, answer: Answer::Taken(()) };
            world.journal.answered(player.id, asked, entry);
            player
        }
    });
    players.buffered(8).collect().await
}

/// Everybody.
pub(crate) struct Crowd {
    tables: Vec<Player>,
    singles: Vec<Player>,
    wicked: Vec<Player>,
    pub(crate) probes: Vec<Player>,
}

impl Crowd {
    /// Sends everybody to play until the end of the world.
    pub(crate) fn play(
        &self,
        plan: &Plan,
        lobbies: &[u64],
        world: &Arc<World>,
        random: &mut Random,
    ) -> JoinSet<()> {
        let mut playing = JoinSet::new();
        for (number, players) in self.tables.chunks(plan.seats).enumerate() {
            let table = Table {
                world: Arc::clone(world),
                lobby: lobbies[number % lobbies.len()],
                players: players.to_vec(),
                manners: manners(number / lobbies.len()),
                random: random.fork(),
                unanswered: Vec::new(),
            };
            playing.spawn(table.play());
        }
        for (number, player) in self.singles.iter().enumerate() {
            let single = Single {
                world: Arc::clone(world),
                lobby: lobbies[number % lobbies.len()],
                player: player.clone(),
                random: random.fork(),
                restless: number / lobbies.len() % 2 == 1,
                unanswered: None,
            };
            playing.spawn(single.play());
        }
        for (number, pair) in self.wicked.chunks(2).enumerate() {
            let hostile = Hostile {
                world: Arc::clone(world),
                lobby: lobbies[number % lobbies.len()],
                me: pair[0].clone(),
                victim: pair[1].clone(),
                random: random.fork(),
                borrowed: BTreeSet::default(),
            };
            playing.spawn(hostile.play());
        }
        let all: Vec<Player> = self.tables.iter().chain(&self.singles).cloned().collect();
        for players in all.chunks(all.len().div_ceil(BANKERS)) {
            playing.spawn(Banker::new(world, players.to_vec(), random.fork()).work());
        }
        for lobby in lobbies {
            playing.spawn(watch(Arc::clone(world), *lobby));
        }
        playing
    }
}
