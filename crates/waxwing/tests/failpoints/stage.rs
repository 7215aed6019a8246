//! The files that every death starts from, one death, and what the next life must show.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use kernel::{Amount, Multiplier};
use serde_json::{Value, json};

use super::crowd::{self, HABITS, Habit, PAIRS};
use super::point::{Point, Way};
use super::returns;
use super::rule::{Durable, Ending};
use crate::harness::databases::{Books, copied};
use crate::harness::numbers::{multiplier, text};
use crate::harness::process::{ended, finish, waxwing};
use crate::harness::time::eventually;
use crate::harness::{Caller, Place, Player, Server};
use crate::kill::promises;
use crate::load::book::Book;

/// Where every climb ends at the latest, after three seconds.
const MULTIPLIER_MAX: u32 = 120;
/// What everybody begins with.
const MONEY: &str = "1000";
/// Main stays open all the time, so that every round that is locked is ours. Some climbs crash
/// early, so that something is lost.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__MAIN__BETTING_MS", "60000"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "120"),
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "1000"),
    ("WAXWING_IDENTITY__ARGON2_MEMORY_KIB", "64"),
    ("WAXWING_IDENTITY__ARGON2_PASSES", "1"),
];
/// How long bets are taken, in milliseconds; a crowd needs longer until everybody has bet.
const BETTING_MS: [u64; 2] = [300, 9_000];
/// How much longer than that a reservation hangs that comes too late for the lock.
const LATER_MS: u64 = 1_200;
/// The most that a start may take to end and pay what its predecessor left.
const PAID_WITHIN: Duration = Duration::from_secs(30);

pub(crate) type Players = Vec<(Player, &'static [Habit])>;

/// Stopped files with players, money and a lobby.
pub(crate) struct Stage {
    pub(crate) place: Place,
    pub(crate) players: Players,
    pub(crate) lobby: u64,
    betting_ms: u64,
}

/// One life after another on a copy of the stage.
struct Scene<'a> {
    stage: &'a Stage,
    place: Place,
    book: Arc<Book>,
    what: String,
    deaths: usize,
}

/// Whether the thousand bets shall meet every point, not only a few.
#[expect(clippy::disallowed_methods, reason = "`make failpoints` asks for the long run")]
pub(crate) fn asked_for_all() -> bool {
    std::env::var("FAILPOINTS").is_ok_and(|asked| asked == "all")
}

impl Stage {
    /// Six bets by four players.
    pub(crate) async fn of_a_few() -> Self {
        Self::with(&HABITS, HABITS.len(), BETTING_MS[0]).await
    }

    /// A thousand bets by five hundred.
    pub(crate) async fn of_a_crowd() -> Self {
        Self::with(&PAIRS, 500, BETTING_MS[1]).await
    }

