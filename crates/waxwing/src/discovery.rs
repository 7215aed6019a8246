//! `/discovery/…` of the ops listener: which processes there are, for people and for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use cluster::{Endpoint, Process};
use parking_lot::Mutex;
use platform::http::Door;
use platform::random::SystemRandom;
use serde::Serialize;

/// The role and the name of a process that plays every role.
const ALONE: &str = "up";

/// The processes known now. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes(Arc<Mutex<Vec<Process>>>);

/// One process, for people.
#[derive(Debug, Serialize)]
struct Service {
    role: String,
    instance: String,
    address: String,
    ops: String,
}

/// One process, as Prometheus' HTTP service discovery wants it.
#[derive(Debug, Serialize)]
struct Target {
    targets: [String; 1],
    labels: Labels,
}

#[derive(Debug, Serialize)]
struct Labels {
    role: String,
    node: String,
}

impl Processes {
    /// One process that plays every role, and nobody else.
    pub(crate) fn alone(address: &str, ops: String) -> Self {
        let endpoint =
            Endpoint { instance: ALONE.to_owned(), address: format!("http://{address}") };
        let processes = Self::default();
        processes.know(vec![Process { role: ALONE.to_owned(), endpoint, ops }]);
        processes
    }

    /// These are known from now on.
    pub(crate) fn know(&self, processes: Vec<Process>) {
        *self.0.lock() = processes;
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Process> {
        self.0.lock().clone()
    }
}

/// `/discovery/services` and `/discovery/targets`.
pub(crate) fn router(processes: Processes) -> Router {
    let router = Router::new()
        .route("/discovery/services", get(services))
        .route("/discovery/targets", get(targets))
        .with_state(processes);
    Door::unmeasured(&SystemRandom).before(router)
}

async fn services(State(processes): State<Processes>) -> Json<Vec<Service>> {
    let service = |Process { role, endpoint, ops }| Service {
        role,
        instance: endpoint.instance,
        address: endpoint.address,
        ops,
    };
    Json(processes.all().into_iter().map(service).collect())
}

async fn targets(State(processes): State<Processes>) -> Json<Vec<Target>> {
    let target = |Process { role, endpoint, ops }| Target {
        targets: [ops],
        labels: Labels { role, node: endpoint.instance },
    };
    Json(processes.all().into_iter().map(target).collect())
}
