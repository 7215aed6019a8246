//! Which lobbies there are, and which of them have a task.
//!
//! A lobby gets its task when it is first touched; until then it costs a row.

mod again;
mod orphans;
mod resting;
mod upkeep;
mod void_claims;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cluster::Bus;
use contracts::{PlayError, PlayRefusal, WalletError};
use engine::{Command, Mode};
use kernel::{LobbyId, Timestamp};
use parking_lot::Mutex;
use platform::clock::Clock;
use platform::tasks::Spawner;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::live::{Ended, LiveLobby};
use crate::lobby_task::LobbyTask;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::outbox::{Gate, LiveLobbies};
use crate::ownership::Ownership;
use crate::pictures::Pictures;
use crate::store::StoreError;
use crate::takeover::{Taken, Takeover, TakeoverError};

/// The registry of this node's lobbies.
pub(crate) struct Lobbies {
    pub(crate) takeover: Takeover,
    pub(crate) live: LiveLobbies,
    /// Read by whoever takes over, so that nothing is sent meanwhile.
    pub(crate) gate: Gate,
    /// One take-over at a time for each lobby.
    waking: Mutex<BTreeMap<LobbyId, Arc<AsyncMutex<()>>>>,
    pub(crate) outbound: Outbound,
    pub(crate) ownership: Arc<Ownership>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawner: Arc<dyn Spawner>,
    pub(crate) metrics: Metrics,
    /// What must end before the lobbies have.
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// How many may be played at once.
    limit: usize,
    /// How long nobody plays before a lobby rests, in milliseconds.
    rest_ms: u64,
    /// When lobbies were visited since that was last stored.
    visits: Mutex<BTreeMap<LobbyId, i64>>,
    /// Lobbies that are being taken over because they had no owner.
    orphans: Mutex<BTreeSet<LobbyId>>,
    /// Lobbies that a newer owner plays, and since when that is known.
    fenced: Mutex<BTreeMap<LobbyId, Timestamp>>,
}

/// What a registry is made of.
pub(crate) struct Parts {
    pub(crate) takeover: Takeover,
    pub(crate) live: LiveLobbies,
    pub(crate) outbound: Outbound,
    pub(crate) ownership: Arc<Ownership>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawner: Arc<dyn Spawner>,
    pub(crate) metrics: Metrics,
    pub(crate) lobbies_max: usize,
    pub(crate) rest_ms: u64,
}

