//! HTTP bodies and paths that no client of ours would send.

use reqwest::Method;

use super::Table;
use crate::harness::{Answer, Place};

const CALLS: &[(&str, &str, &str)] = &[
    ("POST", "/gateway/user/v1/auth/register", "username"),
    ("POST", "/gateway/user/v1/auth/login", "password"),
    ("PUT", "/gateway/user/v1/balance", "ammount"),
    ("POST", "/gateway/user/v1/balance", "ammount"),
    ("POST", "/gateway/game/v1/lobby", "name"),
];

impl Table {
    async fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Answer {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let method: Method = method.parse().unwrap();
        let request = client.request(method, format!("{}{path}", self.server.base));
        let request = request.bearer_auth(&self.ann.token).body(body);
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_are_malformed_wherever_they_go() {
    let place = Place::new();
    let table = Table::at(&place).await;
    for (method, path, field) in CALLS {
        let deep = "[".repeat(10_000);
        let bodies: Vec<(&str, Vec<u8>)> = vec![
            ("cut short", format!("{{\"{field}\":\"1").into_bytes()),
            ("not JSON", b"ammount=1".to_vec()),
            ("two values", format!("{{\"{field}\":\"1\"}}{{}}").into_bytes()),
            ("not an object", b"\"1\"".to_vec()),
            ("said twice", format!("{{\"{field}\":\"1\",\"{field}\":\"1\"}}").into_bytes()),
            ("not UTF-8", [format!("{{\"{field}\":\"").as_bytes(), b"\xff\xfe\"}"].concat()),
            (
                "an overlong slash",
                [format!("{{\"{field}\":\"").as_bytes(), b"\xc0\xaf\"}"].concat(),
            ),
            ("half a pair", format!("{{\"{field}\":\"\\ud800\"}}").into_bytes()),
            ("a bare control", format!("{{\"{field}\":\"\0\"}}").into_bytes()),
            ("a byte order mark", format!("\u{feff}{{\"{field}\":\"1\"}}").into_bytes()),
            ("deep arrays", format!("{{\"{field}\":{deep}{}}}", "]".repeat(10_000)).into_bytes()),
            ("deep objects", format!("{{\"{field}\":{}", "{\"a\":".repeat(10_000)).into_bytes()),
            ("deep from the start", deep.into_bytes()),
        ];
        for (what, body) in bodies {
            let answer = table.send(method, path, body).await;
            assert_eq!(answer.status, 400, "{what} to {method} {path}: {}", answer.text);
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            let expected = if *field == "ammount" { "invalid_amount" } else { "malformed" };
            assert!([expected, "malformed"].contains(&code.as_str()), "{what}: {}", answer.text);
            answer.assert_refused(400, &code);
        }
    }
    table.assert_untouched().await;
    let lobbies = table.caller.get("/gateway/game/v1/lobbies").await;
    assert_eq!(lobbies.json().as_array().map(Vec::len), Some(1), "{}", lobbies.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_over_the_limit_are_too_large_wherever_they_go() {
    let place = Place::new();
    let table = Table::at(&place).await;
    for (method, path, field) in CALLS {
        let body = format!("{{\"{field}\":\"{}\"}}", "1".repeat(65_536));
        table.send(method, path, body.into_bytes()).await.assert_refused(413, "too_large");
    }
    table.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lobbies_and_rounds_that_cannot_be_are_not_found() {
    let place = Place::new();
    let table = Table::at(&place).await;
    let names = [
        "0",
        "-1",
        "007x",
        "1.0",
        "1e0",
        "0x1",
        "99999",
        "9007199254740992",
        "%00",
        "%ff",
        "18446744073709551616",
        "99999999999999999999999999",
        "NaN",
        "null",
        "..%2f..",
        "'",
        "%F0%9F%95%8A",
    ];
    for name in names {
        for rest in ["", "/rounds", "/rounds/1", "/chains", "/export"] {
            let path = format!("/gateway/game/v1/lobby/{name}{rest}");
            let answer = table.caller.get(&path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text);
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            assert!(["unknown_lobby", "not_found"].contains(&code.as_str()), "{}", answer.text);
            answer.assert_refused(404, &code);
        }
        let path = format!("/gateway/game/v1/lobby/1/rounds/{name}");
        table.caller.get(&path).await.assert_refused(404, "not_found");
    }
    for query in ["limit=0", "limit=-1", "limit=NaN", "limit=1&limit=2", "limit=", "x=1"] {
        for list in ["/gateway/game/v1/lobby/1/rounds", "/gateway/game/v1/bets"] {
            let path = format!("{list}?{query}");
            let answer = table.caller.call(Method::GET, &path, Some(&table.ann), None).await;
            answer.assert_refused(400, "malformed");
        }
    }
    table.assert_untouched().await;
}
