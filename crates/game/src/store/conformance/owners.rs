//! Who may change a lobby: claims, leases, and what is refused to whoever owns it no more.

use std::collections::BTreeMap;

use kernel::{Epoch, LobbyId};
use platform::clock::BoxFuture;
use protocol::chains::{AbandonReason, Abandoned, Skipped, SkippedRounds, SkippedSeeds};

use super::{
    NODE, accepted, apply, bet, centi, chain, drawn, lobby, locked, opened, owner, player, prepare,
    round, settled,
};
use crate::config::Config;
use crate::store::{
    Abandonment, Acknowledgement, AnsweredRow, Batch, Claim, Claimed, Done, Lease, NodeId, Owner,
    Store, StoreCommand, StoreError,
};

/// Another node.
const OTHER: NodeId = NodeId::from_bytes([2; 16]);

async fn claim(store: &dyn Store, node: NodeId, lobby: LobbyId) -> Claimed {
    store.claim(Claim { node, lobby, at_least: Epoch(0) }).await.unwrap()
}

async fn is_timed(store: &dyn Store, node: NodeId) -> bool {
    matches!(store.renew(node).await.unwrap(), Lease::Timed { .. })
}

async fn answer(
    store: &dyn Store,
    owner: Owner,
    command: StoreCommand,
) -> Result<Done, StoreError> {
    let applied = store.apply(owner.batch(vec![command]).into()).await.unwrap();
    applied.answers.into_iter().next().unwrap()
}

async fn heartbeat(store: &dyn Store) -> Option<u32> {
    let left = store.inherit(lobby(1)).await.unwrap().unwrap();
    left.unfinished[0].heartbeat.map(kernel::Multiplier::centi)
}

/// Each claim gives a higher epoch, and what is under an earlier one changes nothing any more.
pub async fn each_claim_gives_a_higher_epoch_and_fences_the_one_before(store: &dyn Store) {
    prepare(store).await;
    apply(store, vec![opened(1), accepted(1, 1), locked(1, 1, &[1]), settled(1, &[1])]).await;
    let rows = store.unsent(NODE, 100, &[]).await.unwrap();
    assert!(rows.iter().all(|row| row.epoch == Epoch(1)), "{rows:?}");
    let wanted = Claim { node: NODE, lobby: lobby(1), at_least: Epoch(9) };
    assert_eq!(store.claim(wanted).await.unwrap(), Claimed::Yours(Epoch(9)));
    assert_eq!(claim(store, NODE, lobby(1)).await, Claimed::Yours(Epoch(10)));
    assert_eq!(claim(store, NODE, lobby(7)).await, Claimed::Unknown);
    assert_eq!(store.inherit(lobby(1)).await.unwrap().unwrap().claimed, Epoch(10));

    assert_eq!(answer(store, owner(1), opened(2)).await, Err(StoreError::NotOwner));
    assert_eq!(answer(store, owner(9), opened(2)).await, Err(StoreError::NotOwner));
    assert_eq!(store.round(round(2)).await.unwrap().map(|_| ()), None);
    let late = store.set_public_seed(owner(1), 1, drawn("b")).await;
    assert_eq!(late, Err(StoreError::NotOwner));
    let another = crate::store::ChainRecord { chain: 2, ..chain() };
    let late = store.add_chain(owner(1), another, Vec::new()).await;
    assert_eq!(late, Err(StoreError::NotOwner));
    let how = Abandoned { reason: AbandonReason::StoreBehind, at: 9, lost_rounds: None };
    let late = store.abandon(owner(1), Abandonment { chain: None, how }).await;
    assert_eq!(late, Err(StoreError::NotOwner));
    assert_eq!(store.chain(lobby(1), 1).await.unwrap().unwrap().abandoned, None);
    // What was answered under the earlier epoch is asked for again under the present one.
    let rows = rows.iter().map(AnsweredRow::of).collect();
    let answers = Acknowledgement { node: NODE, rows, closed: Vec::new(), at: 100 };
    store.acknowledge(answers).await.unwrap();
    let rows = store.unsent(NODE, 100, &[]).await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.epoch == Epoch(10)), "{rows:?}");
    assert_eq!(answer(store, owner(10), opened(2)).await, Ok(Done::Stored));
}

