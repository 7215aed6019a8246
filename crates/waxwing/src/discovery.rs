//! `/discovery/…` of the ops listener: which processes there are, for people and for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use cluster::{Endpoint, Process};
use parking_lot::Mutex;
use platform::http::Door;
use platform::random::SystemRandom;
use serde::Serialize;

/// The role and the name of a process that plays every role.
const ALONE: &str = "up";

/// The processes known now; none before the first look. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes(Arc<Mutex<Option<Vec<Process>>>>);

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
    pub(crate) fn alone(address: String, ops: String) -> Self {
        let endpoint = Endpoint { instance: ALONE.to_owned(), address };
        let processes = Self::default();
        processes.know(vec![Process { role: ALONE.to_owned(), endpoint, ops }]);
        processes
    }

    /// These are known from now on.
    pub(crate) fn know(&self, processes: Vec<Process>) {
        *self.0.lock() = Some(processes);
    }

    /// All of them. Before anybody looked that is not known, and no answer keeps whoever watches
    /// with what he knew.
    fn all(&self) -> Result<Vec<Process>, StatusCode> {
        self.0.lock().clone().ok_or(StatusCode::SERVICE_UNAVAILABLE)
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

async fn services(State(processes): State<Processes>) -> Result<Json<Vec<Service>>, StatusCode> {
    let service = |Process { role, endpoint, ops }| Service {
        role,
        instance: endpoint.instance,
        address: endpoint.address,
        ops,
    };
    Ok(Json(processes.all()?.into_iter().map(service).collect()))
}

async fn targets(State(processes): State<Processes>) -> Result<Json<Vec<Target>>, StatusCode> {
    let target = |Process { role, endpoint, ops }| Target {
        targets: [ops],
        labels: Labels { role, node: endpoint.instance },
    };
    Ok(Json(processes.all()?.into_iter().map(target).collect()))
}
