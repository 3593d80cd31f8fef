//! `/api/datasources/uid/{uid}/health`: queries the data source for `1+1`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::state::data_source::PROMETHEUS;
use crate::state::uid;
use crate::time;

/// Answers `GET /api/datasources/uid/{uid}/health`.
pub(crate) async fn health(State(app): State<Shared>, _: SignedIn, Path(uid): Path<String>) -> Reply {
    if !uid::is_valid(&uid) {
        return Err(Answer::message(StatusCode::BAD_REQUEST, "UID is invalid"));
    }
    let unknown = || Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "Unable to load datasource metadata");
    let known = app.store.read(|state| state.data_source(&uid).cloned()).ok_or_else(unknown)?;
    match known.kind.as_str() {
        PROMETHEUS => {}
        // The Alertmanager plugin has no backend.
        "alertmanager" => return Err(Answer::not_found()),
        _ => {
            let message = "Unable to find datasource plugin";
            return Err(Answer::error(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
    }
    match app.prometheus.instant(&known, "1+1", time::now_ms()).await {
        Ok(_) => Ok(Answer::ok(json!({
            "details": {"application": "Prometheus", "features": {"rulerApiEnabled": false}},
            "message": "Successfully queried the Prometheus API.",
            "status": "OK",
        }))),
        Err(fault) => {
            let message =
                format!("{} - There was an error returned querying the Prometheus API.", fault.message);
            let body = json!({"message": message, "status": "ERROR"});
            Err(Answer { status: StatusCode::BAD_REQUEST, body })
        }
    }
}
