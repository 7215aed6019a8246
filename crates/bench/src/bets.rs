//! Durable bets: stakes reserved at the wallet service, on a real file with `synchronous=FULL`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use axum::body::Body;
use axum::http::{Method, Request, header};
use contracts::{Fence, Reserve, Wallet as _};
use kernel::{Amount, Epoch, LobbyId, PlayerId, RoundId, Stake};
use platform::clock::{Clock as _, Stopwatch, SystemClock};
use platform::http::idempotency;
use platform::metrics::Registry;
use platform::random::{SystemRandom, array, bet_id};
use platform::sqlite::{Reader, Writer};
use platform::tasks::TokioSpawner;
use tempfile::TempDir;
use tokens::{PlayerClaims, Signer, SigningKey};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// How many callers wait for an answer at any time.
pub(crate) const CALLERS: [u32; 3] = [1, 64, 512];
/// The aim is of a crowd.
pub(crate) const CALLERS_AIMED_AT: u32 = 512;

/// Every caller is a player of its own.
const PLAYERS: u32 = 512;
/// Bets for each caller, so that every run takes about a second.
const fn bets_of_each(callers: u32) -> u32 {
    if callers == 1 { 2_000 } else { 40_000 / callers }
}

/// A wallet on a file of its own.
struct Place {
    service: wallet::Service,
    _directory: TempDir,
}

/// What a run is called.
pub(crate) const fn title(callers: u32) -> &'static str {
    match callers {
        1 => "wallet on SQLite, 1 caller",
        64 => "wallet on SQLite, 64 callers",
        _ => "wallet on SQLite, 512 callers",
    }
}

/// Bets a second: each caller sends its next stake when the last one is durable.
pub(crate) fn per_second(callers: u32) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let place = Place::open().await?;
        let watch = Stopwatch::start();
        let mut crowd = JoinSet::new();
        for caller in 0..callers {
            let service = place.service.clone();
            crowd.spawn(async move { stake(&service, caller, bets_of_each(callers)).await });
        }
        while let Some(done) = crowd.join_next().await {
            done??;
        }
        Ok(crate::rate(u64::from(callers) * u64::from(bets_of_each(callers)), watch))
    })
}

/// One caller's bets, one after another.
async fn stake(service: &wallet::Service, caller: u32, bets: u32) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    for _ in 0..bets {
        let hold = Reserve {
            player: player(caller % PLAYERS + 1)?,
            bet: bet_id(&clock, &SystemRandom),
            round: RoundId::new(lobby()?, 1),
            epoch: Epoch(1),
            stake: Stake::from_whole(1),
        };
        let answers = service.reserve(&[hold]).await?;
        ensure!(matches!(answers[..], [Ok(_)]), "a bet was refused: {answers:?}");
    }
    Ok(())
}

impl Place {
    /// A fenced lobby and funded players, in a directory beside this program: a temporary one
    /// may be in memory.
    async fn open() -> anyhow::Result<Self> {
        let directory = tempfile::tempdir_in(beside_program()?)?;
        let file = directory.path().join("user.db");
        let signer = Signer::new(SigningKey::generate(array(&SystemRandom)), "bench", "bench");
        let service = start(&file, &signer).await?;
        let funding = Amount::from_whole(1_000_000_000);
        service
            .fence(Fence { lobby: lobby()?, epoch: Epoch(1), funding, raise: 0, request: [0; 16] })
            .await?;
        for number in 1..=PLAYERS {
            fund(&service, &signer, player(number)?).await?;
        }
        Ok(Self { service, _directory: directory })
    }
}

async fn start(file: &Path, signer: &Signer) -> anyhow::Result<wallet::Service> {
    let writer = Writer::open(file, &[wallet::SCHEMA, idempotency::SCHEMA])?;
    let reader = Reader::open(file, 2)?;
    let clock = Arc::new(SystemClock::new());
    let deps = wallet::Deps {
        store: Arc::new(wallet::store::SqliteStore::new(writer, reader, clock.clone())),
        spawner: Arc::new(TokioSpawner),
        clock,
        random: Arc::new(SystemRandom),
        verifier: Arc::new(signer.verifier()),
        bus: Arc::new(cluster::MemoryBus::new()),
        registry: Registry::new(),
    };
    Ok(wallet::Service::start(wallet::Config::default(), deps).await?)
}

/// A player comes to money as players do: by the route.
async fn fund(service: &wallet::Service, signer: &Signer, player: PlayerId) -> anyhow::Result<()> {
    let now_s = SystemClock::new().unix_ms() / 1_000;
    let token = signer.sign(&PlayerClaims {
        player,
        username: format!("player {player}"),
        session: "session".into(),
        issued_at_s: now_s,
        expires_at_s: now_s + 600,
    });
    let request = Request::builder()
        .method(Method::POST)
        .uri("/user/v1/balance")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"ammount": 1000000}"#))?;
    let answer = wallet::router(service.clone()).oneshot(request).await?;
    ensure!(answer.status().is_success(), "topping up: {}", answer.status());
    Ok(())
}

/// Where the build puts its programs: on a disk.
pub(crate) fn beside_program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().context("a program is in a directory")?.to_owned())
}

fn player(number: u32) -> anyhow::Result<PlayerId> {
    PlayerId::new(number.into()).context("not zero")
}

fn lobby() -> anyhow::Result<LobbyId> {
    LobbyId::new(1).context("not zero")
}
