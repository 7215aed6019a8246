//! Which pages may open sockets, origin by origin.

use http::{HeaderMap, HeaderValue, header};

use super::{Origins, is_origin};

fn allows(listed: &[&str], origin: &str, host: &str) -> bool {
    let listed: Vec<_> = listed.iter().map(ToString::to_string).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
    headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
    Origins::new(&listed).allow(&headers)
}

#[test]
fn without_a_list_the_page_must_be_ours() {
    assert!(allows(&[], "http://localhost:8080", "localhost:8080"));
    assert!(allows(&[], "https://Play.example.org", "play.example.org"));
    assert!(allows(&[], "https://play.example.org", "play.example.org:443"));
    assert!(allows(&[], "http://play.example.org:80", "play.example.org"));
    assert!(!allows(&[], "https://play.example.org:80", "play.example.org"));
    assert!(!allows(&[], "http://localhost:3000", "localhost:8080"));
    assert!(!allows(&[], "https://evil.example", "play.example.org"));
    assert!(!allows(&[], "https://play.example.org.evil.example", "play.example.org"));
    assert!(!allows(&[], "null", "play.example.org"));
    assert!(!allows(&[], "file://", ""));
}

#[test]
fn with_a_list_the_page_must_be_on_it() {
    let list = ["https://play.example.org", "http://localhost:3000"];
    assert!(allows(&list, "HTTPS://play.example.org", "ours"));
    assert!(allows(&list, "http://localhost:3000", "ours"));
    assert!(!allows(&list, "http://play.example.org", "ours"));
    assert!(!allows(&list, "http://ours", "ours"));
    assert!(allows(&["*"], "null", "ours"));
}

#[test]
fn what_is_not_a_browser_says_nothing() {
    for listed in [vec![], vec!["https://play.example.org".to_owned()]] {
        assert!(Origins::new(&listed).allow(&HeaderMap::new()));
    }
    let mut twice = HeaderMap::new();
    twice.append(header::HOST, HeaderValue::from_static("a"));
    twice.append(header::ORIGIN, HeaderValue::from_static("http://a"));
    twice.append(header::ORIGIN, HeaderValue::from_static("http://a"));
    assert!(!Origins::new(&[]).allow(&twice));
}

#[test]
fn what_can_be_listed() {
    let good = ["*", "http://localhost:8080", "https://play.example.org"];
    let bad = ["", "play.example.org", "https://play.example.org/", "ftp://a", "https://", "null"];
    assert!(good.iter().all(|origin| is_origin(origin)));
    assert!(bad.iter().all(|origin| !is_origin(origin)));
}