impl Lobbies {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { takeover, live, outbound, ownership, bus, clock, spawner, metrics, .. } = parts;
        Self {
            takeover,
            live,
            gate: Gate::default(),
            waking: Mutex::default(),
            outbound,
            ownership,
            bus,
            clock,
            spawner,
            metrics,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            limit: parts.lobbies_max,
            rest_ms: parts.rest_ms,
            visits: Mutex::default(),
            orphans: Mutex::default(),
            fenced: Mutex::default(),
        }
    }

    /// The lobby, taken over first if nobody plays it, with a round that takes bets.
    ///
    /// # Errors
    /// [`PlayRefusal::UnknownLobby`], what a stopped lobby says, or [`PlayError::Unavailable`].
    pub(crate) async fn wake(
        self: &Arc<Self>,
        lobby: LobbyId,
    ) -> Result<Arc<LiveLobby>, PlayError> {
        self.visited(lobby);
        let live = self.own(lobby, 0).await.inspect_err(|_| self.not_visited(lobby))?;
        live.opened(&*self.clock).await;
        Ok(live)
    }

    async fn own(
        self: &Arc<Self>,
        lobby: LobbyId,
        tries: u32,
    ) -> Result<Arc<LiveLobby>, PlayError> {
        self.must_hold()?;
        if let Some(live) = self.awake(lobby) {
            return Ok(live);
        }
        let waking = Arc::clone(self.waking.lock().entry(lobby).or_default());
        let turn = waking.lock().await;
        let before = self.live.lock().get(&lobby).cloned();
        if let Some(resting) = before.filter(|live| live.is_resting()) {
            resting.over().await;
        }
        let woken = match self.awake(lobby) {
            Some(live) => Ok(live),
            None if self.is_stopping() => Err(PlayRefusal::Draining.into()),
            None if self.is_left_alone(lobby) => Err(PlayRefusal::Draining.into()),
            None if self.live.lock().len() >= self.limit => Err(PlayRefusal::Overloaded.into()),
            None => self.start(lobby, tries).await,
        };
        self.give_turn_back(lobby, turn, &waking);
        woken
    }

    fn give_turn_back(
        &self,
        lobby: LobbyId,
        turn: tokio::sync::MutexGuard<'_, ()>,
        waking: &Arc<AsyncMutex<()>>,
    ) {
        drop(turn);
        let mut all_waking = self.waking.lock();
        // The map's and ours: nobody else waits for a turn.
        if Arc::strong_count(waking) <= 2 {
            all_waking.remove(&lobby);
        }
    }

    /// The lobby, if it has a task or had one that ended otherwise than to rest.
    pub(crate) fn awake(&self, lobby: LobbyId) -> Option<Arc<LiveLobby>> {
        self.live.lock().get(&lobby).filter(|live| !live.is_resting()).cloned()
    }

    /// Every lobby that has a task or had one that ended.
    pub(crate) fn all_awake(&self) -> Vec<Arc<LiveLobby>> {
        self.live.lock().values().cloned().collect()
    }

    /// Ends what an earlier owner of the lobby left; if that cannot be done now, it is tried again
    /// and again. A lobby that plays by itself goes on; one that rests until somebody bets gets
    /// its task when it is touched.
    pub(crate) async fn settle(self: &Arc<Self>, lobby: LobbyId) {
        match self.take(lobby).await {
            // Where others may want it, a task is what gives the lobby up once it rests.
            Ok(taken)
                if taken.lobby.rules().mode == Mode::Continuous || self.ownership.is_shared() =>
            {
                self.play(taken, 0);
            }
            Ok(_) => {}
            Err(_) => {
                let lobbies = Arc::clone(self);
                self.spawn(async move {
                    lobbies.pause(0).await;
                    lobbies.persist(lobby, 1).await;
                });
            }
        }
    }

    /// Nothing is taken while the node may own nothing.
    fn must_hold(&self) -> Result<(), PlayError> {
        if self.ownership.holds() { Ok(()) } else { Err(PlayRefusal::NotOwner.into()) }
    }

    async fn start(
        self: &Arc<Self>,
        lobby: LobbyId,
        tries: u32,
    ) -> Result<Arc<LiveLobby>, PlayError> {
        let _nothing_is_sent = self.gate.read().await;
        let taken = self.take(lobby).await?;
        Ok(self.play(taken, tries))
    }

    async fn take(&self, lobby: LobbyId) -> Result<Taken, PlayError> {
        self.takeover.take(lobby).await.map_err(|error| match error {
            TakeoverError::Unknown => PlayError::Refused(PlayRefusal::UnknownLobby),
            TakeoverError::NotOwner | TakeoverError::Store(StoreError::NotOwner) => {
                PlayError::Refused(PlayRefusal::NotOwner)
            }
            TakeoverError::Wallet(WalletError::Fenced) => {
                self.note_fenced(lobby);
                PlayError::Refused(PlayRefusal::Draining)
            }
            error => {
                tracing::error!(%error, lobby.id = %lobby, "the lobby could not be taken over");
                PlayError::Unavailable
            }
        })
    }

    fn play(self: &Arc<Self>, taken: Taken, tries: u32) -> Arc<LiveLobby> {
        let lobby = taken.record.lobby;
        let (live, inbox) = LiveLobby::new(taken.record, taken.epoch, taken.seeds);
        let pictures = Pictures::new(Arc::clone(&self.bus), Arc::clone(&live), taken.last);
        let task = LobbyTask {
            lobby: taken.lobby,
            live: Arc::clone(&live),
            inbox,
            outbound: self.outbound.clone(),
            clock: Arc::clone(&self.clock),
            pictures,
            metrics: self.metrics.clone(),
            ownership: Arc::clone(&self.ownership),
            rest_ms: self.rest_ms,
        };
        self.live.lock().insert(lobby, Arc::clone(&live));
        self.metrics.lobbies.inc();
        let played = self.spawner.spawn(Box::pin(task.run()));
        self.spawn(Arc::clone(self).watch(Arc::clone(&live), played, tries));
        if self.is_stopping() {
            live.tell(self.clock.now(), Command::Drain);
        }
        live
    }

    /// Starts what must end before the lobbies have.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.spawner.spawn(Box::pin(self.tasks.track_future(work)));
    }

    /// The node may own nothing any more: every lobby ends here, without a word.
    pub(crate) fn fence_all(&self) {
        let now = self.clock.now();
        for live in self.live.lock().values() {
            live.end(now, Ended::Fenced);
        }
    }

    /// Tells every lobby to finish (`Command::Drain`) or to stop now (`Command::Interrupt`).
    pub(crate) fn stop(&self, order: &Command) {
        self.stopping.cancel();
        let now = self.clock.now();
        for live in self.live.lock().values() {
            live.tell(now, order.clone());
        }
    }

    /// Waits until every lobby's task has ended. [`Self::stop`] comes first.
    pub(crate) async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }
}
