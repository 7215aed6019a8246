//! A lobby with stores that answer at once or when told to, driven by lines of text.

use std::fmt::Write as _;
use std::sync::OnceLock;

use expect_test::Expect;
use kernel::{Amount, BetId, Curve, Multiplier, PlayerId, Sealed, Stake, Timestamp};

use crate::{
    Bet, BetKey, Command, Event, Lobby, Mode, Notice, Outcome, PlaceBet, Resume, Rules, StoredBet,
    StoredRound, Write,
};

/// Runs `script` on a lobby set up as `setting` says, and compares what was told.
///
/// A line of the script is an instant in milliseconds and an act. Wake-ups happen when they are
/// due, but for `sleeps`, which comes to its instant without any.
pub(super) fn check(setting: &str, script: &str, expected: &Expect) {
    let mut world = World::new(setting);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (at, act) = line.split_once(' ').expect("an instant and an act");
        world.act(at.parse().expect("milliseconds"), act.trim());
    }
    expected.assert_eq(&world.told);
}

/// The table is made once: a case makes many worlds.
fn curve() -> Curve {
    static CURVE: OnceLock<Curve> = OnceLock::new();
    CURVE.get_or_init(Curve::exponential).clone()
}

/// A lobby, its stores, and what was told so far.
pub(crate) struct World {
    pub(super) lobby: Lobby,
    pub(super) log: Vec<(Timestamp, Input)>,
    pub(super) events: Vec<Event>,
    pub(super) told: String,
    now: Timestamp,
    crash_point: Multiplier,
    house: Amount,
    /// Kinds of writes whose answers wait for `answers`.
    held_kinds: Vec<String>,
    held: Vec<Write>,
    handled: usize,
}

/// What the lobby was given: all that its events depend on.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Command(Command),
    Advance,
}

