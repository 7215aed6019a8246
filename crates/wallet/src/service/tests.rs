//! The contract on a real file: one balance is spent once, whoever asks at the same time.

use std::sync::Arc;
use std::time::Duration;

use cluster::{Bus, Delivery, MemoryBus, Subscription};
use contracts::{
    Close, Fence, Outcome, RESOLVES_MAX, Refusal, Release, Reserve, Resolve, ResolveAnswer, Wallet,
    WalletError,
};
use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};
use ledger::FundsChange;
use platform::clock::{ManualClock, SystemClock};
use platform::http::idempotency;
use platform::metrics::Registry;
use platform::random::{SystemRandom, array, bet_id};
use platform::sqlite::{Reader, Writer};
use platform::tasks::TokioSpawner;
use protocol::notice::{BalanceNotice, Notice};
use tempfile::TempDir;
use tokens::{Signer, SigningKey};
use tokio::task::JoinSet;

use super::{Deps, FUNDS_WAITING_MAX, Service, StartError};
use crate::config::Config;
use crate::store::SqliteStore;

/// A wallet in a directory of its own.
pub(crate) struct Place {
    pub(crate) service: Service,
    pub(crate) ground: Ground,
}

/// What outlives a wallet.
pub(crate) struct Ground {
    pub(crate) signer: Signer,
    pub(crate) registry: Registry,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) clock: ManualClock,
    directory: TempDir,
}

impl Place {
    pub(crate) async fn new(config: Config) -> Self {
        let ground = Ground {
            signer: Signer::new(SigningKey::generate(array(&SystemRandom)), "waxwing", "players"),
            registry: Registry::new(),
            bus: Arc::new(MemoryBus::new()),
            clock: ManualClock::new(),
            directory: tempfile::tempdir().unwrap(),
        };
        let service = ground.start(config).await.unwrap();
        Self { service, ground }
    }

    pub(crate) async fn play() -> Self {
        Self::new(Config::default()).await
    }

    /// Gives `player` exactly `whole` to stake.
    pub(crate) async fn fund(&self, player: PlayerId, whole: u32) {
        let change = FundsChange::Set(Amount::from_whole(whole));
        self.service.change_funds(player, change, None).await.unwrap();
    }

    async fn available(&self, player: PlayerId) -> Amount {
        self.service.balance(player).await.unwrap().available
    }
}

impl Ground {
    async fn start(&self, config: Config) -> Result<Service, StartError> {
        let path = self.directory.path().join("user.db");
        let writer = Writer::open(&path, &[crate::SCHEMA, idempotency::SCHEMA]).unwrap();
        let reader = Reader::open(&path, 2).unwrap();
        let deps = Deps {
            store: Arc::new(SqliteStore::new(writer, reader, Arc::new(self.clock.clone()))),
            spawner: Arc::new(TokioSpawner),
            clock: Arc::new(self.clock.clone()),
            random: Arc::new(SystemRandom),
            verifier: Arc::new(self.signer.verifier()),
            bus: Arc::clone(&self.bus) as Arc<dyn Bus>,
            registry: self.registry.clone(),
        };
        Service::start(config, deps).await
    }
}

pub(crate) fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

fn round(number: u32) -> RoundId {
    RoundId::new(LobbyId::new(1).unwrap(), number)
}

fn bet(number: u8) -> BetId {
    BetId::from_bytes([number; 16])
}

pub(crate) fn reserve(player: PlayerId, bet: BetId, whole: u32) -> Reserve {
    Reserve { player, bet, round: round(1), epoch: Epoch(1), stake: Stake::from_whole(whole) }
}

