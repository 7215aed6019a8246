//! Who a socket's messages come from. Nobody is believed for a `user_id`, only for a token.

use std::sync::Arc;

use kernel::{PlayerId, Sealed};
use platform::clock::Clock;
use protocol::Problem;
use realtime::Session;
use tokens::{PlayerClaims, TokenError, Verifier};

use crate::refusal::invalid_token;

/// How long after its end a genuine token still cashes out, in seconds: an open bet outlives it.
const GRACE_S: u32 = 24 * 60 * 60;

/// Checks tokens.
pub(crate) struct Proof {
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
}

impl Proof {
    pub(crate) fn new(verifier: Arc<Verifier>, clock: Arc<dyn Clock>) -> Self {
        Self { verifier, clock }
    }

    /// Remembers who the socket is if a token that is good now proves it: the message's, or the
    /// handshake's. Watching needs none, so a bad one is no problem here.
    pub(crate) fn recognize(&self, session: &Session, token: Option<&Sealed<String>>) {
        if let Some(token) = token.or_else(|| session.token())
            && let Ok(claims) = self.verifier.verify(token.expose(), self.now_s())
        {
            session.set_player(claims.player);
        }
    }

    /// Who bets: a token that is good now, the message's or the handshake's.
    ///
    /// # Errors
    /// `Invalid token`.
    pub(crate) fn for_bet(
        &self,
        session: &Session,
        token: Option<&Sealed<String>>,
    ) -> Result<PlayerClaims, Problem> {
        let token = token.or_else(|| session.token()).ok_or_else(|| invalid_token(None))?;
        let claims = self.verifier.verify(token.expose(), self.now_s());
        let claims = claims.map_err(|error| invalid_token(Some(error)))?;
        session.set_player(claims.player);
        Ok(claims)
    }

    /// Who cashes out: a genuine token that ended less than a day ago, or ended at any time if
    /// this socket proved the same player before, or, without any, what this socket proved, or
    /// its handshake's token. A token that has ended proves nothing but this: the socket is told
    /// no secrets for it.
    ///
    /// # Errors
    /// `Invalid token`.
    pub(crate) fn for_cash_out(
        &self,
        session: &Session,
        token: Option<&Sealed<String>>,
    ) -> Result<PlayerId, Problem> {
        let proved = [session.player(), session.former_player()];
        let known = proved.into_iter().flatten().next();
        let token = match (token, known) {
            (None, Some(player)) => return Ok(player),
            (token, _) => token.or_else(|| session.token()).ok_or_else(|| invalid_token(None))?,
        };
        let at_any_time = self.verifier.verify_with_grace(token.expose(), self.now_s(), u32::MAX);
        let claims = at_any_time.map_err(|error| invalid_token(Some(error)))?;
        if claims.expires_at_s > self.now_s() {
            session.set_player(claims.player);
        } else if !proved.contains(&Some(claims.player)) {
            let graced = claims.expires_at_s.saturating_add(i64::from(GRACE_S));
            if graced <= self.now_s() {
                return Err(invalid_token(Some(TokenError::Expired)));
            }
            session.set_former_player(claims.player);
        }
        Ok(claims.player)
    }

    fn now_s(&self) -> i64 {
        self.clock.unix_ms().div_euclid(1_000)
    }
}