impl World {
    /// Words of `setting`, in any order: `crash 2.00`, `on_first_bet`, `hold KIND`, `house N`,
    /// `payout_max N`, `max N`.
    pub(crate) fn new(setting: &str) -> Self {
        let mut rules = Rules { betting_ms: 1_000, ..Rules::standard(curve()) };
        let (mut crash_point, mut house) = (Multiplier::parse("2").unwrap(), 1_000_000_000);
        let mut held_kinds = Vec::new();
        let mut words = setting.split_whitespace();
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("a value");
            match word {
                "crash" => crash_point = Multiplier::parse(value()).unwrap(),
                "on_first_bet" => rules.mode = Mode::OnFirstBet,
                "hold" => held_kinds.push(value().to_owned()),
                "house" => house = value().parse().unwrap(),
                "payout_max" => rules.payout_max = Amount::parse(value()).unwrap(),
                "max" => rules.multiplier_max = Multiplier::parse(value()).unwrap(),
                other => panic!("no such setting: {other}"),
            }
        }
        let house = Amount::from_whole(house);
        let resume = Resume {
            next_round: 1,
            house_balance: house,
            unclosed: Vec::new(),
            kept_exposure: Amount::ZERO,
        };
        let lobby = Lobby::new(rules, resume, Timestamp::from_ms(0));
        let mut world = Self {
            lobby,
            log: Vec::new(),
            events: Vec::new(),
            told: String::new(),
            now: Timestamp::from_ms(0),
            crash_point,
            house,
            held_kinds,
            held: Vec::new(),
            handled: 0,
        };
        world.advance();
        world
    }

    pub(crate) fn act(&mut self, at: u64, act: &str) {
        let at = Timestamp::from_ms(at);
        let words: Vec<&str> = act.split_whitespace().collect();
        if words == ["sleeps"] {
            self.now = at;
            self.advance();
            return;
        }
        self.run_to(at);
        match words[..] {
            ["passes"] => {}
            ["rests"] => self.give(at, Command::Rest),
            ["drains"] => self.give(at, Command::Drain),
            ["stops"] => self.give(at, Command::Interrupt),
            ["answers", ref goes_on @ ..] => {
                // `answers late`: what comes next is held again.
                if goes_on.is_empty() {
                    self.held_kinds.clear();
                }
                for write in std::mem::take(&mut self.held) {
                    self.answer(&write);
                }
            }
            ["wallet", "disagrees"] => {
                let (round, house_balance) = (self.lobby.round(), self.house);
                self.give(at, Command::RoundClosed { round, house_balance, agreed: false });
            }
            ["wallet", "refuses", who] => {
                let write = self.held.remove(0);
                assert!(matches!(&write, Write::Bet(bet) if bet.key.player == player(who)));
                let Write::Bet(Bet { key, .. }) = write else { unreachable!() };
                let rejection = crate::Rejection::InsufficientFunds;
                let BetKey { player, bet, .. } = key;
                self.give(at, Command::BetRefused { player, bet, rejection });
            }
            [who, verb, ref rest @ ..] => self.player_acts(at, who, verb, rest),
            _ => panic!("no such act: {act}"),
        }
        self.advance();
    }

    fn player_acts(&mut self, at: Timestamp, who: &str, verb: &str, rest: &[&str]) {
        let mut round = None;
        let (mut stake, mut auto_cash_out, mut name, mut stamp) = (None, None, None, at);
        let mut words = rest.iter();
        while let Some(&word) = words.next() {
            match word {
                "auto" => auto_cash_out = Some(Multiplier::parse(words.next().unwrap()).unwrap()),
                "as" => name = Some(bet_id(words.next().unwrap().parse().unwrap())),
                "round" => round = Some(words.next().unwrap().parse().unwrap()),
                "stamped" => stamp = Timestamp::from_ms(words.next().unwrap().parse().unwrap()),
                amount => stake = Some(Stake::parse(amount).unwrap()),
            }
        }
        let player = player(who);
        let command = match verb {
            "bets" => Command::PlaceBet(PlaceBet {
                player,
                bet: name.unwrap_or(bet_id(1)),
                round,
                stake: stake.expect("a stake"),
                auto_cash_out,
            }),
            "cancels" => Command::CancelBet { player, bet: name.unwrap_or(bet_id(1)), round },
            "leaves" => Command::CashOut { player, bet: name, round },
            other => panic!("no such verb: {other}"),
        };
        self.give_stamped(stamp, command, who);
    }

    /// Lets time pass until `at`, waking the lobby whenever it asked for it.
    pub(crate) fn run_to(&mut self, at: Timestamp) {
        while let Some(due) = self.lobby.next_deadline().filter(|due| *due <= at) {
            self.now = self.now.max(due);
            self.advance();
        }
        self.now = self.now.max(at);
    }

    pub(super) fn advance(&mut self) {
        self.log.push((self.now, Input::Advance));
        self.lobby.advance(self.now, &mut self.events);
        self.serve_events();
    }

    fn give(&mut self, at: Timestamp, command: Command) {
        self.give_stamped(at, command, "");
    }

    pub(super) fn give_stamped(&mut self, at: Timestamp, command: Command, who: &str) {
        self.log.push((at, Input::Command(command.clone())));
        if let Err(rejection) = self.lobby.handle(at, command, &mut self.events) {
            self.tell(&format!("{who} refused: {rejection:?}"));
        }
        self.serve_events();
    }

    /// Tells notices and answers writes, until the lobby has nothing more to say.
    fn serve_events(&mut self) {
        while self.handled < self.events.len() {
            let event = self.events[self.handled].clone();
            self.handled += 1;
            match event {
                Event::Tell(notice) => {
                    if let Some(text) = describe(&notice) {
                        self.tell(&text);
                    }
                }
                Event::Store(write)
                    if self.held_kinds.iter().any(|kind| kind == kind_of(&write)) =>
                {
                    self.held.push(write);
                }
                Event::Store(write) => self.answer(&write),
            }
        }
    }

    fn answer(&mut self, write: &Write) {
        let command = match *write {
            Write::Round { round } => Command::RoundStored { round },
            Write::Bet(Bet { key: BetKey { player, bet, .. }, .. }) => {
                Command::BetStored { player, bet, balance: Amount::ZERO }
            }
            Write::Cancel(key) => Command::CancelStored { player: key.player, bet: key.bet },
            Write::Release(_) | Write::Forget { .. } => return,
            Write::Lock { round, .. } => {
                Command::LockStored { round, crash_point: Sealed::new(self.crash_point) }
            }
            Write::Heartbeat { round, .. } => Command::HeartbeatStored { round },
            Write::CashOut(cash_out) => {
                Command::CashOutStored { player: cash_out.key.player, bet: cash_out.key.bet }
            }
            Write::Crash { round, .. } => Command::CrashStored { round },
            Write::Outcome { round, .. } => Command::OutcomeStored { round },
            Write::Void { round, .. } => Command::VoidStored { round },
            Write::Interruption { round, .. } => Command::InterruptionStored { round },
        };
        self.give(self.now, command);
        let ended = match *write {
            Write::Outcome { round, .. }
            | Write::Void { round, .. }
            | Write::Interruption { round, .. } => Some(round),
            _ => None,
        };
        if let Some(round) = ended.filter(|_| !self.held_kinds.iter().any(|kind| kind == "close")) {
            let house_balance = self.house;
            self.give(self.now, Command::RoundClosed { round, house_balance, agreed: true });
        }
    }

    /// What a successor would read of the round, every write so far being durable.
    pub(crate) fn stored(&self, crash_point: Multiplier) -> StoredRound {
        let mut stored = StoredRound {
            locked: false,
            crashed: false,
            heartbeat: None,
            crash_point,
            multiplier_max: self.lobby.rules().multiplier_max,
            bets: Vec::new(),
        };
        for event in &self.events {
            let Event::Store(write) = event else { continue };
            match write {
                Write::Bet(Bet { key, stake, cap, .. }) => {
                    let (key, stake, cap) = (*key, *stake, *cap);
                    stored.bets.push(StoredBet { key, stake, cap, cashed_out: None });
                }
                Write::Lock { .. } => stored.locked = true,
                Write::Heartbeat { multiplier, .. } => stored.heartbeat = Some(*multiplier),
                Write::CashOut(cash_out) => {
                    let mut bets = stored.bets.iter_mut();
                    let bet = bets.find(|bet| bet.key == cash_out.key).expect("a known bet");
                    bet.cashed_out = Some(cash_out.multiplier);
                }
                Write::Crash { .. } => {
                    stored.crashed = true;
                    break;
                }
                _ => {}
            }
        }
        stored
    }

    fn tell(&mut self, text: &str) {
        writeln!(self.told, "{} {text}", self.now.as_ms()).unwrap();
    }
}

