//! Logs in which one thing is not as it was.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use checker::decimal::Decimal;
use checker::log::{
    Answer, BetNamed, BetSent, BetTaken, CashOutSent, End, Entry, Line, Paid, RoundEvent, Shown,
};
use checker::{BetId, Hex};

/// Changes a log so that it says something untrue; `None` if it has nothing to change.
type Lie = fn(Vec<Line>) -> Option<Vec<Line>>;

/// Seeds that no round of a short run gets to.
const FAR_ON: i64 = 1_000_000;

/// The rules that speak of logs.
pub(super) const RULES: [&str; 10] = [
    "acknowledged_bets_are_kept",
    "unanswered_bets_are_whole_or_absent",
    "refused_bets_are_not_played",
    "every_bet_was_asked_for",
    "acknowledged_cancels_are_kept",
    "acknowledged_cash_outs_are_kept",
    "top_ups_are_kept_once",
    "results_told_are_stored",
    "rounds_shown_are_stored",
    "balances_seen_were_true",
];

/// The rule that must notice, what was done, and how.
pub(super) const LIES: &[(&str, &str, Lie)] = &[
    ("acknowledged_bets_are_kept", "a bet that is not stored", |log| {
        taken(log, |_, bet| bet.bet = Hex([7; 16]))
    }),
    ("acknowledged_bets_are_kept", "a higher stake", |log| {
        taken(log, |sent, bet| {
            bet.stake = more(bet.stake, 100);
            sent.stake = bet.stake;
        })
    }),
    ("acknowledged_bets_are_kept", "another round", |log| taken(log, |_, bet| bet.round += 1)),
    ("acknowledged_bets_are_kept", "another stake than was asked for", |log| {
        taken(log, |sent, _| sent.stake = more(sent.stake, 100))
    }),
    ("unanswered_bets_are_whole_or_absent", "half of a bet", half),
    ("refused_bets_are_not_played", "a refusal of a bet that was played", refuse),
    ("every_bet_was_asked_for", "a bet that nobody asked for", forget),
    ("acknowledged_cancels_are_kept", "a cancel of a bet that was paid", cancel),
    ("acknowledged_cash_outs_are_kept", "a unit more", |log| {
        change(log, |saw| {
            let Entry::CashOut { answer: Answer::Taken(paid), .. } = saw else { return false };
            let Some(paid) = paid.first_mut() else { return false };
            paid.payout = more(paid.payout, 1);
            true
        })
    }),
    ("acknowledged_cash_outs_are_kept", "a cash-out of a bet that was lost", pay_the_lost),
    ("top_ups_are_kept_once", "an acknowledged top-up that is not there", |log| {
        let entry = Entry::TopUp {
            key: "another".to_owned(),
            amount: Decimal::from_units(12_345_678_901),
            answer: Answer::Taken(()),
        };
        add(log, entry)
    }),
    ("top_ups_are_kept_once", "a top-up that nobody asked for", |mut log| {
        let is_top_up =
            |line: &Line| matches!(&line.saw, Entry::TopUp { answer: Answer::Taken(()), .. });
        let at = log.iter().position(is_top_up)?;
        log.remove(at);
        Some(log)
    }),
    ("top_ups_are_kept_once", "one top-up twice", |log| {
        let again = log.iter().find_map(|line| match &line.saw {
            Entry::TopUp { amount, answer: Answer::Taken(()), .. } => Some((line.who, *amount)),
            _ => None,
        });
        let (who, amount) = again?;
        let key = "once more".to_owned();
        let saw = Entry::TopUp { key, amount, answer: Answer::Taken(()) };
        let mut log = add(log, saw)?;
        log.last_mut()?.who = who;
        Some(log)
    }),
    ("results_told_are_stored", "a win that was a loss", |log| {
        change(log, |saw| {
            let Entry::Result(told) = saw else { return false };
            let won = matches!(told.end, End::Won { .. });
            told.end = if won { End::Lost } else { told.end };
            won
        })
    }),
    ("rounds_shown_are_stored", "another crash point", |log| {
        shown(log, |event| match event {
            RoundEvent::Crashed { crash_point, .. } => {
                *crash_point = more(*crash_point, 100);
                true
            }
            _ => false,
        })
    }),
    ("rounds_shown_are_stored", "a climb beyond the crash", |log| {
        shown(log, |event| match event {
            RoundEvent::Climbed { multiplier } => {
                *multiplier = Decimal::from_units(1_000_000_000_000);
                true
            }
            _ => false,
        })
    }),
    ("rounds_shown_are_stored", "another accepted set", |log| {
        shown(log, |event| match event {
            RoundEvent::Locked { bets_hash, .. } => {
                *bets_hash = Hex([9; 32]);
                true
            }
            _ => false,
        })
    }),
    ("rounds_shown_are_stored", "another seed", |log| {
        shown(log, |event| match event {
            RoundEvent::Settled { seed, .. } => {
                *seed = Hex([9; 32]);
                true
            }
            _ => false,
        })
    }),
    ("rounds_shown_are_stored", "another public seed", |log| {
        shown(log, |event| match event {
            RoundEvent::Settled { public_seed, .. } => {
                public_seed.push('0');
                true
            }
            _ => false,
        })
    }),
    ("rounds_shown_are_stored", "another place in the chain", misplaced),
    ("rounds_shown_are_stored", "another promise", |log| {
        shown(log, |event| match event {
            RoundEvent::Opened { terminal, .. } => {
                *terminal = Hex([9; 32]);
                true
            }
            _ => false,
        })
    }),
    ("rounds_shown_are_stored", "a settled round told as voided", |log| {
        shown(log, |event| {
            let settled = matches!(event, RoundEvent::Settled { .. });
            if settled {
                *event = RoundEvent::Voided;
            }
            settled
        })
    }),
    ("balances_seen_were_true", "a unit that was never there", |log| {
        change(log, |saw| {
            let Entry::Balance { balance } = saw else { return false };
            *balance = more(*balance, 99_999_999_999);
            true
        })
    }),
    ("balances_seen_were_true", "a balance from before everything", |mut log| {
        let seen = |line: &&Line| matches!(line.saw, Entry::Balance { .. });
        let last = log.iter().rev().find(seen)?.clone();
        let (asked_ms, at_ms) = (last.at_ms + 1, last.at_ms + 2);
        // Nobody has nothing once he has something and has looked.
        let saw = Entry::Balance { balance: Decimal::from_units(0) };
        log.push(Line { asked_ms, at_ms, saw, ..last });
        Some(log)
    }),
];

