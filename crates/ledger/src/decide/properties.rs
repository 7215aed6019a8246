//! What holds for every history: money is conserved, and sending again or otherwise split
//! changes nothing.

use std::collections::BTreeMap;

use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{
    Account, Answer, Bounds, Close, Command, Funds, FundsChange, HoldId, HoldState, Kind,
    OpenFence, Outcome, Release, Reserve, Resolve, ResolveAnswer, Round, RoundState, Rows,
    Transfer, decide,
};

const BOUNDS: Bounds =
    Bounds { per_day: Amount::from_whole(500), balance: Amount::from_whole(900) };

/// A book, and every transfer that ever reached it.
#[derive(Clone, Default, PartialEq, Debug)]
struct World {
    rows: Rows,
    transfers: Vec<Transfer>,
}

impl World {
    fn play(&mut self, batch: &[Command]) -> Vec<Answer> {
        let (answers, changes) = decide(batch, &self.rows);
        assert_eq!(answers.len(), batch.len());
        self.transfers.extend(&changes.transfers);
        self.rows.apply(changes);
        answers
    }
}

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

fn hold(player: u64, bet: u8) -> HoldId {
    HoldId { player: PlayerId::new(player).unwrap(), bet: BetId::from_bytes([bet; 16]) }
}

/// The one round each bet is for: bets 0 to 7 stand in rounds 1 and 2 of lobbies 1 and 2.
fn round_of(bet: u8) -> RoundId {
    RoundId::new(lobby(u64::from(bet % 2) + 1), u32::from(bet / 2 % 2) + 1)
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (100_i64..90_000)
            .prop_map(|units| Outcome::Won { payout: Amount::from_units(units * 100) }),
        Just(Outcome::Lost),
        Just(Outcome::Released),
    ]
}

fn any_bet_command() -> impl Strategy<Value = Command> {
    let parts = (1_u64..=2, 0_u8..8, 1_u64..=2, 1_u32..20_000, any_outcome(), 0..9);
    parts.prop_map(|(player, bet, epoch, steps, outcome, verb)| {
        let HoldId { player, bet: id } = hold(player, bet);
        let (round, epoch) = (round_of(bet), Epoch(epoch));
        match verb {
            0..4 => {
                let stake = Stake::from_steps(steps).unwrap();
                Command::Reserve(Reserve { player, bet: id, round, epoch, stake })
            }
            4 | 5 => Command::Release(Release { player, bet: id, round, epoch }),
            6 => Command::Settle(Resolve { player, bet: id, round, epoch, outcome }),
            _ => Command::Resolve(Resolve { player, bet: id, round, epoch, outcome }),
        }
    })
}

fn any_lobby_command() -> impl Strategy<Value = Command> {
    let parts = (1_u64..=2, 1_u64..=2, 1_u32..=2, 0_u32..3, 0_u32..2, any::<bool>());
    parts.prop_map(|(id, epoch, number, count, seed, fence)| {
        let (lobby, epoch) = (lobby(id), Epoch(epoch));
        if fence {
            let (funding, raise) = (Amount::from_whole(300), 3 * seed);
            let request = [u8::try_from(count).unwrap(); 16];
            return Command::Fence(OpenFence { lobby, epoch, funding, raise, request });
        }
        let (round, seed_index) = (RoundId::new(lobby, number), SeedIndex(seed));
        Command::Close(Close { round, epoch, count, stake_sum: Amount::ZERO, seed_index })
    })
}

fn any_funds() -> impl Strategy<Value = Command> {
    let parts = (1_u64..=2, any::<[u8; 16]>(), -2_000_000_i64..3_000_000, 1_u32..4, any::<bool>());
    parts.prop_map(|(player, request, units, day, set)| {
        let amount = Amount::from_units(units);
        let change = if set { FundsChange::Set(amount) } else { FundsChange::Add(amount) };
        let player = PlayerId::new(player).unwrap();
        Command::Funds(Funds { player, request, change, day, bounds: BOUNDS })
    })
}

/// Histories that begin with lobbies and money, so that most of what follows is possible.
fn any_history() -> impl Strategy<Value = Vec<Command>> {
    let any = prop_oneof![6 => any_bet_command(), 1 => any_lobby_command(), 2 => any_funds()];
    let opening = [1, 2].map(|id| {
        let (epoch, funding) = (Epoch(1), Amount::from_whole(300));
        Command::Fence(OpenFence { lobby: lobby(id), epoch, funding, raise: 0, request: [0; 16] })
    });
    let money = vec(any_funds(), 4);
    (money, vec(any, 1..80))
        .prop_map(move |(money, rest)| opening.into_iter().chain(money).chain(rest).collect())
}

