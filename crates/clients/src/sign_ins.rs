//! Keys of tokens and ends of sign-ins, from afar.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use contracts::{EndedSignIn, IdentityError, Known, SignIns, Since};
use platform::http::Json;
use protocol::internal::sign_ins::{EndedBody, KnownAnswer, KnownBody};
use protocol::internal::{Failure, Reply};
use protocol::wire::WirePlayerId;

use crate::routes::SIGN_INS;
use crate::{Access, Channel};

/// What the user role of another process knows.
pub struct HttpSignIns {
    channel: Channel,
    /// The last time had no answer.
    failing: AtomicBool,
}

impl HttpSignIns {
    /// The user role behind `channel`.
    #[must_use]
    pub const fn new(channel: Channel) -> Self {
        Self { channel, failing: AtomicBool::new(false) }
    }
}

#[async_trait]
impl SignIns for HttpSignIns {
    async fn known(&self, since: &Since) -> Result<Known, IdentityError> {
        let unavailable = |reason: &dyn std::fmt::Display| {
            // Who asks goes on asking: the first failure in a row says it.
            if !self.failing.swap(true, Ordering::Relaxed) {
                tracing::warn!(%reason, "keys and sign-outs could not be asked for");
            }
            IdentityError::Unavailable
        };
        let body = KnownBody { since_ms: since.at_ms, after: since.session.clone() };
        let answer = self.channel.call::<_, Reply<KnownAnswer>>(SIGN_INS, &body).await;
        let Reply::Answered(answer) = answer.map_err(|error| unavailable(&error))? else {
            return Err(IdentityError::Unavailable);
        };
        let ended = answer.ended.into_iter().map(|EndedBody { player, session, at_ms }| {
            EndedSignIn { player: player.0, session, at_ms }
        });
        self.failing.store(false, Ordering::Relaxed);
        Ok(Known { keys: answer.keys, ended: ended.collect(), more: answer.more })
    }
}

/// The route by which other processes learn what `sign_ins` knows.
pub fn sign_ins_routes(sign_ins: Arc<dyn SignIns>, access: Access) -> Router {
    access.guard(Router::new().route(SIGN_INS, post(known))).with_state(sign_ins)
}

async fn known(
    State(sign_ins): State<Arc<dyn SignIns>>,
    Json(KnownBody { since_ms, after }): Json<KnownBody>,
) -> Json<Reply<KnownAnswer>> {
    let since = Since { at_ms: since_ms, session: after };
    let Ok(Known { keys, ended, more }) = sign_ins.known(&since).await else {
        return Json(Reply::Failed(Failure::Unavailable));
    };
    let ended = ended.into_iter().map(|EndedSignIn { player, session, at_ms }| EndedBody {
        player: WirePlayerId(player),
        session,
        at_ms,
    });
    Json(Reply::Answered(KnownAnswer { keys, ended: ended.collect(), more }))
}
