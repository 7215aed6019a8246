//! One listener a lobby: takes its pictures off the bus and tells everyone here, encoded once for
//! each way that sockets speak.
//!
//! It begins with the first socket that comes to the lobby and ends when nobody is there. What a
//! picture loses, a snapshot from the owner repairs before anybody sees the gap; the results that
//! were for one player alone come from the record of their round.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cluster::{Bus, Delivery, Subscription};
use contracts::PlayError;
use kernel::{BetId, LobbyId, PlayerId, RoundId};
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::picture::{Picture, PictureEvent, Snapshot};
use protocol::plain::Head;
use protocol::{Code, Problem};
use realtime::{Encoded, Hub, Importance, Session};

use crate::metrics::Metrics;
use crate::play::Owners;
use crate::refusal;
use crate::upstream::Upstream;
use instants::Arrived;
use recent::{Place, Recent};
use results::Results;
use story::{Continuity, Story, Told};
use tokio::sync::Notify;
pub(crate) use welcome::Greeting;
use welcome::Welcome;

mod instants;
mod recent;
mod results;
mod story;
mod welcome;

/// How often a joining socket asks for a newer snapshot before it takes an older one.
const JOIN_TRIES: u32 = 5;

/// How long a snapshot waits for the pictures that it holds already; then they are lost.
const CATCH_UP: Duration = Duration::from_millis(250);

/// All feeds of this process. A clone is the same.
#[derive(Clone)]
pub(crate) struct Feeds(Arc<Inner>);

struct Inner {
    hub: Hub,
    bus: Arc<dyn Bus>,
    owners: Owners,
    clock: Arc<dyn Clock>,
    /// Where rounds that are over are read.
    game: Arc<dyn Upstream>,
    metrics: Metrics,
    /// How long a feed waits for a picture before it asks the owner, or ends if nobody is there.
    quiet: Duration,
    /// How often the owner hears that somebody is there.
    visit_ms: u64,
    by_lobby: Mutex<HashMap<LobbyId, Arc<Feed>>>,
}

/// What the listeners of one lobby have been told. Everything is told under this lock, so that a
/// socket joins between two events, never within one.
struct Feed {
    lobby: LobbyId,
    state: Mutex<State>,
    /// Wakes who waits for the listeners to be told more.
    told: Notify,
}

struct State {
    story: Story,
    recent: Recent,
    results: Results,
}

/// What feeds are made of.
pub(crate) struct Parts {
    pub(crate) hub: Hub,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) owners: Owners,
    pub(crate) game: Arc<dyn Upstream>,
    pub(crate) metrics: Metrics,
    pub(crate) quiet: Duration,
    pub(crate) visit_ms: u64,
}

impl Feeds {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { hub, bus, owners, game, metrics, quiet, visit_ms } = parts;
        let (clock, by_lobby) = (owners.clock(), Mutex::default());
        Self(Arc::new(Inner { hub, bus, owners, clock, game, metrics, quiet, visit_ms, by_lobby }))
    }

    /// Puts the session into the lobby: it is told the greeting with a snapshot, and from then on
    /// what happens there, without a gap and without a repetition.
    ///
    /// # Errors
    /// The owner's problem with the lobby. The session stays where it was.
    pub(crate) async fn join(
        &self,
        session: &Session,
        lobby: LobbyId,
        greeting: Greeting<'_>,
    ) -> Result<(), Problem> {
        // Only a lobby that exists gets a feed.
        let mut snapshot = self.snapshot(session, lobby).await?;
        let existing = self.0.by_lobby.lock().get(&lobby).cloned();
        let feed = if let Some(feed) = existing {
            feed
        } else {
            let feed = self.open(lobby);
            snapshot = self.snapshot(session, lobby).await?;
            feed
        };
        for _ in 0..JOIN_TRIES {
            feed.catch_up(snapshot.thing()).await;
            let welcome = Welcome::new(snapshot.measured(&*self.0.clock), greeting);
            if feed.admit(&self.0.hub, session, &welcome, false) {
                return Ok(());
            }
            snapshot = self.snapshot(session, lobby).await?;
        }
        let welcome = Welcome::new(snapshot.measured(&*self.0.clock), greeting);
        feed.admit(&self.0.hub, session, &welcome, true);
        Ok(())
    }

    /// Tells the session what concerns its player in the lobby, joined or not.
    pub(crate) fn follow(&self, session: &Session, lobby: LobbyId) {
        // The feed is kept while it is held here, so it cannot end before the hub knows.
        let feed = self.open(lobby);
        self.0.hub.follow(session, lobby);
        drop(feed);
    }

    /// The round of the lobby that takes bets, if its listener knows one.
    pub(crate) fn open_round(&self, lobby: LobbyId) -> Option<u32> {
        let feed = self.0.by_lobby.lock().get(&lobby).cloned();
        feed.and_then(|feed| feed.state.lock().story.open_round())
    }

    /// The player was told how the bet ended, otherwise than by a picture.
    pub(crate) fn told_result(&self, round: RoundId, player: PlayerId, bet: BetId) {
        let feed = self.0.by_lobby.lock().get(&round.lobby).cloned();
        if let Some(feed) = feed {
            feed.state.lock().results.note(round.number, (player, bet));
        }
    }

    /// Where the listeners of the lobby are, if it has any.
    pub(crate) fn told_up_to(&self, lobby: LobbyId) -> Option<Head> {
        let feed = self.0.by_lobby.lock().get(&lobby).cloned();
        feed.map(|feed| feed.state.lock().story.told_up_to())
    }

    async fn snapshot(
        &self,
        session: &Session,
        lobby: LobbyId,
    ) -> Result<Arrived<Snapshot>, Problem> {
        let json = self.0.owners.await_snapshot(lobby, session.player()).await;
        let json = json.map_err(|error| refusal::problem(&error))?;
        let snapshot = serde_json::from_slice(&json).map_err(|error| {
            tracing::error!(%error, lobby.id = %lobby, "a snapshot cannot be read");
            Problem::from(Code::Internal)
        })?;
        Ok(Arrived::now(snapshot, &*self.0.clock))
    }

    /// The feed of the lobby; it has begun to listen when this returns.
    fn open(&self, lobby: LobbyId) -> Arc<Feed> {
        let mut by_lobby = self.0.by_lobby.lock();
        if let Some(feed) = by_lobby.get(&lobby) {
            return Arc::clone(feed);
        }
        let feed = Arc::new(Feed::new(lobby));
        by_lobby.insert(lobby, Arc::clone(&feed));
        self.0.metrics.feeds.inc();
        let pictures = self.0.bus.subscribe(lobby);
        tokio::spawn(Arc::clone(&self.0).listen(Arc::clone(&feed), pictures));
        feed
    }
}

