//! Guessing, filling queues and telling names apart, from one network and from many.

use std::net::IpAddr;

use platform::clock::Stopwatch;
use platform::http::ClientAddress;

use super::*;

impl World {
    /// Signs in from the network of this number.
    async fn login_from(
        &self,
        network: u16,
        username: &str,
        password: &str,
    ) -> (StatusCode, Option<u32>) {
        let [high, low] = network.to_be_bytes();
        let body = json!({ "username": username, "password": password }).to_string();
        let request = Request::post("/user/v1/auth/login")
            .extension(ClientAddress(IpAddr::from([198, 18, high, low])))
            .body(Body::from(body));
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let retry = response.headers().get("retry-after");
        let retry = retry.map(|value| value.to_str().unwrap().parse().unwrap());
        (response.status(), retry)
    }

    fn hashes(&self) -> String {
        let text = self.registry.encode().unwrap();
        let count = text.lines().find_map(|line| {
            line.strip_prefix("waxwing_identity_hash_seconds_count ").map(ToOwned::to_owned)
        });
        count.unwrap()
    }
}

#[tokio::test]
async fn a_guesser_elsewhere_does_not_lock_the_owner_out() {
    let world = world(cheap()).await;
    world.register("ann", "1111").await;
    for _ in 0..50 {
        world.login_from(1, "ann", "0000").await;
    }
    let refused = (StatusCode::TOO_MANY_REQUESTS, Some(6));
    assert_eq!(world.login_from(1, "ann", "1111").await, refused);
    assert_eq!(world.login_from(2, "ann", "1111").await.0, StatusCode::OK);
}

#[tokio::test]
async fn many_networks_at_once_do_not_lock_the_owner_out_at_home() {
    let world = world(cheap()).await;
    world.register("ann", "1111").await;
    assert_eq!(world.login_from(1, "ann", "1111").await.0, StatusCode::OK);
    let mut looked_at = 0;
    for network in 1_000..1_150 {
        let (status, retry) = world.login_from(network, "ann", "0000").await;
        looked_at += usize::from(status == StatusCode::UNAUTHORIZED);
        assert!(status == StatusCode::UNAUTHORIZED || retry == Some(60), "{status}");
    }
    assert_eq!(looked_at, 100);
    let refused = (StatusCode::TOO_MANY_REQUESTS, Some(60));
    assert_eq!(world.login_from(2, "ann", "1111").await, refused);
    assert_eq!(world.login_from(1, "ann", "1111").await.0, StatusCode::OK, "at home");
    assert_eq!(world.login_from(2, "bob", "1111").await.0, StatusCode::UNAUTHORIZED);
    let text = world.registry.encode().unwrap();
    assert!(text.contains(r#"identity_throttled_total{budget="Name"} 51"#), "{text}");
}

#[tokio::test]
async fn one_network_tries_one_password_on_few_names() {
    let world = world(cheap()).await;
    let mut looked_at = 0;
    for number in 0..150 {
        let (status, _) = world.login_from(1, &format!("player {number}"), "123456").await;
        looked_at += usize::from(status == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(looked_at, 100);
    let refused = world.login_from(1, "ann", "1111").await;
    assert_eq!(refused, (StatusCode::TOO_MANY_REQUESTS, Some(1)));
    assert_eq!(world.login_from(2, "ann", "1111").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_network_does_not_fill_the_queue_of_hashes() {
    let config = Config {
        argon2_memory_kib: 8_192,
        argon2_passes: 4,
        hashes_at_once: 1,
        hashes_waiting: 8,
        hashes_waiting_per_network: 4,
        failures_at_once: 100,
        name_failures_at_once: 400,
        ..Config::default()
    };
    let world = Arc::new(world(config).await);
    world.register("ann", "1111").await;
    let flood: Vec<_> = (0..40)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.login_from(1, "ann", "0000").await.0 })
        })
        .collect();
    tokio::task::yield_now().await;
    let (honest, _) = world.login_from(2, "ann", "1111").await;
    assert_eq!(honest, StatusCode::OK, "more than ten tries under the name are under way");
    let mut refused = 0;
    for attempt in flood {
        refused += usize::from(attempt.await.unwrap() == StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(refused >= 30, "{refused}");
}

#[tokio::test]
async fn a_wrong_old_password_counts_as_a_failed_sign_in() {
    let world = world(cheap()).await;
    let token = world.token("ann").await;
    let change = json!({ "old_password": "0000", "new_password": "2222" });
    let path = "/user/v1/auth/password";
    for _ in 0..10 {
        let (status, _) = world.post_as(&token, path, change.clone()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let (status, body) = world.post_as(&token, path, change).await;
    assert_eq!((status.as_u16(), &body["code"]), (429, &json!("rate_limited")));
    assert_eq!(world.login("ann", "1111").await.0, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    const TRIES: usize = 9;
    let config = Config {
        argon2_memory_kib: 8_192,
        argon2_passes: 2,
        failures_at_once: 1_000,
        network_failures_at_once: 1_000,
        ..Config::default()
    };
    let world = world(config).await;
    world.register("ann", "1111").await;
    let mut seconds = [Vec::new(), Vec::new()];
    // Taken by turns, so that whatever else the machine does falls on both.
    for _ in 0..TRIES {
        for (name, seconds) in ["ann", "nobody"].iter().zip(&mut seconds) {
            let watch = Stopwatch::start();
            assert_eq!(world.login(name, "0000").await.0, StatusCode::UNAUTHORIZED);
            seconds.push(watch.seconds());
        }
    }
    assert_eq!(world.hashes(), (1 + 2 * TRIES).to_string(), "one hash each, known or not");
    let [known, unknown] = seconds.map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        seconds[TRIES / 2]
    });
    let ratio = known / unknown;
    assert!((0.5..2.0).contains(&ratio), "medians {known} s and {unknown} s");
}
