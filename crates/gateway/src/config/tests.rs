//! What a section may say, and what players are told.

use super::{Config, TlsConfig};

#[test]
fn only_an_origin_is_a_public_url() {
    let refused = |url: &str| {
        let config = Config { public_url: Some(url.to_owned()), ..Config::default() };
        config.validate().is_err()
    };
    for url in ["http://localhost:8080", "https://play.example.org", "http://[::1]:80"] {
        assert!(!refused(url), "{url}");
    }
    let bad = [
        "",
        "play.example.org",
        "ftp://a",
        "http://a/",
        "http://a/b",
        "http://u@a",
        "http://a?b",
        "//a",
    ];
    for url in bad {
        assert!(refused(url), "{url}");
    }
}

#[test]
fn defaults_are_valid_and_zeros_are_not() {
    assert_eq!(Config::default().validate(), Ok(()));
    let error = Config { request_burst: 0, ..Config::default() }.validate().unwrap_err();
    assert_eq!(error.field, "request_burst");
    let error = Config { connections_max: 0, ..Config::default() }.validate().unwrap_err();
    assert_eq!(error.field, "connections_max");
    let mut config = Config::default();
    config.sockets.in_flight_max = 0;
    assert_eq!(config.validate().unwrap_err().field, "sockets.in_flight_max");
    let mut config = Config::default();
    config.tls.certificate = Some("chain.pem".into());
    assert_eq!(config.validate().unwrap_err().field, "tls.key");
}

#[test]
fn players_are_not_sent_to_plain_http_where_only_tls_is_spoken() {
    let pair = (Some("chain.pem".into()), Some("key.pem".into()));
    let tls = TlsConfig { certificate: pair.0, key: pair.1 };
    let validated = |tls: &TlsConfig, url: &str| {
        let public_url = Some(url.to_owned());
        Config { tls: tls.clone(), public_url, ..Config::default() }.validate()
    };
    for url in ["http://play.example.org", "HTTP://play.example.org:80"] {
        assert_eq!(validated(&tls, url).unwrap_err().field, "public_url", "{url}");
        // Perhaps a proxy speaks TLS, and perhaps nobody does.
        assert_eq!(validated(&TlsConfig::default(), url), Ok(()), "{url}");
    }
    assert_eq!(validated(&tls, "https://play.example.org"), Ok(()));
    assert_eq!(Config { tls, ..Config::default() }.validate(), Ok(()));
}

#[test]
fn players_are_told_where_it_is_bound_unless_told_otherwise() {
    let config = Config::default();
    assert_eq!(config.origin("127.0.0.1:4711".parse().unwrap()), "http://127.0.0.1:4711");
    assert_eq!(config.origin("0.0.0.0:80".parse().unwrap()), "http://localhost:80");
    let pair = ("chain.pem".into(), "key.pem".into());
    let tls = TlsConfig { certificate: Some(pair.0), key: Some(pair.1) };
    let secured = Config { tls, ..Config::default() };
    assert_eq!(secured.origin("127.0.0.1:1".parse().unwrap()), "https://127.0.0.1:1");
    let named = Config { public_url: Some("https://a.example".to_owned()), ..config };
    assert_eq!(named.origin("127.0.0.1:1".parse().unwrap()), "https://a.example");
}
