//! Keys of tokens and ends of sign-ins, from afar.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use contracts::{EndedSignIn, IdentityError, Known, SignIns};
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
    async fn known(&self, since_ms: i64) -> Result<Known, IdentityError> {
        let unavailable = |reason: &dyn std::fmt::Display| {
            // Who asks goes on asking: the first failure in a row says it.
            if !self.failing.swap(true, Ordering::Relaxed) {
                tracing::warn!(%reason, "keys and sign-outs could not be asked for");
            }
            IdentityError::Unavailable
        };
        let body = KnownBody { since_ms };
        let answer = self.channel.call::<_, Reply<KnownAnswer>>(SIGN_INS, &body).await;
        let Reply::Answered(answer) = answer.map_err(|error| unavailable(&error))? else {
            return Err(IdentityError::Unavailable);
        };
        let keys = answer.keys.iter().map(|key| from_hex(key)).collect::<Option<Vec<_>>>();
        let keys = keys.ok_or_else(|| unavailable(&"a key is not 32 bytes in hex"))?;
        let ended = answer.ended.into_iter().map(|EndedBody { player, session, at_ms }| {
            EndedSignIn { player: player.0, session, at_ms }
        });
        self.failing.store(false, Ordering::Relaxed);
        Ok(Known { keys, ended: ended.collect() })
    }
}

/// The route by which other processes learn what `sign_ins` knows.
pub fn sign_ins_routes(sign_ins: Arc<dyn SignIns>, access: Access) -> Router {
    access.guard(Router::new().route(SIGN_INS, post(known))).with_state(sign_ins)
}

async fn known(
    State(sign_ins): State<Arc<dyn SignIns>>,
    Json(KnownBody { since_ms }): Json<KnownBody>,
) -> Json<Reply<KnownAnswer>> {
    let Ok(Known { keys, ended }) = sign_ins.known(since_ms).await else {
        return Json(Reply::Failed(Failure::Unavailable));
    };
    let keys = keys.iter().map(to_hex).collect();
    let ended = ended.into_iter().map(|EndedSignIn { player, session, at_ms }| EndedBody {
        player: WirePlayerId(player),
        session,
        at_ms,
    });
    Json(Reply::Answered(KnownAnswer { keys, ended: ended.collect() }))
}

fn to_hex(key: &[u8; 32]) -> String {
    key.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::{from_hex, to_hex};

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is_a_key() {
        let key = std::array::from_fn(|place| u8::try_from(place * 7).unwrap());
        assert_eq!(from_hex(&to_hex(&key)), Some(key));
        for text in ["", "00", &"g0".repeat(32), &"é".repeat(32), &"00".repeat(33)] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
