//! Certificates in files: what is served, what is refused, and by which name.

use std::sync::Arc;

use test_servers::Authority;

use super::{Inner, Seen, Tls, read};
use crate::metrics::Registry;

fn opened(authority: &Authority) -> (Tls, Registry) {
    let registry = Registry::new();
    let tls = Tls::open(&authority.certificate(), &authority.key(), &registry).unwrap();
    (tls, registry)
}

fn look(inner: &Inner, seen: &mut Seen) {
    let (files, pair) = read(&inner.certificate, &inner.key);
    inner.judge(seen, files, pair);
}

#[test]
fn a_start_refuses_by_the_fields_name() {
    let (one, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    let refused = |certificate: &std::path::Path, key: &std::path::Path| {
        Tls::open(certificate, key, &Registry::new()).unwrap_err().to_string()
    };
    let missing = one.certificate().with_extension("none");
    assert!(refused(&missing, &one.key()).starts_with("certificate: "), "a missing file");
    assert!(refused(&one.certificate(), &missing).starts_with("key: "), "a missing file");
    let said = refused(&one.key(), &one.key());
    assert_eq!(said, "certificate: holds no certificate");
    let said = refused(&one.certificate(), &one.certificate());
    assert_eq!(said, "key: holds no private key in PEM");
    let said = refused(&one.certificate(), &other.key());
    assert_eq!(said, "key: does not fit the certificate");
}

#[test]
fn another_pair_is_taken_once_and_a_broken_one_changes_nothing() {
    let authority = Authority::new().unwrap();
    let (tls, registry) = opened(&authority);
    let serving = || Arc::clone(&tls.0.serving.lock());
    let counted = |verdict: &str| {
        let line = format!(r#"waxwing_tls_certificates_total{{verdict="{verdict}"}} 1"#);
        registry.encode().unwrap().contains(&line)
    };
    let mut seen = Seen { judged: tls.0.opened.clone(), doubted: None };
    let first = serving();
    look(&tls.0, &mut seen);
    assert!(Arc::ptr_eq(&first, &serving()), "nothing changed");

    let key = std::fs::read(authority.key()).unwrap();
    std::fs::write(authority.key(), "broken").unwrap();
    look(&tls.0, &mut seen);
    assert!(!counted("refused"), "the other file may still come");
    look(&tls.0, &mut seen);
    assert!(counted("refused"));
    look(&tls.0, &mut seen);
    assert!(counted("refused"), "once is enough");
    assert!(Arc::ptr_eq(&first, &serving()));

    std::fs::write(authority.key(), key).unwrap();
    authority.issue().unwrap();
    look(&tls.0, &mut seen);
    assert!(counted("taken"));
    let end = super::serve(read(&authority.certificate(), &authority.key()).1.unwrap());
    let end = end.unwrap_or_else(|refused| panic!("{refused}")).expires_at_s;
    let line = format!("waxwing_tls_certificate_expires_timestamp_seconds {end}\n");
    assert!(registry.encode().unwrap().contains(&line), "{line}");
    assert!(!Arc::ptr_eq(&first, &serving()));
}
