//! Leads each call to its answer, keeps it, and lets it go wrong where that was asked for.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as Extracted};
use axum::response::Response;
use futures_util::stream;
use serde_json::json;
use tokio::net::UnixListener;

use super::answer::{API_VERSION, empty, error, object, with_body};
use super::call::Call;
use super::{Fault, Shared, archive, containers, execute, images, lifecycle, logs, objects, waits};

/// Serves calls until the runtime ends.
pub(super) async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    let router = Router::new().fallback(answer).with_state(shared);
    drop(axum::serve(listener, router).await);
}

async fn answer(Extracted(shared): Extracted<Arc<Shared>>, request: Request) -> Response {
    let mut call = Call::read(request).await;
    let (line, fault) = record(&shared, &call);
    let hits = |beginning: &str| line.starts_with(beginning);
    match fault {
        Some(Fault::NoAnswer(beginning)) if hits(beginning) => std::future::pending().await,
        Some(Fault::Fails(beginning)) if hits(beginning) => error(500, "the disk of the engine is full"),
        Some(Fault::Says(beginning, words)) if hits(beginning) => error(500, words),
        Some(Fault::Cut(beginning)) if hits(beginning) => cut(lead(&shared, &mut call)).await,
        Some(Fault::StopUnheard(service)) if hits(&format!("POST /containers/tdd-{service}/stop")) => {
            let key = call.path.get(1).cloned().unwrap_or_default();
            waits::ended(&shared, &key).await
        }
        _ if line.contains("/wait?condition=removed") => {
            let key = call.path.get(1).cloned().unwrap_or_default();
            waits::gone(&shared, &key).await
        }
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            lead(&shared, &mut call)
        }
        _ => lead(&shared, &mut call),
    }
}

fn record(shared: &Shared, call: &Call) -> (String, Option<Fault>) {
    let mut state = shared.lock();
    let line = call.line(|id| state.name_of(id));
    state.requests.push(line.clone());
    state.texts.push(format!("{} {}", call.head, String::from_utf8_lossy(&call.body)));
    shared.announce();
    (line, state.fault.clone())
}

fn lead(shared: &Arc<Shared>, call: &mut Call) -> Response {
    if let Some(version) = call.version.as_deref().filter(|version| is_newer(version)) {
        return error(
            400,
            format!("client version {version} is too new. Maximum supported API version is {API_VERSION}"),
        );
    }
    let upgrade = call.upgrade.take();
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("GET", ["_ping"]) => with_body(200, "text/plain; charset=utf-8", "OK"),
        ("GET", ["version"]) => version(shared),
        ("GET", ["containers", "json"]) => containers::list(shared, call),
        ("POST", ["containers", "create"]) => containers::create(shared, call),
        ("GET", ["containers", key, "json"]) => containers::inspect(shared, key),
        ("DELETE", ["containers", key]) => containers::remove(shared, key, call),
        ("POST", ["containers", key, "start"]) => lifecycle::start(shared, key),
        ("POST", ["containers", key, "stop"]) => lifecycle::stop(shared, key),
        ("POST", ["containers", key, "restart"]) => lifecycle::restart(shared, key),
        ("POST", ["containers", key, "rename"]) => containers::rename(shared, key, call),
        ("POST", ["containers", key, "kill"]) => lifecycle::kill(shared, key, call),
        ("POST", ["containers", key, "wait"]) => lifecycle::wait(shared, key),
        ("GET", ["containers", key, "logs"]) => logs::read(shared, key, call),
        ("GET", ["containers", key, "archive"]) => archive::get(shared, key, call),
        ("PUT", ["containers", key, "archive"]) => archive::put(shared, key, call),
        ("POST", ["containers", key, "exec"]) => execute::create(shared, key, call),
        ("POST", ["exec", id, "start"]) => execute::start(shared, id, upgrade),
        ("GET", ["exec", id, "json"]) => execute::inspect(shared, id),
        ("POST", ["images", "create"]) => images::pull(shared, call),
        ("GET", ["images", reference @ .., "json"]) => images::inspect(shared, &reference.join("/")),
        ("DELETE", ["images", reference @ ..]) => images::remove(shared, &reference.join("/")),
        ("GET", ["networks"]) => objects::networks(shared),
        ("GET", ["networks", name]) => objects::inspect_network(shared, name),
        ("POST", ["networks", "create"]) => objects::create_network(shared, call),
        ("DELETE", ["networks", name]) => objects::remove_network(shared, name),
        ("GET", ["volumes"]) => objects::volumes(shared),
        ("POST", ["volumes", "create"]) => objects::create_volume(shared, call),
        ("DELETE", ["volumes", name]) => objects::remove_volume(shared, name),
        ("HEAD", ["_ping"]) => empty(200),
        _ => error(404, "page not found"),
    }
}

fn version(shared: &Shared) -> Response {
    let is_old = shared.lock().fault == Some(Fault::TooOld);
    let (api, engine) = if is_old { ("1.40", "19.03.15") } else { (API_VERSION, "20.10.24") };
    object(
        200,
        &json!({
            "Platform": {"Name": ""},
            "Components": [{"Name": "Engine", "Version": engine, "Details": {"ApiVersion": api}}],
            "Version": engine, "ApiVersion": api, "MinAPIVersion": "1.12", "GitCommit": "5d6db84",
            "GoVersion": "go1.19.8", "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0",
            "BuildTime": "2026-05-07T21:09:36.000000000+00:00",
        }),
    )
}

fn is_newer(version: &str) -> bool {
    let number = |text: &str| text.split_once('.').and_then(|(_, minor)| minor.parse::<u32>().ok());
    number(version) > number(API_VERSION)
}

/// Returns the answer with a body that breaks off in the middle.
async fn cut(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half: Bytes = whole.slice(..whole.len() / 2);
    let broken = std::io::Error::other("the engine's process ends here");
    parts.headers.remove("Content-Length");
    Response::from_parts(parts, Body::from_stream(stream::iter([Ok(half), Err(broken)])))
}
