//! Power cuts under load, on a disk that forgets what was not synced. What any client was told is
//! kept, exactly once, and so is what `waxwing check` guards.
//!
//! `POWER_LOSSES` says how many; `make powerloss` takes 200.

mod fickle;
mod notes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::harness::databases::Books;
use crate::harness::process::{finish, waxwing};
use crate::harness::time::within;
use crate::harness::{Place, Player, Random, Server};
use crate::kill::{Crowd, gather, life, promises, settle};
use crate::load::book::Outcome;
use fickle::Fickle;
use notes::Notes;

/// Enough that many of them fall between a write and its sync.
const LOSSES: u32 = 15;
/// Hardly a countdown, and honest climbs: a short life sees results too.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__MAIN__BETTING_MS", "500"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "400"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
];

#[expect(clippy::disallowed_methods, reason = "`make powerloss` asks for more")]
fn losses() -> u32 {
    std::env::var("POWER_LOSSES").map_or(LOSSES, |count| count.parse().expect("a number"))
}

/// Those in each lobby who take bets back and put money in.
const FICKLE: u32 = 4;

/// The crowd of the fifty deaths, and the fickle ones.
struct World {
    place: Place,
    crowd: Crowd,
    fickle: Vec<(Player, u64)>,
    notes: Arc<Notes>,
    random: Random,
    fences: BTreeMap<u64, [u64; 3]>,
}

impl World {
    /// A fresh one, and its first server.
    async fn start() -> (Self, Server) {
        let random = Random::announced();
        let place = Place::alone(SETTINGS).on_forgetful_disk();
        let server = place.start().await;
        let crowd = gather(&server).await;
        let mut fickle = Vec::new();
        for lobby in &crowd.lobbies {
            for number in 0..FICKLE {
                let name = format!("fickle-{lobby}-{number}");
                fickle.push((server.caller().rich_player(&name, "100000").await, *lobby));
            }
        }
        // Whoever was just made is on the disk, and nobody waits for a climb that began before.
        server.kill();
        let server = place.start().await;
        let (notes, fences) = (Arc::default(), BTreeMap::new());
        (Self { place, crowd, fickle, notes, random, fences }, server)
    }

    /// Waits until every lobby takes bets, then sends everybody to play.
    async fn play(&mut self, server: &Server) -> JoinSet<u32> {
        self.crowd.probe(server).await;
        let mut playing = self.crowd.play(server, &mut self.random);
        for (player, lobby) in &self.fickle {
            let fickle = Fickle {
                player: player.clone(),
                lobby: *lobby,
                book: Arc::clone(&self.crowd.book),
                notes: Arc::clone(&self.notes),
                random: self.random.fork(),
            };
            playing.spawn(fickle.play(server.base.clone()));
        }
        playing
    }

    /// After a death, before the next start: what was told is on the disk, and all of it agrees.
    async fn assert_remembered(&mut self, mut playing: JoinSet<u32>) {
        while let Some(ended) = within("players to notice", playing.join_next()).await {
            ended.expect("no player saw anything wrong");
        }
        let books = Books::read(&self.place.data());
        books.assert_sound();
        promises::assert_remembered(&books, &self.crowd.book);
        promises::assert_told_is_stored(&books, &self.crowd.book);
        promises::assert_fences_rise(&mut self.fences, &books);
        self.notes.assert_remembered(&books);
        self.assert_checked().await;
    }

    async fn assert_checked(&self) {
        let mut check = waxwing();
        check.arg("check").arg("--data").arg(self.place.data());
        let checked = finish(check, Duration::from_mins(1)).await;
        assert!(checked.status.success(), "{}\n{}", checked.stdout, checked.stderr);
    }

    /// Ends every round; each bet has its one end, and what was told is what happened.
    async fn end(&mut self, server: Server) {
        self.crowd.probe(&server).await;
        let books = settle(&self.place, server).await;
        promises::assert_kept(&books, &self.crowd.book);
        self.notes.assert_remembered(&books);
        self.assert_checked().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_lose_nothing_that_was_acknowledged() {
    let (mut world, mut server) = World::start().await;
    let losses = losses();
    for _ in 0..losses {
        let playing = world.play(&server).await;
        tokio::time::sleep(life(&mut world.random)).await;
        // Every other cut leaves some of what was not synced, the others nothing.
        match world.random.between(0, 1) {
            0 => server.kill(),
            _ => server.tear(world.random.between(0, u64::MAX - 1)),
        }
        world.assert_remembered(playing).await;
        server = world.place.start().await;
    }
    world.end(server).await;
    let (placed, told) = (world.crowd.book.all_placed().len(), world.crowd.book.all_told());
    let won = told.iter().filter(|told| matches!(told.outcome, Outcome::Won { .. })).count();
    let told = told.len();
    let (cancelled, topped_up) = world.notes.counts();
    println!("{losses} power cuts, all kept of what was acknowledged: {placed} bets,");
    println!("{told} results ({won} cash-outs), {cancelled} cancellations, {topped_up} top-ups");
    let least = usize::try_from(losses).unwrap();
    assert!(placed >= 3 * least && cancelled >= least && topped_up >= least, "too little");
    assert!(won >= least / 4, "too few cash-outs were cut off");
}

/// The method finds what it looks for: on a disk that syncs nothing, what was acknowledged is
/// gone, and a player can register again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_synced_is_gone() {
    let place = Place::with(SETTINGS).on_forgetful_disk().and(&[("DISK_FAULT_IGNORE_SYNCS", "1")]);
    let server = place.start().await;
    let first = server.caller().rich_player("ann", "100").await;
    assert_eq!(server.caller().balance(&first).await.to_string(), "100");
    server.kill();
    let server = place.start().await;
    let again = server.caller().player("ann").await;
    assert_eq!(server.caller().balance(&again).await.to_string(), "0");
}
