//! Which source wins, and errors that name the field.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ConfigError, InvalidConfig, Redacted, load};

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    name: String,
    lobby: Lobby,
    secret: Option<Redacted>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Lobby {
    betting_ms: u64,
    edge: Option<i32>,
    rate: f64,
    open: bool,
    mode: Mode,
    origins: Vec<String>,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Continuous,
    OnFirstBet,
}

impl Default for Config {
    fn default() -> Self {
        Self { name: "main".into(), lobby: Lobby::default(), secret: None }
    }
}

impl Default for Lobby {
    fn default() -> Self {
        Self {
            betting_ms: 10_000,
            edge: None,
            rate: 0.5,
            open: true,
            mode: Mode::Continuous,
            origins: Vec::new(),
            port: 80,
        }
    }
}

struct Sources {
    _root: tempfile::TempDir,
    file: PathBuf,
}

fn file(text: &str) -> Sources {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("waxwing.toml");
    std::fs::write(&file, text).unwrap();
    Sources { _root: root, file }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    load(Some(&file(text).file), [], &[])
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(None, pairs(variables), &[])
}

#[test]
fn nothing_given_leaves_the_defaults() {
    assert_eq!(load::<Config>(None, pairs(&[("PATH", "/bin")]), &[]), Ok(Config::default()));
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let sources = file("name = 'file'\n[lobby]\nbetting_ms = 1\nport = 1\nopen = false");
    let environment = pairs(&[("WAXWING_LOBBY__BETTING_MS", "2"), ("WAXWING_LOBBY__PORT", "2")]);
    let flags = pairs(&[("lobby.port", "3")]);
    let config: Config = load(Some(&sources.file), environment, &flags).unwrap();
    assert_eq!(config.name, "file");
    assert_eq!((config.lobby.betting_ms, config.lobby.port, config.lobby.open), (2, 3, false));
}

#[test]
fn text_becomes_what_its_field_is() {
    let config = from_environment(&[
        ("WAXWING_NAME", "1234"),
        ("WAXWING_SECRET", "5678"),
        ("WAXWING_LOBBY__EDGE", "-3"),
        ("WAXWING_LOBBY__RATE", "1.25"),
        ("WAXWING_LOBBY__OPEN", "false"),
        ("WAXWING_LOBBY__MODE", "on_first_bet"),
        ("WAXWING_LOBBY__ORIGINS", "https://a.example, https://b.example"),
    ]);
    let expected = Config {
        name: "1234".into(),
        secret: Some(Redacted::new("5678")),
        lobby: Lobby {
            edge: Some(-3),
            rate: 1.25,
            open: false,
            mode: Mode::OnFirstBet,
            origins: vec!["https://a.example".into(), "https://b.example".into()],
            ..Lobby::default()
        },
    };
    assert_eq!(config, Ok(expected));
}

#[test]
fn an_unknown_key_is_named_wherever_it_stands() {
    let refused = [
        from_file("[lobby]\nbeting_ms = 1").unwrap_err(),
        from_environment(&[("WAXWING_LOBBY__BETING_MS", "1")]).unwrap_err(),
        load::<Config>(None, [], &pairs(&[("lobby.beting_ms", "1")])).unwrap_err(),
    ];
    for refused in refused {
        let text = refused.to_string();
        assert!(text.starts_with("lobby.beting_ms: unknown field `beting_ms`"), "{text}");
        assert!(text.contains("`betting_ms`"), "{text}");
    }
    let text = from_file("[loby]\n").unwrap_err().to_string();
    assert!(text.starts_with("loby: unknown field"), "{text}");
}

#[test]
fn a_bad_value_is_named_with_what_it_should_be() {
    for (name, text, expected) in [
        ("LOBBY__BETTING_MS", "soon", "lobby.betting_ms: `soon` is not a whole number"),
        ("LOBBY__BETTING_MS", "-1", "lobby.betting_ms: `-1` is not a whole number"),
        ("LOBBY__PORT", "65536", "lobby.port: invalid value: integer `65536`, expected u16"),
        ("LOBBY__OPEN", "yes", "lobby.open: `yes` is not true or false"),
        ("LOBBY__MODE", "never", "lobby.mode: unknown variant `never`"),
        ("LOBBY", "7", "lobby: invalid type: string \"7\""),
        ("NAME__FIRST", "x", "name: invalid type: map"),
    ] {
        let refused = from_environment(&[(&format!("WAXWING_{name}"), text)]).unwrap_err();
        assert!(refused.to_string().starts_with(expected), "{refused}");
    }
    let refused = from_file("[lobby]\nbetting_ms = 'soon'").unwrap_err().to_string();
    assert!(refused.starts_with("lobby.betting_ms: invalid type: string \"soon\""), "{refused}");
    let refused = from_file("lobby = 3").unwrap_err().to_string();
    assert!(refused.starts_with("lobby: invalid type: integer `3`"), "{refused}");
}

#[test]
fn a_field_under_a_value_is_refused() {
    let sources = file("name = 'x'");
    let refused = load::<Config>(Some(&sources.file), pairs(&[("WAXWING_NAME__X", "1")]), &[]);
    assert_eq!(refused.unwrap_err().to_string(), "name.x: x is not a section here");
}

#[test]
fn a_file_that_is_none_is_named() {
    let missing = load::<Config>(Some("/nowhere/waxwing.toml".as_ref()), [], &[]).unwrap_err();
    assert!(missing.to_string().starts_with("/nowhere/waxwing.toml: "), "{missing}");
    let sources = file("name =");
    let broken = load::<Config>(Some(&sources.file), [], &[]).unwrap_err();
    assert!(matches!(&broken, ConfigError::File { file, .. } if file.ends_with("waxwing.toml")));
}

#[test]
fn what_is_shown_hides_secrets_and_reads_back() {
    let config = Config { secret: Some(Redacted::new("hush")), ..Config::default() };
    let shown = toml::to_string(&config).unwrap();
    assert!(shown.contains("secret = \"<redacted>\""), "{shown}");
    assert!(!shown.contains("hush") && !format!("{config:?}").contains("hush"));
    assert_eq!(from_file(&shown).unwrap().lobby, config.lobby);
}

#[test]
fn a_verdict_is_seen_with_its_section() {
    let verdict = InvalidConfig::new("lobby.betting_ms", "must be 3000 to 60000").within("game");
    let error = ConfigError::from(verdict);
    assert_eq!(error.to_string(), "game.lobby.betting_ms: must be 3000 to 60000");
}