pub(super) fn player(name: &str) -> PlayerId {
    PlayerId::new(match name {
        "ann" => 1,
        "bob" => 2,
        "eve" => 3,
        other => panic!("nobody is called {other}"),
    })
    .unwrap()
}

pub(super) fn bet_id(number: u8) -> BetId {
    let mut bytes = [0; 16];
    bytes[15] = number;
    BetId::from_bytes(bytes)
}

fn who(key: BetKey) -> String {
    let name = ["ann", "bob", "eve"].into_iter().find(|name| player(name) == key.player);
    let name = name.expect("one of the three");
    let bet = key.bet.as_bytes()[15];
    if bet == 1 { name.to_owned() } else { format!("{name}#{bet}") }
}

fn kind_of(write: &Write) -> &'static str {
    match write {
        Write::Round { .. } => "round",
        Write::Bet(_) => "bet",
        Write::Cancel(_) => "cancel",
        Write::Release(_) => "release",
        Write::Lock { .. } => "lock",
        Write::Heartbeat { .. } => "heartbeat",
        Write::CashOut(_) => "cash_out",
        Write::Crash { .. } => "crash",
        Write::Outcome { .. } => "outcome",
        Write::Forget { .. } => "forget",
        Write::Void { .. } => "void",
        Write::Interruption { .. } => "interruption",
    }
}

/// A notice as a line; ticks and what is not to be shown are left out.
fn describe(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::BettingOpened { round, closes_at: Some(at) } => {
            format!("round {round} open until {}", at.as_ms())
        }
        Notice::BettingOpened { round, closes_at: None } => format!("round {round} open, resting"),
        Notice::BetAccepted(bet) => {
            format!("{} in with {}, cap {}", who(bet.key), bet.stake, bet.cap)
        }
        Notice::BetRefused { key, rejection } => format!("{} refused: {rejection:?}", who(*key)),
        Notice::BetCancelled(bet) => format!("{} out, {} back", who(bet.key), bet.stake),
        Notice::RoundLocked { totals, .. } => {
            format!("locked with {} bets of {}", totals.count, totals.stake_sum)
        }
        Notice::RoundStarted { start_at, .. } => format!("started at {}", start_at.as_ms()),
        Notice::Ticked { .. } | Notice::CashOutTaken { .. } => return None,
        Notice::CashedOut(cash_out) => {
            let how = if cash_out.auto { " by cap" } else { "" };
            let (multiplier, payout) = (cash_out.multiplier, cash_out.payout);
            format!("{} paid {payout} at {multiplier}x{how}", who(cash_out.key))
        }
        Notice::Crashed { crash_point, multiplier, elapsed_ms, .. } => {
            format!("crashed at {crash_point}x, climbed to {multiplier}x in {elapsed_ms} ms")
        }
        Notice::Settled { lost, totals, .. } => {
            let names: Vec<String> = lost.iter().map(|bet| who(bet.key)).collect();
            format!("settled, lost by [{}], paid out {}", names.join(" "), totals.payout_sum)
        }
        Notice::Voided { reason, .. } => format!("voided: {reason:?}"),
        Notice::Interrupted { reason, .. } => format!("interrupted: {reason:?}"),
        Notice::InterruptionSettled { multiplier, settlements, .. } => {
            let ends: Vec<String> = settlements
                .iter()
                .map(|settlement| match settlement.outcome {
                    Outcome::CashedOut { multiplier, .. } => {
                        format!("{} {multiplier}x", who(settlement.key))
                    }
                    Outcome::Lost => format!("{} lost", who(settlement.key)),
                    Outcome::Released => format!("{} released", who(settlement.key)),
                })
                .collect();
            let at = multiplier.map_or_else(|| "nothing durable".to_owned(), |at| format!("{at}x"));
            format!("interruption settled at {at}: [{}]", ends.join(", "))
        }
        Notice::Stopped => "stopped".to_owned(),
    })
}
