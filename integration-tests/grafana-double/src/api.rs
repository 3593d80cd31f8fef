//! Routes of the API and their handlers.

pub(crate) mod answer;
pub(crate) mod answers;
pub(crate) mod app;
pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod dashboards;
pub(crate) mod data_sources;
pub(crate) mod database;
pub(crate) mod folders;
mod health;
mod metrics;
mod org;
mod preferences;
pub(crate) mod query;
mod search;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post, put};

use crate::name::NAME;
use crate::{log, pages, provisioning};
use answer::Answer;
use app::Shared;

/// The largest request body; dashboards may have a few megabytes.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// Returns all routes.
pub(crate) fn router(app: Shared) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/d/{uid}", get(pages::dashboard))
        .route("/d/{uid}/{slug}", get(pages::dashboard_with_slug))
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(health::healthz))
        .route("/api/health", get(health::api_health))
        .route("/api/org", get(org::org))
        .route("/api/user/password", put(org::change_password))
        .route("/api/admin/users/{id}/password", put(org::set_password))
        .route("/api/admin/provisioning/dashboards/reload", post(provisioning::reload_dashboards))
        .route("/api/admin/provisioning/datasources/reload", post(provisioning::reload_data_sources))
        .route("/api/ds/query", post(query::query))
        .merge(data_source_routes())
        .merge(dashboard_routes())
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_path)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Shared::clone(&app), mark_as_double))
        .with_state(app)
}

/// Returns the data source routes, without those by number, which Grafana 13 disables by default.
fn data_source_routes() -> Router<Shared> {
    use data_sources as of;
    Router::new()
        .route("/api/datasources", get(of::list).post(of::add))
        .route("/api/datasources/uid/{uid}", get(of::by_uid).put(of::update).delete(of::remove_by_uid))
        .route("/api/datasources/uid/{uid}/health", get(of::health))
        .route("/api/datasources/name/{name}", get(of::by_name).delete(of::remove_by_name))
        .route("/api/datasources/id/{name}", get(of::id_by_name))
        .route("/api/datasources/proxy/uid/{uid}/{*path}", any(of::proxy))
        .route("/api/datasources/proxy/uid/{uid}", any(of::proxy_root))
        .route("/api/datasources/proxy/uid/{uid}/", any(of::proxy_root))
}

fn dashboard_routes() -> Router<Shared> {
    let preferred = get(preferences::get).put(preferences::put).patch(preferences::patch);
    Router::new()
        .route("/api/folders", get(folders::list).post(folders::add))
        .route("/api/folders/{uid}", get(folders::by_uid).delete(folders::remove))
        .route("/api/dashboards/db", post(dashboards::add))
        .route("/api/dashboards/home", get(dashboards::home))
        .route("/api/dashboards/uid/{uid}", get(dashboards::by_uid).delete(dashboards::remove))
        .route("/api/search", get(search::search))
        .route("/api/org/preferences", preferred)
}

/// Answers unknown paths: in JSON below `/api`, as a page elsewhere.
async fn unknown_path(uri: Uri) -> Response {
    if uri.path().starts_with("/api") {
        return Answer::not_found().into_response();
    }
    let page = format!("<!doctype html><title>Not found</title><p>Page not found. This is a {NAME}.");
    (StatusCode::NOT_FOUND, Html(page)).into_response()
}

/// Marks every answer as the double's, counts it, and logs errors like Grafana.
async fn mark_as_double(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_string());
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-test-double", HeaderValue::from_static(NAME));
    let status = response.status().as_u16();
    app.answers.count(status);
    if status >= 400 {
        let level = if status >= 500 { log::Level::Error } else { log::Level::Info };
        let fields: [(&str, &dyn std::fmt::Display); 3] =
            [("method", &method), ("path", &path), ("status", &status)];
        log::line(level, "context", "Request Completed", &fields);
    }
    response
}
