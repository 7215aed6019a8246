//! Sign-ins: how they go on, how they end, and what a thief of a refresh token gets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cluster::Delivery;
use platform::clock::Clock as _;
use protocol::notice::{Notice, SignedOut};
use protocol::wire::WirePlayerId;

use super::*;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const REFRESH: &str = "/user/v1/auth/refresh";
const LOGOUT: &str = "/user/v1/auth/logout";
const PASSWORD: &str = "/user/v1/auth/password";

/// What a sign-in or refresh gives.
#[derive(Clone, Debug)]
struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    fn of((status, body): (StatusCode, Value)) -> Self {
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3_600)));
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

impl World {
    /// Registers ann, and signs her in.
    async fn ann(&self) -> Pair {
        self.register("ann", "1111").await;
        self.sign_in("1111").await
    }

    async fn sign_in(&self, password: &str) -> Pair {
        Pair::of(self.login("ann", password).await)
    }

    async fn show(&self, refresh: &str) -> (StatusCode, Value) {
        self.post(REFRESH, json!({ "refresh_token": refresh })).await
    }

    async fn next(&self, pair: &Pair) -> Pair {
        Pair::of(self.show(&pair.refresh).await)
    }

    /// The refresh token is refused, with this code.
    async fn refused(&self, refresh: &str, code: &str) {
        let (status, body) = self.show(refresh).await;
        assert_eq!((status.as_u16(), &body["code"]), (401, &json!(code)), "{body}");
    }

    async fn is_good(&self, pair: &Pair) -> bool {
        let (status, body) = self.validate("GET", &pair.access).await;
        assert!(status == 200 || body["code"] == "unauthenticated", "{body}");
        status == 200
    }

    /// The process ends and another begins on the same files.
    async fn restart(self) -> Self {
        let World { root, clock, .. } = self;
        world_in(root, clock, cheap()).await
    }

