//! The ledger: whole rounds decided against a book in memory, in batches as a store sends them.

use kernel::{Amount, BetId, Epoch, LobbyId, Multiplier, PlayerId, RoundId, SeedIndex, Stake};
use ledger::{
    Answer, Bounds, Close, Command, Funds, FundsChange, OpenFence, Outcome, Reserve, Resolve,
    ResolveAnswer, Rows, decide,
};
use platform::clock::Stopwatch;

const ROUNDS: u32 = 200;
const PLAYERS: u32 = 1_000;
const BATCH: usize = 500;
const EPOCH: Epoch = Epoch(1);

/// Decisions a second: reserves, resolves and closes, with writing them to the book.
pub(crate) fn per_second() -> f64 {
    let mut rows = Rows::default();
    decide_all(&mut rows, &opening());
    let watch = Stopwatch::start();
    let mut decided = 0;
    for number in 1..=ROUNDS {
        for batch in [reserves(number), resolves(number), close(number)] {
            decided += decide_all(&mut rows, &batch);
        }
    }
    crate::rate(decided, watch)
}

/// Decides `commands` in batches; answers how many.
fn decide_all(rows: &mut Rows, commands: &[Command]) -> u64 {
    for batch in commands.chunks(BATCH) {
        let (answers, changes) = decide(batch, rows);
        assert!(answers.iter().all(is_yes), "the bench plays by the rules: {answers:?}");
        rows.apply(changes);
    }
    commands.len() as u64
}

fn is_yes(answer: &Answer) -> bool {
    match answer {
        Answer::Fence(answer) => answer.is_ok(),
        Answer::Reserve(answer) => answer.is_ok(),
        Answer::Release(answer) => answer.is_ok(),
        Answer::Resolve(answer) => *answer == Ok(ResolveAnswer::Done),
        Answer::Close(answer) => answer.as_ref().is_ok_and(|closed| closed.agreed),
        Answer::Funds(answer) => answer.is_ok(),
    }
}

/// A funded house and funded players.
fn opening() -> Vec<Command> {
    let whole = Amount::from_whole;
    let fence = OpenFence {
        lobby: round(1).lobby,
        epoch: EPOCH,
        funding: whole(1_000_000_000),
        raise: 0,
        request: [0; 16],
    };
    let bounds = Bounds { per_day: whole(1_000_000), balance: whole(1_000_000) };
    let funds = (1..=PLAYERS).map(|number| {
        Command::Funds(Funds {
            player: player(number),
            request: u128::from(number).to_be_bytes(),
            change: FundsChange::Set(whole(1_000_000)),
            day: 0,
            bounds,
        })
    });
    std::iter::once(Command::Fence(fence)).chain(funds).collect()
}

fn reserves(number: u32) -> Vec<Command> {
    let reserve = |place| {
        Command::Reserve(Reserve {
            player: player(place),
            bet: bet(number, place),
            round: round(number),
            epoch: EPOCH,
            stake: Stake::from_whole(1),
        })
    };
    (1..=PLAYERS).map(reserve).collect()
}

/// Every second bet is paid twice its stake.
fn resolves(number: u32) -> Vec<Command> {
    let payout = Stake::from_whole(1).payout_at(Multiplier::saturating_from_centi(200));
    let resolve = |place| {
        let outcome = if place % 2 == 0 { Outcome::Lost } else { Outcome::Won { payout } };
        Command::Resolve(Resolve {
            player: player(place),
            bet: bet(number, place),
            round: round(number),
            epoch: EPOCH,
            outcome,
        })
    };
    (1..=PLAYERS).map(resolve).collect()
}

fn close(number: u32) -> Vec<Command> {
    vec![Command::Close(Close {
        round: round(number),
        epoch: EPOCH,
        count: PLAYERS,
        stake_sum: Amount::from_whole(PLAYERS),
        seed_index: SeedIndex(number),
    })]
}

fn player(number: u32) -> PlayerId {
    PlayerId::new(number.into()).expect("small and not zero")
}

fn round(number: u32) -> RoundId {
    RoundId::new(LobbyId::new(1).expect("not zero"), number)
}

fn bet(round: u32, player: u32) -> BetId {
    BetId::from_bytes((u128::from(round) << 32 | u128::from(player)).to_be_bytes())
}