pub(crate) async fn fence(service: &Service) {
    let funding = Amount::from_whole(1_000_000);
    let fence =
        Fence { lobby: round(1).lobby, epoch: Epoch(1), funding, raise: 0, request: [0; 16] };
    service.fence(fence).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_stakes_of_the_whole_balance_one_is_accepted() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.fund(player(1), 100).await;
    let mut calls = JoinSet::new();
    for _ in 0..1_000 {
        let service = place.service.clone();
        let hold = reserve(player(1), bet_id(&SystemClock::new(), &SystemRandom), 100);
        calls.spawn(async move { service.reserve(&[hold]).await.unwrap().remove(0) });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let short = answers.iter().filter(|answer| **answer == Err(Refusal::InsufficientFunds));
    assert_eq!(short.count(), 999);
    let balance = place.service.balance(player(1)).await.unwrap();
    assert_eq!(balance.available, Amount::ZERO);
    assert_eq!(balance.held, Amount::from_whole(100));
}

#[tokio::test]
async fn a_round_goes_through_the_contract() {
    let place = Place::play().await;
    let service = &place.service;
    fence(service).await;
    for number in 1..=3 {
        place.fund(player(number), 50).await;
    }
    let holds = [1, 2, 3].map(|number| reserve(player(number), bet(1), 10));
    let answers = service.reserve(&holds).await.unwrap();
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let (round, epoch) = (round(1), Epoch(1));
    let release = Release { player: player(3), bet: bet(1), round, epoch };
    assert_eq!(service.release(&[release]).await, Ok(vec![Ok(())]));
    let resolve =
        |number, outcome| Resolve { player: player(number), bet: bet(1), round, epoch, outcome };
    let won = Outcome::Won { payout: Amount::from_whole(25) };
    let answers =
        service.resolve(&[resolve(1, won), resolve(2, Outcome::Lost), resolve(3, won)]).await;
    let done = Ok(ResolveAnswer::Done);
    assert_eq!(answers, Ok(vec![done, done, Ok(ResolveAnswer::Conflict)]));
    let stake_sum = Amount::from_whole(20);
    let close = Close { round, epoch, count: 2, stake_sum, seed_index: SeedIndex(1) };
    let closed = service.close(close).await.unwrap();
    assert!(closed.agreed);
    assert_eq!(closed.house_balance, Amount::from_whole(999_995));
    for (number, whole) in [(1, 65), (2, 40), (3, 50)] {
        assert_eq!(place.available(player(number)).await, Amount::from_whole(whole));
    }
    let old = Fence {
        lobby: round.lobby,
        epoch: Epoch(0),
        funding: Amount::ZERO,
        raise: 0,
        request: [0; 16],
    };
    assert_eq!(service.fence(old).await, Err(WalletError::Fenced));
    assert_eq!(service.close(Close { epoch: Epoch(0), ..close }).await, Err(WalletError::Fenced));
    assert_eq!(service.reserve(&[]).await, Ok(Vec::new()));
    let text = place.ground.registry.encode().unwrap();
    assert!(text.contains("waxwing_wallet_parked_total 1"), "{text}");
    let reserves = "waxwing_wallet_commands_total{verb=\"Reserve\",verdict=\"Done\"} 3";
    assert!(text.contains(reserves), "{text}");
}

#[tokio::test]
async fn a_restart_finds_everything_and_another_currency_refuses_to_start() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.fund(player(1), 70).await;
    let hold = reserve(player(1), bet(1), 20);
    place.service.reserve(&[hold]).await.unwrap();
    let Place { service, ground } = place;
    drop(service);
    let other = Config { currency: "EUR".into(), ..Config::default() };
    let refused = ground.start(other).await.err().unwrap();
    assert!(refused.to_string().contains("kept in PLAY"), "{refused}");
    let service = ground.start(Config::default()).await.unwrap();
    assert!(matches!(service.reserve(&[hold]).await.as_deref(), Ok([Ok(_)])));
    let balance = service.balance(player(1)).await.unwrap();
    assert_eq!(balance.available, Amount::from_whole(50));
    assert_eq!(balance.held, Amount::from_whole(20));
}

#[tokio::test]
async fn a_config_that_cannot_be_refuses_to_start() {
    for (config, field) in [
        (Config { currency: "play".into(), ..Config::default() }, "currency"),
        (Config { currency: "P".into(), ..Config::default() }, "currency"),
        (Config { balance_max: 0, ..Config::default() }, "balance_max"),
        (Config { top_up_max_per_day: 0, ..Config::default() }, "top_up_max_per_day"),
    ] {
        assert_eq!(config.validate().unwrap_err().field, field);
    }
    Config::default().validate().unwrap();
}

/// The notices told so far: player, balance, held, version.
async fn told(notices: &mut Subscription) -> Vec<(u64, String, String, u64)> {
    let mut all = Vec::new();
    while let Ok(Some(Delivery::Picture(json))) =
        tokio::time::timeout(Duration::from_millis(1), notices.next()).await
    {
        let Ok(Notice::Balance(notice)) = serde_json::from_slice(&json) else { panic!("{json:?}") };
        let BalanceNotice { user_id, balance, held, version } = notice;
        all.push((user_id.0.get(), balance.0.to_string(), held.0.to_string(), version));
    }
    all
}

#[tokio::test]
async fn every_movement_of_a_players_money_is_told() {
    let place = Place::play().await;
    let service = &place.service;
    let mut notices = place.ground.bus.notices();
    fence(service).await;
    assert_eq!(told(&mut notices).await, [], "a house is nobody's balance");
    let mut last = 0;
    let mut newest = |told: Vec<(u64, String, String, u64)>| {
        let [(user, balance, held, version)] = &told[..] else { panic!("{told:?}") };
        assert!(*version > last, "{version} after {last}");
        last = *version;
        format!("{user}: {balance}, {held}")
    };
    place.fund(player(1), 50).await;
    assert_eq!(newest(told(&mut notices).await), "1: 50, 0");
    // Two bets of one player in one batch: told once, as the batch left it.
    let holds = [reserve(player(1), bet(1), 10), reserve(player(1), bet(2), 5)];
    service.reserve(&holds).await.unwrap();
    assert_eq!(newest(told(&mut notices).await), "1: 35, 15");
    service.reserve(&holds).await.unwrap();
    assert_eq!(told(&mut notices).await, [], "nothing moved");
    let (round, epoch) = (round(1), Epoch(1));
    let resolve =
        |number, outcome| Resolve { player: player(1), bet: bet(number), round, epoch, outcome };
    service.resolve(&[resolve(1, Outcome::Lost)]).await.unwrap();
    assert_eq!(newest(told(&mut notices).await), "1: 35, 5");
    let won = Outcome::Won { payout: Amount::from_whole(20) };
    service.resolve(&[resolve(2, won)]).await.unwrap();
    assert_eq!(newest(told(&mut notices).await), "1: 55, 0");
    let third = reserve(player(1), bet(3), 1);
    service.reserve(&[third]).await.unwrap();
    assert_eq!(newest(told(&mut notices).await), "1: 54, 1");
    service.release(&[Release { player: player(1), bet: bet(3), round, epoch }]).await.unwrap();
    assert_eq!(newest(told(&mut notices).await), "1: 55, 0");
}

