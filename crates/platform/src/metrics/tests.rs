//! What Prometheus reads.

use http::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;

use super::{HttpMetrics, Registry};
use crate::sqlite::WriterMetrics;

#[test]
fn names_carry_the_prefixes_they_were_registered_under() {
    let registry = Registry::new();
    let bets: Counter = Counter::default();
    registry.sub_registry_with_prefix("waxwing").sub_registry_with_prefix("game").register(
        "bets",
        "Bets",
        bets.clone(),
    );
    bets.inc_by(3);
    let text = registry.encode().unwrap();
    assert!(text.contains("# HELP waxwing_game_bets Bets."), "{text}");
    assert!(text.contains("waxwing_game_bets_total 3"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn requests_are_counted_by_route_method_and_status() {
    let registry = Registry::new();
    let metrics = HttpMetrics::register(&registry);
    let odd = Method::from_bytes(b"BREW").unwrap();
    for method in [Method::GET, Method::GET, odd] {
        metrics.observe(&method, "/lobby/{id}", StatusCode::OK, 0.01);
    }
    let text = registry.encode().unwrap();
    let count = |method: &str| {
        format!(
            "waxwing_http_requests_total{{route=\"/lobby/{{id}}\",\
             method=\"{method}\",status=\"200\"}}"
        )
    };
    assert!(text.contains(&format!("{} 2", count("GET"))), "{text}");
    assert!(text.contains(&format!("{} 1", count("other"))), "{text}");
    assert!(text.contains("waxwing_http_request_seconds_count{route=\"/lobby/{id}\"} 3"), "{text}");
}

#[test]
fn a_writer_shows_its_groups() {
    let (registry, writer) = (Registry::new(), WriterMetrics::default());
    registry.register_writer("user", &writer);
    writer.group_jobs.observe(4.0);
    let text = registry.encode().unwrap();
    assert!(text.contains("waxwing_store_user_group_jobs_sum 4"), "{text}");
    assert!(text.contains("waxwing_store_user_failed_commits_total 0"), "{text}");
}
