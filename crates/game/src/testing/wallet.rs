//! A wallet in memory that keeps the contract.

use std::collections::BTreeMap;

use async_trait::async_trait;
use contracts::{
    Close, Closed, Fence, Fenced, Outcome, Refusal, Release, Reserve, Resolve, ResolveAnswer,
    Wallet, WalletError,
};
use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};
use parking_lot::Mutex;

/// A hold as the wallet keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Reserved(Stake),
    Ended(Stake, Outcome),
    Tombstone,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) balances: BTreeMap<PlayerId, Amount>,
    pub(crate) houses: BTreeMap<LobbyId, Amount>,
    pub(crate) holds: BTreeMap<(PlayerId, BetId), (RoundId, Hold)>,
    pub(crate) fences: BTreeMap<LobbyId, FenceRow>,
    pub(crate) closes: Vec<Close>,
    pub(crate) conflicts: u32,
    /// So many calls do their work and lose their answer.
    pub(crate) lost_answers: u32,
    /// A call ends its caller's task.
    pub(crate) panics: bool,
    /// Every call that would hold this bet fails for good, and does nothing.
    pub(crate) poison: Option<BetId>,
    /// No call is answered, none does anything.
    pub(crate) down: bool,
}

/// The wallet of the tests.
#[derive(Debug, Default)]
pub(crate) struct TestWallet {
    pub(crate) book: Mutex<Book>,
}

/// What the wallet does not go behind, and what closes have named.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FenceRow {
    pub(crate) epoch: Epoch,
    pub(crate) closed: (u32, SeedIndex),
    pub(crate) seen: (u32, SeedIndex),
    request: [u8; 16],
}

impl TestWallet {
    pub(crate) fn top_up(&self, player: PlayerId, whole: u32) {
        *self.book.lock().balances.entry(player).or_default() += Amount::from_whole(whole);
    }

    pub(crate) fn balance(&self, player: PlayerId) -> Amount {
        self.book.lock().balances.get(&player).copied().unwrap_or_default()
    }

    pub(crate) fn hold(&self, player: PlayerId, bet: BetId) -> Option<Hold> {
        self.book.lock().holds.get(&(player, bet)).map(|(_, hold)| *hold)
    }

    pub(crate) fn fence_of(&self, lobby: LobbyId) -> (Epoch, u32, SeedIndex) {
        let row = self.book.lock().fences.get(&lobby).copied().unwrap_or_default();
        (row.epoch, row.closed.0, row.closed.1)
    }

    /// Does the work unless the wallet is down, and loses the answer if it is told to.
    fn call<T>(&self, work: impl FnOnce(&mut Book) -> T) -> Result<T, WalletError> {
        let mut book = self.book.lock();
        assert!(!book.panics, "the wallet was told to panic");
        if book.down {
            return Err(WalletError::Unavailable);
        }
        let answer = work(&mut book);
        if book.lost_answers > 0 {
            book.lost_answers -= 1;
            return Err(WalletError::Unavailable);
        }
        Ok(answer)
    }
}

impl Book {
    fn refused(&self, round: RoundId, epoch: Epoch) -> Result<(), Refusal> {
        let fence = self.fences.get(&round.lobby).copied().unwrap_or_default();
        if epoch < fence.epoch {
            Err(Refusal::Fenced)
        } else if round.number <= fence.closed.0 {
            Err(Refusal::RoundClosed)
        } else {
            Ok(())
        }
    }

    fn reserve(&mut self, hold: &Reserve) -> Result<Amount, Refusal> {
        match self.holds.get(&(hold.player, hold.bet)) {
            Some((_, Hold::Tombstone)) => return Err(Refusal::Tombstoned),
            Some((round, Hold::Reserved(stake)))
                if (*round, *stake) == (hold.round, hold.stake) =>
            {
                return Ok(self.balances.get(&hold.player).copied().unwrap_or_default());
            }
            Some(_) => return Err(Refusal::IdReused),
            None => {}
        }
        self.refused(hold.round, hold.epoch)?;
        let balance = self.balances.entry(hold.player).or_default();
        if *balance < hold.stake.amount() {
            return Err(Refusal::InsufficientFunds);
        }
        *balance -= hold.stake.amount();
        let left = *balance;
        let reserved = (hold.round, Hold::Reserved(hold.stake));
        self.holds.insert((hold.player, hold.bet), reserved);
        Ok(left)
    }

    fn release(&mut self, release: &Release) -> Result<(), Refusal> {
        self.refused(release.round, release.epoch)?;
        let name = (release.player, release.bet);
        match self.holds.get(&name).copied() {
            Some((round, _)) if round != release.round => Err(Refusal::IdReused),
            Some((_, Hold::Reserved(_))) => {
                self.end(name, Outcome::Released);
                Ok(())
            }
            Some(_) => Ok(()),
            None => {
                self.holds.insert(name, (release.round, Hold::Tombstone));
                Ok(())
            }
        }
    }