    async fn with(habits: &[&'static [Habit]], count: usize, betting_ms: u64) -> Self {
        let betting = ("WAXWING_GAME__PLAYERS__BETTING_MS", &*betting_ms.to_string());
        let place = Place::with(SETTINGS).and(&[betting]);
        let server = place.start().await;
        let caller = server.caller();
        let players: Players = stream::iter(0..count)
            .map(|index| {
                let (caller, habits) = (caller.clone(), habits[index % habits.len()]);
                async move { (caller.rich_player(&format!("player-{index}"), MONEY).await, habits) }
            })
            .buffered(16)
            .collect()
            .await;
        let lobby = caller.lobby(&players[0].0, json!({})).await;
        let status = server.terminate(Duration::from_secs(20)).await;
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
        let files = Books::read(&place.data());
        files.assert_sound();
        Self { place, players, lobby, betting_ms }
    }

    /// Dies at `point`, starts again, and compares every balance with what the rules say.
    pub(crate) async fn die_at(&self, point: &Point) {
        let mut scene = self.scene(point.to_string());
        scene.play_and_die(point.way, &self.armed(point)).await;
        let durable = scene.read();
        scene.assert_met(point, &durable);
        scene.recover(&durable).await;
    }

    /// What must be armed so that `point` is met by its way.
    fn armed(&self, point: &Point) -> String {
        match point.way {
            Way::Play | Way::TakeBack => format!("{point}:kill"),
            Way::ComeLate => {
                let ms = self.betting_ms + LATER_MS;
                format!("{point}:kill,wallet.reserve.before_commit@2:stall={ms}")
            }
        }
    }

    /// Dies at `first`, and again at `point` in the start after it. What was durable when the
    /// round was last played decides.
    pub(crate) async fn die_at_the_start(&self, first: &str, point: &Point) {
        let mut scene = self.scene(format!("{point} at a start after {first}"));
        scene.play_and_die(Way::Play, &format!("{first}:kill")).await;
        let durable = scene.read();
        scene.die_while_starting(&format!("{point}:kill")).await;
        scene.assert_met(point, &scene.read());
        scene.recover(&durable).await;
    }

    /// Plays a few rounds in which one answer is lost; nobody notices.
    pub(crate) async fn lose_an_answer_at(&self, name: &str) {
        let mut scene = self.scene(format!("{name}:error"));
        scene.place.arm(Some(&format!("{name}:error")));
        let server = scene.place.start().await;
        // A round that crashes at once has no cash-out to lose; one of the next has.
        for _ in 0..20 {
            crowd::play(&server.base, self.lobby, &self.players, &scene.book, 1).await;
            if server.log().contains("the failpoint is reached") {
                break;
            }
        }
        let reached = server.log().contains("the failpoint is reached");
        assert!(reached, "{name} was not reached\n{}", server.log());
        scene.await_paid().await;
        server.kill();
        let durable = scene.read();
        scene.recover(&durable).await;
    }

    /// Plays a round, dies at each of `deaths`, recovers and plays on: files with rounds of every
    /// end, at rest.
    pub(crate) async fn live_through(&self, deaths: &[&str]) -> tempfile::TempDir {
        let mut scene = self.scene(deaths.join(" "));
        for death in deaths {
            scene.play_and_die(Way::Play, death).await;
        }
        scene.place.arm(None);
        let server = scene.place.start().await;
        crowd::play(&server.base, self.lobby, &self.players, &scene.book, 1).await;
        scene.await_paid().await;
        let status = server.terminate(Duration::from_secs(20)).await;
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
        copied(&scene.place.data())
    }

    fn scene(&self, what: String) -> Scene<'_> {
        Scene { stage: self, place: self.place.twin(), book: Arc::default(), what, deaths: 0 }
    }
}

