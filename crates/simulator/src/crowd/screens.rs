//! What the crowd sees of lobbies: the newest news of each, however it came.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::LobbyId;
use parking_lot::Mutex;
use protocol::rounds::Phase;
use tokio::sync::Notify;

/// One screen a lobby. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Screens(Arc<Mutex<BTreeMap<LobbyId, Arc<Screen>>>>);

/// What is shown of one lobby.
#[derive(Default)]
pub(crate) struct Screen {
    news: Mutex<News>,
    changed: Notify,
}

/// How a lobby stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// Epoch and sequence: what comes late is not believed.
    pub(crate) at: (u64, u64),
    pub(crate) round: u32,
    pub(crate) phase: Phase,
}

impl Default for News {
    fn default() -> Self {
        Self { at: (0, 0), round: 0, phase: Phase::Settled }
    }
}

impl Screens {
    pub(crate) fn of(&self, lobby: LobbyId) -> Arc<Screen> {
        Arc::clone(self.0.lock().entry(lobby).or_default())
    }

    /// Shows `news` unless something newer is shown.
    pub(crate) fn show(&self, lobby: LobbyId, news: News) {
        let screen = self.of(lobby);
        {
            let mut shown = screen.news.lock();
            if news.at < shown.at || news == *shown {
                return;
            }
            *shown = news;
        }
        screen.changed.notify_waiters();
    }
}

impl Screen {
    pub(crate) fn news(&self) -> News {
        *self.news.lock()
    }

    /// Waits until `holds` of what is shown.
    pub(crate) async fn wait_for(&self, holds: impl Fn(News) -> bool + Send) -> News {
        loop {
            let changed = self.changed.notified();
            let news = self.news();
            if holds(news) {
                return news;
            }
            changed.await;
        }
    }
}
