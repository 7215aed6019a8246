//! How much one address, or one /64 of IPv6, may ask for, and how much one player.
//!
//! An address stands for one of 65,536 buckets, so memory is bounded whoever knocks; two addresses
//! in one bucket share it. Which do is drawn at start, so nobody can aim for another's bucket.
//! Players have as many buckets of their own.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use platform::http::{ApiError, ClientAddress, Network, PeerAddress};
use platform::random::{Random, array};
use protocol::Code;
use realtime::Peer;

use crate::metrics::{Limit, LimitLabels, Metrics};
use crate::{Config, client};
pub(crate) use players::Players;

mod players;

/// Signing in and up, and everything else that hashes a password.
const SIGN_INS: &str = "/gateway/user/v1/auth/";

/// How much there is, and how much of it is left (draft-ietf-httpapi-ratelimit-headers-10).
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Each address' share of something.
struct Shares {
    limiter: DefaultKeyedRateLimiter<u16, StateInformationMiddleware>,
    name: &'static str,
    per_second: u32,
    burst: u32,
}

/// What is left of a share once something was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Left {
    name: &'static str,
    /// How many may come at once, in all and still.
    burst: u32,
    remaining: u32,
    /// Until all of them may again, in seconds, rounded up.
    window_s: u32,
    reset_s: u32,
}

/// A refusal: by which limit, after how many seconds to come again, and what is left of it.
type Refused = (Limit, u32, Left);

/// The limits of every address, and of every player.
pub(crate) struct Limits {
    requests: Shares,
    sign_ins: Shares,
    of_players: Shares,
    players: Players,
    secret: u64,
    trusted_proxies: Vec<IpAddr>,
    metrics: Metrics,
}

impl Limits {
    pub(crate) fn new(
        config: &Config,
        random: &dyn Random,
        players: Players,
        metrics: Metrics,
    ) -> Self {
        let (per_second, burst) = (config.player_requests_per_second, config.player_request_burst);
        Self {
            requests: Shares::new("requests", config.requests_per_second, config.request_burst),
            sign_ins: Shares::new("sign-ins", config.sign_ins_per_second, config.sign_in_burst),
            of_players: Shares::new("player", per_second, burst),
            players,
            secret: u64::from_le_bytes(array(random)),
            trusted_proxies: config.proxies(),
            metrics,
        }
    }

    /// Takes one request of `address` to `path`; what is left of the share that limits it. Or
    /// says after how many seconds it may come.
    fn take(&self, address: IpAddr, path: &str) -> Result<Left, Refused> {
        let bucket = self.bucket(Network::of(address).number());
        let refused = |limit, shares: &Shares, seconds| (limit, seconds, shares.left(0));
        let (requests, sign_ins) = (&self.requests, &self.sign_ins);
        let left = requests.take(bucket);
        let left = left.map_err(|seconds| refused(Limit::Requests, requests, seconds))?;
        if path.starts_with(SIGN_INS) && !path.ends_with("/validate") {
            let left = sign_ins.take(bucket);
            return left.map_err(|seconds| refused(Limit::SignIns, sign_ins, seconds));
        }
        Ok(left)
    }

    /// The same for the player whom the request's token proves to be; `None` without one. An
    /// address that sent too many was refused before, so bad tokens cost no more signatures.
    fn take_of_player(&self, headers: &HeaderMap) -> Result<Option<Left>, Refused> {
        let Some(player) = self.players.who(headers) else { return Ok(None) };
        let shares = &self.of_players;
        let left = shares.take(self.bucket(player.get()));
        left.map(Some).map_err(|seconds| (Limit::Player, seconds, shares.left(0)))
    }

    /// What is left of the tighter limit, or by which it is refused.
    fn judge(&self, address: IpAddr, request: &Request) -> Result<Left, Refused> {
        let left = self.take(address, request.uri().path())?;
        let of_player = self.take_of_player(request.headers())?;
        Ok(of_player.into_iter().fold(left, Left::tighter))
    }

    /// Fibonacci hashing of an address' network, or of a player's number.
    fn bucket(&self, number: u64) -> u16 {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (number ^ self.secret).wrapping_mul(GOLDEN);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(GOLDEN);
        (mixed >> 48) as u16
    }
}

/// Refuses a request whose address or player sent too many; tells the others who they come from.
pub(crate) async fn limit<Answer: Future<Output = Response>>(
    limits: &Limits,
    mut request: Request,
    next: impl FnOnce(Request) -> Answer,
) -> Response {
    // Without an address (a test, a pipe) there is nobody to limit.
    let Some(&PeerAddress(peer)) = request.extensions().get::<PeerAddress>() else {
        return next(request).await;
    };
    let client = client::address(peer.ip(), request.headers(), &limits.trusted_proxies);
    let left = match limits.judge(client, &request) {
        Ok(left) => left,
        Err((limit, seconds, left)) => {
            limits.metrics.rate_limited.get_or_create(&LimitLabels { limit }).inc();
            let refusal = ApiError::new(Code::RateLimited, "Too many requests, slow down");
            let mut refusal = refusal.with_retry_after(seconds).into_response();
            left.tell(refusal.headers_mut());
            return refusal;
        }
    };
    request.extensions_mut().insert(Peer(client));
    request.extensions_mut().insert(ClientAddress(client));
    let mut response = next(request).await;
    left.tell(response.headers_mut());
    response
}

impl Shares {
    /// Zeros were refused by the configuration.
    fn new(name: &'static str, per_second: u32, burst: u32) -> Self {
        let at_least_one = |value| NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst));
        let limiter = RateLimiter::keyed(quota).with_middleware();
        Self { limiter, name, per_second: per_second.max(1), burst: burst.max(1) }
    }

    /// Takes one from a bucket, or says after how many whole seconds, rounded up, there is one.
    fn take(&self, bucket: u16) -> Result<Left, u32> {
        match self.limiter.check_key(&bucket) {
            Ok(state) => Ok(self.left(state.remaining_burst_capacity())),
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Err(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
            }
        }
    }

    fn left(&self, remaining: u32) -> Left {
        let seconds = |count: u32| count.div_ceil(self.per_second);
        let gone = self.burst.saturating_sub(remaining);
        let (window_s, reset_s) = (seconds(self.burst), seconds(gone));
        Left { name: self.name, burst: self.burst, remaining, window_s, reset_s }
    }
}

impl Left {
    /// Of both the one that ends first.
    fn tighter(self, other: Self) -> Self {
        if other.remaining < self.remaining { other } else { self }
    }

    fn tell(&self, headers: &mut HeaderMap) {
        let Self { name, burst, remaining, window_s, reset_s } = self;
        for (header, text) in [
            (POLICY, format!("\"{name}\";q={burst};w={window_s}")),
            (LEFT, format!("\"{name}\";r={remaining};t={reset_s}")),
        ] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(header, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
