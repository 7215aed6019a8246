//! A key is replaced without a token being lost, and what is damaged is named.

use std::fs;

use kernel::PlayerId;
use platform::clock::ManualClock;
use tokens::PlayerClaims;

use super::*;

/// A data directory after its first start.
fn place() -> (tempfile::TempDir, KeyDir) {
    let root = tempfile::tempdir().unwrap();
    let keys = KeyDir::of(root.path()).unwrap();
    keys.store(TOKENS, &[1; BYTES]).unwrap();
    (root, keys)
}

fn now_s() -> i64 {
    SystemClock::new().unix_ms() / 1_000
}

/// At the wall clock's time, `more_s` later.
fn read(keys: &KeyDir, more_s: i64) -> TokenKeys {
    let clock = ManualClock::new();
    let ahead = (now_s() + more_s) * 1_000 - clock.unix_ms();
    clock.advance(ahead.unsigned_abs());
    TokenKeys::read(keys.clone(), &clock).unwrap()
}

#[test]
fn the_old_key_verifies_until_its_last_token_is_over() {
    let (root, keys) = place();
    let old = read(&keys, 0).signing().verifying_key();
    for rotations in 1..4 {
        let said = rotate(root.path(), false).unwrap();
        assert!(said.contains(&format!("{rotations} older")), "{said}");
    }
    let all = read(&keys, 0).trusted();
    assert_eq!((all.len(), all.last()), (4, Some(&old)));
    assert_eq!(read(&keys, KEPT_S - 60).trusted().len(), 4);
    assert_eq!(read(&keys, KEPT_S + 60).trusted().len(), 1);
    rotate(root.path(), true).unwrap();
    let only = read(&keys, 0).trusted();
    assert!(only.len() == 1 && !all.contains(&only[0]));
}

#[test]
fn a_death_between_the_two_files_loses_nothing() {
    let (root, keys) = place();
    rotate(root.path(), false).unwrap();
    // As if the new key had not been stored.
    keys.store(TOKENS, &[1; BYTES]).unwrap();
    let found = read(&keys, 0);
    assert_eq!(found.trusted(), [SigningKey::generate([1; BYTES]).verifying_key()]);
}

#[test]
fn what_is_damaged_or_nowhere_is_named_and_left_alone() {
    let (root, keys) = place();
    for list in ["nonsense", "00 1\n", "\n", "\u{0}"] {
        fs::write(keys.file(RETIRED), list).unwrap();
        let refused = format!("{:#}", rotate(root.path(), false).unwrap_err());
        assert!(refused.contains("tokens.retired"), "{refused}");
        assert_eq!(fs::read(keys.file(TOKENS)).unwrap(), [1; BYTES]);
    }
    fs::write(keys.file(TOKENS), "short").unwrap();
    assert!(rotate(root.path(), false).unwrap_err().to_string().contains("keys/tokens"));
    let nowhere = root.path().join("nowhere");
    assert!(rotate(&nowhere, false).unwrap_err().to_string().contains("nowhere"));
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn a_running_process_takes_the_new_key() {
    let (root, keys) = place();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let found = TokenKeys::read(keys, &*clock).unwrap();
    let signer = Arc::new(Signer::new(found.signing(), "w", "p"));
    let verifier = Arc::new(Verifier::new(found.trusted(), "w", "p"));
    let claims = PlayerClaims {
        player: PlayerId::new(1).unwrap(),
        username: "ann".into(),
        session: "s".into(),
        issued_at_s: now_s(),
        expires_at_s: now_s() + 60,
    };
    let old = signer.sign(&claims);
    let watch = found.watch(Arc::clone(&clock), Arc::clone(&signer), Arc::clone(&verifier));
    let watch = tokio::spawn(watch);
    rotate(root.path(), false).unwrap();
    while verifier.jwks()["keys"].as_array().unwrap().len() < 2 {
        clock.sleep_until(clock.now() + 50).await;
    }
    // The signer follows the verifier without a pause between.
    clock.sleep_until(clock.now() + 50).await;
    let new = signer.sign(&claims);
    assert_ne!(old.split('.').next(), new.split('.').next());
    assert!(verifier.verify(&old, now_s()).is_ok() && verifier.verify(&new, now_s()).is_ok());
    watch.abort();
}
