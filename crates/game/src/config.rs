//! How the game role is set up. Every field has a default.

use engine::Rules;
use kernel::{Amount, CurveKind, Multiplier, Stake};
use platform::config::InvalidConfig;
use serde::{Deserialize, Serialize};

use crate::store::{NewLobby, Visibility};

/// Where the gateway is reached if nobody says.
const ORIGIN: &str = "http://localhost:8080";

/// The section `game`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The origin players are told, without a path; the gateway's own unless it is set.
    pub public_url: Option<String>,
    /// How long rounds with bets may take to finish after a first signal, in seconds.
    pub drain_max_s: u64,
    /// How many lobbies a player may have.
    pub lobbies_per_player: u32,
    /// How many lobbies may be played at once; one more is refused as overloaded.
    pub lobbies_max: usize,
    /// How long nobody plays before a lobby that waits for its first bet gives its task back, in
    /// milliseconds.
    pub rest_ms: u64,
    /// The house's expected share of each stake, in basis points. Fixed when a lobby is made.
    pub house_edge_bps: u32,
    /// How long a finished round is shown, in milliseconds.
    pub pause_ms: u64,
    /// Where every climb ends at the latest, in hundredths. Fixed when a lobby is made; a curve's
    /// own limit holds too.
    pub multiplier_max_centi: u32,
    /// With so many seeds left in a chain the next one is made and promised.
    pub successor_at: u32,
    /// Where new chains get their public seed from.
    pub public_seed: PublicSeedSource,
    /// How drand is asked.
    pub drand: DrandConfig,
    /// Lobby 1, which exists from the start.
    pub main: MainConfig,
    /// What players' lobbies get unless their maker says otherwise.
    pub players: PlayersConfig,
}

/// Where a chain's public seed comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicSeedSource {
    /// Drawn here: good among friends, shown as not anchored.
    Local,
    /// The output of drand's quicknet, which nobody here controls.
    Drand,
}

/// drand's HTTP API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrandConfig {
    /// Addresses of drand's API, asked in turn. What they answer is proved, not believed.
    pub urls: Vec<String>,
    /// How long one answer may take, in milliseconds.
    pub timeout_ms: u64,
}

/// Lobby 1. Read when it is made, at the first start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MainConfig {
    /// Its name.
    pub name: String,
    /// How long bets are taken, in milliseconds.
    pub betting_ms: u64,
    /// What its house is given, in whole units of the currency.
    pub funding: u32,
    /// How many rounds one seed chain plays.
    pub chain_length: u32,
}

/// Players' lobbies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlayersConfig {
    /// How long bets are taken from the first on, in milliseconds.
    pub betting_ms: u64,
    /// What their house is given, in whole units of the currency.
    pub funding: u32,
    /// How many rounds one seed chain plays.
    pub chain_length: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: None,
            drain_max_s: 180,
            lobbies_per_player: 5,
            lobbies_max: 10_000,
            rest_ms: 30_000,
            house_edge_bps: 100,
            pause_ms: 3_000,
            multiplier_max_centi: 100_000,
            successor_at: 1_000,
            public_seed: PublicSeedSource::Local,
            drand: DrandConfig::default(),
            main: MainConfig::default(),
            players: PlayersConfig::default(),
        }
    }
}

impl Default for DrandConfig {
    fn default() -> Self {
        let urls =
            ["https://api.drand.sh", "https://api2.drand.sh", "https://drand.cloudflare.com"];
        Self { urls: urls.map(str::to_owned).into(), timeout_ms: 5_000 }
    }
}

impl Default for MainConfig {
    fn default() -> Self {
        Self {
            name: "Main".into(),
            betting_ms: 6_000,
            funding: 1_000_000_000,
            chain_length: 100_000,
        }
    }
}

