//! The routes as clients of the original use them, and what attackers try.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use cluster::{Bus, MemoryBus};
use contracts::{Identity as _, Profile};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use kernel::PlayerId;
use platform::clock::ManualClock;
use platform::metrics::Registry;
use platform::random::SystemRandom;
use platform::sqlite::{Reader, Writer};
use serde_json::{Value, json};
use tokens::{Signer, SigningKey};
use tower::ServiceExt as _;

use super::store::SqliteStore;
use super::{Config, Deps, SCHEMA, Service, openapi, router};

mod abuse;
mod sessions;

struct World {
    root: tempfile::TempDir,
    clock: ManualClock,
    registry: Registry,
    bus: Arc<MemoryBus>,
    service: Service,
    router: Router,
}

fn cheap() -> Config {
    Config { argon2_memory_kib: 8, argon2_passes: 1, ..Config::default() }
}

async fn world(config: Config) -> World {
    world_in(tempfile::tempdir().unwrap(), ManualClock::new(), config).await
}

/// A process on the files of `root`.
async fn world_in(root: tempfile::TempDir, clock: ManualClock, config: Config) -> World {
    let path = root.path().join("user.db");
    let (bus, registry) = (Arc::new(MemoryBus::new()), Registry::new());
    let signer = Signer::new(SigningKey::generate([1; 32]), "waxwing", "players");
    let writer = Writer::open(&path, &[SCHEMA]).unwrap();
    let deps = Deps {
        store: Arc::new(SqliteStore::new(writer, Reader::open(&path, 2).unwrap())),
        clock: Arc::new(clock.clone()),
        random: Arc::new(SystemRandom),
        verifier: Arc::new(signer.verifier()),
        signer: Arc::new(signer),
        bus: Arc::clone(&bus) as Arc<dyn Bus>,
        registry: registry.clone(),
    };
    let service = Service::start(config, deps).await.unwrap();
    World { root, clock, registry, bus, router: router(service.clone()), service }
}

