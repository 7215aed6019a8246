//! What every gateway is told of players: their money moved, they signed out.

use std::collections::HashMap;
use std::sync::Arc;

use cluster::{Delivery, Subscription};
use kernel::LobbyId;
use protocol::notice::{BalanceNotice, Notice, SignedOut};
use protocol::plain::BalanceChanged;
use realtime::{CloseCode, Dialect, Encoded, Hub, Importance, Session};
use tokens::Verifier;

use crate::balances::Balances;
use crate::feed::Feeds;
use crate::metrics::Metrics;

/// Tells the sockets here what notices mean for them.
pub(crate) struct Notices {
    pub(crate) hub: Hub,
    pub(crate) feeds: Feeds,
    pub(crate) balances: Balances,
    pub(crate) verifier: Arc<Verifier>,
    /// The currency of every balance.
    pub(crate) currency: String,
    pub(crate) metrics: Metrics,
}

impl Notices {
    /// Listens until the bus is gone.
    pub(crate) async fn listen(self, mut notices: Subscription) {
        while let Some(delivery) = notices.next().await {
            match delivery {
                Delivery::Picture(json) => match serde_json::from_slice(&json) {
                    Ok(Notice::Balance(notice)) => self.balance(&notice),
                    Ok(Notice::SignedOut(notice)) => self.sign_out(&notice),
                    Err(error) => {
                        self.metrics.notices_unreadable.inc();
                        tracing::warn!(%error, "a notice cannot be read");
                    }
                },
                Delivery::Lagged => {
                    self.metrics.notices_lost.inc();
                    self.balances.forget_all();
                }
            }
        }
    }

    /// Tells all plain sockets of the player, each with the head of the lobby it follows.
    fn balance(&self, notice: &BalanceNotice) {
        if !self.balances.take(notice) {
            return;
        }
        let changed = BalanceChanged {
            balance: notice.balance,
            held: notice.held,
            currency: self.currency.clone(),
        };
        let sessions = self.hub.sessions_of(notice.user_id.0);
        let mut by_lobby: HashMap<Option<LobbyId>, Vec<Session>> = HashMap::new();
        for session in sessions.into_iter().filter(|one| one.dialect() == Dialect::Plain) {
            by_lobby.entry(session.lobby()).or_default().push(session);
        }
        for (lobby, sessions) in by_lobby {
            let head = lobby.and_then(|lobby| self.feeds.told_up_to(lobby));
            let event = Encoded::plain(&changed.json(head), Importance::Event);
            for session in sessions {
                session.send_encoded(&event);
            }
        }
    }

    /// Believes the tokens no more and closes the sockets that showed them.
    fn sign_out(&self, notice: &SignedOut) {
        let SignedOut { user_id, until_s, session } = notice;
        self.verifier.revoke(user_id.0, *until_s, session.as_deref());
        let is_meant = |one: &Session| {
            let Some(shown) = one.sign_in() else { return true };
            match session {
                Some(_) => shown.id == *session,
                None => shown.issued_at_s <= *until_s,
            }
        };
        self.hub.close_player(user_id.0, CloseCode::LoggedOut, is_meant);
    }
}
