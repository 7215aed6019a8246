//! What every store of the game must do. Each case takes an empty store.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a suite of tests")]

use engine::{Bet, BetKey, BetState, CashOut, Outcome, Reason, Settlement, Totals};
use kernel::{Amount, BetId, Epoch, LobbyId, Multiplier, PlayerId, RoundId, Stake};

use super::{
    Acknowledgement, AnsweredRow, ChainRecord, Claim, Claimed, ClosedRound, Done, LockRecord,
    NodeId, OutboxBody, Owner, PublicSeed, RoundEnd, RoundState, SealedSeed, Store, StoreCommand,
};
use crate::config::Config;

mod owners;
mod settling;

pub use owners::{
    a_lobby_goes_to_another_node_once_it_is_handed_over,
    a_lobby_is_anybodys_once_its_owners_lease_ran_out,
    a_lobby_whose_newest_chain_was_restored_needs_an_owner, a_node_that_left_owns_nothing,
    each_claim_gives_a_higher_epoch_and_fences_the_one_before, skipped_seeds_are_used_up_and_told,
    what_is_fenced_in_a_batch_stops_nothing_else,
};
pub use settling::the_round_that_waits_for_the_wallet_longest_is_found;

/// A test of each case, for a crate that brings a store: `$place` is a future of something whose
/// method `store` gives an `Arc` of one new, empty store. A store with timed leases also runs
/// `a_lobby_is_anybodys_once_its_owners_lease_ran_out`, which must let its clock pass.
#[macro_export]
macro_rules! conformance_tests {
    ($place:expr) => { $crate::conformance_tests! { $place;
        a_cash_out_or_crash_that_is_not_what_is_stored_is_refused
        applying_everything_twice_changes_nothing_the_second_time
        the_lock_marks_exactly_its_bets_and_later_ones_are_released
        no_seed_is_played_twice
        a_voided_round_gives_all_bets_back_and_closes_with_nothing
        a_close_that_disagrees_keeps_its_exposure_and_acknowledged_rows_are_pruned
        a_public_seed_is_set_once_and_checkpoints_are_found_from_below
        a_player_has_at_most_so_many_lobbies
        a_wallet_that_is_an_older_copy_is_sent_again_what_it_has_lost
        each_claim_gives_a_higher_epoch_and_fences_the_one_before
        what_is_fenced_in_a_batch_stops_nothing_else
        a_lobby_goes_to_another_node_once_it_is_handed_over
        a_lobby_whose_newest_chain_was_restored_needs_an_owner
        a_node_that_left_owns_nothing
        skipped_seeds_are_used_up_and_told
        the_round_that_waits_for_the_wallet_longest_is_found
    } };
    ($place:expr; $($case:ident)*) => { $(
        #[tokio::test]
        async fn $case() {
            let place = $place.await;
            $crate::store::conformance::$case(&*place.store()).await;
        }
    )* };
}

/// Makes lobby 1 and its chain.
async fn prepare(store: &dyn Store) {
    let rules = engine::Rules::standard(kernel::Curve::linear());
    let new = Config::default().main_lobby(&rules, 1);
    let made = store.create_lobby(new, 1).await.unwrap().unwrap();
    assert_eq!(made.lobby, lobby(1));
    let sealed = |index| SealedSeed { index, nonce: [1; 24], sealed: vec![2; 48] };
    store.renew(NODE).await.unwrap();
    let claim = Claim { node: NODE, lobby: lobby(1), at_least: Epoch(0) };
    assert_eq!(store.claim(claim).await.unwrap(), Claimed::Yours(Epoch(1)));
    let taken = StoreCommand::TakeOver { lobby: lobby(1), epoch: Epoch(1) };
    assert_eq!(apply(store, vec![taken]).await, [Some(Done::Stored)]);
    store.add_chain(owner(1), chain(), vec![sealed(2_000), sealed(1_000)]).await.unwrap();
    store.set_public_seed(owner(1), 1, drawn("a")).await.unwrap().unwrap();
}

fn drawn(text: &str) -> PublicSeed {
    PublicSeed { text: text.into(), signature: None }
}

fn chain() -> ChainRecord {
    ChainRecord {
        lobby: lobby(1),
        chain: 1,
        length: 2_000,
        seeds_before: 0,
        house_edge_bps: 100,
        terminal: [7; 32],
        public_key: [8; 32],
        signature: [9; 64],
        anchor: fairness::Anchor::Local,
        public_seed: None,
        beacon_signature: None,
        promised: false,
        used: 0,
        skipped: Vec::new(),
        abandoned: None,
        created_at: 1,
    }
}

/// The node that plays in these cases.
const NODE: NodeId = NodeId::from_bytes([1; 16]);