/// Panics unless the book is one that money may be trusted to.
fn assert_sound(world: &World) {
    let rows = &world.rows;
    assert_eq!(rows.accounts.values().copied().sum::<Amount>(), Amount::ZERO, "sums to zero");
    let mut replayed: BTreeMap<Account, Amount> = BTreeMap::new();
    for transfer in &world.transfers {
        assert!(!transfer.amount.is_negative());
        let (from, to) = transfer.accounts();
        *replayed.entry(from).or_default() -= transfer.amount;
        *replayed.entry(to).or_default() += transfer.amount;
        if let Some(balance) = transfer.balance {
            let player = Account::Player(transfer.player.unwrap());
            assert_eq!(replayed[&player], balance, "the balance after a transfer");
        }
    }
    for (account, balance) in &rows.accounts {
        assert!(*account == Account::Cashier || !balance.is_negative(), "{account} is {balance}");
        assert_eq!(replayed.get(account).copied().unwrap_or_default(), *balance, "{account}");
    }
    assert_tallies(rows);
    assert_terminals(world);
}

/// Escrow, what players hold, and each round's tally, are what the holds say.
fn assert_tallies(rows: &Rows) {
    let mut escrow: BTreeMap<Account, Amount> = BTreeMap::new();
    let mut held: BTreeMap<PlayerId, Amount> = BTreeMap::new();
    let mut tallies: BTreeMap<RoundId, Round> = BTreeMap::new();
    for (id, hold) in &rows.holds {
        let (tally, stake) = (tallies.entry(hold.round).or_default(), hold.stake.amount());
        match hold.state {
            HoldState::Reserved => {
                tally.reserved_count += 1;
                tally.reserved_sum += stake;
                *escrow.entry(Account::Escrow(hold.round.lobby)).or_default() += stake;
                *held.entry(id.player).or_default() += stake;
            }
            HoldState::Released(crate::Released::Early | crate::Released::Closed) => {}
            _ => {
                tally.resolved_count += 1;
                tally.resolved_sum += stake;
            }
        }
    }
    for (player, kept) in &rows.held {
        assert_eq!(held.remove(player).unwrap_or_default(), *kept, "{player} holds");
    }
    assert!(held.is_empty(), "holds that nobody counts: {held:?}");
    for (id, round) in &rows.rounds {
        let counted = tallies.remove(id).unwrap_or_default();
        assert_eq!(Round { state: round.state, ..counted }, *round, "{id}");
        assert!(round.state != RoundState::Agreed || round.reserved_count == 0, "{id} holds");
    }
    assert!(tallies.is_empty(), "rounds without a tally: {tallies:?}");
    for (account, balance) in &rows.accounts {
        if matches!(account, Account::Escrow(_)) {
            assert_eq!(escrow.get(account).copied().unwrap_or_default(), *balance, "{account}");
        }
    }
}

/// Each hold was staked once and left escrow at most once.
fn assert_terminals(world: &World) {
    for (id, hold) in &world.rows.holds {
        let of = |kind: Kind| {
            let of_hold = |transfer: &&Transfer| {
                let owner = transfer.player == Some(id.player);
                owner && transfer.reference == *id.bet.as_bytes() && transfer.kind == kind
            };
            world.transfers.iter().filter(of_hold).count()
        };
        let (payouts, collected, released) = match hold.state {
            HoldState::Reserved => (0, 0, 0),
            HoldState::Won { .. } => (1, 1, 0),
            HoldState::Lost => (0, 1, 0),
            HoldState::Released(_) => (0, 0, 1),
        };
        let counts = [Kind::Stake, Kind::Payout, Kind::Collect, Kind::Release].map(of);
        assert_eq!(counts, [1, payouts, collected, released], "{id}");
    }
}

/// Every account that has or owes anything.
fn money(world: &World) -> BTreeMap<Account, Amount> {
    let mut money = world.rows.accounts.clone();
    money.retain(|_, balance| *balance != Amount::ZERO);
    money
}

