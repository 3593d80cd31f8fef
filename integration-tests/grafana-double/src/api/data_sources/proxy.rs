//! `/api/datasources/proxy/uid/{uid}/...`: forwards a request and returns the answer unchanged.

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api::answer::Answer;
use crate::api::app::{App, Shared};
use crate::api::auth::SignedIn;
use crate::prometheus::Passed;
use crate::state::data_source::PROMETHEUS;
use crate::state::uid;

/// Answers any method on a path below the data source.
pub(crate) async fn proxy(
    State(app): State<Shared>,
    _: SignedIn,
    Path((uid, path)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let passed = Passed { method, path, query, content_type: headers.get(CONTENT_TYPE).cloned(), body };
    pass_on(&app, &uid, passed).await.unwrap_or_else(IntoResponse::into_response)
}

/// Answers any method on the data source's root.
pub(crate) async fn proxy_root(
    app: State<Shared>,
    user: SignedIn,
    Path(uid): Path<String>,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    proxy(app, user, Path((uid, String::new())), query, method, headers, body).await
}

async fn pass_on(app: &App, uid: &str, passed: Passed) -> Result<Response, Answer> {
    if !uid::is_valid(uid) {
        return Err(Answer::message(StatusCode::BAD_REQUEST, "UID is invalid"));
    }
    let missing = |what: &str| Answer::error(StatusCode::NOT_FOUND, format!("Unable to find {what}"));
    let known =
        app.store.read(|state| state.data_source(uid).cloned()).ok_or_else(|| missing("datasource"))?;
    if known.kind != PROMETHEUS {
        return Err(missing("datasource plugin"));
    }
    let upstream = match app.prometheus.pass(&known, passed).await {
        Ok(upstream) => upstream,
        // Grafana's proxy returns only the status.
        Err(fault) => return Ok(fault.status.into_response()),
    };
    let mut response = Response::new(Body::from(upstream.body));
    *response.status_mut() = upstream.status;
    if let Some(kind) = upstream.content_type {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}
