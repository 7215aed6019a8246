//! Reads scripts of commands, plays them on a book in memory, and tells what happened.
//!
//! Every script is played line by line and as one batch: answers and book must be the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};

use crate::{
    Account, Answer, Bounds, Close, Command, Fenced, Funds, FundsChange, HoldState, OpenFence,
    Outcome, Parked, Release, Reserve, Resolve, ResolveAnswer, Rows, decide,
};

const PLAYERS: [&str; 3] = ["ann", "bob", "cat"];
const BETS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Plays `script` and returns an answer a line, then the book.
pub(super) fn play(script: &str) -> String {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let commands: Vec<Command> =
        lines.iter().zip(0..).map(|(line, number)| read(line, number)).collect();
    let (answers, parked, rows) = play_in(&commands, 1);
    let (at_once, _, rows_at_once) = play_in(&commands, commands.len());
    assert_eq!((&answers, &rows), (&at_once, &rows_at_once));
    let mut told = String::new();
    for (answer, parked) in answers.iter().zip(parked) {
        writeln!(told, "{}", tell(answer)).unwrap();
        for parked in parked {
            writeln!(told, "  parked: {}", tell_parked(&parked)).unwrap();
        }
    }
    told + &tell_book(&rows)
}

/// The answers, what each batch parked, and the book.
fn play_in(commands: &[Command], size: usize) -> (Vec<Answer>, Vec<BTreeSet<Parked>>, Rows) {
    let (mut answers, mut parked, mut rows) = (Vec::new(), Vec::new(), Rows::default());
    for batch in commands.chunks(size) {
        let (told, changes) = decide(batch, &rows);
        answers.extend(told);
        parked.push(changes.parked.clone());
        rows.apply(changes);
    }
    (answers, parked, rows)
}

/// The word after `word` in the line, or `default`.
fn after<'line>(words: &[&'line str], word: &str, default: &'line str) -> &'line str {
    let found = words.iter().position(|each| *each == word);
    found.map_or(default, |at| words[at + 1])
}

fn read(line: &str, number: u8) -> Command {
    let words: Vec<&str> = line.split_whitespace().collect();
    let epoch = Epoch(after(&words, "epoch", "1").parse().unwrap());
    let amount = |word| Amount::parse(after(&words, word, "0")).unwrap();
    match words[0] {
        "fence" => Command::Fence(OpenFence {
            lobby: LobbyId::new(words[1].parse().unwrap()).unwrap(),
            epoch,
            funding: amount("funding"),
            raise: after(&words, "raise", "0").parse().unwrap(),
            request: [after(&words, "as", "\0").as_bytes()[0]; 16],
        }),
        "close" => Command::Close(Close {
            round: round(words[1]),
            epoch,
            count: after(&words, "count", "0").parse().unwrap(),
            stake_sum: amount("sum"),
            seed_index: SeedIndex(after(&words, "seed", "0").parse().unwrap()),
        }),
        _ => read_player(&words, epoch, number),
    }
}

fn read_player(words: &[&str], epoch: Epoch, number: u8) -> Command {
    let position = |names: &[&str], word| {
        u8::try_from(names.iter().position(|name| *name == word).unwrap()).unwrap()
    };
    let player = PlayerId::new(u64::from(position(&PLAYERS, words[0])) + 1).unwrap();
    let money = |word: &str| Amount::parse(word).unwrap();
    let change = match words[1] {
        "adds" => Some(FundsChange::Add(money(words[2]))),
        "credits" => Some(FundsChange::Credit(money(words[2]))),
        "sets" => Some(FundsChange::Set(money(words[2]))),
        _ => None,
    };
    if let Some(change) = change {
        let request = after(words, "as", "").bytes().next().unwrap_or(128 + number);
        return Command::Funds(Funds {
            player,
            request: [request; 16],
            change,
            day: after(words, "day", "1").parse().unwrap(),
            bounds: Bounds { per_day: Amount::from_whole(1000), balance: Amount::from_whole(1500) },
        });
    }
    let bet = BetId::from_bytes([position(&BETS, words[2]) + 1; 16]);
    let round = round(after(words, "in", "1/1"));
    let outcome = match words[1] {
        "reserves" => {
            let stake = Stake::parse(words[3]).unwrap();
            return Command::Reserve(Reserve { player, bet, round, epoch, stake });
        }
        "releases" => return Command::Release(Release { player, bet, round, epoch }),
        "wins" => Outcome::Won { payout: money(words[3]) },
        "loses" => Outcome::Lost,
        "returns" => Outcome::Released,
        "settles" => {
            let outcome = Outcome::Won { payout: money(words[3]) };
            return Command::Settle(Resolve { player, bet, round, epoch, outcome });
        }
        other => panic!("nobody {other}"),
    };
    Command::Resolve(Resolve { player, bet, round, epoch, outcome })
}

