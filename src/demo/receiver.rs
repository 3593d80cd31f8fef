//! The alert receiver: accepts the notifications that Alertmanager sends to `tdd-webhook:5001`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};
use axum::{Json, Router};

use super::journal::{Journal, Payload};
use super::simulation::Live;

/// The supported version of the payload.
const VERSION: &str = "4";

/// Returns the router of port 5001.
pub(super) fn router(live: &Arc<Live>, journal: &Arc<Journal>) -> Router {
    let take = |path| take(path, live.clone(), journal.clone());
    Router::new().route("/webhook", take("/webhook")).route("/watchdog", take("/watchdog"))
}

fn take(path: &'static str, live: Arc<Live>, journal: Arc<Journal>) -> MethodRouter {
    post(async move |Json(payload): Json<Payload>| {
        if !live.look(|simulation| simulation.scenario().accepts_notifications()) {
            return (StatusCode::INTERNAL_SERVER_ERROR, "the scenario is `receiver-down`\n");
        }
        if payload.version != VERSION {
            return (StatusCode::BAD_REQUEST, "only version 4 of the payload is supported\n");
        }
        journal.record(path, payload);
        (StatusCode::OK, "")
    })
}