pub(super) fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) fn write(path: &Path, lines: &[Line]) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for line in lines {
        writeln!(out, "{}", serde_json::to_string(line).unwrap()).unwrap();
    }
    out.flush().unwrap();
}

fn more(decimal: Decimal, units: i64) -> Decimal {
    Decimal::from_units(decimal.units() + units)
}

/// Changes the first line that `lie` can change.
fn change(mut log: Vec<Line>, lie: fn(&mut Entry) -> bool) -> Option<Vec<Line>> {
    log.iter_mut().any(|line| lie(&mut line.saw)).then_some(log)
}

/// Another seed for a round that was settled: whether any other has used its seed, only the store
/// knows.
fn misplaced(mut log: Vec<Line>) -> Option<Vec<Line>> {
    let settled = log.iter().filter_map(|line| match &line.saw {
        Entry::Round(Shown { lobby, round, event: RoundEvent::Settled { .. } }) => {
            Some((*lobby, *round))
        }
        _ => None,
    });
    let settled: BTreeMap<i64, i64> = settled.collect();
    let mut lied = 0;
    for line in &mut log {
        if let Entry::Round(shown) = &mut line.saw
            && let RoundEvent::Opened { seed_index, .. } = &mut shown.event
            && let Some(round) = settled.get(&shown.lobby)
        {
            shown.round = *round;
            *seed_index += FAR_ON;
            lied += 1;
        }
    }
    (lied > 0).then_some(log)
}

fn shown(mut log: Vec<Line>, lie: fn(&mut RoundEvent) -> bool) -> Option<Vec<Line>> {
    let mut events = log.iter_mut().filter_map(|line| match &mut line.saw {
        Entry::Round(shown) => Some(&mut shown.event),
        _ => None,
    });
    events.any(lie).then_some(log)
}

