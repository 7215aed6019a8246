//! What is shown is what is in force, and a wrong field is named.

use super::Config;

#[test]
fn what_is_shown_can_be_read_back_and_is_the_default() {
    let shown = Config::default().redacted().unwrap();
    let read: Config = toml::from_str(&shown).unwrap();
    assert_eq!(read.redacted().unwrap(), shown);
    assert!(shown.contains("ops = \"127.0.0.1:9464\""), "{shown}");
    assert!(shown.contains("listen = \"127.0.0.1:8080\""), "{shown}");
    assert!(shown.contains("data = \"./data\""), "{shown}");
}

#[test]
fn a_bad_value_is_named_with_its_section() {
    let overrides = [("gateway.public_url".to_owned(), "not an origin".to_owned())];
    let refused = Config::load(None, &overrides).unwrap_err().to_string();
    assert!(refused.starts_with("gateway.public_url: "), "{refused}");
}

#[test]
fn an_unknown_key_is_named() {
    let overrides = [("wallet.colour".to_owned(), "red".to_owned())];
    let refused = Config::load(None, &overrides).unwrap_err().to_string();
    assert!(refused.contains("wallet.colour"), "{refused}");
}

#[test]
fn where_players_do_not_help_themselves_passwords_are_longer_and_tokens_shorter() {
    let load = |overrides: &[(&str, &str)]| {
        let owned = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        let overrides: Vec<_> = overrides.iter().map(owned).collect();
        Config::load(None, &overrides).unwrap().redacted().unwrap()
    };
    let play = load(&[]);
    assert!(play.contains("token_minutes = 60") && play.contains("password_min = 4"), "{play}");
    let real = load(&[("wallet.self_service", "false")]);
    assert!(real.contains("token_minutes = 10") && real.contains("password_min = 8"), "{real}");
    let set = load(&[("wallet.self_service", "false"), ("identity.token_minutes", "5")]);
    assert!(set.contains("token_minutes = 5") && set.contains("password_min = 8"), "{set}");
}

#[test]
fn the_files_of_the_certificate_are_shown_and_come_in_pairs() {
    let certificate = ("gateway.tls.certificate".to_owned(), "/tls/chain.pem".to_owned());
    let key = ("gateway.tls.key".to_owned(), "/tls/key.pem".to_owned());
    let shown = Config::load(None, &[certificate.clone(), key]).unwrap().redacted().unwrap();
    let section = "[gateway.tls]\ncertificate = \"/tls/chain.pem\"\nkey = \"/tls/key.pem\"\n";
    assert!(shown.contains(section), "{shown}");
    let refused = Config::load(None, &[certificate]).unwrap_err().to_string();
    assert!(refused.starts_with("gateway.tls.key: "), "{refused}");
}
