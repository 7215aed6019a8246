//! How many calls an address has, and what it is told of them.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use kernel::PlayerId;
use platform::clock::{Clock as _, SystemClock};
use platform::random::SeededRandom;
use tokens::{PlayerClaims, Signer, SigningKey};

use super::*;

fn limits(request_burst: u32, sign_in_burst: u32) -> Limits {
    let config = Config {
        requests_per_second: 1,
        request_burst,
        sign_ins_per_second: 1,
        sign_in_burst,
        ..Config::default()
    };
    of(&config).0
}

fn of(config: &Config) -> (Limits, Signer) {
    let signer = Signer::new(SigningKey::generate([1; 32]), "issuer", "audience");
    let players = Players::new(Arc::new(signer.verifier()), Arc::new(SystemClock::new()));
    (Limits::new(config, &SeededRandom::new(1), players, Metrics::default()), signer)
}

fn of_one_a_second(player_request_burst: u32) -> (Limits, Signer) {
    of(&Config { player_requests_per_second: 1, player_request_burst, ..Config::default() })
}

fn token(signer: &Signer, player: u64, seconds: i64) -> String {
    let issued_at_s = SystemClock::new().unix_ms() / 1_000 - 60;
    signer.sign(&PlayerClaims {
        player: PlayerId::new(player).unwrap(),
        username: "ann".to_owned(),
        session: "session".to_owned(),
        issued_at_s,
        expires_at_s: issued_at_s + 60 + seconds,
    })
}

fn request(token: &str) -> Request {
    let request = Request::get("/gateway/user/v1/balance");
    let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    request.body(axum::body::Body::empty()).unwrap()
}

#[test]
fn a_player_has_one_budget_whatever_the_address_and_the_token() {
    let (limits, signer) = of_one_a_second(3);
    let address = |host: u8| IpAddr::from([10, 0, 0, host]);
    for host in 0..3 {
        // HTTP/2 hands spaces behind a value on, and roles take them off.
        let spaces = " ".repeat(host.into());
        let ann = request(&(token(&signer, 1, 60 + i64::from(host)) + &spaces));
        let left = limits.judge(address(host), &ann).unwrap();
        assert_eq!((left.name, left.remaining), ("player", u32::from(2 - host)));
    }
    let (limit, seconds, left) =
        limits.judge(address(9), &request(&token(&signer, 1, 99))).unwrap_err();
    assert_eq!((limit, seconds, left.name, left.remaining), (Limit::Player, 1, "player", 0));
    let bob = request(&token(&signer, 2, 60));
    assert_eq!(limits.judge(address(9), &bob).unwrap().remaining, 2);
}

#[test]
fn a_token_that_proves_nothing_spends_nobodys_budget() {
    let (limits, signer) = of_one_a_second(1);
    let ann = IpAddr::from([10, 0, 0, 1]);
    let other = Signer::new(SigningKey::generate([2; 32]), "issuer", "audience");
    for forged in [token(&other, 1, 60), token(&signer, 1, -1), "nonsense".to_owned()] {
        assert_eq!(limits.judge(ann, &request(&forged)).unwrap().name, "requests");
    }
    let good = token(&signer, 1, 60);
    assert_eq!(limits.judge(ann, &request(&good)).unwrap().name, "player");
    assert_eq!(limits.judge(ann, &request(&good)).unwrap_err().0, Limit::Player);
}

#[test]
fn the_tighter_limit_is_told() {
    let config = Config { request_burst: 2, requests_per_second: 1, ..Config::default() };
    let (limits, signer) = of(&config);
    let ann = request(&token(&signer, 1, 60));
    let left = limits.judge(IpAddr::from([10, 0, 0, 1]), &ann).unwrap();
    assert_eq!((left.name, left.remaining), ("requests", 1));
}

#[test]
fn an_address_is_refused_after_its_burst_and_another_is_not() {
    let limits = limits(3, 3);
    let (ann, bob) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
    for remaining in [2, 1, 0] {
        let left = limits.take(ann, "/gateway/status").unwrap();
        assert_eq!((left.remaining, left.reset_s), (remaining, 3 - remaining));
    }
    let (limit, seconds, left) = limits.take(ann, "/gateway/status").unwrap_err();
    assert_eq!((limit, seconds, left.remaining), (Limit::Requests, 1, 0));
    assert_eq!(limits.take(bob, "/gateway/status").unwrap().remaining, 2);
    let mut headers = HeaderMap::new();
    left.tell(&mut headers);
    assert_eq!(headers["ratelimit-policy"], "\"requests\";q=3;w=3");
    assert_eq!(headers["ratelimit"], "\"requests\";r=0;t=3");
}

#[test]
fn signing_in_has_a_limit_of_its_own() {
    let limits = limits(100, 1);
    let ann = IpAddr::from([10, 0, 0, 1]);
    let left = limits.take(ann, "/gateway/user/v1/auth/login").unwrap();
    assert_eq!((left.name, left.remaining), ("sign-ins", 0));
    let refused = limits.take(ann, "/gateway/user/v1/auth/register").unwrap_err();
    assert_eq!((refused.0, refused.1), (Limit::SignIns, 1));
    for path in ["/gateway/user/v1/auth/validate", "/gateway/user/v1/balance"] {
        assert_eq!(limits.take(ann, path).unwrap().name, "requests");
    }
}

#[test]
fn one_household_is_one_address() {
    let limits = limits(1, 1);
    let bucket = |text: &str| limits.bucket(Network::of(text.parse().unwrap()).number());
    assert_eq!(bucket("2001:db8::1"), bucket("2001:db8::ffff:2"));
    assert_eq!(bucket("::ffff:10.0.0.1"), bucket("10.0.0.1"));
    let buckets: std::collections::HashSet<_> = (0..=255)
        .map(|host| limits.bucket(Network::of(IpAddr::from([10, 0, 0, host])).number()))
        .collect();
    assert!(buckets.len() > 250, "neighbours are spread: {}", buckets.len());
}
