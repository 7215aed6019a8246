//! How much one address, or one /64 of IPv6, may ask for.
//!
//! An address stands for one of 65,536 buckets, so memory is bounded whoever knocks; two addresses
//! in one bucket share it. Which do is drawn at start, so nobody can aim for another's bucket.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use platform::http::{ApiError, ClientAddress, Network, PeerAddress};
use platform::random::{Random, array};
use protocol::Code;
use realtime::Peer;

use crate::metrics::{Limit, LimitLabels, Metrics};
use crate::{Config, client};

/// Signing in and up, and everything else that hashes a password.
const SIGN_INS: &str = "/gateway/user/v1/auth/";

/// The limits of every address.
pub(crate) struct Limits {
    requests: DefaultKeyedRateLimiter<u16>,
    sign_ins: DefaultKeyedRateLimiter<u16>,
    secret: u64,
    trusted_proxies: Vec<IpAddr>,
    metrics: Metrics,
}

impl Limits {
    pub(crate) fn new(config: &Config, random: &dyn Random, metrics: Metrics) -> Self {
        Self {
            requests: limiter(config.requests_per_second, config.request_burst),
            sign_ins: limiter(config.sign_ins_per_second, config.sign_in_burst),
            secret: u64::from_le_bytes(array(random)),
            trusted_proxies: config.proxies(),
            metrics,
        }
    }

    /// Takes one request of `address` to `path`, or says after how many seconds it may come.
    fn take(&self, address: IpAddr, path: &str) -> Result<(), (Limit, u32)> {
        let bucket = self.bucket(address);
        check(&self.requests, bucket).map_err(|seconds| (Limit::Requests, seconds))?;
        if path.starts_with(SIGN_INS) && !path.ends_with("/validate") {
            check(&self.sign_ins, bucket).map_err(|seconds| (Limit::SignIns, seconds))?;
        }
        Ok(())
    }

    /// Fibonacci hashing of the address' network.
    fn bucket(&self, address: IpAddr) -> u16 {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (Network::of(address).number() ^ self.secret).wrapping_mul(GOLDEN);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(GOLDEN);
        (mixed >> 48) as u16
    }
}

/// Refuses a request whose address sent too many; tells the others who they come from.
pub(crate) async fn limit(
    State(limits): State<std::sync::Arc<Limits>>,
    mut request: Request,
    next: Next,
) -> Response {
    // Without an address (a test, a pipe) there is nobody to limit.
    let Some(&PeerAddress(peer)) = request.extensions().get::<PeerAddress>() else {
        return next.run(request).await;
    };
    let client = client::address(peer.ip(), request.headers(), &limits.trusted_proxies);
    if let Err((limit, seconds)) = limits.take(client, request.uri().path()) {
        limits.metrics.rate_limited.get_or_create(&LimitLabels { limit }).inc();
        let refusal = ApiError::new(Code::RateLimited, "Too many requests, slow down");
        return refusal.with_retry_after(seconds).into_response();
    }
    request.extensions_mut().insert(Peer(client));
    request.extensions_mut().insert(ClientAddress(client));
    next.run(request).await
}

/// A limiter; zeros were refused by the configuration.
fn limiter(per_second: u32, burst: u32) -> DefaultKeyedRateLimiter<u16> {
    let at_least_one = |value| NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst));
    RateLimiter::keyed(quota)
}

/// Takes one from a bucket, or says after how many whole seconds, rounded up, there is one.
fn check(limiter: &DefaultKeyedRateLimiter<u16>, bucket: u16) -> Result<(), u32> {
    limiter.check_key(&bucket).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
    })
}

#[cfg(test)]
mod tests {
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
        for _ in 0..3 {
            assert_eq!(limits.take(ann, "/gateway/status"), Ok(()));
        }
        assert_eq!(limits.take(ann, "/gateway/status"), Err((Limit::Requests, 1)));
        assert_eq!(limits.take(bob, "/gateway/status"), Ok(()));
    }

    #[test]
    fn signing_in_has_a_limit_of_its_own() {
        let limits = limits(100, 1);
        let ann = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(limits.take(ann, "/gateway/user/v1/auth/login"), Ok(()));
        let refused = limits.take(ann, "/gateway/user/v1/auth/register");
        assert_eq!(refused, Err((Limit::SignIns, 1)));
        assert_eq!(limits.take(ann, "/gateway/user/v1/auth/validate"), Ok(()));
        assert_eq!(limits.take(ann, "/gateway/user/v1/balance"), Ok(()));
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
}
