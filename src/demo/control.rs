//! The control of a running demo: what state it is in, another scenario, what the receiver took.
//!
//! On loopback only, and deaf to web pages: a page can send requests to loopback, but not with a header of its own
//! unless it is asked first, and not under a host name that is none of loopback's.

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
use super::scenario::Scenario;

/// The header that every request must carry, and its value.
pub const HEADER: (&str, &str) = ("x-tdd-stack", "demo");

/// What another scenario is asked for with.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Change {
    /// The scenario from now on.
    pub scenario: Scenario,
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

/// Returns what the control port serves.
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

async fn journal(State(shared): State<Arc<Shared>>, Query(asked): Query<Since>) -> Response {
    let notifications = shared.journal.since(asked.since);
    let notifications: Vec<_> = notifications.iter().map(AsRef::as_ref).collect();
    Json(json!({"schema": "tdd-stack.journal/1", "notifications": notifications})).into_response()
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