impl Inner {
    /// Tells what comes until nobody is there or the bus is gone.
    async fn listen(self: Arc<Self>, feed: Arc<Feed>, mut pictures: Subscription) {
        let mut visit_at = self.clock.now() + self.visit_ms;
        loop {
            match tokio::time::timeout(self.quiet, pictures.next()).await {
                Ok(Some(Delivery::Picture(json))) => self.take(&feed, &json).await,
                Ok(Some(Delivery::Lagged)) => self.repair_all(&feed).await,
                Ok(None) => break,
                // Nothing happens in a resting lobby, or nothing gets here: the owner knows.
                Err(_) if !self.hub.is_empty(feed.lobby) => self.look_after(&feed).await,
                Err(_) => {}
            }
            if self.clock.now() >= visit_at && !self.hub.is_empty(feed.lobby) {
                // Pictures tell their owner nothing of who watches: a look does.
                let _seen = self.owners.snapshot(feed.lobby, None).await;
                visit_at = self.clock.now() + self.visit_ms;
            }
            if self.is_over(&feed) {
                return;
            }
        }
        self.by_lobby.lock().remove(&feed.lobby);
        self.metrics.feeds.dec();
    }

    /// Whether nobody is there and nobody is coming; then the feed is forgotten.
    fn is_over(&self, feed: &Arc<Feed>) -> bool {
        if !self.hub.is_empty(feed.lobby) {
            return false;
        }
        let mut by_lobby = self.by_lobby.lock();
        // The map holds one and this task another; a third is a socket about to come in.
        let is_over = Arc::strong_count(feed) <= 2 && self.hub.is_empty(feed.lobby);
        if is_over {
            by_lobby.remove(&feed.lobby);
            self.metrics.feeds.dec();
        }
        is_over
    }

    async fn take(&self, feed: &Feed, json: &[u8]) {
        let mut picture = match Picture::from_json(json) {
            Ok(picture) => Arrived::now(picture, &*self.clock),
            Err(error) => {
                self.metrics.feed_unreadable.inc();
                tracing::warn!(%error, lobby.id = %feed.lobby, "a picture cannot be read");
                return;
            }
        };
        let told = picture.thing();
        if !feed.is_news(told) {
            return;
        }
        let may_be_over = results::may_be_over(&told.event);
        if feed.tell(&self.hub, |story, events| story.continue_with(told, events))
            == Continuity::Whole
        {
            if may_be_over {
                self.make_up(feed).await;
            }
            return;
        }
        let epoch = told.epoch;
        self.repair_all(feed).await;
        self.hear_new_owner(feed, epoch).await;
        let picture = picture.measure(&*self.clock);
        feed.tell(&self.hub, |story, told| {
            if story.continue_with(picture, told) == Continuity::Gap {
                // The owner could not say more: what came is better than nothing.
                story.tell(picture, told);
            }
        });
    }

