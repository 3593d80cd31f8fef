//! The routers of the demo application's two ports.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

use super::exposition::Format;
use super::metrics::Page;
use super::simulation::Live;

/// Returns the router of port 8501, the health. In a real application, this port also serves Streamlit's
/// pages.
pub(super) fn health(live: &Arc<Live>) -> Router {
    Router::new().route("/health/metrics", page(live, Page::Health))
}

/// Returns the router of port 8502: the application's metrics and those of a simulated host.
pub(super) fn metrics(live: &Arc<Live>) -> Router {
    Router::new()
        .route("/metrics", page(live, Page::Application))
        .route("/node-metrics", page(live, Page::Host))
}

fn page(live: &Arc<Live>, page: Page) -> axum::routing::MethodRouter {
    let live = live.clone();
    get(async move |headers: HeaderMap| {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let format = Format::accepted(accept);
        let text = live.look(|simulation| simulation.page(page));
        ([(CONTENT_TYPE, format.content_type())], format.write(&text)).into_response()
    })
}
