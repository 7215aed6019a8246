//! What this crate's tests share: a lobby's words, and an owner that does as it is told.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use cluster::{Bus, MemoryBus};
use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, Play, PlayError, PlayRefusal,
    Returned,
};
use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, RoundId, Stake};
use parking_lot::Mutex;
use platform::clock::{Clock, SystemClock};
use platform::metrics::Registry;
use platform::random::SeededRandom;
use protocol::Snapshot;
use protocol::lobby::{CurveName, Limits, LobbyMode};
use protocol::notice::Notice;
use protocol::picture::{BetOutcome, BetResult, Picture, PictureEvent};
use protocol::rounds::{CommitmentView, Phase};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};
use realtime::Hub;
use serde_json::{Value, json};
use tokens::{PlayerClaims, Signer, SigningKey, Verifier};
use utoipa::OpenApi as _;

mod client;
mod plain;

pub(crate) use client::{Client, read};
pub(crate) use plain::PlainClient;

use crate::Config;
use crate::server::{Deps, assemble};

/// A whole gateway without a port, in front of a [`FakePlay`] and a bus of memory.
pub(crate) struct Gateway {
    pub(crate) router: Router,
    pub(crate) play: Arc<FakePlay>,
    pub(crate) registry: Registry,
    pub(crate) hub: Hub,
    bus: Arc<MemoryBus>,
    pub(crate) verifier: Arc<Verifier>,
    clock: Arc<SystemClock>,
    signer: Signer,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        Self::with_roles(Router::new(), Router::new())
    }

    pub(crate) fn with_roles(user: Router, game: Router) -> Self {
        Self::with_config(Config::default(), user, game)
    }

    /// The gateway, so impatient that no test waits for it.
    pub(crate) fn with_config(config: Config, user: Router, game: Router) -> Self {
        let signer = Signer::new(SigningKey::generate([1; 32]), "waxwing", "players");
        let (play, bus) = (Arc::new(FakePlay::default()), Arc::new(MemoryBus::new()));
        let (clock, registry) = (Arc::new(SystemClock::new()), Registry::new());
        let verifier = Arc::new(signer.verifier());
        let deps = Deps {
            user,
            game,
            play: Arc::clone(&play) as _,
            bus: Arc::clone(&bus) as _,
            verifier: Arc::clone(&verifier),
            clock: Arc::clone(&clock) as _,
            random: Arc::new(SeededRandom::new(7)),
            registry: registry.clone(),
            currency: "PLAY".to_owned(),
            openapi: EchoDocument::openapi(),
        };
        let config = Config { play_patience_ms: 200, feed_quiet_ms: 100, ..config };
        let (router, hub) = assemble(&config, deps).unwrap();
        Self { router, play, registry, hub, bus, verifier, clock, signer }
    }

    /// A socket that has joined lobby 4.
    pub(crate) async fn listener(&self) -> Client {
        let mut client = Client::connect(&self.router, None).await;
        client.emit(0, "joinRoom", serde_json::json!({ "lobby_id": "4" })).await;
        client.until("ack").await;
        client
    }

    /// A plain socket that nobody is on yet.
    pub(crate) async fn plain(&self) -> PlainClient {
        PlainClient::connect(&self.router).await
    }

    /// A plain socket of player 7 in lobby 4, and what it was told of it.
    pub(crate) async fn plain_player(&self) -> (PlainClient, Value) {
        let mut client = self.plain().await;
        client.ask("authenticate", json!({ "token": self.token(7, 3_600) })).await;
        client.ask("join", json!({ "lobby_id": 4 })).await;
        let snapshot = client.event("snapshot").await;
        (client, snapshot)
    }

    /// Publishes a notice to every gateway.
    pub(crate) fn notify(&self, notice: &Notice) {
        self.bus.notify(serde_json::to_vec(notice).unwrap().into());
    }

    /// A token of player `number` that ends in `seconds`, or ended before.
    pub(crate) fn token(&self, number: u64, seconds: i64) -> String {
        let now_s = self.clock.unix_ms() / 1_000;
        self.signer.sign(&PlayerClaims {
            player: player(number),
            username: format!("player {number}"),
            session: "session".into(),
            issued_at_s: now_s - 100_000,
            expires_at_s: now_s + seconds,
        })
    }

    /// Publishes a picture of round 3 of lobby 4 to everyone.
    pub(crate) fn publish(&self, seq: u64, event: PictureEvent) {
        let lobby_id = WireLobbyId(lobby(4));
        self.publish_picture(&Picture { to: None, lobby_id, epoch: 1, seq, round: 3, event });
    }

    /// Publishes to player `number` that a bet is lost.
    pub(crate) fn publish_lost_bet(&self, number: u64) {
        let result = BetResult {
            user_id: WirePlayerId(player(number)),
            result: BetOutcome::Lost,
            payout: None,
            coefficient: None,
            bet_id: WireBetId(BetId::from_bytes([1; 16])),
            stake: WireStake(Stake::MIN),
        };
        let (to, lobby_id) = (Some(result.user_id), WireLobbyId(lobby(4)));
        let event = PictureEvent::BetResult(result);
        self.publish_picture(&Picture { to, lobby_id, epoch: 1, seq: 9, round: 3, event });
    }

    pub(crate) fn publish_picture(&self, picture: &Picture) {
        self.bus.publish(picture.lobby_id.0, picture.to_json().unwrap().into());
    }
}

/// A role's document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(echo))]
struct EchoDocument;

