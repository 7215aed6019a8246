//! Who a socket's messages come from. Nobody is believed for a `user_id`, only for a token.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::{PlayerId, Sealed};
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::{Code, Problem};
use realtime::{CloseCode, Session, SessionId};
use tokens::{PlayerClaims, Proven, TokenError, Verifier};

use crate::refusal::invalid_token;

/// How long after its end a genuine token still cashes out, in seconds: an open bet outlives it.
const GRACE_S: u32 = 24 * 60 * 60;

/// Checks tokens, and keeps what plain sockets proved with theirs.
pub(crate) struct Proof {
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
    proved: Mutex<HashMap<SessionId, Arc<Proved>>>,
}

/// What a plain socket proved, by the token it showed last.
pub(crate) struct Proved {
    proven: Proven,
    pub(crate) token: Sealed<String>,
}

impl Proved {
    pub(crate) const fn claims(&self) -> &PlayerClaims {
        self.proven.claims()
    }
}

impl Proof {
    pub(crate) fn new(verifier: Arc<Verifier>, clock: Arc<dyn Clock>) -> Self {
        Self { verifier, clock, proved: Mutex::default() }
    }

    /// Remembers who the socket is if a token that is good now proves it: the message's, or the
    /// handshake's. Watching needs none, so a bad one is no problem here.
    pub(crate) fn recognize(&self, session: &Session, token: Option<&Sealed<String>>) {
        if let Some(token) = token.or_else(|| session.token())
            && let Ok(claims) = self.verifier.verify(token.expose(), self.now_s())
        {
            self.remember(session, token, &claims);
        }
    }

    /// `authenticate` of a plain socket. A token that has ended is refused, and yet what it proves
    /// is kept: this socket may still cash out.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, or `forbidden` for a socket that is another player's.
    pub(crate) fn authenticate(
        &self,
        session: &Session,
        token: Sealed<String>,
    ) -> Result<PlayerClaims, Problem> {
        let proven = match self.verifier.verify_first(token.expose(), self.now_s()) {
            Ok(proven) => proven,
            Err(TokenError::Expired) => {
                self.for_cash_out(session, Some(&token))?;
                let detail = "The token expired: cash-outs are still taken, sign in to bet";
                return Err(Problem::new(Code::TokenExpired, detail));
            }
            Err(error) => return Err(invalid_token(Some(error))),
        };
        let claims = proven.claims().clone();
        let known = session.player().or_else(|| session.former_player());
        if known.is_some_and(|player| player != claims.player) {
            let detail = "This socket is another player's, open one of your own";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        self.remember(session, &token, &claims);
        self.proved.lock().insert(session.id(), Arc::new(Proved { proven, token }));
        Ok(claims)
    }

    /// Who a plain socket is, by a token that is good now.
    ///
    /// # Errors
    /// `unauthenticated` or `token_expired`.
    pub(crate) fn of(&self, session: &Session) -> Result<Arc<Proved>, Problem> {
        let proved = self.proved.lock().get(&session.id()).cloned();
        match proved {
            // Looked at again each time: the notice of a sign-out may have been lost.
            Some(proved) => match self.still_good(&proved) {
                Ok(()) => Ok(proved),
                Err(error) => Err(Self::outlived(session, error)),
            },
            None if session.former_player().is_none() => {
                let detail = "Authenticate first: watching needs no token, playing does";
                Err(Problem::new(Code::Unauthenticated, detail))
            }
            None => Err(token_expired()),
        }
    }

    fn still_good(&self, proved: &Proved) -> Result<(), TokenError> {
        self.verifier.verify_again(&proved.proven, proved.token.expose(), self.now_s())
    }

    /// What a socket is told whose token was good once; one that was signed out is closed.
    fn outlived(session: &Session, error: TokenError) -> Problem {
        if error == TokenError::Expired {
            return token_expired();
        }
        session.close(CloseCode::LoggedOut);
        invalid_token(Some(error))
    }

    /// The session is gone.
    pub(crate) fn forget(&self, session: &Session) {
        self.proved.lock().remove(&session.id());
    }

    /// Seconds for which the token of `claims` is still good.
    pub(crate) fn seconds_left(&self, claims: &PlayerClaims) -> u64 {
        u64::try_from(claims.expires_at_s.saturating_sub(self.now_s())).unwrap_or_default()
    }

    /// From now on the session is the player's. A sign-out that was told meanwhile did not find
    /// the session among the player's, so the token is looked at once more.
    fn remember(&self, session: &Session, token: &Sealed<String>, claims: &PlayerClaims) {
        session.set_sign_in(Some(claims.session.clone()), claims.issued_at_s);
        session.set_player(claims.player);
        let again = self.verifier.verify(token.expose(), self.now_s());
        if again == Err(TokenError::Revoked) {
            session.close(CloseCode::LoggedOut);
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
        self.remember(session, token, &claims);
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
            self.remember(session, token, &claims);
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

fn token_expired() -> Problem {
    Problem::new(Code::TokenExpired, "The token expired, authenticate again")
}