    fn rows(&self, table: &str) -> i64 {
        let file = rusqlite::Connection::open(self.root.path().join("user.db")).unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        file.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

#[tokio::test]
async fn a_refresh_token_gets_the_next_pair_each_time() {
    let world = world(cheap()).await;
    let mut pair = world.ann().await;
    for _ in 0..5 {
        world.clock.advance(3_600_000);
        let (_, expired) = world.validate("GET", &pair.access).await;
        assert_eq!(expired["code"], "token_expired");
        let next = world.next(&pair).await;
        assert_ne!((&next.access, &next.refresh), (&pair.access, &pair.refresh));
        assert!(world.is_good(&next).await);
        pair = next;
    }
    assert!(world.rows("refresh_token") <= 2, "spent ones are not kept");
}

#[tokio::test]
async fn only_the_hash_of_a_refresh_token_is_stored() {
    let world = world(cheap()).await;
    let pair = world.ann().await;
    let pair = world.next(&pair).await;
    let bytes = URL_SAFE_NO_PAD.decode(&pair.refresh).unwrap();
    assert_eq!(bytes.len(), 48);
    for file in ["user.db", "user.db-wal"] {
        let stored = std::fs::read(world.root.path().join(file)).unwrap();
        for secret in [&bytes[16..], &pair.refresh.as_bytes()[22..]] {
            assert!(!stored.windows(secret.len()).any(|window| window == secret), "{file}");
        }
    }
}

#[tokio::test]
async fn a_spent_token_shown_again_within_ten_seconds_is_a_retry() {
    let world = world(cheap()).await;
    let first = world.ann().await;
    let lost = world.next(&first).await;
    world.clock.advance(10_000);
    let retried = world.next(&first).await;
    assert_ne!(lost.refresh, retried.refresh);
    // Whichever answer arrived, its token is good.
    for pair in [&lost, &retried] {
        assert!(world.is_good(pair).await);
    }
    world.next(&retried).await;
    world.next(&lost).await;
}

#[tokio::test]
async fn a_spent_token_shown_again_later_ends_the_sign_in() {
    let world = world(cheap()).await;
    let stolen = world.ann().await;
    let other = world.sign_in("1111").await;
    let mut notices = world.bus.notices();
    let thief = world.next(&stolen).await;
    world.clock.advance(10_001);
    world.refused(&stolen.refresh, "unauthenticated").await;
    // Nobody knows which of the two is the thief.
    for pair in [&stolen, &thief] {
        assert!(!world.is_good(pair).await);
    }
    world.refused(&thief.refresh, "unauthenticated").await;
    assert_eq!(signed_out(notices.next().await).user_id.0.to_string(), "1");
    assert!(world.is_good(&other).await, "another sign-in goes on");
    world.next(&other).await;
    let text = world.registry.encode().unwrap();
    assert!(text.contains(r#"identity_sessions_ended_total{reason="Reused"} 1"#), "{text}");
}

#[tokio::test]
async fn a_token_spent_long_ago_is_still_recognized() {
    let world = world(cheap()).await;
    let first = world.ann().await;
    let mut pair = first.clone();
    for _ in 0..20 {
        world.clock.advance(DAY_MS);
        pair = world.next(&pair).await;
    }
    world.refused(&first.refresh, "unauthenticated").await;
    world.refused(&pair.refresh, "unauthenticated").await;
}

#[tokio::test]
async fn of_two_lines_of_one_sign_in_the_one_that_lags_is_found_out() {
    let world = world(cheap()).await;
    let stolen = world.ann().await;
    let (owner, thief) = (world.next(&stolen).await, world.next(&stolen).await);
    world.clock.advance(60_000);
    let owner = world.next(&owner).await;
    world.clock.advance(10_001);
    world.refused(&thief.refresh, "unauthenticated").await;
    assert!(!world.is_good(&owner).await && !world.is_good(&thief).await);
}

#[tokio::test]
async fn of_two_at_once_each_gets_a_pair_and_the_sign_in_goes_on() {
    let world = Arc::new(world(cheap()).await);
    let pair = world.ann().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (world, pair) = (Arc::clone(&world), pair.clone());
        calls.spawn(async move { world.next(&pair).await });
    }
    let pairs = calls.join_all().await;
    assert_ne!(pairs[0].refresh, pairs[1].refresh);
    assert_eq!(world.rows("refresh_token"), 3, "one spent and two given, no third");
    for pair in &pairs {
        world.next(pair).await;
    }
}

#[tokio::test]
async fn what_is_no_refresh_token_ends_nothing() {
    let world = world(cheap()).await;
    let pair = world.ann().await;
    let mut foreign = URL_SAFE_NO_PAD.decode(&pair.refresh).unwrap();
    foreign[0] ^= 1;
    let cut = &pair.refresh[..63];
    for text in ["", "nonsense", &pair.access, cut, &URL_SAFE_NO_PAD.encode(foreign)] {
        world.refused(text, "unauthenticated").await;
    }
    for body in ["", "{}", r#"{"refresh_token":7}"#, r#"{"refresh_token":"a","more":1}"#] {
        let (status, problem) = world.post(REFRESH, body).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("malformed")), "{body}");
    }
    assert!(world.is_good(&world.next(&pair).await).await);
}

#[tokio::test]
async fn a_sign_in_runs_out_when_idle_and_in_any_case() {
    let config = Config { refresh_idle_days: 2, refresh_days: 5, ..cheap() };
    let world = world(config).await;
    let idle = world.ann().await;
    world.clock.advance(2 * DAY_MS - 1);
    let kept = world.next(&idle).await;
    world.clock.advance(2 * DAY_MS);
    world.refused(&kept.refresh, "token_expired").await;
    let mut busy = world.sign_in("1111").await;
    for _ in 0..4 {
        world.clock.advance(DAY_MS);
        busy = world.next(&busy).await;
    }
    world.clock.advance(DAY_MS);
    world.refused(&busy.refresh, "token_expired").await;
    // Later sign-ins clear away what no token can need any more.
    world.clock.advance(3 * DAY_MS);
    world.sign_in("1111").await;
    assert_eq!((world.rows("session"), world.rows("refresh_token")), (1, 1));
}

#[tokio::test]
async fn signing_out_ends_this_sign_in_at_once_and_leaves_the_others() {
    let world = world(cheap()).await;
    let (laptop, phone) = (world.ann().await, world.sign_in("1111").await);
    let mut notices = world.bus.notices();
    let (status, body) = world.post_as(&laptop.access, LOGOUT, json!({})).await;
    assert_eq!((status.as_u16(), body), (200, json!({ "message": "Signed out" })));
    let told = signed_out(notices.next().await);
    assert_eq!(told.user_id, WirePlayerId(PlayerId::new(1).unwrap()));
    assert!(told.session.is_some() && told.until_s == world.clock.unix_ms() / 1_000);
    assert!(!world.is_good(&laptop).await && world.is_good(&phone).await);
    world.refused(&laptop.refresh, "unauthenticated").await;
    world.next(&phone).await;
    let (status, body) = world.post_as(&laptop.access, LOGOUT, json!({})).await;
    assert_eq!((status.as_u16(), &body["code"]), (401, &json!("unauthenticated")));
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_and_a_new_sign_in_counts_at_once() {
    let world = world(cheap()).await;
    let mut pairs = vec![world.ann().await];
    for _ in 0..4 {
        pairs.push(world.sign_in("1111").await);
    }
    world.register("bob", "1111").await;
    let bob = Pair::of(world.login("bob", "1111").await);
    let everywhere = json!({ "everywhere": true });
    let (status, _) = world.post_as(&pairs[2].access, LOGOUT, everywhere).await;
    assert_eq!(status, StatusCode::OK);
    for pair in &pairs {
        assert!(!world.is_good(pair).await);
        world.refused(&pair.refresh, "unauthenticated").await;
    }
    // In the same second.
    let again = world.sign_in("1111").await;
    assert!(world.is_good(&again).await && world.is_good(&bob).await);
    for body in [json!({ "everywhere": "yes" }), json!({ "all": true })] {
        let (status, problem) = world.post_as(&again.access, LOGOUT, body).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("malformed")));
    }
    assert!(world.is_good(&again).await);
}