/// Whether an answer says that the thing asked for stands.
fn stands(answer: &Answer) -> bool {
    match answer {
        Answer::Fence(answer) => answer.is_ok(),
        Answer::Reserve(answer) => answer.is_ok(),
        Answer::Release(answer) => answer.is_ok(),
        Answer::Resolve(answer) => *answer == Ok(ResolveAnswer::Done),
        Answer::Close(answer) => answer.is_ok(),
        Answer::Funds(answer) => answer.is_ok(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]

    #[test]
    fn money_is_conserved_after_every_command(history in any_history()) {
        let mut world = World::default();
        let mut fences = BTreeMap::new();
        for command in history {
            world.play(&[command]);
            assert_sound(&world);
            for (lobby, fence) in &world.rows.fences {
                let before = fences.insert(*lobby, *fence).unwrap_or(*fence);
                prop_assert!(before.epoch <= fence.epoch);
                prop_assert!(before.closed_round <= fence.closed_round);
                prop_assert!(before.seed_index <= fence.seed_index);
                prop_assert!(before.seen_round <= fence.seen_round);
                prop_assert!(before.seen_seed <= fence.seen_seed);
                prop_assert!(fence.seen_round <= fence.closed_round);
                prop_assert!(fence.seen_seed <= fence.seed_index);
            }
        }
    }

    #[test]
    fn any_split_into_batches_ends_the_same(
        history in any_history(),
        sizes in vec(1_usize..20, 1..20),
    ) {
        let mut alone = World::default();
        let one_by_one: Vec<Answer> =
            history.iter().flat_map(|command| alone.play(&[*command])).collect();
        let mut batched = World::default();
        let (mut answers, mut rest, mut sizes) = (Vec::new(), &history[..], sizes.iter().cycle());
        while !rest.is_empty() {
            let (batch, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            answers.extend(batched.play(batch));
            rest = later;
        }
        prop_assert_eq!(one_by_one, answers);
        prop_assert_eq!(alone, batched);
    }

    #[test]
    fn sending_again_at_once_gets_the_same_answer_and_moves_nothing(history in any_history()) {
        let mut world = World::default();
        for command in history {
            let first = world.play(&[command]);
            let after_first = world.clone();
            prop_assert_eq!(first, world.play(&[command]));
            prop_assert_eq!(&after_first, &world);
        }
    }

    #[test]
    fn what_stands_is_not_moved_by_a_late_duplicate(history in any_history()) {
        let mut world = World::default();
        let answers: Vec<Answer> =
            history.iter().flat_map(|command| world.play(&[*command])).collect();
        let before = world.clone();
        for (command, answer) in history.iter().zip(answers) {
            if stands(&answer) {
                world.play(&[*command]);
                prop_assert_eq!(&before.rows.accounts, &world.rows.accounts);
                prop_assert_eq!(&before.rows.holds, &world.rows.holds);
                prop_assert_eq!(&before.transfers, &world.transfers);
            }
        }
    }

    #[test]
    fn order_and_duplicates_do_not_matter_within_a_phase(
        fates in vec((1_u32..5_000, prop_oneof![any_outcome().prop_map(Some), Just(None)]), 1..20),
        order in vec(any::<prop::sample::Index>(), 1..120),
    ) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let (epoch, round) = (Epoch(1), RoundId::new(lobby(1), 1));
        let (mut count, mut stake_sum) = (0, Amount::ZERO);
        for (bet, (steps, fate)) in fates.iter().enumerate() {
            let HoldId { player, bet } = hold(1, u8::try_from(bet).unwrap());
            let stake = Stake::from_steps(*steps).unwrap();
            before.push(Command::Reserve(Reserve { player, bet, round, epoch, stake }));
            if let Some(outcome) = *fate {
                after.push(Command::Resolve(Resolve { player, bet, round, epoch, outcome }));
                count += 1;
                stake_sum += stake.amount();
            } else {
                before.push(Command::Release(Release { player, bet, round, epoch }));
            }
        }
        let seed_index = SeedIndex(1);
        let close = Command::Close(Close { round, epoch, count, stake_sum, seed_index });
        let funding = Amount::from_whole(1_000_000);
        let (raise, request) = (0, [0; 16]);
        let fence = OpenFence { lobby: lobby(1), epoch, funding, raise, request };
        let fence = Command::Fence(fence);
        let (player, change) = (PlayerId::new(1).unwrap(), FundsChange::Set(funding));
        let bounds = Bounds { per_day: funding, balance: funding };
        let funds = Funds { player, request: [9; 16], change, day: 1, bounds };
        let opening = [fence, Command::Funds(funds)];

        let mut straight = World::default();
        let mut shuffled = World::default();
        for world in [&mut straight, &mut shuffled] {
            world.play(&opening);
        }
        for phase in [&before, &after] {
            straight.play(phase);
            // Some twice or more, in any order, then all: each comes at least once.
            if !phase.is_empty() {
                shuffled.play(&order.iter().map(|at| *at.get(phase)).collect::<Vec<_>>());
            }
            shuffled.play(phase);
            // A reserve may come again at any time.
            let drawn = order.iter().map(|at| *at.get(&before));
            let reserves = drawn.filter(|command| matches!(command, Command::Reserve(_)));
            shuffled.play(&reserves.collect::<Vec<_>>());
        }
        let closed = shuffled.play(&[close]);
        prop_assert!(matches!(&closed[0], Answer::Close(Ok(closed)) if closed.agreed));
        straight.play(&[close]);
        prop_assert_eq!(money(&straight), money(&shuffled));
        assert_sound(&shuffled);
    }
}
