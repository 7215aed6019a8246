//! Whoever starts learns who has signed out.

use std::time::Duration;

use platform::clock::SystemClock;
use platform::health::Health;
use tokens::{PlayerClaims, Signer, SigningKey};

use super::*;
use crate::keys::{AUDIENCE, ISSUER};

/// What another process answers, and no key but this one.
struct Source(Ended, [u8; 32]);

#[async_trait]
impl SignIns for Source {
    async fn known(&self, since: &Since) -> Result<Known, IdentityError> {
        let (ended, more) = page(&self.0, since);
        Ok(Known { keys: vec![self.1], ended, more })
    }
}

#[tokio::test]
async fn whoever_starts_learns_of_every_sign_out_there_may_be_before_it_is_ready() {
    let clock = Arc::new(SystemClock::new());
    let ended_ms = clock.unix_ms();
    // Thousands in one millisecond, as many as are kept.
    let session = |number: u32| format!("session-{number:06}");
    let ended: Ended = (0..ALL)
        .map(|number| ((ended_ms - i64::from(number / 25_000)), session(number)))
        .map(|key| (key, PlayerId::new(7).unwrap()))
        .collect();
    let key = SigningKey::generate([7; 32]);
    let source = Source(ended, key.verifying_key().to_bytes());
    let signer = Signer::new(key, ISSUER, AUDIENCE);
    let verifier = Arc::new(Verifier::new(Vec::new(), ISSUER, AUDIENCE));
    let health = Health::new();
    let check = health.check("tokens");
    let following = follow(Arc::new(source), Arc::clone(&verifier), clock.clone(), check);
    tokio::spawn(following);
    while health.checks().iter().any(|(_, reason)| reason.is_some()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let now_s = ended_ms.div_euclid(1_000);
    let is_good = |session: String| {
        let token = signer.sign(&PlayerClaims {
            player: PlayerId::new(7).unwrap(),
            username: "ann".to_owned(),
            session,
            issued_at_s: now_s,
            expires_at_s: now_s + 600,
        });
        verifier.verify(&token, now_s).is_ok()
    };
    for number in [0, 1, 9_999, 10_000, 24_999, 25_000, ALL - 1] {
        assert!(!is_good(session(number)), "{number} has signed out");
    }
    assert!(is_good("another".to_owned()));
}