/// That node as owner of lobby 1.
fn owner(epoch: u64) -> Owner {
    Owner { node: NODE, lobby: lobby(1), epoch: Epoch(epoch) }
}

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

fn bet_id(number: u8) -> BetId {
    BetId::from_bytes([number; 16])
}

fn round(number: u32) -> RoundId {
    RoundId::new(lobby(1), number)
}

fn centi(centi: u32) -> Multiplier {
    Multiplier::from_centi(centi).unwrap()
}

fn bet(number: u8, round: u32) -> Bet {
    Bet {
        key: BetKey { player: player(1), bet: bet_id(number), round },
        stake: Stake::from_whole(10),
        auto_cash_out: None,
        cap: centi(200),
        balance: Amount::from_whole(90),
        state: BetState::Requested,
    }
}

fn opened(number: u32) -> StoreCommand {
    StoreCommand::OpenRound { round: round(number), epoch: Epoch(1), chain: 1, at: 2 }
}

fn accepted(number: u8, round: u32) -> StoreCommand {
    StoreCommand::AcceptBet { lobby: lobby(1), bet: bet(number, round), name: "ann".into(), at: 3 }
}

fn locked(number: u32, seed_index: u32, bets: &[u8]) -> StoreCommand {
    let count = u32::try_from(bets.len()).unwrap();
    StoreCommand::Lock(Box::new(LockRecord {
        round: round(number),
        bets: bets.iter().map(|of| bet(*of, number).key).collect(),
        totals: Totals { count, stake_sum: Amount::from_whole(10 * count), ..Totals::default() },
        seed_index,
        bets_hash: [5; 32],
        start_at: 204,
        at: 4,
    }))
}

fn cashed_out(number: u8, in_round: u32, at: u32) -> StoreCommand {
    let Bet { key, stake, .. } = bet(number, in_round);
    let payout = stake.payout_at(centi(at));
    let multiplier = centi(at);
    let cash_out = CashOut { key, stake, multiplier, payout, stamped_ms: 9, auto: false };
    StoreCommand::CashOut { lobby: lobby(1), cash_out, at: 5 }
}

fn settled(number: u32, lost: &[u8]) -> StoreCommand {
    let end = |of: &u8| Settlement { key: bet(*of, number).key, outcome: Outcome::Lost };
    StoreCommand::EndRound(Box::new(RoundEnd {
        round: round(number),
        interrupted: None,
        crash_point: centi(150),
        multiplier: Some(centi(150)),
        settlements: lost.iter().map(end).collect(),
        payout_sum: Amount::from_whole(12),
        seed: [6; 32],
        at: 6,
    }))
}

async fn apply(store: &dyn Store, commands: Vec<StoreCommand>) -> Vec<Option<Done>> {
    let applied = store.apply(owner(1).batch(commands).into()).await.unwrap();
    assert!(applied.not_owned.is_empty(), "{applied:?}");
    applied.answers.into_iter().map(Result::ok).collect()
}

/// A cash out or crash that is not what is stored is refused.
pub async fn a_cash_out_or_crash_that_is_not_what_is_stored_is_refused(store: &dyn Store) {
    prepare(store).await;
    let crash = |centis: u32| StoreCommand::Crash {
        round: round(1),
        crash_point: centi(centis),
        multiplier: centi(centis),
        at: 6,
    };
    let script = vec![
        opened(1),
        accepted(1, 1),
        cashed_out(1, 1, 120),
        locked(1, 1, &[1]),
        cashed_out(1, 1, 120),
        cashed_out(1, 1, 120),
        cashed_out(1, 1, 121),
        crash(150),
        crash(150),
        crash(151),
        settled(1, &[1]),
        cashed_out(1, 1, 120),
        crash(150),
        cashed_out(1, 1, 130),
    ];
    let done = apply(store, script).await;
    let stored: Vec<bool> = done.iter().map(|done| *done == Some(Done::Stored)).collect();
    let refused: Vec<usize> = (0..stored.len()).filter(|place| !stored[*place]).collect();
    assert_eq!(refused, [2, 6, 9, 13]);
    let (record, _) = store.round(round(1)).await.unwrap().unwrap();
    assert_eq!(record.state, RoundState::Settled);
}

