//! Signing in, staying signed in, and signing out.
//!
//! What ends a sign-in runs to its end also if whoever asked hangs up: once it is stored, its
//! access tokens are refused here and its sockets are told about.

use std::sync::Arc;

use kernel::{PlayerId, Sealed};
use platform::http::{AuthenticatedPlayer, Network};
use platform::traces::Place;
use protocol::auth::{Credentials, PasswordChange, SignedIn};
use protocol::notice::{Notice, SignedOut};
use protocol::wire::WirePlayerId;
use tokens::PlayerClaims;

use super::{AuthError, PASSWORD_MAX, Service, Shared, is_username};
use crate::metrics::{EndReason, LoginOutcome, RefreshOutcome};
use crate::refresh::{RefreshToken, Secret};
use crate::store::{NewSession, Replacement, Rotated, Rotation, StoredPlayer};

impl Service {
    /// Gives a pair of tokens to whoever knows the password.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] (also if the password was replaced meanwhile),
    /// [`AuthError::Throttled`], [`AuthError::Overloaded`], or the store's.
    pub async fn login(
        &self,
        network: Option<Network>,
        credentials: Credentials,
    ) -> Result<SignedIn, AuthError> {
        let Credentials { username, password } = credentials;
        let found = self.shared.prove(network, &username, &password).await?;
        let refresh = RefreshToken::open(&*self.shared.random);
        let new = NewSession {
            player: found.player,
            password_hash: found.password_hash,
            session: refresh.session(),
            handle: refresh.handle(),
            hash: refresh.hash(),
        };
        self.to_the_end(|shared| async move {
            let now_ms = shared.clock.unix_ms();
            let opened = shared.store.open_session(new, now_ms, shared.bounds()).await?;
            let too_many = opened.ok_or(AuthError::InvalidCredentials)?;
            shared.end(found.player, &too_many, EndReason::TooMany);
            Ok(())
        })
        .await?;
        self.shared.metrics.login(LoginOutcome::Accepted);
        Ok(self.shared.pair(found.player, found.username, &refresh))
    }

    /// Spends a refresh token for a fresh pair. One that was spent before ends its sign-in, but
    /// for ten seconds, in which it is taken for a retry.
    ///
    /// # Errors
    /// [`AuthError::RefreshRefused`], [`AuthError::RefreshOver`], or the store's.
    pub async fn refresh(&self, shown: &str) -> Result<SignedIn, AuthError> {
        let Some(shown) = RefreshToken::parse(shown) else {
            self.shared.metrics.refresh(RefreshOutcome::Refused);
            return Err(AuthError::RefreshRefused);
        };
        let next = Secret::new(&*self.shared.random).of(shown.handle());
        let session = next.session();
        let rotation =
            Rotation { session: session.clone(), shown: shown.hash(), next: next.hash() };
        let rotated = self.to_the_end(|shared| async move {
            let now_ms = shared.clock.unix_ms();
            let rotated = shared.store.rotate(rotation, now_ms, shared.bounds()).await?;
            if let Rotated::Reused(player) = rotated {
                tracing::warn!(player.id = %player, "a spent refresh token came again");
                shared.end(player, &[session], EndReason::Reused);
            }
            Ok(rotated)
        });
        let (outcome, answer) = match rotated.await? {
            Rotated::Fresh(player, username) => {
                (RefreshOutcome::Accepted, Ok(self.shared.pair(player, username, &next)))
            }
            Rotated::Unknown => (RefreshOutcome::Refused, Err(AuthError::RefreshRefused)),
            Rotated::Over => (RefreshOutcome::Over, Err(AuthError::RefreshOver)),
            Rotated::Reused(_) => (RefreshOutcome::Reused, Err(AuthError::RefreshRefused)),
        };
        self.shared.metrics.refresh(outcome);
        answer
    }

    /// Ends the sign-in whose token was shown, or all of the player's. Open bets ride.
    ///
    /// # Errors
    /// The store's.
    pub async fn logout(
        &self,
        asker: AuthenticatedPlayer,
        everywhere: bool,
    ) -> Result<(), AuthError> {
        let AuthenticatedPlayer { player, session, .. } = asker;
        let only = (!everywhere).then_some(session);
        self.to_the_end(|shared| async move {
            let (now_ms, bounds) = (shared.clock.unix_ms(), shared.bounds());
            let ended = shared.store.end_sessions(player, only, now_ms, bounds).await?;
            shared.end(player, &ended, EndReason::SignedOut);
            Ok(())
        })
        .await
    }

