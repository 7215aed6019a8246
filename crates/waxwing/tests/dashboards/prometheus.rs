//! A Prometheus that asks one server each second, and judges by the rules that are shipped.

use reqwest::Method;
use serde_json::Value;
use test_servers::Prometheus;

use crate::harness::numbers::text;
use crate::harness::process::{read, repository};
use crate::harness::{Caller, Server};

/// An alert that always fires, so that a board can show one.
const DRILL: &str = "groups: [{ name: drill, rules: [{ alert: Drill, expr: vector(1) }] }]\n";

/// The Prometheus of one server.
pub(super) struct Watch {
    caller: Caller,
    _prometheus: Prometheus,
}

/// A rule, as Prometheus says it stands.
#[derive(Debug)]
pub(super) struct Rule {
    /// `alerting` or `recording`.
    pub(super) kind: String,
    pub(super) query: String,
    /// `ok` once it was judged without an error.
    pub(super) health: String,
    #[expect(dead_code, reason = "read by who debugs")]
    pub(super) name: String,
}

impl Watch {
    /// Watches `server`, each of its processes where it says to be found.
    pub(super) fn over(server: &Server) -> Self {
        let targets = format!("{}/discovery/targets", server.ops);
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: [rules.yml, drill.yml]\n\
             scrape_configs:\n\
             - job_name: waxwing\n\
             \x20 http_sd_configs: [{{ url: '{targets}', refresh_interval: 2s }}]\n"
        );
        let rules = read(&repository().join("deploy/prometheus/rules.yml"));
        let files = [("prometheus.yml", &*config), ("rules.yml", &*rules), ("drill.yml", DRILL)];
        let prometheus = Prometheus::start(&files).unwrap();
        Self { caller: Caller::new(&prometheus.url()), _prometheus: prometheus }
    }

    /// Whether the answer to `query` now has a series whose value is a number.
    pub(super) async fn gives_a_number(&self, query: &str) -> bool {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = Some(format!("query={}", escaped(query)));
        let answer = self.caller.send(Method::POST, "/api/v1/query", &headers, body).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        let answer = answer.json();
        let series = answer["data"]["result"].as_array().expect("a vector");
        series.iter().any(|series| is_number(&series["value"][1]))
    }

    /// Every rule, once all of them were judged.
    pub(super) async fn rules(&self) -> Option<Vec<Rule>> {
        let answer = self.caller.get("/api/v1/rules").await.json();
        let groups = answer["data"]["groups"].as_array().expect("groups of rules");
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        let of = |rule: &Value| {
            let [kind, query, health, name] =
                ["type", "query", "health", "name"].map(|field| text(&rule[field]).to_owned());
            Rule { kind, query, health, name }
        };
        let rules: Vec<Rule> = rules.map(of).collect();
        let all_judged = !rules.is_empty() && rules.iter().all(|rule| rule.health != "unknown");
        all_judged.then_some(rules)
    }
}

/// Numbers are texts there, `NaN` too.
fn is_number(value: &Value) -> bool {
    text(value).parse::<f64>().is_ok_and(f64::is_finite)
}

/// Every byte but letters and digits as `%XX`.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}