#[tokio::test]
async fn a_resolve_of_too_many_holds_is_refused_whole() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.fund(player(1), 50).await;
    place.service.reserve(&[reserve(player(1), bet(1), 10)]).await.unwrap();
    let (round, epoch, outcome) = (round(1), Epoch(1), Outcome::Lost);
    let resolve = Resolve { player: player(1), bet: bet(1), round, epoch, outcome };
    let refused = place.service.resolve(&vec![resolve; RESOLVES_MAX + 1]).await;
    assert_eq!(refused, Err(WalletError::Failed));
    assert_eq!(place.service.balance(player(1)).await.unwrap().held, Amount::from_whole(10));
    let done = place.service.resolve(&vec![resolve; RESOLVES_MAX]).await.unwrap();
    assert_eq!(done, vec![Ok(ResolveAnswer::Done); RESOLVES_MAX]);
}

/// Whoever reads while stakes come and go sees one state: what is staked is never counted twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_read_of_one_state() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.fund(player(1), 100).await;
    let service = place.service.clone();
    let moving = tokio::spawn(async move {
        let (round, epoch) = (round(1), Epoch(1));
        for number in 0..100 {
            let hold = reserve(player(1), bet(number), 10);
            assert!(matches!(service.reserve(&[hold]).await.as_deref(), Ok([Ok(_)])));
            let release = Release { player: player(1), bet: bet(number), round, epoch };
            assert_eq!(service.release(&[release]).await, Ok(vec![Ok(())]));
        }
    });
    let (mut free, mut staked) = (0, 0);
    while !moving.is_finished() {
        let balance = place.service.balance(player(1)).await.unwrap();
        assert_eq!(balance.available + balance.held, Amount::from_whole(100), "{balance:?}");
        if balance.held == Amount::ZERO { free += 1 } else { staked += 1 }
    }
    moving.await.unwrap();
    assert!(free > 0 && staked > 0, "read {free} times without and {staked} times with a stake");
}

impl Ground {
    /// Another program on the same file.
    fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory.path().join("user.db")).unwrap()
    }
}

#[tokio::test]
async fn what_the_database_refuses_changes_nothing_and_is_no_unknown_outcome() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.fund(player(1), 100).await;
    let connection = place.ground.connection();
    let full = "CREATE TRIGGER full BEFORE INSERT ON ledger_transfer
                BEGIN SELECT raise(ABORT, 'the disk is full'); END";
    connection.execute_batch(full).unwrap();
    let hold = reserve(player(1), bet(1), 10);
    for _ in 0..3 {
        assert_eq!(place.service.reserve(&[hold]).await, Err(WalletError::Failed));
    }
    let change = FundsChange::Add(Amount::from_whole(1));
    let refused = place.service.change_funds(player(1), change, None).await.unwrap_err();
    assert!(refused.to_string().contains("the disk is full"), "{refused}");
    let balance = place.service.balance(player(1)).await.unwrap();
    assert_eq!((balance.available, balance.held), (Amount::from_whole(100), Amount::ZERO));
    let metrics = place.ground.registry.encode().unwrap();
    assert!(metrics.contains("waxwing_wallet_refused_batches_total 3"), "{metrics}");
    assert!(metrics.contains("waxwing_wallet_failed_batches_total 0"), "{metrics}");
    connection.execute_batch("DROP TRIGGER full").unwrap();
    assert!(matches!(place.service.reserve(&[hold]).await.as_deref(), Ok([Ok(_)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_top_ups_at_once_are_turned_away_and_the_rest_are_done() {
    let place = Place::play().await;
    let connection = place.ground.connection();
    // The writer waits for this lock, and every call behind it.
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let change = FundsChange::Add(Amount::from_whole(1));
    let mut calls = JoinSet::new();
    for _ in 0..FUNDS_WAITING_MAX + 10 {
        let service = place.service.clone();
        calls.spawn(async move { service.change_funds(player(1), change, None).await.is_ok() });
    }
    for _ in 0..10 {
        let away = calls.join_next().await.unwrap().unwrap();
        assert!(!away, "ten are turned away before anything is done");
    }
    connection.execute_batch("ROLLBACK").unwrap();
    assert!(calls.join_all().await.into_iter().all(|done| done));
    let expected = Amount::from_whole(u32::try_from(FUNDS_WAITING_MAX).unwrap());
    assert_eq!(place.available(player(1)).await, expected);
}