fn taken(mut log: Vec<Line>, lie: fn(&mut BetSent, &mut BetTaken)) -> Option<Vec<Line>> {
    let bet = log.iter_mut().find_map(|line| match &mut line.saw {
        Entry::Bet { sent, answer: Answer::Taken(taken) } => Some((sent, taken)),
        _ => None,
    });
    let (sent, taken) = bet?;
    lie(sent, taken);
    Some(log)
}

/// One line more, of the first player there is.
fn add(mut log: Vec<Line>, saw: Entry) -> Option<Vec<Line>> {
    let who = log.iter().find(|line| line.who != 0)?.who;
    let at_ms = log.last()?.at_ms;
    log.push(Line { who, asked_ms: at_ms, at_ms, saw });
    Some(log)
}

/// A bet that was told to have ended so: whose it is, and where. Somebody must have asked for it by
/// name: of one whose answer was lost its player may know no name, and about it nobody can lie.
fn ended(log: &[Line], wanted: fn(&End) -> bool) -> Option<(i64, BetNamed)> {
    log.iter().find_map(|line| match &line.saw {
        Entry::Result(told)
            if wanted(&told.end) && log.iter().any(|ask| asks_for(ask, line.who, told.bet)) =>
        {
            let bet = BetNamed { lobby: told.lobby, round: told.round, bet: told.bet };
            Some((line.who, bet))
        }
        _ => None,
    })
}

/// Whether a line asks for this bet of this player.
fn asks_for(line: &Line, who: i64, bet: BetId) -> bool {
    match &line.saw {
        Entry::Bet { answer: Answer::Taken(taken), .. } => line.who == who && taken.bet == bet,
        Entry::Bet { sent, .. } => line.who == who && sent.bet == Some(bet),
        _ => false,
    }
}

fn won(end: &End) -> bool {
    matches!(end, End::Won { .. })
}

/// Every answer to a bet is gone, and what was sent is not what is stored.
fn half(mut log: Vec<Line>) -> Option<Vec<Line>> {
    let (who, named) = ended(&log, won)?;
    for line in log.iter_mut().filter(|line| asks_for(line, who, named.bet)) {
        if let Entry::Bet { sent, answer } = &mut line.saw {
            sent.bet = Some(named.bet);
            sent.stake = more(sent.stake, 100);
            *answer = Answer::Nothing;
        }
    }
    Some(log)
}

fn refuse(mut log: Vec<Line>) -> Option<Vec<Line>> {
    let (who, named) = ended(&log, won)?;
    for line in log.iter_mut().filter(|line| asks_for(line, who, named.bet)) {
        if let Entry::Bet { sent, answer } = &mut line.saw {
            sent.bet = Some(named.bet);
            *answer = Answer::Refused("betting_closed".to_owned());
        }
    }
    Some(log)
}

fn forget(mut log: Vec<Line>) -> Option<Vec<Line>> {
    let (who, named) = ended(&log, won)?;
    log.retain(|line| !asks_for(line, who, named.bet));
    // Nor anything nameless that it might have been.
    log.retain(|line| {
        !matches!(&line.saw, Entry::Bet { sent, answer: Answer::Nothing }
        if line.who == who && sent.bet.is_none())
    });
    Some(log)
}

fn cancel(log: Vec<Line>) -> Option<Vec<Line>> {
    let (who, named) = ended(&log, won)?;
    let mut log = add(log, Entry::Cancel { sent: named.clone(), answer: Answer::Taken(named) })?;
    log.last_mut()?.who = who;
    Some(log)
}

fn pay_the_lost(log: Vec<Line>) -> Option<Vec<Line>> {
    let (who, named) = ended(&log, |end| *end == End::Lost)?;
    let sent = CashOutSent { lobby: named.lobby, bet: Some(named.bet) };
    let (multiplier, payout) = (Decimal::from_units(10_100), Decimal::from_units(101));
    let paid = Paid { bet: named.bet, multiplier, payout };
    let mut log = add(log, Entry::CashOut { sent, answer: Answer::Taken(vec![paid]) })?;
    log.last_mut()?.who = who;
    Some(log)
}