/// Commands of a lobby that is owned no more stop no other lobby's in their batch.
pub async fn what_is_fenced_in_a_batch_stops_nothing_else(store: &dyn Store) {
    prepare(store).await;
    let rules = engine::Rules::standard(kernel::Curve::linear());
    store.create_lobby(Config::default().main_lobby(&rules, 1), 9).await.unwrap().unwrap();
    assert_eq!(claim(store, NODE, lobby(2)).await, Claimed::Yours(Epoch(1)));
    let second = Owner { lobby: lobby(2), ..owner(1) };
    let chain = crate::store::ChainRecord { lobby: lobby(2), ..chain() };
    store.add_chain(second, chain, Vec::new()).await.unwrap();
    apply(store, vec![opened(1), accepted(1, 1), locked(1, 1, &[1])]).await;
    let beat = |centis: u32| StoreCommand::Heartbeats(vec![(round(1), centi(centis))]);
    apply(store, vec![beat(110)]).await;
    assert_eq!(heartbeat(store).await, Some(110));

    assert_eq!(claim(store, NODE, lobby(1)).await, Claimed::Yours(Epoch(2)));
    let other = kernel::RoundId::new(lobby(2), 1);
    let open = StoreCommand::OpenRound { round: other, epoch: Epoch(1), chain: 1, at: 2 };
    let cancel = StoreCommand::CancelBet { lobby: lobby(1), key: bet(1, 1).key, at: 3 };
    let owned = BTreeMap::from([(lobby(1), Epoch(1)), (lobby(2), Epoch(1))]);
    let commands = vec![cancel.clone(), open, beat(120), cancel];
    let batch = Batch { node: NODE, owned, commands };
    let applied = store.apply(batch.into()).await.unwrap();
    let refused = Err(StoreError::NotOwner);
    let stored = Ok(Done::Stored);
    assert_eq!(applied.answers, [refused.clone(), stored.clone(), stored, refused]);
    assert_eq!(applied.not_owned.into_iter().collect::<Vec<_>>(), [lobby(1)]);
    assert!(store.round(other).await.unwrap().is_some());
    assert_eq!(heartbeat(store).await, Some(110), "a heartbeat among a command's is left out");
    // A lobby that the batch does not even name is nobody's.
    let unnamed = Batch { node: NODE, owned: BTreeMap::new(), commands: vec![opened(2)] };
    let applied = store.apply(unnamed.into()).await.unwrap();
    assert_eq!(applied.answers, [Err(StoreError::NotOwner)]);
}

/// While a lobby's owner has its lease, no other node gets it; handed over, any does, at once.
pub async fn a_lobby_goes_to_another_node_once_it_is_handed_over(store: &dyn Store) {
    prepare(store).await;
    let timed = is_timed(store, OTHER).await;
    if timed {
        assert_eq!(claim(store, OTHER, lobby(1)).await, Claimed::Others);
        assert_eq!(store.lobbies_to_own(OTHER, 9).await.unwrap(), []);
        assert_eq!(store.lobbies_to_own(NODE, 9).await.unwrap(), [], "it is owned");
        assert_eq!(store.inherit(lobby(1)).await.unwrap().unwrap().owner, Some(NODE));
        assert!(store.unsent(OTHER, 9, &[]).await.unwrap().is_empty());
    }
    // What an earlier claim hands over is not what a later one holds.
    assert_eq!(claim(store, NODE, lobby(1)).await, Claimed::Yours(Epoch(2)));
    store.hand_over(owner(1)).await.unwrap();
    if timed {
        assert_eq!(claim(store, OTHER, lobby(1)).await, Claimed::Others);
    }
    store.hand_over(owner(2)).await.unwrap();
    assert_eq!(store.lobbies_to_own(OTHER, 9).await.unwrap(), [lobby(1)]);
    assert_eq!(store.inherit(lobby(1)).await.unwrap().unwrap().owner, None);
    assert_eq!(claim(store, OTHER, lobby(1)).await, Claimed::Yours(Epoch(3)));
    assert_eq!(answer(store, owner(2), opened(1)).await, Err(StoreError::NotOwner));
    let theirs = Owner { node: OTHER, ..owner(3) };
    assert_eq!(answer(store, theirs, opened(1)).await, Ok(Done::Stored));
}

/// A node that left owns nothing, and claims nothing before it renews again.
pub async fn a_node_that_left_owns_nothing(store: &dyn Store) {
    prepare(store).await;
    store.leave(NODE).await.unwrap();
    if is_timed(store, OTHER).await {
        assert_eq!(claim(store, NODE, lobby(1)).await, Claimed::Lapsed);
    }
    assert_eq!(claim(store, OTHER, lobby(1)).await, Claimed::Yours(Epoch(2)));
    assert_eq!(answer(store, owner(1), opened(1)).await, Err(StoreError::NotOwner));
    store.leave(OTHER).await.unwrap();
    store.renew(NODE).await.unwrap();
    assert_eq!(claim(store, NODE, lobby(1)).await, Claimed::Yours(Epoch(3)));
}

