//! Routes calls, records them and injects the fault.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as Extracted};
use axum::http::HeaderValue;
use axum::response::Response;
use axum::serve::Listener;
use futures_util::stream;
use serde_json::json;

use super::answer::{empty, error, object, with_body};
use super::call::Call;
use super::{Fault, Shared, archive, containers, events, execute, images, lifecycle, logs, objects, waits};

/// Serves calls until the runtime ends.
pub(super) async fn serve<L: Listener<Addr: std::fmt::Debug>>(listener: L, shared: Arc<Shared>) {
    let router = Router::new().fallback(answer).with_state(shared);
    drop(axum::serve(listener, router).await);
}

/// Answers a call. Every answer's head contains API version and time, like the engine's.
async fn answer(shared: Extracted<Arc<Shared>>, request: Request) -> Response {
    let (newest, now) = {
        let state = shared.0.lock();
        (state.api.newest, state.now())
    };
    let mut response = respond(shared, request).await;
    let text = |text: String| HeaderValue::from_str(&text).expect("the text has no control characters");
    response.headers_mut().insert("Api-Version", text(format!("1.{newest}")));
    response.headers_mut().insert("Date", text(httpdate::fmt_http_date(now)));
    response
}

async fn respond(Extracted(shared): Extracted<Arc<Shared>>, request: Request) -> Response {
    let mut call = Call::read(request).await;
    let (line, fault) = record(&shared, &call);
    let hits = |beginning: &str| line.starts_with(beginning);
    match fault {
        Some(Fault::NoAnswer(beginning)) if hits(beginning) => std::future::pending().await,
        Some(Fault::Fails(beginning)) if hits(beginning) => error(500, "the disk of the engine is full"),
        Some(Fault::Says(beginning, words)) if hits(beginning) => error(500, words),
        Some(Fault::Cut(beginning)) if hits(beginning) => cut(lead(&shared, &mut call)).await,
        Some(Fault::StopIgnored(service)) if hits(&format!("POST /containers/tdd-{service}/stop")) => {
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
    if let Some(refusal) = call.version.as_deref().and_then(|version| refusal(version, shared)) {
        return error(400, refusal);
    }
    let upgrade = call.upgrade.take();
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("GET", ["_ping"]) => with_body(200, "text/plain; charset=utf-8", "OK"),
        ("GET", ["events"]) => events::since(shared, call),
        ("GET", ["info"]) => info(shared),
        ("GET", ["containers", "json"]) => containers::list(shared, call),
        ("POST", ["containers", "create"]) => containers::create(shared, call),
        ("GET", ["containers", key, "json"]) => containers::inspect(shared, key),
        ("DELETE", ["containers", key]) => containers::remove(shared, key, call),
        ("POST", ["containers", key, "start"]) => lifecycle::start(shared, key),
        ("POST", ["containers", key, "stop"]) => lifecycle::stop(shared, key),
        ("POST", ["containers", key, "restart"]) => lifecycle::restart(shared, key),
        ("POST", ["containers", key, "unpause"]) => lifecycle::unpause(shared, key),
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

/// Returns the error for an unsupported API version, in the words of Engine 20.10 and 29.
fn refusal(version: &str, shared: &Shared) -> Option<String> {
    let api = shared.lock().api;
    let minor: u32 = version.strip_prefix("1.").and_then(|minor| minor.parse().ok()).unwrap_or_default();
    if minor > api.newest {
        let newest = api.newest;
        let words = "is too new. Maximum supported API version is";
        return Some(format!("client version {version} {words} 1.{newest}"));
    }
    (minor < api.oldest).then(|| {
        format!(
            "client version {version} is too old. Minimum supported API version is 1.{}, please upgrade your \
             client to a newer version",
            api.oldest
        )
    })
}

/// Answers `/info`: the engine runs on this machine unless a test moved it.
fn info(shared: &Shared) -> Response {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let this = read("/proc/sys/kernel/hostname").trim().to_string();
    let memory = read("/proc/meminfo");
    let memory =
        memory.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let name = shared.lock().machine.clone().unwrap_or(this);
    object(
        200,
        &json!({
            "ID": "PFIZ:Z5IA", "Name": name, "MemTotal": memory * 1024, "NCPU": 2, "OSType": "linux",
            "OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "KernelVersion": "6.1.0",
            "ServerVersion": "20.10.24", "DockerRootDir": "/var/lib/docker", "SecurityOptions": [], "Warnings": [],
        }),
    )
}

/// Returns the answer with a truncated body.
async fn cut(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half: Bytes = whole.slice(..whole.len() / 2);
    let broken = std::io::Error::other("the engine's process ends here");
    parts.headers.remove("Content-Length");
    Response::from_parts(parts, Body::from_stream(stream::iter([Ok(half), Err(broken)])))
}
