//! Data sources and dashboards from files.
//!
//! Data sources are provisioned before the port opens, and an invalid file ends the process; dashboards are provisioned
//! while the server runs. Only files that end in `.yaml` or `.yml` are read.

mod dashboards;
mod data_sources;
mod expand;
pub(crate) mod provider;
mod read;
mod walk;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::log::{self, Level};

pub(crate) use data_sources::provision as provision_data_sources;

/// Answers `POST /api/admin/provisioning/dashboards/reload`.
pub(crate) async fn reload_dashboards(State(app): State<Shared>, _: SignedIn) -> Reply {
    dashboards::provision(Arc::clone(&app)).await.map_err(internal)?;
    Ok(Answer::ok(json!({"message": "Dashboards config reloaded"})))
}

/// Answers `POST /api/admin/provisioning/datasources/reload`.
pub(crate) async fn reload_data_sources(State(app): State<Shared>, _: SignedIn) -> Reply {
    data_sources::provision(&app).map_err(internal)?;
    Ok(Answer::ok(json!({"message": "Datasources config reloaded"})))
}

/// Provisions dashboards in the background; errors are only logged.
pub(crate) fn provision_dashboards_beside(app: &Shared) {
    let app = Arc::clone(app);
    // The task ends with the server.
    drop(tokio::spawn(async move {
        if let Err(error) = dashboards::provision(app).await {
            log::line(
                Level::Error,
                "provisioning.dashboard",
                "Failed to provision dashboard",
                &[("error", &error)],
            );
        }
    }));
}

fn internal(error: String) -> Answer {
    Answer::error(StatusCode::INTERNAL_SERVER_ERROR, error)
}
