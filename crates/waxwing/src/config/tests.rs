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
