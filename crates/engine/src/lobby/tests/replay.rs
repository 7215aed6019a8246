//! A command log, written as text, replays to the same events, byte for byte.

use kernel::{Amount, Multiplier, Sealed, Stake, Timestamp};

use super::world::{Input, World, bet_id};
use crate::{Command, Event, Lobby, PlaceBet, Rejection, Resume};

/// One input as a line: the instant, the command's name, its fields.
fn write_line((at, input): &(Timestamp, Input)) -> String {
    let fields = match input {
        Input::Advance => "advance".to_owned(),
        Input::Command(command) => write_command(command),
    };
    format!("{} {fields}\n", at.as_ms())
}

fn write_command(command: &Command) -> String {
    let number = |round: &Option<u32>| round.unwrap_or(0);
    match command {
        Command::PlaceBet(PlaceBet { player, bet, round, stake, auto_cash_out }) => {
            let target = auto_cash_out.map_or(0, Multiplier::centi);
            format!(
                "place_bet {player} {} {} {} {target}",
                bet.as_bytes()[15],
                number(round),
                stake.steps()
            )
        }
        Command::CancelBet { player, bet, round } => {
            format!("cancel_bet {player} {} {}", bet.as_bytes()[15], number(round))
        }
        Command::CashOut { player, bet, round } => {
            let bet = bet.map_or(0, |bet| bet.as_bytes()[15]);
            format!("cash_out {player} {bet} {}", number(round))
        }
        Command::RoundStored { round } => format!("round_stored {round}"),
        Command::BetStored { player, bet, .. } => {
            format!("bet_stored {player} {}", bet.as_bytes()[15])
        }
        Command::BetRefused { player, bet, .. } => {
            format!("bet_refused {player} {}", bet.as_bytes()[15])
        }
        Command::CancelStored { player, bet } => {
            format!("cancel_stored {player} {}", bet.as_bytes()[15])
        }
        Command::LockStored { round, crash_point } => {
            format!("lock_stored {round} {}", crash_point.expose().centi())
        }
        Command::HeartbeatStored { round } => format!("heartbeat_stored {round}"),
        Command::CashOutStored { player, bet } => {
            format!("cash_out_stored {player} {}", bet.as_bytes()[15])
        }
        Command::CrashStored { round } => format!("crash_stored {round}"),
        Command::OutcomeStored { round } => format!("outcome_stored {round}"),
        Command::VoidStored { round } => format!("void_stored {round}"),
        Command::InterruptionStored { round } => format!("interruption_stored {round}"),
        Command::RoundClosed { round, house_balance, agreed } => {
            format!("round_closed {round} {} {}", house_balance.units(), u8::from(*agreed))
        }
        Command::Rest => "rest".to_owned(),
        Command::Drain => "drain".to_owned(),
        Command::Interrupt => "interrupt".to_owned(),
    }
}

fn read_line(line: &str) -> (Timestamp, Input) {
    let words: Vec<&str> = line.split(' ').collect();
    let field = |place: usize| words[place].parse::<u64>().unwrap();
    let small = |place: usize| u32::try_from(field(place)).unwrap();
    let bet = |place: usize| bet_id(u8::try_from(field(place)).unwrap());
    let player = || kernel::PlayerId::new(field(2)).unwrap();
    let round_at = |place: usize| Some(small(place)).filter(|round| *round != 0);
    let command = match words[1] {
        "advance" => return (Timestamp::from_ms(field(0)), Input::Advance),
        "place_bet" => Command::PlaceBet(PlaceBet {
            player: player(),
            bet: bet(3),
            round: round_at(4),
            stake: Stake::from_steps(small(5)).unwrap(),
            auto_cash_out: Multiplier::from_centi(small(6)),
        }),
        "cancel_bet" => Command::CancelBet { player: player(), bet: bet(3), round: round_at(4) },
        "cash_out" => {
            let bet = (field(3) != 0).then(|| bet(3));
            Command::CashOut { player: player(), bet, round: round_at(4) }
        }
        "round_stored" => Command::RoundStored { round: small(2) },
        "bet_stored" => {
            Command::BetStored { player: player(), bet: bet(3), balance: kernel::Amount::ZERO }
        }
        "bet_refused" => {
            let rejection = Rejection::InsufficientFunds;
            Command::BetRefused { player: player(), bet: bet(3), rejection }
        }
        "cancel_stored" => Command::CancelStored { player: player(), bet: bet(3) },
        "lock_stored" => {
            let crash_point = Sealed::new(Multiplier::from_centi(small(3)).unwrap());
            Command::LockStored { round: small(2), crash_point }
        }
        "heartbeat_stored" => Command::HeartbeatStored { round: small(2) },
        "cash_out_stored" => Command::CashOutStored { player: player(), bet: bet(3) },
        "crash_stored" => Command::CrashStored { round: small(2) },
        "outcome_stored" => Command::OutcomeStored { round: small(2) },
        "void_stored" => Command::VoidStored { round: small(2) },
        "interruption_stored" => Command::InterruptionStored { round: small(2) },
        "round_closed" => Command::RoundClosed {
            round: small(2),
            house_balance: Amount::from_units(words[3].parse().unwrap()),
            agreed: words[4] == "1",
        },
        "rest" => Command::Rest,
        "drain" => Command::Drain,
        "interrupt" => Command::Interrupt,
        other => panic!("no such command: {other}"),
    };
    (Timestamp::from_ms(field(0)), Input::Command(command))
}

fn replay(text: &str, world: &World) -> Vec<Event> {
    let resume = Resume {
        next_round: 1,
        house_balance: Amount::from_whole(1_000_000_000),
        unclosed: Vec::new(),
        kept_exposure: Amount::ZERO,
    };
    let mut lobby = Lobby::new(world.lobby.rules().clone(), resume, Timestamp::from_ms(0));
    let mut events = Vec::new();
    for line in text.lines() {
        let (at, input) = read_line(line);
        match input {
            Input::Advance => lobby.advance(at, &mut events),
            // A refusal leaves no event; the world's log holds refused commands too.
            Input::Command(command) => drop(lobby.handle(at, command, &mut events)),
        }
    }
    events
}

#[test]
fn a_recorded_command_log_replays_to_the_same_events() {
    let mut world = World::new("crash 2.40 hold bet hold cancel");
    for (at, act) in [
        (5, "ann bets 10 auto 1.5"),
        (6, "bob bets 20"),
        (7, "eve bets 30 auto 9"),
        (8, "wallet refuses ann"),
        (9, "ann bets 12.34 auto 1.5"),
        (10, "answers"),
        (200, "eve bets 5 as 2"),
        (400, "eve cancels as 2"),
        (7_000, "bob leaves stamped 6990"),
        (40_000, "ann bets 1"),
        (41_000, "passes"),
        (43_000, "sleeps"),
        (60_000, "drains"),
        (61_000, "stops"),
    ] {
        world.act(at, act);
    }
    let text: String = world.log.iter().map(write_line).collect();
    let again = replay(&text, &world);
    assert!(again.len() > 300, "a log of some length: {}", again.len());
    assert_eq!(format!("{again:?}"), format!("{:?}", world.events));
}
