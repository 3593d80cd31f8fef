//! Services in the fake engine's containers: HTTP on the published port, limited to the program's requests.
//!
//! Their answers depend on their container's configuration, volumes and network.

mod alertmanager;
mod ask;
mod grafana;
mod grafana_store;
mod prometheus;

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Extracted};
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use serde_json::Value;

use crate::Fault;
use crate::published::Published;
use crate::state::{Phase, Shared, State};
use ask::{Ask, Content, Reply};
use grafana_store::grafana_store;

/// Serves a container's published port until what is returned is dropped.
pub(crate) fn serve(listener: TcpListener, shared: Arc<Shared>, container: String) -> Published {
    Published::serve(listener, Router::new().fallback(answer).with_state((shared, container)))
}

/// Initializes a new data volume at the first start, or returns why the service exits.
pub(crate) fn first_start(state: &mut State, container: &str) -> Result<(), String> {
    let Some(found) = state.container(container).filter(|found| found.service() == Some("grafana")) else {
        return Ok(());
    };
    let variables = found.body["Env"].as_array().cloned().unwrap_or_default();
    let password = variables
        .iter()
        .filter_map(Value::as_str)
        .find_map(|variable| variable.strip_prefix("GF_SECURITY_ADMIN_PASSWORD="))
        .unwrap_or("admin");
    let password = match password.strip_prefix("$__file{").and_then(|rest| rest.strip_suffix('}')) {
        Some(path) => read(state, container, path)
            .ok_or_else(|| format!("open {path}: no such file or directory"))?
            .trim()
            .to_string(),
        None => password.to_string(),
    };
    if let Some(store) = grafana_store(state, container) {
        // A volume keeps its first password.
        store.password.get_or_insert(password);
    }
    Ok(())
}

/// Returns a file of a volume that is mounted into a container.
fn read(state: &State, container: &str, path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let (volume, _) = state.container(container)?.volumes().find(|(_, target)| *target == folder)?;
    state.volumes.get(volume)?.files.get(name).cloned()
}

/// Sets the password of Grafana's `admin` without resetting wrong tries, like Grafana's command.
pub(crate) fn set_password(state: &mut State, container: &str, password: &str) {
    if let Some(store) = grafana_store(state, container) {
        store.password = Some(password.to_string());
    }
}

async fn answer(
    Extracted((shared, container)): Extracted<(Arc<Shared>, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let ask = Ask {
        method: parts.method.to_string(),
        path: parts.uri.path().to_string(),
        authorization: parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| Some(value.to_str().ok()?.to_string())),
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default(),
    };
    while is_silent(&shared.lock(), &container, &ask) {
        let changed = shared.next_change();
        if is_silent(&shared.lock(), &container, &ask) {
            changed.await;
        }
    }
    let reply = reply(&mut shared.lock(), &container, &ask);
    shared.announce();
    let (kind, body) = match reply.body {
        Content::Json(value) => ("application/json; charset=UTF-8", value.to_string()),
        Content::Text(text) => ("text/plain; charset=utf-8", text),
    };
    Response::builder()
        .status(reply.status)
        .header("Content-Type", kind)
        .body(Body::from(body))
        .expect("the parts are valid")
}

/// Returns whether a paused container blocks the answer: the service itself, or the one that Grafana queries.
fn is_silent(state: &State, container: &str, ask: &Ask) -> bool {
    let Some(found) = state.container(container) else { return false };
    let asks_prometheus = ask.path == "/api/ds/query"
        || ask.path.starts_with("/api/datasources/") && ask.path.ends_with("/health");
    let mut paused = state.containers.iter().filter(|other| other.phase == Phase::Paused);
    paused.any(|other| {
        let is_asked =
            asks_prometheus && other.service() == Some("prometheus") && other.network == found.network;
        other.name == container || is_asked
    })
}

fn reply(state: &mut State, container: &str, ask: &Ask) -> Reply {
    let service =
        state.container(container).and_then(|found| found.service()).unwrap_or_default().to_string();
    state.service_requests.push(format!("{} {service} {}", ask.method, ask.path));
    let is_probe = ["/-/ready", "/metrics", "/api/health", "/"].contains(&ask.path.as_str());
    if is_probe && matches!(&state.fault, Some(Fault::NeverReady(stuck)) if *stuck == service) {
        return Reply::text(503, "Service Unavailable");
    }
    match (service.as_str(), ask.path.as_str()) {
        ("prometheus", path) => prometheus::reply(state, container, path),
        ("alertmanager", "/-/ready") => Reply::text(200, "OK"),
        ("alertmanager", "/api/v2/alerts") => Reply::json(200, alertmanager::alerts(state, container)),
        ("alertmanager", "/metrics") => {
            Reply::text(200, prometheus::reload_metrics(state, container, "alertmanager"))
        }
        ("node-exporter", "/") => Reply::text(200, "<h1>Node Exporter</h1>"),
        ("node-exporter", "/metrics") => {
            Reply::text(200, "node_uname_info{nodename=\"tdd-node-exporter\"} 1\n")
        }
        ("grafana", _) => grafana::reply(state, container, ask),
        _ => Reply::text(404, "404 page not found"),
    }
}
