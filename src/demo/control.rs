//! The control API of a running demo: state, scenario, received notifications.
//!
//! Listens on loopback and rejects requests from web pages. A page can send requests to loopback, but it
//! cannot add a custom header without a CORS preflight, and DNS rebinding is blocked by the check of the host
//! name.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Shared;
use super::journal::JournalDocument;
use super::scenario::Scenario;

/// The header that every request must carry, and its value.
pub const HEADER: (&str, &str) = ("x-tdd-stack", "demo");

/// The request to change the scenario.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Change {
    /// The new scenario.
    pub scenario: Scenario,
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

/// Returns the router of the control port.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/state", get(async |State(shared): State<Arc<Shared>>| Json(shared.state())))
        .route("/scenario", post(change))
        .route("/journal", get(journal))
        .layer(middleware::from_fn(guard))
        .with_state(shared)
}

async fn change(State(shared): State<Arc<Shared>>, Json(change): Json<Change>) -> Response {
    match shared.set_scenario(change.scenario).await {
        Ok(()) => Json(shared.state()).into_response(),
        Err(error) => (StatusCode::CONFLICT, Json(json!({"error": error.to_string()}))).into_response(),
    }
}

async fn journal(State(shared): State<Arc<Shared>>, Query(query): Query<Since>) -> Response {
    let notifications = shared.journal.since(query.since);
    let notifications = notifications.iter().map(AsRef::as_ref).collect();
    Json(JournalDocument { notifications }).into_response()
}

async fn guard(request: Request, next: Next) -> Response {
    if is_meant(request.headers()) {
        return next.run(request).await;
    }
    let reason = format!("send the header `{}: {}` to 127.0.0.1\n", HEADER.0, HEADER.1);
    (StatusCode::FORBIDDEN, reason).into_response()
}

fn is_meant(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = header(HOST.as_str());
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    header(HEADER.0) == HEADER.1 && ["127.0.0.1", "localhost"].contains(&host)
}
