//! The real program on a data directory of its own, and players who may use it.

use std::path::PathBuf;

use anyhow::Context as _;
use kernel::PlayerId;
use platform::clock::{Clock as _, SystemClock};
use platform::data_dir::KeyDir;
use tempfile::TempDir;
use tokens::{PlayerClaims, Signer};
use waxwing::keys::{AUDIENCE, ISSUER, TokenKeys};

use super::{call, cpu};
use crate::bets::beside_program;
use crate::server::Server;

/// One machine plays the whole crowd, so limits for one address are lifted; what is refused
/// otherwise stays as it is.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GATEWAY__REQUESTS_PER_SECOND", "100000"),
    ("WAXWING_GATEWAY__REQUEST_BURST", "100000"),
    ("WAXWING_GATEWAY__PLAYER_REQUESTS_PER_SECOND", "100000"),
    ("WAXWING_GATEWAY__PLAYER_REQUEST_BURST", "100000"),
    ("WAXWING_GATEWAY__CONNECTIONS_PER_ADDRESS_MAX", "16384"),
    ("WAXWING_GATEWAY__SOCKETS__SOCKETS_PER_ADDRESS_MAX", "10000"),
    ("WAXWING_TELEMETRY__FILTER", "warn"),
];

/// A running server.
pub(super) struct Venue {
    server: Server,
    signer: Signer,
    _directory: TempDir,
}

/// What was used since it was asked before, in seconds of processor a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) server: f64,
    pub(crate) crowd: f64,
}

impl Venue {
    /// Starts the server that was built with this program, with `settings` besides.
    pub(super) fn open(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir_in(beside_program()?)?;
        let data: PathBuf = directory.path().join("data");
        let all: Vec<_> = SETTINGS.iter().chain(settings).copied().collect();
        let server = Server::start(&data, &all)?;
        let keys = TokenKeys::read(KeyDir::of(&data)?, &SystemClock::new())?;
        let signer = Signer::new(keys.signing(), ISSUER, AUDIENCE);
        Ok(Self { server, signer, _directory: directory })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        self.server.address()
    }

    /// Tokens of so many players, each of whom has money.
    pub(super) async fn players(&self, count: u32) -> anyhow::Result<Vec<String>> {
        let tokens: Vec<_> =
            (1..=count).map(|number| self.token(number)).collect::<Result<_, _>>()?;
        call::fund(self.address(), &tokens).await?;
        Ok(tokens)
    }

    /// Seconds of processor that the server and this program used so far.
    pub(super) fn used_s(&self) -> anyhow::Result<(f64, f64)> {
        Ok((cpu::used_s(self.server.process())?, cpu::used_s(std::process::id())?))
    }

    /// A token as the server's own sign-in would give it: thousands of passwords would take
    /// minutes.
    fn token(&self, number: u32) -> anyhow::Result<String> {
        let now_s = SystemClock::new().unix_ms() / 1_000;
        Ok(self.signer.sign(&PlayerClaims {
            player: PlayerId::new(number.into()).context("not zero")?,
            username: format!("player {number}"),
            session: format!("session {number}"),
            issued_at_s: now_s,
            expires_at_s: now_s + 3_600,
        }))
    }
}

impl Used {
    /// Between two times that were asked, `seconds` apart.
    pub(super) fn between(before: (f64, f64), after: (f64, f64), seconds: f64) -> Self {
        let (server, crowd) = ((after.0 - before.0) / seconds, (after.1 - before.1) / seconds);
        Self { server, crowd }
    }
}
