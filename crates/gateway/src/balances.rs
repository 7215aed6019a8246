//! What players here can stake, as far as it is known: the newest notice of each, or what the
//! wallet answers.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use http::header;
use kernel::{PlayerId, Sealed};
use parking_lot::Mutex;
use protocol::notice::BalanceNotice;
use protocol::wallet::Balance;
use protocol::wire::WireAmount;
use realtime::{Hub, Session};

use crate::upstream::Upstream;

/// Bytes of an answer about a balance, and many more.
const ANSWER_BYTES_MAX: usize = 4_096;

/// Balances of the players who have sockets here. A clone is the same.
#[derive(Clone)]
pub(crate) struct Balances(Arc<Inner>);

struct Inner {
    hub: Hub,
    user: Arc<dyn Upstream>,
    newest: Mutex<HashMap<PlayerId, BalanceNotice>>,
}

impl Balances {
    pub(crate) fn new(hub: Hub, user: Arc<dyn Upstream>) -> Self {
        Self(Arc::new(Inner { hub, user, newest: Mutex::default() }))
    }

    /// Keeps the notice if its player is here and it is newer than what is known; whether it is.
    pub(crate) fn take(&self, notice: &BalanceNotice) -> bool {
        let player = notice.user_id.0;
        if self.0.hub.sessions_of(player).is_empty() {
            return false;
        }
        let mut newest = self.0.newest.lock();
        let is_news = newest.get(&player).is_none_or(|known| known.version < notice.version);
        if is_news {
            newest.insert(player, notice.clone());
        }
        is_news
    }

    /// What the newest notice says.
    pub(crate) fn newest(&self, player: PlayerId) -> Option<WireAmount> {
        self.0.newest.lock().get(&player).map(|notice| notice.balance)
    }

    /// What the wallet says to the token's player; none if it does not.
    pub(crate) async fn read(&self, token: &Sealed<String>) -> Option<WireAmount> {
        let bearer = format!("Bearer {}", token.expose());
        let request = Request::get("/user/v1/balance").header(header::AUTHORIZATION, bearer);
        let answer = self.0.user.call(request.body(Body::empty()).ok()?).await;
        if !answer.status().is_success() {
            return None;
        }
        let json = axum::body::to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.ok()?;
        serde_json::from_slice::<Balance>(&json).ok().map(|balance| balance.balance)
    }

    /// Forgets the player whose last socket, this one, is gone.
    pub(crate) fn forget_unless_here(&self, player: PlayerId, gone: &Session) {
        let here = self.0.hub.sessions_of(player);
        if here.iter().all(|session| session.id() == gone.id()) {
            self.0.newest.lock().remove(&player);
        }
    }

    /// Notices were lost: what is known may be old.
    pub(crate) fn forget_all(&self) {
        self.0.newest.lock().clear();
    }
}