/// A lease runs out on the store's clock, which `pass` lets go on by so many milliseconds: until
/// then its lobbies are its own, from then on anybody's. Only for a store with timed leases.
pub async fn a_lobby_is_anybodys_once_its_owners_lease_ran_out(
    store: &dyn Store,
    pass: &(dyn Fn(u64) -> BoxFuture<'static, ()> + Sync),
) {
    prepare(store).await;
    let Lease::Timed { ms } = store.renew(NODE).await.unwrap() else { panic!("a held lease") };
    pass(ms / 2).await;
    store.renew(OTHER).await.unwrap();
    assert_eq!(claim(store, OTHER, lobby(1)).await, Claimed::Others);
    assert_eq!(answer(store, owner(1), opened(1)).await, Ok(Done::Stored));
    pass(ms / 2 + ms / 4).await;
    assert_eq!(claim(store, NODE, lobby(1)).await, Claimed::Lapsed);
    assert_eq!(store.lobbies_to_own(OTHER, 9).await.unwrap(), [lobby(1)]);
    assert_eq!(claim(store, OTHER, lobby(1)).await, Claimed::Yours(Epoch(2)));
    assert_eq!(answer(store, owner(1), opened(2)).await, Err(StoreError::NotOwner));
    // Renewed again, the node owns what is left to it and nothing that was taken.
    store.renew(NODE).await.unwrap();
    assert_eq!(claim(store, NODE, lobby(1)).await, Claimed::Others);
}

/// Skipped seeds are used up and told, and none of them is locked with.
pub async fn skipped_seeds_are_used_up_and_told(store: &dyn Store) {
    prepare(store).await;
    let seeds = |from, to, digit: &str| SkippedSeeds { from, to, seed: digit.repeat(64) };
    let rounds = Some(SkippedRounds { from: 1, to: 3 });
    let first = Skipped { seeds: Some(seeds(1, 3, "a")), rounds };
    let later = Skipped { seeds: Some(seeds(5, 7, "b")), rounds: None };
    let last = Skipped { seeds: None, rounds: Some(SkippedRounds { from: 8, to: 9 }) };
    let skip = |skipped: &Skipped| StoreCommand::SkipSeeds {
        lobby: lobby(1),
        chain: 1,
        skipped: skipped.clone(),
    };
    let script = vec![skip(&first), skip(&first), opened(4), locked(4, 3, &[]), locked(4, 4, &[])];
    let done = apply(store, script).await;
    let stored = Some(Done::Stored);
    assert_eq!(done, [stored, stored, stored, None, stored]);
    apply(store, vec![skip(&later), skip(&later), skip(&first), skip(&last), skip(&last)]).await;
    let chain = store.chain(lobby(1), 1).await.unwrap().unwrap();
    assert_eq!((chain.used, chain.skipped), (7, vec![first, later, last]));
}

/// A resting lobby whose newest chain was given up after a restore needs an owner, until it has a
/// newer chain or is closed.
pub async fn a_lobby_whose_newest_chain_was_restored_needs_an_owner(store: &dyn Store) {
    prepare(store).await;
    store.hand_over(owner(1)).await.unwrap();
    let (restored, behind) = (Some(AbandonReason::Restored), Some(AbandonReason::StoreBehind));
    // The ends of each lobby's chains, and whether it is closed.
    let rested: [(&[Option<AbandonReason>], bool); 7] = [
        (&[restored], false),
        (&[restored, None], false),
        (&[None, restored], false),
        (&[behind, restored], false),
        (&[restored, behind], false),
        (&[restored], true),
        (&[None], false),
    ];
    for (number, (ends, is_closed)) in (2..).zip(rested) {
        let lobby = rest_in_a_players_lobby(store, ends, is_closed).await;
        assert_eq!(lobby.get(), number);
    }
    // Lobby 1 is configured, and always wanted.
    let wanted = [1, 2, 4, 5].map(lobby);
    assert_eq!(store.lobbies_to_own(OTHER, 9).await.unwrap(), wanted);
    assert_eq!(store.lobbies_to_own(OTHER, 2).await.unwrap(), wanted[..2]);

    // Its take-over makes a new chain, and it rests again.
    assert_eq!(claim(store, NODE, lobby(2)).await, Claimed::Yours(Epoch(2)));
    let second = Owner { lobby: lobby(2), ..owner(2) };
    let chain = crate::store::ChainRecord { lobby: lobby(2), chain: 2, ..chain() };
    store.add_chain(second, chain, Vec::new()).await.unwrap();
    store.hand_over(second).await.unwrap();
    assert_eq!(store.lobbies_to_own(OTHER, 9).await.unwrap(), [1, 4, 5].map(lobby));
}

/// A lobby of a player, with a chain for each of `ends`, that nobody owns any more.
async fn rest_in_a_players_lobby(
    store: &dyn Store,
    ends: &[Option<AbandonReason>],
    is_closed: bool,
) -> LobbyId {
    let rules = engine::Rules::standard(kernel::Curve::linear());
    let mut new = Config::default().players_lobby(&rules, 1);
    new.owner = Some(player(4));
    let lobby = store.create_lobby(new, 99).await.unwrap().unwrap().lobby;
    assert_eq!(claim(store, NODE, lobby).await, Claimed::Yours(Epoch(1)));
    let owner = Owner { lobby, ..owner(1) };
    for (number, end) in (1..).zip(ends) {
        let chain = crate::store::ChainRecord { lobby, chain: number, ..chain() };
        store.add_chain(owner, chain, Vec::new()).await.unwrap();
        if let Some(reason) = *end {
            let how = Abandoned { reason, at: 9, lost_rounds: None };
            let abandonment = Abandonment { chain: Some(number), how };
            store.abandon(owner, abandonment).await.unwrap();
        }
    }
    if is_closed {
        assert!(store.close_lobby(NODE, lobby, i64::MAX, 9).await.unwrap());
    }
    store.hand_over(owner).await.unwrap();
    lobby
}