impl Scene<'_> {
    fn read(&self) -> Durable {
        Durable::read(&self.place.data(), self.stage.lobby)
    }

    fn assert_met(&self, point: &Point, durable: &Durable) {
        assert!((point.found)(durable), "{}: the files are not of that instant", self.what);
    }

    /// One life that ends at `armed`, met by playing.
    async fn play_and_die(&mut self, way: Way, armed: &str) {
        self.place.arm(Some(armed));
        let server = self.place.start().await;
        let Stage { lobby, players, .. } = self.stage;
        let who: Vec<Player> = players.iter().map(|(player, _)| player.clone()).collect();
        let (base, lobby, book) = (&server.base, *lobby, &self.book);
        match way {
            // Where rounds crash at once, the climb is met in one of the next.
            Way::Play => crowd::play(base, lobby, players, book, 200).await,
            Way::TakeBack => returns::take_back(base, lobby, &who, book).await,
            Way::ComeLate => returns::come_late(base, lobby, &who, book).await,
        }
        let status = server.wait(Duration::from_secs(10)).await;
        self.assert_killed(status);
        Books::read(&self.place.data()).assert_sound();
    }

    /// One life that ends at `armed` before anybody can play.
    async fn die_while_starting(&mut self, armed: &str) {
        self.place.arm(Some(armed));
        let (mut child, _) = self.place.spawn();
        let status = ended(&mut child, Duration::from_secs(20)).await;
        self.assert_killed(status);
        Books::read(&self.place.data()).assert_sound();
    }

    /// The process was killed at the instant, and by nothing else.
    fn assert_killed(&mut self, status: Option<ExitStatus>) {
        self.deaths += 1;
        let signal = status.and_then(|status| status.signal());
        assert_eq!(signal, Some(KILLED), "{} was not met: {status:?}", self.what);
        let log = self.place.log();
        let reached = log.lines().filter(|line| line.contains("the failpoint is reached"));
        let deaths = reached.filter(|line| line.contains("Kill")).count();
        assert_eq!(deaths, self.deaths, "{} was killed by something else", self.what);
    }

    async fn await_paid(&self) {
        eventually(&format!("{}: every hold to be decided", self.what), PAID_WITHIN, || async {
            let books = Books::watch(&self.place.data());
            let mut mine = books.holds.iter();
            mine.all(|hold| hold.state != "reserved").then_some(())
        })
        .await;
    }

    /// The last life: it ends what was left, pays it, and every number is the one that the rules
    /// give for what was durable.
    async fn recover(&mut self, durable: &Durable) {
        self.place.arm(None);
        let server = self.place.start().await;
        self.await_paid().await;
        let caller = server.caller();
        let mut owed: BTreeMap<u64, Amount> = BTreeMap::new();
        for round in &durable.rounds {
            let record = self.record(&caller, round.number).await;
            let crash_point = record.get("crash_point").map(multiplier);
            let ending = round.ending(crash_point);
            self.assert_ended(&record, ending);
            for bet in &round.bets {
                let max = Multiplier::from_centi(MULTIPLIER_MAX).unwrap();
                let paid_at = bet.paid_at(ending, crash_point, max);
                *owed.entry(bet.player).or_default() += bet.worth(paid_at) - bet.stake.amount();
                if bet.in_round {
                    self.assert_shown(&record, &bet.id, ending, paid_at);
                }
            }
        }
        let start = Amount::parse(MONEY).unwrap();
        for (player, _) in &self.stage.players {
            let won = owed.get(&player.id).copied().unwrap_or_default();
            let balance = caller.balance(player).await;
            assert_eq!(balance, start + won, "{}: player {}", self.what, player.id);
        }
        self.assert_sound(server).await;
    }

    async fn record(&self, caller: &Caller, round: u64) -> Value {
        let path = format!("/gateway/game/v1/lobby/{}/rounds/{round}", self.stage.lobby);
        let answer = caller.get(&path).await;
        assert_eq!(answer.status, 200, "{}: {}", self.what, answer.text);
        answer.json()
    }

    fn assert_ended(&self, record: &Value, ending: Ending) {
        let (state, stopped_at) = match ending {
            Ending::Voided => ("voided", None),
            Ending::Released => ("interrupted", None),
            Ending::Settled => ("settled", None),
            Ending::Stopped(reached) => ("interrupted", Some(reached)),
        };
        assert_eq!(text(&record["state"]), state, "{}: {ending:?} {record}", self.what);
        let shown = record.get("interrupted_at").map(multiplier);
        assert_eq!(shown, stopped_at, "{}: {ending:?} {record}", self.what);
    }

    /// The bet's line in the round's record.
    fn assert_shown(&self, record: &Value, id: &str, ending: Ending, paid_at: Option<Multiplier>) {
        let bets = record["bets"].as_array().expect("a record lists its bets");
        let bet = bets.iter().find(|bet| bet["bet_id"] == id);
        let bet = bet.unwrap_or_else(|| panic!("{}: {id} is not in {record}", self.what));
        let state = match (ending, paid_at) {
            (Ending::Voided | Ending::Released, _) => "released",
            (_, Some(_)) => "cashed_out",
            (_, None) => "lost",
        };
        assert_eq!(text(&bet["state"]), state, "{}: {ending:?} {bet}", self.what);
        if state == "cashed_out" {
            let shown = Some(multiplier(&bet["multiplier"]));
            assert_eq!(shown, paid_at, "{}: {ending:?} {bet}", self.what);
        }
    }

    /// Everything that anybody was told is true, and no invariant is broken.
    async fn assert_sound(&self, server: Server) {
        let status = server.terminate(Duration::from_secs(20)).await;
        assert!(status.is_some_and(|status| status.success()), "{}: {status:?}", self.what);
        let books = Books::read(&self.place.data());
        books.assert_sound();
        promises::assert_kept(&books, &self.book);
        let mut command = waxwing();
        command.args(["check", "--data"]).arg(self.place.data());
        let checked = finish(command, Duration::from_secs(30)).await;
        let (out, err) = (&checked.stdout, &checked.stderr);
        assert!(checked.status.success(), "{}\n{out}\n{err}", self.what);
    }
}

/// The signal of `kill -9`.
const KILLED: i32 = 9;
