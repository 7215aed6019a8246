//! Which lobbies there are, and which of them have a task.
//!
//! A lobby gets its task when it is first touched; until then it costs a row.

mod again;

use std::collections::HashMap;
use std::sync::Arc;

use cluster::Bus;
use contracts::{PlayError, PlayRefusal};
use engine::{Command, Mode};
use kernel::LobbyId;
use parking_lot::Mutex;
use platform::clock::Clock;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::live::LiveLobby;
use crate::lobby_task::LobbyTask;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::outbox::{Gate, LiveLobbies};
use crate::pictures::Pictures;
use crate::takeover::{Taken, Takeover, TakeoverError};

/// The registry of this node's lobbies.
pub(crate) struct Lobbies {
    pub(crate) takeover: Takeover,
    pub(crate) live: LiveLobbies,
    /// Read by whoever takes over, so that nothing is sent meanwhile.
    pub(crate) gate: Gate,
    /// One take-over at a time for each lobby.
    waking: Mutex<HashMap<LobbyId, Arc<AsyncMutex<()>>>>,
    pub(crate) outbound: Outbound,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) tasks: TaskTracker,
    stopping: CancellationToken,
    /// How many may be played at once.
    limit: usize,
}

/// What a registry is made of.
pub(crate) struct Parts {
    pub(crate) takeover: Takeover,
    pub(crate) live: LiveLobbies,
    pub(crate) outbound: Outbound,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) lobbies_max: usize,
}

impl Lobbies {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { takeover, live, outbound, bus, clock, metrics, lobbies_max } = parts;
        Self {
            takeover,
            live,
            gate: Gate::default(),
            waking: Mutex::default(),
            outbound,
            bus,
            clock,
            metrics,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            limit: lobbies_max,
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
        let live = self.own(lobby, 0).await?;
        live.opened(&*self.clock).await;
        Ok(live)
    }

    async fn own(
        self: &Arc<Self>,
        lobby: LobbyId,
        tries: u32,
    ) -> Result<Arc<LiveLobby>, PlayError> {
        if let Some(live) = self.awake(lobby) {
            return Ok(live);
        }
        let waking = Arc::clone(self.waking.lock().entry(lobby).or_default());
        let turn = waking.lock().await;
        let woken = match self.awake(lobby) {
            Some(live) => Ok(live),
            None if self.is_stopping() => Err(PlayRefusal::Draining.into()),
            None if self.live.lock().len() >= self.limit => Err(PlayRefusal::Overloaded.into()),
            None => self.start(lobby, tries).await,
        };
        drop(turn);
        let mut all_waking = self.waking.lock();
        // The map's and ours: nobody else waits for a turn.
        if Arc::strong_count(&waking) <= 2 {
            all_waking.remove(&lobby);
        }
        woken
    }

    /// The lobby, if it has a task or had one that ended.
    pub(crate) fn awake(&self, lobby: LobbyId) -> Option<Arc<LiveLobby>> {
        self.live.lock().get(&lobby).cloned()
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
            Ok(taken) if taken.lobby.rules().mode == Mode::Continuous => {
                self.play(taken, 0);
            }
            Ok(_) => {}
            Err(_) => {
                let lobbies = Arc::clone(self);
                self.tasks.spawn(async move {
                    lobbies.pause(0).await;
                    lobbies.persist(lobby, 1).await;
                });
            }
        }
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
        };
        self.live.lock().insert(lobby, Arc::clone(&live));
        self.metrics.lobbies.inc();
        let played = tokio::spawn(task.run());
        self.tasks.spawn(Arc::clone(self).watch(Arc::clone(&live), played, tries));
        if self.is_stopping() {
            live.tell(self.clock.now(), Command::Drain);
        }
        live
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
