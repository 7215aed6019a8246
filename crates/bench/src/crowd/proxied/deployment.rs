//! One process of each role on a PostgreSQL and a NATS of their own, nginx beside the gateway, and
//! players with money. The game plays for nobody: a gateway opens its door once all are there.

use anyhow::Context as _;
use kernel::PlayerId;
use platform::clock::{Clock as _, SystemClock};
use platform::data_dir::KeyDir;
use tempfile::TempDir;
use test_servers::{Nats, Nginx, Postgres};
use tokens::{PlayerClaims, ServiceSigner, Signer};
use waxwing::keys::{self, AUDIENCE, Existing, ISSUER, Role, TokenKeys};

use super::super::call;
use super::Way;
use crate::bets::beside_program;
use crate::server::Server;

/// What stands in every right answer: what [`call::fund`] gave.
pub(super) const BALANCE: &str = r#""balance":100000,"#;
/// All calls come from one address.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GATEWAY__REQUESTS_PER_SECOND", "100000"),
    ("WAXWING_GATEWAY__REQUEST_BURST", "100000"),
    ("WAXWING_TELEMETRY__FILTER", "warn"),
];

/// Everything that runs; what is asked stops before what it needs.
pub(super) struct Deployment {
    nginx: Nginx,
    gateway: Server,
    user: Server,
    signer: ServiceSigner,
    tokens: Vec<String>,
    _game: Server,
    _nats: Nats,
    _postgres: Postgres,
    _directory: TempDir,
}

impl Deployment {
    /// Starts all of it for so many players.
    pub(super) async fn open(players: u32) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir_in(beside_program()?)?;
        let data = directory.path().join("data");
        keys::make(&data, Existing::Refuse)?;
        let (postgres, nats) = (Postgres::start()?, Nats::start()?);
        let nats_url = nats.url();
        let users = postgres.create("users")?;
        let games = postgres.create("games")?;
        let start = |role: &str, more: &[(&str, &str)]| {
            let nats = ("WAXWING_INTERNAL__NATS", nats_url.as_str());
            let all: Vec<_> = SETTINGS.iter().chain(more).copied().chain([nats]).collect();
            Server::start_role(role, &data, &all).with_context(|| format!("waxwing {role}"))
        };
        let user = start("user", &[("WAXWING_POSTGRES__USER", users.as_str())])?;
        let game = start("game", &[("WAXWING_POSTGRES__GAME", games.as_str())])?;
        let gateway = start("gateway", &[])?;
        let nginx = Nginx::start(user.address())?;

        let found = KeyDir::of(&data)?;
        let signer = ServiceSigner::new(keys::service_key(&found, Role::Gateway)?, "bench");
        let players_keys = TokenKeys::read(found, &SystemClock::new())?;
        let of_players = Signer::new(players_keys.signing(), ISSUER, AUDIENCE);
        let tokens = (1..=players).map(|number| token(&of_players, number));
        let tokens = tokens.collect::<anyhow::Result<Vec<_>>>()?;
        call::fund(gateway.address(), &tokens).await?;
        Ok(Self {
            nginx,
            gateway,
            user,
            signer,
            tokens,
            _game: game,
            _nats: nats,
            _postgres: postgres,
            _directory: directory,
        })
    }

    /// To the user role itself, through the gateway, through nginx. Service tokens live shortly,
    /// so each round has new ones.
    pub(super) fn ways(&self) -> [Way; 3] {
        let now_s = SystemClock::new().unix_ms().div_euclid(1_000);
        let service = self.signer.token(Role::User.name(), now_s);
        let proof = format!("waxwing-service-token: {service}\r\nx-forwarded-for: 127.0.0.1\r\n");
        let role = |address: &str| self.way(address, "/user/v1/balance", &proof);
        let through_gateway = self.way(self.gateway.address(), "/gateway/user/v1/balance", "");
        [role(self.user.address()), through_gateway, role(&self.nginx.address())]
    }

    fn way(&self, address: &str, path: &str, more: &str) -> Way {
        let call = |token: &String| {
            format!(
                "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
                 {more}\r\n"
            )
        };
        Way { address: address.to_owned(), calls: self.tokens.iter().map(call).collect() }
    }
}

/// A token as the role's own sign-in would give it.
fn token(signer: &Signer, number: u32) -> anyhow::Result<String> {
    let now_s = SystemClock::new().unix_ms() / 1_000;
    Ok(signer.sign(&PlayerClaims {
        player: PlayerId::new(number.into()).context("not zero")?,
        username: format!("player {number}"),
        session: format!("session {number}"),
        issued_at_s: now_s,
        expires_at_s: now_s + 3_600,
    }))
}