/// Applying everything twice changes nothing the second time.
pub async fn applying_everything_twice_changes_nothing_the_second_time(store: &dyn Store) {
    prepare(store).await;
    let script = vec![
        opened(1),
        accepted(1, 1),
        accepted(2, 1),
        StoreCommand::CancelBet { lobby: lobby(1), key: bet(2, 1).key, at: 3 },
        accepted(3, 1),
        locked(1, 1, &[1, 3]),
        StoreCommand::Heartbeats(vec![(round(1), centi(110))]),
        cashed_out(1, 1, 120),
        StoreCommand::Crash {
            round: round(1),
            crash_point: centi(150),
            multiplier: centi(150),
            at: 6,
        },
        settled(1, &[3]),
    ];
    let first = apply(store, script.clone()).await;
    assert!(first.iter().all(|done| *done == Some(Done::Stored)), "{first:?}");
    let sent: Vec<_> =
        store.unsent(NODE, 100, &[]).await.unwrap().into_iter().map(|row| row.body).collect();
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert!(matches!(sent[0], OutboxBody::Release { .. }));
    assert!(
        matches!(&sent[1], OutboxBody::Resolve { bets } if bets[0].payout_units == Some(120_000))
    );
    assert!(matches!(&sent[2], OutboxBody::Resolve { bets } if bets.len() == 1));
    let close = OutboxBody::Close { count: 2, stake_sum_units: 200_000, seed_index: 1 };
    assert_eq!(sent[3], close);

    // Commands that come again one by one, as from a first sending that was long on its way.
    for place in [0, 1, 3, 4, 6, 7, 8, 9] {
        let again = vec![script[place].clone()];
        assert_eq!(apply(store, again).await, [Some(Done::Stored)], "command {place}");
    }
    assert_eq!(store.unsent(NODE, 100, &[]).await.unwrap().len(), 4);
    let (record, bets) = store.round(round(1)).await.unwrap().unwrap();
    assert_eq!((record.state, record.seed), (RoundState::Settled, Some([6; 32])));
    let states: Vec<_> = bets.iter().map(|bet| bet.state).collect();
    let paid = BetState::CashedOut { multiplier: centi(120), stamped_ms: 9, auto: false };
    assert_eq!(states, [paid, BetState::Cancelled, BetState::Lost]);
}

/// The lock marks exactly its bets and later ones are released.
pub async fn the_lock_marks_exactly_its_bets_and_later_ones_are_released(store: &dyn Store) {
    prepare(store).await;
    apply(store, vec![opened(1), accepted(1, 1), accepted(2, 1), locked(1, 1, &[1])]).await;
    let late = apply(store, vec![accepted(3, 1), accepted(3, 1)]).await;
    assert_eq!(late, [Some(Done::Missed), Some(Done::Missed)]);
    let (_, bets) = store.round(round(1)).await.unwrap().unwrap();
    let seen: Vec<_> = bets.iter().map(|bet| (bet.in_round, bet.state)).collect();
    assert_eq!(seen, [(true, BetState::Accepted), (false, BetState::Released)]);
    for (bet, refused) in bets.iter().zip([false, true]) {
        assert_eq!(store.was_refused(bet.player, bet.bet).await, Ok(refused));
    }
    let sent = store.unsent(NODE, 100, &[]).await.unwrap();
    assert_eq!(sent.len(), 2, "the unlisted bet and the late one, once each");
    // A lock that lists a bet which is not there is refused whole.
    let refused = apply(store, vec![opened(2), locked(2, 2, &[9])]).await;
    assert_eq!(refused, [Some(Done::Stored), None]);
    let (record, _) = store.round(round(2)).await.unwrap().unwrap();
    assert_eq!(record.state, RoundState::Open);
}

/// No seed is played twice.
pub async fn no_seed_is_played_twice(store: &dyn Store) {
    prepare(store).await;
    let answers = apply(store, vec![opened(1), locked(1, 1, &[]), opened(2)]).await;
    assert!(answers.iter().all(Option::is_some));
    assert_eq!(apply(store, vec![locked(2, 1, &[])]).await, [None]);
    assert_eq!(apply(store, vec![locked(1, 2, &[])]).await, [None], "nor another one");
    assert_eq!(apply(store, vec![locked(1, 1, &[])]).await, [Some(Done::Stored)]);
    assert_eq!(store.chain(lobby(1), 1).await.unwrap().unwrap().used, 1);
}

/// A voided round gives all bets back and closes with nothing.
pub async fn a_voided_round_gives_all_bets_back_and_closes_with_nothing(store: &dyn Store) {
    prepare(store).await;
    let void = StoreCommand::VoidRound { round: round(1), reason: Reason::Shutdown, at: 7 };
    apply(store, vec![opened(1), accepted(1, 1), void]).await;
    let (record, bets) = store.round(round(1)).await.unwrap().unwrap();
    assert_eq!((record.state, record.seed), (RoundState::Voided, None));
    assert_eq!(bets[0].state, BetState::Released);
    assert!(!store.was_refused(bets[0].player, bets[0].bet).await.unwrap());
    let sent = store.unsent(NODE, 100, &[]).await.unwrap();
    let close = OutboxBody::Close { count: 0, stake_sum_units: 0, seed_index: 0 };
    assert_eq!(sent.iter().map(|row| &row.body).collect::<Vec<_>>(), [&close]);
}