impl World {
    async fn call(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let refused = response.headers()["content-type"] == "application/problem+json";
        assert_eq!(refused, !status.is_success());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn post(&self, path: &str, body: impl ToString) -> (StatusCode, Value) {
        self.call(Request::post(path).body(Body::from(body.to_string())).unwrap()).await
    }

    async fn register(&self, username: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({ "username": username, "password": password });
        self.post("/user/v1/auth/register", body).await
    }

    async fn login(&self, username: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({ "username": username, "password": password });
        self.post("/user/v1/auth/login", body).await
    }

    /// Calls as whoever has `token`.
    async fn post_as(&self, token: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::post(path).header("authorization", format!("Bearer {token}"));
        self.call(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn token(&self, username: &str) -> String {
        assert_eq!(self.register(username, "1111").await.0, StatusCode::CREATED);
        let (_, signed_in) = self.login(username, "1111").await;
        signed_in["access_token"].as_str().unwrap().to_owned()
    }

    async fn validate(&self, method: &str, token: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri("/user/v1/auth/validate")
            .header("authorization", format!("Bearer {token}"));
        self.call(request.body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn a_player_signs_up_and_in_as_in_the_original() {
    let world = world(cheap()).await;
    for (username, password) in [("user123", "johnDoe"), ("prodan", "1111")] {
        let (status, body) = world.register(username, password).await;
        assert_eq!((status.as_u16(), body), (201, json!({ "message": "User created" })));
        let (status, body) = world.login(username, password).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    }
    let (status, body) = world.register("prodan", "2222").await;
    assert_eq!((status.as_u16(), &body["error"]), (409, &json!("User already exists")));
    assert_eq!(body["code"], "user_exists");
    assert_eq!(world.login("prodan", "1111").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_token_names_its_player_for_an_hour() {
    let world = world(cheap()).await;
    let token = world.token("ann").await;
    for method in ["POST", "GET"] {
        let (status, body) = world.validate(method, &token).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, json!({ "status": "valid", "user_id": 1, "username": "ann" }));
    }
    world.clock.advance(3_600_000 - 1);
    assert_eq!(world.validate("GET", &token).await.0, StatusCode::OK);
    world.clock.advance(1);
    let (status, body) = world.validate("GET", &token).await;
    assert_eq!((status.as_u16(), &body["code"]), (401, &json!("token_expired")));
    let (status, body) = world.validate("POST", "nonsense").await;
    assert_eq!((status.as_u16(), &body["code"]), (401, &json!("unauthenticated")));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let world = world(cheap()).await;
    world.register("ann", "1111").await;
    let (wrong, unknown) = (world.login("ann", "1112").await, world.login("bob", "1111").await);
    assert_eq!(wrong, unknown);
    assert_eq!((wrong.0.as_u16(), &wrong.1["error"]), (401, &json!("Invalid credentials")));
    for (username, password) in
        [("Ann", "1111"), ("ann", ""), ("", "1111"), ("ann", &"1".repeat(129)), ("a\nb", "1111")]
    {
        assert_eq!(world.login(username, password).await, unknown, "{username:?}");
    }
    let text = world.registry.encode().unwrap();
    // The unknown player's password was hashed too: one sign-up, three and one tries.
    let hashes = text.lines().find(|line| line.starts_with("waxwing_identity_hash_seconds_count"));
    assert_eq!(hashes.unwrap(), "waxwing_identity_hash_seconds_count 5");
}

#[tokio::test]
async fn guessing_is_slowed_down_for_known_and_unknown_names_alike() {
    let world = world(cheap()).await;
    world.register("ann", "1111").await;
    for username in ["ann", "nobody"] {
        for _ in 0..10 {
            assert_eq!(world.login(username, "0000").await.0, StatusCode::UNAUTHORIZED);
        }
    }
    let (known, unknown) = (world.login("ann", "0000").await, world.login("nobody", "0000").await);
    assert_eq!(known, unknown);
    assert_eq!((known.0.as_u16(), &known.1["code"]), (429, &json!("rate_limited")));
    assert_eq!(world.login("ann", "1111").await, known, "the password is not looked at");
    assert_eq!(world.login("bob", "0000").await.0, StatusCode::UNAUTHORIZED, "others go on");
    let text = world.registry.encode().unwrap();
    let throttled = r#"waxwing_identity_logins_total{outcome="Throttled"} 3"#;
    assert!(text.contains(throttled), "{text}");
}

#[tokio::test]
async fn the_right_password_is_let_in_after_a_pause_and_counts_for_nothing() {
    let world = world(cheap()).await;
    world.register("ann", "1111").await;
    for _ in 0..30 {
        assert_eq!(world.login("ann", "1111").await.0, StatusCode::OK);
    }
    for _ in 0..10 {
        world.login("ann", "0000").await;
    }
    let body = json!({ "username": "ann", "password": "1111" }).to_string();
    let login = || Request::post("/user/v1/auth/login").body(Body::from(body.clone())).unwrap();
    let refused = world.router.clone().oneshot(login()).await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"6".parse().unwrap())
    );
    world.clock.advance(5_999);
    assert_eq!(world.call(login()).await.0, StatusCode::TOO_MANY_REQUESTS);
    world.clock.advance(1);
    for _ in 0..30 {
        assert_eq!(world.call(login()).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn guesses_sent_at_once_are_counted_before_they_are_looked_at() {
    let world = Arc::new(world(cheap()).await);
    world.register("ann", "1111").await;
    let guesses: Vec<_> = (0..50)
        .map(|number| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.login("ann", &format!("{number:04}")).await.0 })
        })
        .collect();
    let mut looked_at = 0;
    for guess in guesses {
        looked_at += usize::from(guess.await.unwrap() == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(looked_at, 10);
}

#[tokio::test]
async fn names_and_passwords_have_rules() {
    let world = world(cheap()).await;
    let long = "é".repeat(80);
    for (username, password) in
        [(long.as_str(), "1234"), ("a", &"p".repeat(128)), (" ", "🔑🔑🔑🔑")]
    {
        let (status, _) = world.register(username, password).await;
        assert_eq!(status, StatusCode::CREATED, "{username}");
        assert_eq!(world.login(username, password).await.0, StatusCode::OK);
    }
    let longer = "é".repeat(81);
    for (username, password) in [
        ("", "1234"),
        (longer.as_str(), "1234"),
        ("a\tb", "1234"),
        ("a\u{85}b", "1234"),
        ("b", "123"),
        ("b", "🔑🔑🔑"),
        ("b", &"p".repeat(129)),
    ] {
        let (status, body) = world.register(username, password).await;
        assert_eq!((status.as_u16(), &body["code"]), (400, &json!("malformed")), "{username:?}");
    }
}

#[tokio::test]
async fn what_is_missing_or_not_json_is_refused_and_more_is_ignored() {
    let world = world(cheap()).await;
    for path in ["/user/v1/auth/register", "/user/v1/auth/login"] {
        for body in [
            "",
            "{}",
            "[]",
            "nonsense",
            r#"{"username":"a"}"#,
            r#"{"password":"1111"}"#,
            r#"{"username":null,"password":"1111"}"#,
            r#"{"username":"a","password":1111}"#,
        ] {
            let (status, problem) = world.post(path, body).await;
            assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("malformed")), "{body}");
        }
    }
    let body = r#"{"username":"ann","password":"1111","user_id":99,"role":"admin"}"#;
    assert_eq!(world.post("/user/v1/auth/register", body).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn passwords_are_kept_as_argon2id_of_the_cost_asked_for() {
    let world = world(cheap()).await;
    world.register("ann", "same password").await;
    world.register("bob", "same password").await;
    let file = rusqlite::Connection::open(world.root.path().join("user.db")).unwrap();
    let mut rows = file.prepare("SELECT password_hash FROM player").unwrap();
    let hashes: Vec<String> =
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_ne!(hashes[0], hashes[1]);
    for hash in hashes {
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    }
}

#[tokio::test]
async fn the_cost_is_owasps_unless_asked_otherwise() {
    let config = Config::default();
    assert_eq!((config.argon2_memory_kib, config.argon2_passes), (19_456, 2));
    let world = world(config).await;
    world.register("ann", "1111").await;
    assert_eq!(world.login("ann", "1111").await.0, StatusCode::OK);
    assert_eq!(world.login("eve", "1111").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn more_hashes_than_may_wait_are_refused_for_now() {
    let slow = Config {
        argon2_memory_kib: 8_192,
        argon2_passes: 10,
        hashes_at_once: 1,
        hashes_waiting: 1,
        hashes_waiting_per_network: 1,
        ..Config::default()
    };
    let world = Arc::new(world(slow).await);
    let tries: Vec<_> = (0..20)
        .map(|number| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.register(&format!("player {number}"), "1111").await })
        })
        .collect();
    let mut statuses = Vec::new();
    for attempt in tries {
        let (status, body) = attempt.await.unwrap();
        assert!(status == 201 || body["code"] == "rate_limited", "{body}");
        statuses.push(status.as_u16());
    }
    assert!(statuses.contains(&201) && statuses.contains(&503), "{statuses:?}");
    // Nothing is stuck: later tries are served.
    assert_eq!(world.register("later", "1111").await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn of_many_who_want_a_name_one_gets_it() {
    let world = Arc::new(world(cheap()).await);
    let tries: Vec<_> = (0..30)
        .map(|number| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.register("ann", &format!("{number:04}")).await.0 })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        made += usize::from(attempt.await.unwrap() == StatusCode::CREATED);
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn status_is_open_to_all() {
    let world = world(cheap()).await;
    let get = Request::get("/user/v1/status").body(Body::empty()).unwrap();
    let (_, body) = world.call(get).await;
    assert_eq!(body, json!({ "status": "Auth Service Running" }));
}

#[tokio::test]
async fn others_ask_for_profiles_by_number() {
    let world = world(cheap()).await;
    world.register("ann", "1111").await;
    let player = |number| PlayerId::new(number).unwrap();
    let profiles = world.service.profiles(&[player(2), player(1)]).await.unwrap();
    let ann = Profile { player: player(1), username: "ann".into() };
    assert_eq!(profiles, [None, Some(ann)]);
}

#[test]
fn every_route_is_documented() {
    let document = serde_json::to_value(openapi()).unwrap();
    for (path, methods) in [
        ("/user/v1/auth/register", vec!["post"]),
        ("/user/v1/auth/login", vec!["post"]),
        ("/user/v1/auth/validate", vec!["get", "post"]),
        ("/user/v1/auth/refresh", vec!["post"]),
        ("/user/v1/auth/logout", vec!["post"]),
        ("/user/v1/auth/password", vec!["post"]),
        ("/user/v1/status", vec!["get"]),
    ] {
        for method in methods {
            let operation = &document["paths"][path][method];
            assert!(operation["operationId"].is_string(), "{method} {path}");
        }
    }
    assert_eq!(document["paths"].as_object().unwrap().len(), 7);
}
