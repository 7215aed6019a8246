//! A world for tests: a wallet in memory that keeps the contract, a store in a directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use cluster::MemoryBus;
use contracts::{
    Close, Closed, Fence, Fenced, Outcome, Refusal, Release, Reserve, Resolve, ResolveAnswer,
    Wallet, WalletError,
};
use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, Sealed, SeedIndex, Stake};
use parking_lot::Mutex;
use platform::clock::{Clock, SystemClock};
use platform::health::Health;
use platform::metrics::Registry;
use platform::random::SeededRandom;
use platform::shutdown::Shutdown;
use platform::sqlite::{Reader, Writer};
use platform::tasks::TokioSpawner;
use tokens::{SigningKey, Verifier};

use crate::store::SqliteStore;
use crate::{Config, Deps, SCHEMA, Service};

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
    /// Epoch, closed round, seed index.
    pub(crate) fences: BTreeMap<LobbyId, (Epoch, u32, SeedIndex)>,
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
        self.book.lock().fences.get(&lobby).copied().unwrap_or_default()
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
        let (fence, closed, _) = self.fences.get(&round.lobby).copied().unwrap_or_default();
        if epoch < fence {
            Err(Refusal::Fenced)
        } else if round.number <= closed {
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
        let (fence, _, _) = self.fences.get(&resolve.round.lobby).copied().unwrap_or_default();
        if resolve.epoch < fence {
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
        let fence = self.fences.entry(lobby).or_default();
        if close.round.number <= fence.1 {
            return Closed { house_balance, agreed: true };
        }
        fence.1 = close.round.number;
        fence.2 = fence.2.max(close.seed_index);
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
            if fence.epoch < row.0 {
                return Err(WalletError::Fenced);
            }
            row.0 = fence.epoch;
            let (epoch, closed_round, seed_index) = *row;
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
            Ok(Fenced { epoch, closed_round, seed_index, house_balance, open_holds })
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

/// What outlives a process.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) wallet: Arc<TestWallet>,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) config: Config,
}

impl World {
    /// Nothing played yet; rounds are short.
    pub(crate) fn new() -> Self {
        let mut config = Config { pause_ms: 50, multiplier_max_centi: 120, ..Config::default() };
        config.main.betting_ms = 150;
        config.main.chain_length = 1_000;
        config.players.betting_ms = 150;
        config.players.chain_length = 1_000;
        Self {
            directory: tempfile::tempdir().unwrap(),
            wallet: Arc::default(),
            bus: Arc::new(MemoryBus::new()),
            config,
        }
    }

    /// A process on what there is.
    pub(crate) async fn start(&self) -> Process {
        self.start_with_random(7).await
    }

    /// A process whose randomness has its own seed.
    pub(crate) async fn start_with_random(&self, seed: u64) -> Process {
        self.start_with(seed, Arc::new(SystemClock::new())).await
    }

    /// A process whose clock is another one.
    pub(crate) async fn start_with(&self, seed: u64, clock: Arc<dyn Clock>) -> Process {
        let (writer, reader) = open(self.directory.path());
        let (shutdown, health) = (Shutdown::new(), Health::new());
        let stall = writer.clone();
        let deps = Deps {
            store: Arc::new(SqliteStore::new(writer, reader)),
            spawner: Arc::new(TokioSpawner),
            wallet: self.wallet.clone(),
            bus: self.bus.clone(),
            clock,
            random: Arc::new(SeededRandom::new(seed)),
            verifier: Arc::new(Verifier::new(vec![signing_key().verifying_key()], "w", "w")),
            registry: Registry::new(),
            seed_key: Sealed::new([3; 32]),
            commitment_key: Sealed::new([4; 32]),
            shutdown: shutdown.clone(),
            health: health.clone(),
        };
        let service = Service::start(self.config.clone(), deps).await.unwrap();
        Process { service, shutdown, health, writer: stall }
    }
}

/// A running game.
pub(crate) struct Process {
    pub(crate) service: Service,
    pub(crate) shutdown: Shutdown,
    pub(crate) health: Health,
    /// The store's: whoever blocks it, blocks the store.
    pub(crate) writer: Writer,
}

impl Process {
    /// Lets the store stand still for so long.
    pub(crate) fn stall_store(&self, duration: std::time::Duration) {
        let writer = self.writer.clone();
        tokio::spawn(async move {
            let stalled = writer.run(move |_| {
                std::thread::sleep(duration);
                Ok(())
            });
            stalled.await.unwrap();
        });
    }

    /// Stops as a second signal does.
    pub(crate) async fn stop(self) {
        self.shutdown.stop();
        self.shutdown.finished().await;
    }
}

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32]).unwrap()
}

/// The game's file in `directory`.
pub(crate) fn open(directory: &Path) -> (Writer, Reader) {
    let file = directory.join("game.db");
    let writer = Writer::open(&file, &[SCHEMA, platform::http::idempotency::SCHEMA]).unwrap();
    let reader = Reader::open(&file, 2).unwrap();
    (writer, reader)
}

pub(crate) fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

pub(crate) fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

pub(crate) fn bet_id(number: u8) -> BetId {
    BetId::from_bytes([number; 16])
}
