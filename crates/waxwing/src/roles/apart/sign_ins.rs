//! Who is believed, in every process alike: keys that were replaced and sign-ins that were ended
//! are read again and again, since a notice of them may have been lost, or sent before we began.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use contracts::{EndedSignIn, IdentityError, Known, SignIns, Since};
use identity::store::{EndedSession, Store, StoreError};
use kernel::PlayerId;
use parking_lot::RwLock;
use platform::clock::Clock;
use platform::health::Check;
use tokens::{KEPT_S, Verifier, VerifyingKey};

/// How often all is read.
const READ_MS: u64 = 1_000;
/// How soon it is read again where it could not be, and where a token names an unknown key.
const AGAIN_MS: u64 = 200;
/// Ended sign-ins in one answer: a megabyte of it.
const PAGE: usize = 10_000;
/// What is read again each time.
const OVERLAP_MS: i64 = 60_000;
/// Ended sign-ins read at a time, and the most there are.
const SOME: u32 = 1_000;
const ALL: u32 = 1 << 18;

/// Keeps `verifier` told of what `source` knows.
pub(in crate::roles) async fn follow(
    source: Arc<dyn SignIns>,
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
    check: Check,
) {
    let mut since = Since::default();
    loop {
        let unknown = verifier.unknown_keys();
        let read_at = match source.known(&since).await {
            Ok(known) => {
                let more = known.more;
                since = since.max(take(&verifier, known));
                if more {
                    continue;
                }
                check.pass();
                // As much may be stored behind what was read.
                since = Since { at_ms: since.at_ms - OVERLAP_MS, session: String::new() };
                clock.now() + READ_MS
            }
            // What was read before still counts.
            Err(IdentityError::Unavailable) => clock.now() + AGAIN_MS,
        };
        loop {
            clock.sleep_until(clock.now() + AGAIN_MS).await;
            if clock.now() >= read_at || verifier.unknown_keys() != unknown {
                break;
            }
        }
    }
}

/// Takes over what is known; the last of it.
fn take(verifier: &Verifier, known: Known) -> Since {
    let keys: Result<Vec<_>, _> =
        known.keys.iter().map(|key| VerifyingKey::from_bytes(key)).collect();
    match keys {
        Ok(keys) if keys != verifier.trusted() => verifier.trust(keys),
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "a key of tokens cannot be read"),
    }
    let mut last = Since::default();
    for EndedSignIn { player, session, at_ms } in known.ended {
        verifier.revoke(player, at_ms.div_euclid(1_000), Some(&session));
        last = last.max(Since { at_ms, session });
    }
    last
}

/// What the user role answers, from memory: its database is read once a second, however many ask.
pub(in crate::roles) struct Book {
    store: Arc<dyn Store>,
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
    ended: RwLock<Ended>,
}

/// Sign-ins that were ended, by the instant of their end.
type Ended = BTreeMap<(i64, String), PlayerId>;

/// The first of them after `since`, and whether there are more.
fn page(ended: &Ended, since: &Since) -> (Vec<EndedSignIn>, bool) {
    let after = Bound::Excluded((since.at_ms, since.session.clone()));
    let mut behind = ended.range((after, Bound::Unbounded));
    let first = behind.by_ref().take(PAGE).map(|((at_ms, session), player)| EndedSignIn {
        player: *player,
        session: session.clone(),
        at_ms: *at_ms,
    });
    (first.collect(), behind.next().is_some())
}

impl Book {
    /// Reads all that is known.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::roles) async fn open(
        store: Arc<dyn Store>,
        verifier: Arc<Verifier>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, StoreError> {
        let book = Self { store, verifier, clock, ended: RwLock::default() };
        book.read(ALL).await?;
        Ok(Arc::new(book))
    }

    /// Reads what other user processes ended, for as long as this one runs.
    pub(in crate::roles) async fn keep(self: Arc<Self>) {
        let mut was_read = true;
        loop {
            self.clock.sleep_until(self.clock.now() + READ_MS).await;
            let read = self.read(SOME).await;
            // Said once, not at each look.
            if was_read && let Err(error) = &read {
                tracing::warn!(%error, "sign-outs could not be read");
            }
            was_read = read.is_ok();
        }
    }

    /// Reads the latest `most`; all, if none of them was known.
    async fn read(&self, most: u32) -> Result<(), StoreError> {
        let now_ms = self.clock.unix_ms();
        let mut found = self.store.ended_sessions(now_ms, most).await?;
        let is_known =
            |one: &EndedSession| self.ended.read().contains_key(&(one.at_ms, one.session.clone()));
        if found.len() == most as usize && most < ALL && !found.first().is_some_and(is_known) {
            found = self.store.ended_sessions(now_ms, ALL).await?;
        }
        let mut ended = self.ended.write();
        for EndedSession { player, session, at_ms } in found {
            self.verifier.revoke(player, at_ms.div_euclid(1_000), Some(&session));
            ended.insert((at_ms, session), player);
        }
        *ended = ended.split_off(&(now_ms - KEPT_S * 1_000, String::new()));
        Ok(())
    }
}

#[async_trait]
impl SignIns for Book {
    async fn known(&self, since: &Since) -> Result<Known, IdentityError> {
        let keys = self.verifier.trusted().iter().map(VerifyingKey::to_bytes).collect();
        let (ended, more) = page(&self.ended.read(), since);
        Ok(Known { keys, ended, more })
    }
}

#[cfg(test)]
mod tests;