#[tokio::test]
async fn who_signed_out_stays_so_after_a_restart_and_others_stay_in() {
    let world = world(cheap()).await;
    let (out, within) = (world.ann().await, world.sign_in("1111").await);
    world.post_as(&out.access, LOGOUT, json!({})).await;
    let world = world.restart().await;
    assert!(!world.is_good(&out).await && world.is_good(&within).await);
    world.refused(&out.refresh, "unauthenticated").await;
    world.next(&within).await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sign_ins_and_gives_a_fresh_pair() {
    let world = world(cheap()).await;
    let (here, elsewhere) = (world.ann().await, world.sign_in("1111").await);
    let change = json!({ "old_password": "1111", "new_password": "2222" });
    let fresh = Pair::of(world.post_as(&here.access, PASSWORD, change.clone()).await);
    assert!(world.is_good(&fresh).await && world.is_good(&here).await);
    assert!(!world.is_good(&elsewhere).await);
    world.refused(&elsewhere.refresh, "unauthenticated").await;
    assert_eq!(world.login("ann", "1111").await.0, StatusCode::UNAUTHORIZED);
    let again = world.sign_in("2222").await;
    let (status, body) = world.post_as(&again.access, PASSWORD, change).await;
    assert_eq!((status.as_u16(), &body["code"]), (401, &json!("invalid_credentials")));
    let fresh = world.next(&fresh).await;
    // The token of before is no retry, whenever it comes: it may be a thief's.
    world.refused(&here.refresh, "unauthenticated").await;
    assert!(!world.is_good(&fresh).await);
}

#[tokio::test]
async fn a_change_of_password_that_breaks_the_rules_changes_nothing() {
    let world = world(cheap()).await;
    let pair = world.ann().await;
    for (change, status, code) in [
        (json!({ "old_password": "1111", "new_password": "222" }), 400, "malformed"),
        (json!({ "old_password": "1111", "new_password": "2".repeat(129) }), 400, "malformed"),
        (json!({ "old_password": "1111" }), 400, "malformed"),
        (json!({ "old_password": "1111", "new_password": "2222", "x": 1 }), 400, "malformed"),
        (json!({ "old_password": "1112", "new_password": "2222" }), 401, "invalid_credentials"),
        (json!({ "old_password": "", "new_password": "2222" }), 401, "invalid_credentials"),
    ] {
        let (got, body) = world.post_as(&pair.access, PASSWORD, change).await;
        assert_eq!((got.as_u16(), &body["code"]), (status, &json!(code)));
    }
    let refused = world.post_as("nonsense", PASSWORD, json!({})).await;
    assert_eq!(refused.0, StatusCode::UNAUTHORIZED);
    world.sign_in("1111").await;
    world.next(&pair).await;
}

#[tokio::test]
async fn of_changes_of_password_at_once_one_counts() {
    let world = Arc::new(world(cheap()).await);
    let pair = world.ann().await;
    let mut calls = tokio::task::JoinSet::new();
    for new in ["2222", "3333", "4444"] {
        let (world, pair) = (Arc::clone(&world), pair.clone());
        let change = json!({ "old_password": "1111", "new_password": new });
        calls.spawn(async move {
            (world.post_as(&pair.access, PASSWORD, change).await.0 == StatusCode::OK).then_some(new)
        });
    }
    let made: Vec<&str> = calls.join_all().await.into_iter().flatten().collect();
    assert_eq!(made.len(), 1, "{made:?}");
    world.sign_in(made[0]).await;
}

#[tokio::test]
async fn one_sign_in_too_many_ends_the_one_used_longest_ago() {
    let world = world(Config { sessions_per_player: 3, ..cheap() }).await;
    let mut pairs = vec![world.ann().await];
    for _ in 0..2 {
        world.clock.advance(1_000);
        pairs.push(world.sign_in("1111").await);
    }
    world.clock.advance(1_000);
    pairs[0] = world.next(&pairs[0]).await;
    let newest = world.sign_in("1111").await;
    assert!(world.is_good(&pairs[0]).await && world.is_good(&newest).await);
    assert!(!world.is_good(&pairs[1]).await, "used longest ago");
    assert!(world.is_good(&pairs[2]).await);
}

/// The sign-out that was told.
fn signed_out(delivery: Option<Delivery>) -> SignedOut {
    let Some(Delivery::Picture(json)) = delivery else { panic!("{delivery:?}") };
    match serde_json::from_slice(&json).unwrap() {
        Notice::SignedOut(signed_out) => signed_out,
        Notice::Balance(other) => panic!("{other:?}"),
    }
}