    /// Brings the listeners to where the owner is.
    async fn repair(&self, feed: &Feed) {
        self.metrics.feed_repairs.inc();
        let snapshot = self.owners.snapshot(feed.lobby, None).await;
        let snapshot = snapshot.map(|json| serde_json::from_slice::<Snapshot>(&json));
        match snapshot {
            Ok(Ok(snapshot)) => feed.tell(&self.hub, |story, told| story.repair(&snapshot, told)),
            Ok(Err(error)) => tracing::error!(%error, "a snapshot cannot be read"),
            // The next picture, or the next quiet moment, asks again.
            Err(PlayError::Unavailable | PlayError::Refused(_)) => {}
        }
    }
}

impl Feed {
    fn new(lobby: LobbyId) -> Self {
        let (story, recent, results) = (Story::new(lobby), Recent::default(), Results::default());
        let state = Mutex::new(State { story, recent, results });
        Self { lobby, state, told: Notify::new() }
    }

    /// Moves the story on and tells what it says.
    fn tell<T>(&self, hub: &Hub, step: impl FnOnce(&mut Story, &mut Vec<Told>) -> T) -> T {
        let mut state = self.state.lock();
        let outcome = self.tell_locked(&mut state, hub, step);
        drop(state);
        self.told.notify_waiters();
        outcome
    }

    fn tell_locked<T>(
        &self,
        state: &mut State,
        hub: &Hub,
        step: impl FnOnce(&mut Story, &mut Vec<Told>) -> T,
    ) -> T {
        let mut told = Vec::new();
        let outcome = step(&mut state.story, &mut told);
        for told in told {
            match told {
                Told::Everyone(event) => {
                    hub.tell(self.lobby, &event);
                }
                Told::Player(player, event) => {
                    hub.to_player(self.lobby, player, &Encoded::from(&event));
                }
                Told::Picture(picture) => {
                    let event = Encoded::plain(&picture.event_json(), importance(&picture.event));
                    let to = picture.to.map(|player| player.0);
                    let at = state.story.told_up_to();
                    self.tell_plain(state, hub, ((at.epoch, at.seq), to), &event);
                }
                Told::Snapshot(snapshot) => {
                    let at = (snapshot.epoch, snapshot.seq);
                    let event = welcome::for_everyone(&snapshot);
                    self.tell_plain(state, hub, (at, None), &event);
                }
            }
        }
        outcome
    }

    fn tell_plain(
        &self,
        state: &mut State,
        hub: &Hub,
        (at, to): (Place, Option<PlayerId>),
        event: &Encoded,
    ) {
        state.recent.keep(at, to, event);
        match to {
            None => hub.broadcast(self.lobby, event),
            Some(player) => hub.to_player(self.lobby, player, event),
        };
    }

    /// Waits until the others have been told what `snapshot` holds: its pictures are on their way.
    async fn catch_up(&self, snapshot: &Snapshot) {
        let is_behind = || {
            let story = &self.state.lock().story;
            !story.is_new() && story.is_behind(snapshot)
        };
        let waited = async {
            loop {
                let told = self.told.notified();
                if !is_behind() {
                    return;
                }
                told.await;
            }
        };
        let _lost_if_late = tokio::time::timeout(CATCH_UP, waited).await;
    }

    /// Lets the session in with this welcome, and with what was told since it was made. Not if
    /// that cannot be told any more, unless the session may miss it.
    fn admit(&self, hub: &Hub, session: &Session, welcome: &Welcome, may_miss_some: bool) -> bool {
        let mut state = self.state.lock();
        let snapshot = &welcome.snapshot;
        let place = (snapshot.epoch, snapshot.seq);
        if state.story.is_new() {
            state.story.begin(snapshot);
            state.recent.begin(place);
        } else if state.story.is_behind(snapshot) {
            // Pictures were lost, and this snapshot is the first to say so.
            let before = state.story.told_up_to();
            self.tell_locked(&mut state, hub, |story, told| story.repair(snapshot, told));
            let now = state.story.told_up_to();
            state.results.were_lost(before.round, now.round);
        }
        let missed = if welcome.is_plain {
            state.recent.since(place, session.player())
        } else {
            state.story.is_covered_by(snapshot).then(Vec::new)
        };
        let Some(missed) = missed.or_else(|| may_miss_some.then(Vec::new)) else { return false };
        for event in welcome.events.iter().chain(&missed) {
            session.send_encoded(event);
        }
        hub.join(session, self.lobby);
        true
    }
}

/// A plain client draws the climb itself: it may miss a tick that tells of nobody.
const fn importance(event: &PictureEvent) -> Importance {
    match event {
        PictureEvent::Tick(tick) if tick.cash_outs.is_empty() => Importance::Tick,
        _ => Importance::Event,
    }
}

#[cfg(test)]
mod tests;
