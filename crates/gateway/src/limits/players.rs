//! Which player a request comes from: what a token says is believed once its signature was proved.
//!
//! Roles prove it again, so what was proved here is kept, or each call would cost two signatures.
//! There are 4,096 slots, and a token that needs one takes it from whoever had it: memory is
//! bounded, and what is idle is forgotten.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use http::HeaderMap;
use kernel::{PlayerId, Sealed};
use parking_lot::Mutex;
use platform::clock::Clock;
use platform::http::bearer;
use tokens::{Proven, Verifier};

const SLOTS: usize = 4_096;

/// A token and what it proved.
type Slot = Mutex<Option<(Sealed<String>, Proven)>>;

/// Tells players by their tokens.
pub(crate) struct Players {
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
    /// Nobody can aim for another's slot.
    hasher: RandomState,
    slots: Box<[Slot]>,
}

impl Players {
    pub(crate) fn new(verifier: Arc<Verifier>, clock: Arc<dyn Clock>) -> Self {
        let slots = std::iter::repeat_with(Slot::default).take(SLOTS).collect();
        Self { verifier, clock, hasher: RandomState::new(), slots }
    }

    /// Whose good token the request carries.
    pub(super) fn who(&self, headers: &HeaderMap) -> Option<PlayerId> {
        let token = bearer(headers)?;
        let now_s = self.clock.unix_ms().div_euclid(1_000);
        let slot = usize::try_from(self.hasher.hash_one(token) % SLOTS as u64).ok()?;
        let slot = self.slots.get(slot)?;
        if let Some((known, proven)) = &*slot.lock()
            && known.expose() == token
        {
            let good = self.verifier.verify_again(proven, token, now_s).is_ok();
            return good.then(|| proven.claims().player);
        }
        let proven = self.verifier.verify_first(token, now_s).ok()?;
        let player = proven.claims().player;
        *slot.lock() = Some((Sealed::new(token.to_owned()), proven));
        Some(player)
    }
}
