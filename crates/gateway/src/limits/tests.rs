//! How many calls an address has, and what it is told of them.

use platform::random::SeededRandom;

use super::*;

fn limits(request_burst: u32, sign_in_burst: u32) -> Limits {
    let config = Config {
        requests_per_second: 1,
        request_burst,
        sign_ins_per_second: 1,
        sign_in_burst,
        ..Config::default()
    };
    Limits::new(&config, &SeededRandom::new(1), Metrics::default())
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
    let bucket = |text: &str| limits.bucket(text.parse().unwrap());
    assert_eq!(bucket("2001:db8::1"), bucket("2001:db8::ffff:2"));
    assert_eq!(bucket("::ffff:10.0.0.1"), bucket("10.0.0.1"));
    let buckets: std::collections::HashSet<_> =
        (0..=255).map(|host| limits.bucket(IpAddr::from([10, 0, 0, host]))).collect();
    assert!(buckets.len() > 250, "neighbours are spread: {}", buckets.len());
}