    /// Replaces the password of whoever knows it, and ends the player's other sign-ins.
    ///
    /// # Errors
    /// [`AuthError::InvalidPassword`], [`AuthError::InvalidCredentials`] (also if it was replaced
    /// meanwhile), [`AuthError::Throttled`], [`AuthError::Overloaded`], or the store's.
    pub async fn change_password(
        &self,
        network: Option<Network>,
        asker: AuthenticatedPlayer,
        change: PasswordChange,
    ) -> Result<SignedIn, AuthError> {
        let PasswordChange { old_password, new_password } = change;
        self.shared.allow_password(&new_password)?;
        let found = self.shared.prove(network, &asker.username, &old_password).await?;
        let new_hash = self.shared.passwords.hash(network, &new_password).await?;
        let secret = Secret::new(&*self.shared.random);
        let replacement = Replacement {
            player: asker.player,
            old_hash: found.password_hash,
            new_hash: Sealed::new(new_hash),
            session: asker.session,
            next: secret.hash(),
        };
        let replaced = self.to_the_end(|shared| async move {
            let (now_ms, bounds) = (shared.clock.unix_ms(), shared.bounds());
            let replaced = shared.store.replace_password(replacement, now_ms, bounds).await?;
            let replaced = replaced.ok_or(AuthError::InvalidCredentials)?;
            tracing::info!(player.id = %asker.player, "changed the password");
            shared.end(asker.player, &replaced.ended, EndReason::PasswordChanged);
            Ok(replaced)
        });
        let refresh = secret.of(replaced.await?.handle);
        Ok(self.shared.pair(asker.player, found.username, &refresh))
    }

    /// Runs `work` to its end, whoever waits for it.
    async fn to_the_end<T, F>(&self, work: impl FnOnce(Arc<Shared>) -> F) -> Result<T, AuthError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AuthError>> + Send + 'static,
    {
        let work = tokio::spawn(Place::here().within(work(Arc::clone(&self.shared))));
        work.await.map_err(|_| AuthError::Broken)?
    }
}

impl Shared {
    /// The player of this name, if the password is right. Fast guessing is not looked at.
    async fn prove(
        &self,
        network: Option<Network>,
        username: &str,
        password: &str,
    ) -> Result<StoredPlayer, AuthError> {
        // No such name or password was ever stored; refused without counting, asking or hashing.
        if !is_username(username) || password.chars().count() > PASSWORD_MAX {
            self.metrics.login(LoginOutcome::Refused);
            return Err(AuthError::InvalidCredentials);
        }
        let who = self.throttle.who(username, network);
        let attempt = self.throttle.take(who, self.clock.now()).map_err(|refused| {
            self.metrics.login(LoginOutcome::Throttled);
            self.metrics.throttle(refused.budget);
            AuthError::Throttled { retry_after_s: refused.retry_after_s }
        })?;
        let checked = self.check(network, username, password).await;
        // Whoever hangs up before the answer has used the try up all the same.
        if !matches!(checked, Ok(None)) {
            attempt.give_back();
        }
        let Some(found) = checked? else {
            self.metrics.login(LoginOutcome::Refused);
            return Err(AuthError::InvalidCredentials);
        };
        self.throttle.remember(who);
        Ok(found)
    }

    /// The player of this name, if the password is right; it takes as long if there is none.
    async fn check(
        &self,
        network: Option<Network>,
        username: &str,
        password: &str,
    ) -> Result<Option<StoredPlayer>, AuthError> {
        let found = self.store.find(username).await?;
        let stored = found.as_ref().map(|found| found.password_hash.expose().as_str());
        let right = self.passwords.check(network, password, stored).await?;
        Ok(found.filter(|_| right))
    }

    /// These sign-ins of `player` are over, stored: their tokens are refused from now on, and
    /// gateways hear of it.
    fn end(&self, player: PlayerId, sessions: &[String], reason: EndReason) {
        let until_s = self.now_s();
        for session in sessions {
            self.verifier.revoke(player, until_s, Some(session));
            let notice = Notice::SignedOut(SignedOut {
                user_id: WirePlayerId(player),
                until_s,
                session: Some(session.clone()),
            });
            match serde_json::to_vec(&notice) {
                Ok(notice) => self.bus.notify(notice.into()),
                Err(error) => tracing::error!(%error, "a notice could not be written"),
            }
        }
        self.metrics.ended(reason, sessions.len());
    }

    fn pair(&self, player: PlayerId, username: String, refresh: &RefreshToken) -> SignedIn {
        let expires_in = self.config.token_minutes() * 60;
        let issued_at_s = self.now_s();
        let expires_at_s = issued_at_s + i64::from(expires_in);
        let session = refresh.session();
        let claims = PlayerClaims { player, username, session, issued_at_s, expires_at_s };
        SignedIn::bearer(self.signer.sign(&claims), expires_in, refresh.text())
    }

    fn now_s(&self) -> i64 {
        self.clock.unix_ms().div_euclid(1_000)
    }
}
