//! `/api/health` and `/healthz`, which need no login.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::app::Shared;
use crate::name::NAME;

/// The health in Grafana's order of fields.
#[derive(Serialize)]
struct Health {
    database: &'static str,
    version: &'static str,
    commit: &'static str,
    double: &'static str,
}

/// Answers `GET /api/health`.
pub(crate) async fn api_health(State(app): State<Shared>) -> Response {
    let works = app.database.works(Instant::now());
    let health = Health {
        database: if works { "ok" } else { "failing" },
        version: app.settings.flavour.version(),
        commit: "0000000000000000000000000000000000000000",
        double: NAME,
    };
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let text = serde_json::to_string_pretty(&health).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json; charset=UTF-8")], text).into_response()
}

/// Answers `GET /healthz` without checking the database.
pub(crate) async fn healthz() -> &'static str {
    "Ok"
}
