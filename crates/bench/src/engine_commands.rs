//! The engine: whole rounds of one lobby with thousands of bets, every store answering at once.

use engine::{
    BetKey, Command, Event, Lobby, Notice, Phase, PlaceBet, Resume, Rules, Settlement, Write,
};
use kernel::{Amount, BetId, Curve, Multiplier, PlayerId, Sealed, Stake, Timestamp};
use platform::clock::Stopwatch;

const ROUNDS: u32 = 40;
const PLAYERS: u32 = 10_000;
/// Where every round crashes: 2.00x.
const CRASH_CENTI: u128 = 200;
/// From here on, in milliseconds of the climb, players click.
const CLICKS_AT_MS: u64 = 5_000;

/// A lobby with its stores, all in memory.
struct Table {
    lobby: Lobby,
    now: Timestamp,
    events: Vec<Event>,
    handled: u64,
    house: Amount,
    last_over: u32,
}

/// Commands a second: bets and cash-outs with their stores' answers, and what rounds need. The
/// time of the wake-ups between them is counted too.
pub(crate) fn per_second() -> f64 {
    let mut rules = Rules::standard(Curve::exponential());
    rules.stake_max = Stake::from_whole(100);
    let house = Amount::from_whole(1_000_000_000);
    let resume = Resume {
        next_round: 1,
        house_balance: house,
        unclosed: Vec::new(),
        kept_exposure: Amount::ZERO,
    };
    let now = Timestamp::from_ms(0);
    let lobby = Lobby::new(rules, resume, now);
    let mut table = Table { lobby, now, events: Vec::new(), handled: 0, house, last_over: 0 };
    let watch = Stopwatch::start();
    while table.last_over < ROUNDS {
        table.step();
    }
    crate::rate(table.handled, watch)
}

impl Table {
    /// Wakes the lobby, answers what it stores, lets players act, and moves to its next deadline.
    fn step(&mut self) {
        let before = self.lobby.phase();
        self.lobby.advance(self.now, &mut self.events);
        self.answer();
        match self.lobby.phase() {
            Phase::Open { .. } if self.lobby.bets().is_empty() => self.place_bets(),
            Phase::Running { started_at }
                if matches!(before, Phase::Running { .. })
                    && self.now.ms_since(started_at) >= CLICKS_AT_MS
                    && self.lobby.totals().payout_sum == Amount::ZERO =>
            {
                self.cash_out();
            }
            Phase::Over { .. } if self.last_over < self.lobby.round() => self.close(),
            _ => {}
        }
        self.now = self.lobby.next_deadline().unwrap_or(self.now).max(self.now);
    }

    fn place_bets(&mut self) {
        for number in 1..=PLAYERS {
            let target = (number % 4 == 0).then_some(Multiplier::saturating_from_centi(150));
            self.handle(Command::PlaceBet(PlaceBet {
                player: player(number),
                bet: self.bet(number),
                round: None,
                stake: Stake::from_whole(1),
                auto_cash_out: target,
            }));
            self.answer();
        }
    }

    /// Every second player clicks.
    fn cash_out(&mut self) {
        for number in (1..=PLAYERS).step_by(2) {
            self.handle(Command::CashOut { player: player(number), bet: None, round: None });
            self.answer();
        }
    }

    fn close(&mut self) {
        self.last_over = self.lobby.round();
        let (round, house_balance) = (self.last_over, self.house);
        self.handle(Command::RoundClosed { round, house_balance, agreed: true });
    }

    fn handle(&mut self, command: Command) {
        self.handled += 1;
        let taken = self.lobby.handle(self.now, command, &mut self.events);
        assert!(taken.is_ok(), "the bench plays by the rules: {taken:?}");
    }

    /// Answers every write, also those that an answer brings about.
    fn answer(&mut self) {
        while !self.events.is_empty() {
            for event in std::mem::take(&mut self.events) {
                self.answer_one(event);
            }
        }
    }

    fn answer_one(&mut self, event: Event) {
        match event {
            Event::Store(write) => {
                if let Some(command) = answer_to(write) {
                    self.handle(command);
                }
            }
            Event::Tell(Notice::BetRefused { rejection, .. }) => {
                panic!("the bench plays by the rules: {rejection}")
            }
            Event::Tell(_) => {}
        }
    }

    /// A bet's id: its round and its player.
    fn bet(&self, number: u32) -> BetId {
        let id = u128::from(self.lobby.round()) << 32 | u128::from(number);
        BetId::from_bytes(id.to_be_bytes())
    }
}

/// What a store that never fails says.
fn answer_to(write: Write) -> Option<Command> {
    let of = |BetKey { player, bet, .. }: BetKey| (player, bet);
    Some(match write {
        Write::Round { round } => Command::RoundStored { round },
        Write::Bet(placed) => {
            let (player, bet) = of(placed.key);
            Command::BetStored { player, bet, balance: placed.stake.amount() }
        }
        Write::Cancel(key) => {
            let (player, bet) = of(key);
            Command::CancelStored { player, bet }
        }
        Write::Release(_) | Write::Forget { .. } => return None,
        Write::Lock { round, .. } => {
            let crash_point = Sealed::new(Multiplier::saturating_from_centi(CRASH_CENTI));
            Command::LockStored { round, crash_point }
        }
        Write::Heartbeat { round, .. } => Command::HeartbeatStored { round },
        Write::CashOut(cash_out) => {
            let (player, bet) = of(cash_out.key);
            Command::CashOutStored { player, bet }
        }
        Write::Crash { round, .. } => Command::CrashStored { round },
        Write::Outcome { round, .. } => Command::OutcomeStored { round },
        Write::Void { round, .. } => Command::VoidStored { round },
        Write::Interruption { round, settlements, .. } => {
            let stopped: &[Settlement] = &settlements;
            panic!("nothing stops round {round} of {} bets", stopped.len())
        }
    })
}

fn player(number: u32) -> PlayerId {
    PlayerId::new(number.into()).expect("small and not zero")
}
