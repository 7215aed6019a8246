//! The page's files come as they were built; without them there is a way to them.

use std::fs;
use std::path::Path;
use std::process::Command;

use axum::body::to_bytes;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_SECURITY_POLICY};

use super::{BARE, FILES, accepts, bare, home, root};

#[tokio::test]
async fn without_a_page_the_root_says_how_to_build_it_and_runs_no_script() {
    let answer = bare();
    let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"));
    assert!(BARE.contains("make run") && BARE.contains("npm") && BARE.contains("/gateway/docs"));
    assert!(!BARE.contains("<script") && !BARE.contains("style="));
    assert!(BARE.contains("/page.css"));
}

/// What the build script lists for a tree at `tree`.
fn listed(script: &Path, tree: &Path) -> String {
    let home = tree.join("crates/gateway");
    fs::create_dir_all(&home).unwrap();
    let mut command = Command::new(script);
    command.env("CARGO_MANIFEST_DIR", &home).env("OUT_DIR", tree);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(tree.join("page_files.rs")).unwrap()
}

#[tokio::test]
async fn a_tree_without_a_page_builds_and_serves_the_way_to_one() {
    let tree = tempfile::tempdir().unwrap();
    let script = tree.path().join("script");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs");
    let mut compiler = Command::new("rustc");
    compiler.args(["--edition", "2024", source, "-o"]).arg(&script);
    assert!(compiler.status().unwrap().success());
    assert_eq!(listed(&script, tree.path()), "[\n]\n");

    let answer = root(&[], &HeaderMap::new());
    assert_eq!(answer.status(), 200);
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("built without the page") && body.contains("make run"), "{body}");

    let page = tree.path().join("web/dist/page");
    fs::create_dir_all(&page).unwrap();
    fs::write(page.join("index.html"), "").unwrap();
    assert!(listed(&script, tree.path()).contains("name: \"index.html\""));
}

#[tokio::test]
async fn the_root_is_the_page_if_one_was_built() {
    let answer = home(HeaderMap::new()).await;
    let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert_eq!(body.contains("/assets/"), !FILES.is_empty(), "{body}");
    assert!(body.contains("Waxwing") && !body.contains("style="));
}

#[test]
fn an_encoding_is_used_if_it_was_asked_for_and_not_refused() {
    let asked = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, text.parse().unwrap());
        (accepts(&headers, "br"), accepts(&headers, "gzip"))
    };
    assert_eq!(asked("gzip, deflate, br, zstd"), (true, true));
    assert_eq!(asked("gzip;q=0.5, br;q=0"), (false, true));
    assert_eq!(asked("br;q=0.0, identity"), (false, false));
    assert!(!accepts(&HeaderMap::new(), "gzip"));
}
