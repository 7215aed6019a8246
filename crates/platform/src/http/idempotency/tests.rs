//! Keys at the border, one call at a time, and what a file remembers of them.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::post;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use kernel::PlayerId;
use serde::Deserialize;
use tower::ServiceExt as _;

use super::{Found, IdempotencyKey, Idempotent, KeptAnswer, KeyedJson, Running, SCHEMA};
use super::{find, keep};
use crate::random::{SeededRandom, array};
use crate::sqlite::{StoreError, Writer};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Deserialize)]
struct Echo {
    word: String,
}

fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

fn call(key: &str, route: &str, body: &str) -> Idempotent {
    Idempotent::new(IdempotencyKey::new(key).unwrap(), route.to_owned(), body.as_bytes())
}

/// Status and text of `POST /echo` with these keys.
async fn echo(keys: &[&[u8]], body: &'static str) -> (u16, String) {
    let handler = |KeyedJson { idempotent, body: Echo { word } }: KeyedJson<Echo>| async move {
        let key = idempotent.map(|call| format!("{} {}", call.route, call.key.as_str()));
        format!("{word} {}", key.unwrap_or_default())
    };
    let mut request = Request::post("/echo");
    for key in keys {
        request = request.header("Idempotency-Key", *key);
    }
    let request = request.body(Body::from(body)).unwrap();
    let router: Router = Router::new().route("/echo", post(handler));
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_key_is_visible_ascii_sent_once() {
    let body = r#"{"word":"hi"}"#;
    assert_eq!(echo(&[], body).await, (200, "hi ".into()));
    assert_eq!(echo(&[b"k-1/\"~!"], body).await, (200, "hi POST /echo k-1/\"~!".into()));
    let longest = [b'x'; 255];
    assert_eq!(echo(&[&longest], body).await.0, 200);
    let refused: [&[&[u8]]; 7] =
        [&[b""], &[&[b'x'; 256]], &[b"a b"], &[b"a\tb"], &[b"\xc3\xa4"], &[b"\xff"], &[b"a", b"a"]];
    for keys in refused {
        let (status, text) = echo(keys, body).await;
        assert_eq!(status, 400, "{keys:?}");
        assert!(text.contains("\"malformed\""), "{text}");
    }
    for body in ["[\"hi\"]", "{\"word\":", "\"hi\"", ""] {
        assert_eq!(echo(&[b"k"], body).await.0, 400, "{body}");
    }
}

#[test]
fn a_fingerprint_tells_route_and_body() {
    let first = call("k", "PUT /a", "{}");
    assert_eq!(first, call("k", "PUT /a", "{}"));
    for other in [call("k", "POST /a", "{}"), call("k", "PUT /b", "{}"), call("k", "PUT /a", "{} ")]
    {
        assert_ne!(first.fingerprint, other.fingerprint);
    }
    assert_eq!(first.fingerprint, call("other", "PUT /a", "{}").fingerprint);
}

#[test]
fn a_call_runs_once_at_a_time() {
    let running = Running::default();
    let first = call("k", "PUT /a", "{}");
    let turn = running.begin(player(1), Some(&first)).unwrap();
    let refused = running.clone().begin(player(1), Some(&first)).unwrap_err();
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(refused.problem().code, protocol::Code::IdempotencyRunning);
    let others = [
        running.begin(player(2), Some(&first)).unwrap(),
        running.begin(player(1), Some(&call("k", "POST /a", "{}"))).unwrap(),
        running.begin(player(1), Some(&call("l", "PUT /a", "{}"))).unwrap(),
    ];
    assert!(others.iter().all(Option::is_some));
    assert!(running.begin(player(1), None).unwrap().is_none());
    drop(turn);
    assert!(running.begin(player(1), Some(&first)).is_ok());
}

#[test]
fn the_calls_worked_on_are_bounded() {
    let running = Running::default();
    let begin =
        |number: usize| running.begin(player(1), Some(&call(&number.to_string(), "PUT /a", "{}")));
    let turns: Vec<_> = (0..super::RUNNING_MAX).map(|number| begin(number).unwrap()).collect();
    let refused = begin(usize::MAX).unwrap_err();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(turns);
    assert!(begin(usize::MAX).is_ok());
    assert!(running.calls.lock().is_empty());
}

struct Store {
    _root: tempfile::TempDir,
    writer: Writer,
}

impl Store {
    fn open() -> Self {
        let root = tempfile::tempdir().unwrap();
        let writer = Writer::open(root.path().join("keys.db"), &[SCHEMA]).unwrap();
        Self { _root: root, writer }
    }

    /// Does `call` as a role would: found, or kept.
    async fn once(
        &self,
        player: PlayerId,
        call: Idempotent,
        answer: KeptAnswer,
        now_ms: i64,
    ) -> Found {
        let work = move |tx: &rusqlite::Transaction<'_>| {
            let found = find(tx, player, &call, now_ms)?;
            if found == Found::Nothing {
                keep(tx, player, &call, &answer, now_ms)?;
            }
            Ok(found)
        };
        self.writer.run(work).await.unwrap()
    }

    async fn rows(&self) -> u32 {
        let count = "SELECT count(*) FROM idempotent_answer";
        self.writer.run(move |tx| tx.query_row(count, [], |row| row.get(0))).await.unwrap()
    }
}