    fn resolve(&mut self, resolve: &Resolve) -> Result<ResolveAnswer, Refusal> {
        let fence = self.fences.get(&resolve.round.lobby).copied().unwrap_or_default();
        if resolve.epoch < fence.epoch {
            return Err(Refusal::Fenced);
        }
        let name = (resolve.player, resolve.bet);
        match self.holds.get(&name).copied() {
            Some((_, Hold::Reserved(_))) => {
                self.end(name, resolve.outcome);
                Ok(ResolveAnswer::Done)
            }
            Some((_, Hold::Ended(_, outcome))) if outcome == resolve.outcome => {
                Ok(ResolveAnswer::Done)
            }
            _ => {
                self.conflicts += 1;
                Ok(ResolveAnswer::Conflict)
            }
        }
    }

    fn end(&mut self, name: (PlayerId, BetId), outcome: Outcome) {
        let Some((round, Hold::Reserved(stake))) = self.holds.get(&name).copied() else { return };
        let house = self.houses.entry(round.lobby).or_default();
        let payout = match outcome {
            Outcome::Won { payout } => payout,
            Outcome::Lost => Amount::ZERO,
            Outcome::Released => stake.amount(),
        };
        *house += stake.amount() - payout;
        *self.balances.entry(name.0).or_default() += payout;
        self.holds.insert(name, (round, Hold::Ended(stake, outcome)));
    }

    fn close(&mut self, close: Close) -> Closed {
        let lobby = close.round.lobby;
        let house_balance = self.houses.get(&lobby).copied().unwrap_or_default();
        if self.closes.iter().any(|closed| closed.round == close.round) {
            return Closed { house_balance, agreed: true };
        }
        let fence = self.fences.entry(lobby).or_default();
        for row in [&mut fence.closed, &mut fence.seen] {
            *row = (row.0.max(close.round.number), row.1.max(close.seed_index));
        }
        self.closes.push(close);
        let of_round = self.holds.iter().filter(|(_, (round, _))| *round == close.round);
        let names: Vec<_> = of_round.clone().map(|(name, _)| *name).collect();
        let played = of_round.filter_map(|(_, (_, hold))| match hold {
            Hold::Ended(stake, Outcome::Won { .. } | Outcome::Lost) => Some(stake.amount()),
            _ => None,
        });
        let agreed = played.clone().count() as u64 <= u64::from(close.count)
            && played.sum::<Amount>() <= close.stake_sum;
        if agreed {
            for name in names {
                self.end(name, Outcome::Released);
            }
        }
        Closed { house_balance, agreed }
    }
}

#[async_trait]
impl Wallet for TestWallet {
    async fn fence(&self, fence: Fence) -> Result<Fenced, WalletError> {
        self.call(|book| {
            let known = book.fences.contains_key(&fence.lobby);
            let row = book.fences.entry(fence.lobby).or_default();
            let other = row.request != [0; 16] && row.request != fence.request;
            if fence.epoch < row.epoch || (fence.epoch == row.epoch && other) {
                return Err(WalletError::Fenced);
            }
            if known && (row.epoch, row.request) != (fence.epoch, fence.request) {
                row.closed.0 += fence.raise;
                row.closed.1 = SeedIndex(row.closed.1.0 + fence.raise);
            }
            (row.epoch, row.request) = (fence.epoch, fence.request);
            let FenceRow { epoch, closed: (closed_round, seed_index), seen, .. } = *row;
            let (seen_round, seen_seed) = seen;
            if !known {
                book.houses.insert(fence.lobby, fence.funding);
            }
            let mut open_holds = BTreeMap::new();
            for (round, hold) in book.holds.values() {
                if round.lobby == fence.lobby && matches!(hold, Hold::Reserved(_)) {
                    *open_holds.entry(round.number).or_default() += 1;
                }
            }
            let house_balance = book.houses[&fence.lobby];
            let open_holds = open_holds.into_iter().collect();
            Ok(Fenced {
                epoch,
                closed_round,
                seed_index,
                seen_round,
                seen_seed,
                house_balance,
                open_holds,
            })
        })?
    }

    async fn reserve(
        &self,
        holds: &[Reserve],
    ) -> Result<Vec<Result<Amount, Refusal>>, WalletError> {
        let poison = self.book.lock().poison;
        if holds.iter().any(|hold| Some(hold.bet) == poison) {
            return Err(WalletError::Failed);
        }
        self.call(|book| holds.iter().map(|hold| book.reserve(hold)).collect())
    }

    async fn release(&self, holds: &[Release]) -> Result<Vec<Result<(), Refusal>>, WalletError> {
        self.call(|book| holds.iter().map(|release| book.release(release)).collect())
    }

    async fn resolve(
        &self,
        holds: &[Resolve],
    ) -> Result<Vec<Result<ResolveAnswer, Refusal>>, WalletError> {
        assert!(holds.len() <= 1_000, "a call carries at most 1,000 holds");
        self.call(|book| holds.iter().map(|resolve| book.resolve(resolve)).collect())
    }

    async fn close(&self, close: Close) -> Result<Closed, WalletError> {
        self.call(|book| book.close(close))
    }
}