fn round(word: &str) -> RoundId {
    let (lobby, number) = word.split_once('/').unwrap();
    RoundId::new(LobbyId::new(lobby.parse().unwrap()).unwrap(), number.parse().unwrap())
}

fn tell(answer: &Answer) -> String {
    let refused = |refusal: &dyn std::fmt::Debug| format!("refused: {refusal:?}");
    match answer {
        Answer::Fence(Ok(fenced)) => tell_fence(fenced),
        Answer::Reserve(Ok(_)) | Answer::Release(Ok(())) => "ok".into(),
        Answer::Resolve(Ok(ResolveAnswer::Done)) => "done".into(),
        Answer::Resolve(Ok(ResolveAnswer::Conflict)) => "conflict".into(),
        Answer::Close(Ok(closed)) => {
            let verdict = if closed.agreed { "agreed" } else { "disagreed" };
            format!("{verdict}, house {}", closed.house_balance)
        }
        Answer::Funds(Ok(taken)) => format!("moved {}, balance {}", taken.moved, taken.balance),
        Answer::Funds(Err(refusal)) => refused(refusal),
        Answer::Fence(Err(refusal))
        | Answer::Reserve(Err(refusal))
        | Answer::Release(Err(refusal))
        | Answer::Resolve(Err(refusal))
        | Answer::Close(Err(refusal)) => refused(refusal),
    }
}

/// What was seen is told where the fence was raised above it.
fn tell_fence(fenced: &Fenced) -> String {
    let Fenced { epoch, closed_round, seed_index, house_balance, open_holds, .. } = fenced;
    let (round, index) = (fenced.seen_round, fenced.seen_seed);
    let raised = (round, index) != (*closed_round, *seed_index);
    let seen = if raised { format!(", seen {round} and {index}") } else { String::new() };
    format!(
        "epoch {epoch}, closed {closed_round}, seed {seed_index}, house {house_balance}, \
         open {open_holds:?}{seen}"
    )
}

fn tell_parked(parked: &Parked) -> String {
    match parked {
        Parked::Resolve { hold, outcome, reason, .. } => {
            format!("{} {outcome:?}: {reason:?}", BETS[usize::from(hold.bet.as_bytes()[0]) - 1])
        }
        Parked::Close { round, locked, resolved } => format!(
            "close of {round}: locked {} for {}, resolved {} for {}",
            locked.0, locked.1, resolved.0, resolved.1
        ),
    }
}

fn tell_book(rows: &Rows) -> String {
    let name = |player: PlayerId| PLAYERS[usize::try_from(player.get()).unwrap() - 1];
    let accounts = rows.accounts.iter().map(|(account, balance)| match account {
        Account::Player(player) => format!("{} {balance}", name(*player)),
        other => format!("{other} {balance}"),
    });
    let holds = rows.holds.iter().map(|(id, hold)| {
        let (player, bet) = (name(id.player), BETS[usize::from(id.bet.as_bytes()[0]) - 1]);
        match hold.state {
            HoldState::Reserved => format!("{player}'s {bet} reserved"),
            HoldState::Won { payout } => format!("{player}'s {bet} won {payout}"),
            HoldState::Lost => format!("{player}'s {bet} lost"),
            HoldState::Released(by) => format!("{player}'s {bet} released ({by:?})"),
        }
    });
    let tombstones = rows.tombstones.iter();
    let tombstones =
        tombstones.map(|(id, round)| format!("{}'s tombstone in {round}", name(id.player)));
    let lines = [accounts.collect(), holds.collect(), tombstones.collect::<Vec<_>>()];
    let lines = lines.iter().filter(|line| !line.is_empty());
    lines.fold(String::new(), |told, line| told + &line.join(" · ") + "\n")
}
