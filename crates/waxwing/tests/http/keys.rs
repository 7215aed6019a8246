//! Keys of a running and a resting server: replaced without a word to players, never redrawn.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::harness::numbers::text;
use crate::harness::process::{finish, waxwing};
use crate::harness::time::{eventually, now};
use crate::harness::{Caller, Place, Player};

const LIMIT: Duration = Duration::from_secs(20);
const VALIDATE: &str = "/gateway/user/v1/auth/validate";

async fn rotate(place: &Place, more: &[&str]) -> String {
    let mut command = waxwing();
    command.args(["keys", "rotate", "--data"]).arg(place.data()).args(more);
    let done = finish(command, LIMIT).await;
    assert!(done.status.success(), "{}", done.stderr);
    done.stdout
}

/// The ids of the keys that are shown.
async fn shown(caller: &Caller) -> Vec<String> {
    let jwks = caller.get("/.well-known/jwks.json").await.json();
    let keys: &Vec<Value> = jwks["keys"].as_array().unwrap();
    keys.iter().map(|key| text(&key["kid"]).to_owned()).collect()
}

async fn is_good(caller: &Caller, player: &Player) -> bool {
    caller.call(Method::GET, VALIDATE, Some(player), None).await.status == 200
}

/// Asks until the first key is not `old`; the ids then shown.
async fn until_replaced(caller: &Caller, old: &str) -> Vec<String> {
    let asked_at = now();
    loop {
        let ids = shown(caller).await;
        if ids[0] != old {
            return ids;
        }
        assert!(asked_at.elapsed() < LIMIT, "the key is not replaced");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Somebody whose token another key than `old`'s has signed: a process that has others beside it
/// first lets them learn of a key.
async fn signed_anew(caller: &Caller, old: &Player) -> Player {
    let asked_at = now();
    for number in 0.. {
        let player = caller.player(&format!("bob-{number}")).await;
        if player.token.split('.').next() != old.token.split('.').next() {
            return player;
        }
        assert!(asked_at.elapsed() < LIMIT, "the new key signs nothing");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    unreachable!("it signs, or the time is over")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_while_the_server_runs_and_rests() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.player("ann").await;
    let first = shown(&caller).await;
    assert_eq!(first.len(), 1);

    let said = rotate(&place, &[]).await;
    let both = until_replaced(&caller, &first[0]).await;
    assert!(said.contains(&both[0]), "{said}");
    assert_eq!(both[1..], first[..]);
    let bob = signed_anew(&caller, &ann).await;
    assert!(is_good(&caller, &ann).await && is_good(&caller, &bob).await);

    server.kill();
    rotate(&place, &[]).await;
    let server = place.start().await;
    let caller = server.caller();
    assert_eq!(shown(&caller).await.len(), 3);
    assert!(is_good(&caller, &ann).await && is_good(&caller, &bob).await);

    let last = shown(&caller).await;
    rotate(&place, &["--forget"]).await;
    assert_eq!(until_replaced(&caller, &last[0]).await.len(), 1);
    for player in [&ann, &bob] {
        eventually("every process to forget the old keys", LIMIT, || async {
            (!is_good(&caller, player).await).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_beside_databases_stops_the_start_by_name() {
    let place = Place::new();
    place.start().await.kill();
    for name in ["tokens", "seeds", "commitments"] {
        let path = place.data().join("keys").join(name);
        let key = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let refused = finish(place.command(), LIMIT).await;
        assert!(!refused.status.success(), "{}", refused.stdout);
        assert!(refused.stderr.contains(&format!("keys/{name}")), "{}", refused.stderr);
        assert!(!path.exists(), "{name} is not drawn anew");
        std::fs::write(&path, key).unwrap();
    }
    place.start().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_rotate_where_there_is_no_directory() {
    let root = tempfile::tempdir().unwrap();
    let mut command = waxwing();
    command.args(["keys", "rotate", "--data"]).arg(root.path().join("nowhere"));
    let refused = finish(command, LIMIT).await;
    assert!(!refused.status.success() && refused.stderr.contains("nowhere"), "{}", refused.stderr);
}