/// A close that disagrees keeps its exposure and acknowledged rows are pruned.
pub async fn a_close_that_disagrees_keeps_its_exposure_and_acknowledged_rows_are_pruned(
    store: &dyn Store,
) {
    prepare(store).await;
    apply(store, vec![opened(1), accepted(1, 1), locked(1, 1, &[1]), settled(1, &[1])]).await;
    let left = store.inherit(lobby(1)).await.unwrap().unwrap();
    assert_eq!(left.unclosed, [(1, Amount::from_whole(20))]);
    let rows = store.unsent(NODE, 100, &[]).await.unwrap().iter().map(AnsweredRow::of).collect();
    let closed = vec![ClosedRound { round: round(1), agreed: false }];
    let answers = Acknowledgement { node: NODE, rows, closed, at: 100 };
    store.acknowledge(answers.clone()).await.unwrap();
    store.acknowledge(answers).await.unwrap();
    let left = store.inherit(lobby(1)).await.unwrap().unwrap();
    assert_eq!(left.unclosed, []);
    assert_eq!(left.lobby.kept_exposure, Amount::from_whole(20));
    assert_eq!(store.unsent(NODE, 100, &[]).await.unwrap().len(), 0);
    assert_eq!(store.prune(100).await.unwrap(), 0);
    assert_eq!(store.prune(101).await.unwrap(), 2);
}

/// A public seed is set once and checkpoints are found from below.
pub async fn a_public_seed_is_set_once_and_checkpoints_are_found_from_below(store: &dyn Store) {
    prepare(store).await;
    let again = store.set_public_seed(owner(1), 1, drawn("b")).await.unwrap().unwrap();
    assert_eq!(again.public_seed.as_deref(), Some("a"));
    for (index, found) in [(1, Some(1_000)), (1_000, Some(1_000)), (1_001, Some(2_000))] {
        let checkpoint = store.checkpoint(lobby(1), 1, index).await.unwrap();
        assert_eq!(checkpoint.map(|sealed| sealed.index), found);
    }
    assert_eq!(store.checkpoint(lobby(1), 1, 2_001).await.unwrap(), None);
}

/// A player has at most so many lobbies.
pub async fn a_player_has_at_most_so_many_lobbies(store: &dyn Store) {
    prepare(store).await;
    let rules = engine::Rules::standard(kernel::Curve::linear());
    let mut new = Config::default().players_lobby(&rules, 1);
    new.owner = Some(player(4));
    for number in 2..=3 {
        let made = store.create_lobby(new.clone(), 2).await.unwrap().unwrap();
        assert_eq!((made.lobby, made.rules.owner), (lobby(number), Some(player(4))));
    }
    assert!(store.create_lobby(new.clone(), 2).await.unwrap().is_none());
    new.owner = Some(player(5));
    assert!(store.create_lobby(new, 2).await.unwrap().is_some());
}

/// A wallet that is an older copy is sent again what it has lost.
pub async fn a_wallet_that_is_an_older_copy_is_sent_again_what_it_has_lost(store: &dyn Store) {
    prepare(store).await;
    let mut script = Vec::new();
    for number in 1..=3_u8 {
        let round = u32::from(number);
        script.extend([opened(round), accepted(number, round), locked(round, round, &[number])]);
        script.push(settled(round, &[number]));
    }
    apply(store, script).await;
    let sent = store.unsent(NODE, 100, &[]).await.unwrap();
    let rows: Vec<_> = sent.iter().map(AnsweredRow::of).collect();
    let of = |number: u32| sent.iter().filter(|row| row.round.number == number).count();
    let closed = |number| ClosedRound { round: round(number), agreed: true };
    // The last round's close was not answered yet, its resolve was.
    let answers = Acknowledgement {
        node: NODE,
        rows: rows[..rows.len() - 1].to_vec(),
        closed: vec![closed(1), closed(2)],
        at: 100,
    };
    store.acknowledge(answers).await.unwrap();
    let unsent = async || store.unsent(NODE, 100, &[]).await.unwrap().len();
    let again = |after| StoreCommand::SendAgain { lobby: lobby(1), after };
    apply(store, vec![again(2)]).await;
    assert_eq!(unsent().await, 1, "the wallet has what it had: nothing is sent again");
    apply(store, vec![again(1)]).await;
    assert_eq!(unsent().await, of(2) + of(3));
    apply(store, vec![again(0), again(0)]).await;
    assert_eq!(unsent().await, rows.len());
    let left = store.inherit(lobby(1)).await.unwrap().unwrap();
    assert_eq!(left.unclosed.len(), 1, "the lobby itself goes on");
}