#[utoipa::path(post, path = "/user/v1/echo", responses((status = 200, description = "It")))]
#[expect(dead_code, reason = "only its description is used")]
fn echo() {}

pub(crate) fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

pub(crate) fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

pub(crate) fn multiplier(centi: u32) -> WireMultiplier {
    WireMultiplier(Multiplier::from_centi(centi).unwrap())
}

pub(crate) fn commitment() -> CommitmentView {
    CommitmentView {
        lobby_id: WireLobbyId(lobby(4)),
        chain: 1,
        terminal: "00".repeat(32),
        length: 10_000,
        house_edge_bps: 100,
        formula: 1,
        beacon_round: None,
        public_key: "11".repeat(32),
        signature: "22".repeat(64),
    }
}

/// Round 3 of lobby 4 in this phase, sequence 9 of epoch 1.
pub(crate) fn snapshot(phase: Phase) -> Snapshot {
    Snapshot {
        lobby_id: WireLobbyId(lobby(4)),
        epoch: 1,
        seq: 9,
        round: 3,
        name: "Main".to_owned(),
        mode: LobbyMode::Continuous,
        phase,
        closes_in_ms: None,
        elapsed_ms: None,
        multiplier: None,
        crash_point: None,
        curve: CurveName::Exponential,
        limits: Limits {
            stake_min: WireStake(Stake::MIN),
            stake_max: WireStake(Stake::from_whole(10_000)),
            payout_max: WireAmount(Amount::from_whole(100_000)),
            multiplier_max: multiplier(100_000),
            bets_per_player: 2,
        },
        commitment: commitment(),
        seed_index: 3,
        anchored: false,
        next_commitment: None,
        abandoned: Vec::new(),
        bets: Vec::new(),
        mine: Vec::new(),
        last: Vec::new(),
        balance: None,
    }
}

/// An owner that plays lobby 4 and remembers what it was asked.
#[derive(Default)]
pub(crate) struct FakePlay {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    unanswered: u32,
    refusal: Option<PlayRefusal>,
    bets: Vec<BetRequest>,
    cancels: Vec<CancelRequest>,
    cash_outs: Vec<CashOutRequest>,
    lookers: Vec<Option<PlayerId>>,
    snapshot: Option<Snapshot>,
}

impl FakePlay {
    /// Leaves the next `calls` without an answer.
    pub(crate) fn leave_unanswered(&self, calls: u32) {
        self.state.lock().unanswered = calls;
    }

    /// Refuses everything from now on.
    pub(crate) fn refuse(&self, refusal: PlayRefusal) {
        self.state.lock().refusal = Some(refusal);
    }

    /// Shows this lobby from now on.
    pub(crate) fn show(&self, snapshot: Snapshot) {
        self.state.lock().snapshot = Some(snapshot);
    }

    pub(crate) fn bets(&self) -> Vec<BetRequest> {
        self.state.lock().bets.clone()
    }

    pub(crate) fn cancels(&self) -> Vec<CancelRequest> {
        self.state.lock().cancels.clone()
    }

    pub(crate) fn cash_outs(&self) -> Vec<CashOutRequest> {
        self.state.lock().cash_outs.clone()
    }

    /// Whose snapshots were asked for.
    pub(crate) fn lookers(&self) -> Vec<Option<PlayerId>> {
        self.state.lock().lookers.clone()
    }

    fn answer(&self) -> Result<(), PlayError> {
        let mut state = self.state.lock();
        if state.unanswered > 0 {
            state.unanswered -= 1;
            return Err(PlayError::Unavailable);
        }
        state.refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
    }
}

#[async_trait]
impl Play for FakePlay {
    async fn place_bet(&self, bet: BetRequest) -> Result<Accepted, PlayError> {
        self.state.lock().bets.push(bet.clone());
        self.answer()?;
        Ok(Accepted {
            bet: bet.bet,
            round: RoundId::new(bet.at.lobby, 3),
            stake: bet.stake,
            auto_cash_out: bet.auto_cash_out,
            cap: bet.auto_cash_out.unwrap_or(Multiplier::MAX),
            balance: Amount::from_whole(90),
        })
    }

    async fn cancel_bet(&self, cancel: CancelRequest) -> Result<Returned, PlayError> {
        self.state.lock().cancels.push(cancel);
        self.answer()?;
        let round = RoundId::new(cancel.at.lobby, 3);
        Ok(Returned { bet: cancel.bet, round, stake: Stake::MIN })
    }

    async fn cash_out(&self, cash_out: CashOutRequest) -> Result<Vec<CashedOut>, PlayError> {
        self.state.lock().cash_outs.push(cash_out);
        self.answer()?;
        let bet = cash_out.bet.unwrap_or(BetId::from_bytes([1; 16]));
        let multiplier = multiplier(150).0;
        let stake = Stake::from_whole(10);
        let payout = stake.payout_at(multiplier);
        let round = RoundId::new(cash_out.at.lobby, 3);
        Ok(vec![CashedOut { bet, round, stake, multiplier, payout, stamped_ms: 6_758 }])
    }

    async fn snapshot(&self, at: LobbyId, player: Option<PlayerId>) -> Result<Bytes, PlayError> {
        if at != lobby(4) {
            return Err(PlayRefusal::UnknownLobby.into());
        }
        let mut state = self.state.lock();
        state.lookers.push(player);
        let shown = state.snapshot.clone();
        let shown = shown.unwrap_or_else(|| snapshot(Phase::Open));
        Ok(serde_json::to_vec(&shown).unwrap().into())
    }
}