fn answer(text: &str) -> KeptAnswer {
    KeptAnswer::ok(&serde_json::json!({ "done": text }))
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_for_a_day() {
    let store = Store::open();
    let first = call("k", "PUT /a", "{}");
    let (one, two) = (answer("one"), answer("two"));
    assert_eq!(store.once(player(1), first.clone(), one.clone(), 0).await, Found::Nothing);
    for now_ms in [0, 1, DAY_MS - 1] {
        let found = store.once(player(1), first.clone(), two.clone(), now_ms).await;
        assert_eq!(found, Found::Answer(one.clone()), "{now_ms}");
        let other = store.once(player(1), call("k", "PUT /a", "{ }"), two.clone(), now_ms).await;
        assert_eq!(other, Found::Mismatch, "{now_ms}");
    }
    // Another player's, and another route's, are other keys.
    assert_eq!(store.once(player(2), first.clone(), two.clone(), 5).await, Found::Nothing);
    let elsewhere = call("k", "POST /a", "{}");
    assert_eq!(store.once(player(1), elsewhere, two.clone(), 5).await, Found::Nothing);
    // After a day the key is free again, for any body.
    let later = call("k", "PUT /a", "{ }");
    let found = store.once(player(1), later.clone(), two.clone(), DAY_MS).await;
    assert_eq!(found, Found::Nothing);
    assert_eq!(store.once(player(1), later, one, DAY_MS).await, Found::Answer(two));
}

#[tokio::test]
async fn an_answer_goes_out_byte_for_byte() {
    let kept = answer("ä");
    let response = kept.clone().into_response();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(bytes, kept.body);
}

#[tokio::test]
async fn old_answers_go_a_few_at_a_time() {
    let store = Store::open();
    for number in 0..40 {
        store.once(player(1), call(&format!("old-{number}"), "PUT /a", ""), answer(""), 0).await;
    }
    let mut left = Vec::new();
    for number in 0..4 {
        let new = call(&format!("new-{number}"), "PUT /a", "");
        store.once(player(1), new, answer(""), DAY_MS).await;
        left.push(store.rows().await);
    }
    assert_eq!(left, [25, 10, 3, 4]);
}

/// Random calls of few players, routes, keys and bodies, while days pass: the file does as a map
/// does that forgets after a day.
#[tokio::test]
async fn a_file_does_as_a_map_that_forgets() {
    let store = Store::open();
    let random = SeededRandom::new(11);
    let mut map: HashMap<(u64, u8, u8), (u8, KeptAnswer, i64)> = HashMap::new();
    let (mut now_ms, mut seen) = (0, [0; 3]);
    for step in 0..600 {
        let [who, route, key, body, hours, ..] = array::<8>(&random);
        let (who, route, key, body) = (u64::from(who % 2) + 1, route % 2, key % 3, body % 2);
        now_ms += i64::from(hours % 8) * DAY_MS / 24;
        let answer = answer(&step.to_string());
        let names = (key.to_string(), format!("PUT /{route}"), body.to_string());
        let call = call(&names.0, &names.1, &names.2);
        let found = store.once(player(who), call, answer.clone(), now_ms).await;
        let place = (who, route, key);
        map.retain(|_, (_, _, at_ms)| *at_ms > now_ms - DAY_MS);
        let expected = match map.get(&place) {
            None => Found::Nothing,
            Some((known, first, _)) if *known == body => Found::Answer(first.clone()),
            Some(_) => Found::Mismatch,
        };
        assert_eq!(found, expected, "step {step}");
        match expected {
            Found::Nothing => {
                map.insert(place, (body, answer, now_ms));
                seen[0] += 1;
            }
            Found::Answer(_) => seen[1] += 1,
            Found::Mismatch => seen[2] += 1,
        }
    }
    assert!(seen.iter().all(|times| *times > 50), "{seen:?} says little");
}

#[tokio::test]
async fn what_was_done_meanwhile_is_not_done_again() {
    let store = Store::open();
    let first = call("k", "PUT /a", "{}");
    store.once(player(1), first.clone(), answer("one"), 0).await;
    let blind =
        move |tx: &rusqlite::Transaction<'_>| keep(tx, player(1), &first, &answer("two"), 1);
    let refused: StoreError = store.writer.run(blind).await.unwrap_err();
    assert!(refused.is_unique_violation(), "{refused}");
}