impl Default for PlayersConfig {
    fn default() -> Self {
        Self { betting_ms: 10_000, funding: 10_000_000, chain_length: 10_000 }
    }
}

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// [`InvalidConfig`], naming the first field that cannot be.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let check = |holds: bool, field: &'static str, reason: &'static str| {
            if holds { Ok(()) } else { Err(InvalidConfig::new(field, reason)) }
        };
        let betting = "must be 100 to 60000";
        let length = "must be 2 to 10000000";
        let funding = "must be at least 1";
        let named = self.public_url.as_deref();
        check(named.is_none_or(is_origin), "public_url", "must be an origin")?;
        check(self.lobbies_max > 0, "lobbies_max", "must be at least 1")?;
        check(self.house_edge_bps < 10_000, "house_edge_bps", "must be below 10000")?;
        check(self.pause_ms <= 60_000, "pause_ms", "must be at most 60000")?;
        let highest = 101..=1_000_000;
        let limit = "must be 101 to 1000000";
        check(highest.contains(&self.multiplier_max_centi), "multiplier_max_centi", limit)?;
        let chain = 2..=10_000_000;
        let successor = (1..=1_000_000).contains(&self.successor_at);
        check(successor, "successor_at", "must be 1 to 1000000")?;
        let urls = &self.drand.urls;
        let named = self.public_seed == PublicSeedSource::Local || !urls.is_empty();
        check(named, "drand.urls", "must name an address for public_seed = \"drand\"")?;
        let addresses = urls.iter().all(|url| is_address(url));
        check(addresses, "drand.urls", "must be http or https addresses")?;
        let timeout = (100..=30_000).contains(&self.drand.timeout_ms);
        check(timeout, "drand.timeout_ms", "must be 100 to 30000")?;
        let main = &self.main;
        check((100..=60_000).contains(&main.betting_ms), "main.betting_ms", betting)?;
        check(chain.contains(&main.chain_length), "main.chain_length", length)?;
        check(main.funding > 0, "main.funding", funding)?;
        let players = &self.players;
        check((100..=60_000).contains(&players.betting_ms), "players.betting_ms", betting)?;
        check(chain.contains(&players.chain_length), "players.chain_length", length)?;
        check(players.funding > 0, "players.funding", funding)
    }

    /// The origin players are told.
    pub(crate) fn origin(&self) -> &str {
        self.public_url.as_deref().unwrap_or(ORIGIN)
    }

    /// Lobby 1 as it is made at the first start.
    pub(crate) fn main_lobby(&self, rules: &Rules, created_at: i64) -> NewLobby {
        NewLobby {
            name: self.main.name.clone(),
            visibility: Visibility::Public,
            mode: engine::Mode::Continuous,
            betting_ms: self.main.betting_ms,
            funding: Amount::from_whole(self.main.funding),
            chain_length: self.main.chain_length,
            ..self.players_lobby(rules, created_at)
        }
    }

    /// A player's lobby before its maker's wishes.
    pub(crate) fn players_lobby(&self, rules: &Rules, created_at: i64) -> NewLobby {
        NewLobby {
            owner: None,
            name: "Lobby".into(),
            visibility: Visibility::Public,
            mode: engine::Mode::OnFirstBet,
            curve: CurveKind::Exponential,
            betting_ms: self.players.betting_ms,
            stake_min: Stake::MIN,
            stake_max: rules.stake_max,
            multiplier_max: Multiplier::saturating_from_centi(self.multiplier_max_centi.into())
                .min(rules.curve.kind().multiplier_limit()),
            payout_max: rules.payout_max,
            bets_per_player: rules.bets_per_player,
            house_edge_bps: self.house_edge_bps,
            funding: Amount::from_whole(self.players.funding),
            chain_length: self.players.chain_length,
            created_at,
        }
    }
}

/// `http` or `https`, an authority, perhaps a path.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', '@', ' ']))
}

/// `http` or `https`, an authority, and nothing after it.
fn is_origin(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|authority| {
        !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' '])
    })
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_defaults_are_valid_and_a_path_in_the_public_url_is_not() {
        assert_eq!(Config::default().validate(), Ok(()));
        let none = Config { lobbies_max: 0, ..Config::default() };
        assert_eq!(none.validate().unwrap_err().field, "lobbies_max");
        let named = Config { public_url: Some("https://a.example".into()), ..Config::default() };
        assert_eq!((named.validate(), named.origin()), (Ok(()), "https://a.example"));
        for url in ["", "localhost:8080", "http://", "http://a/", "http://a/b", "ftp://a"] {
            let config = Config { public_url: Some(url.into()), ..Config::default() };
            assert_eq!(config.validate().unwrap_err().field, "public_url", "{url}");
        }
    }
}
