//! Passes calls to the engine and answers to the program.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri};
use futures_util::{StreamExt, stream};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::fault::{Action, Call, Delivery, Fault};
use super::shared::Shared;

/// Query parameters that distinguish calls.
const SHOWN_PARAMETERS: [&str; 6] = ["name", "fromImage", "tag", "signal", "path", "condition"];

/// The action after the connection's last answer.
type Last = Arc<Mutex<Option<(Action, Call)>>>;

/// Returns the error at which hyper closes the connection without an answer.
fn cut_off() -> io::Error {
    io::Error::other("the connection is cut")
}

/// Starts listening; must be called inside the runtime.
pub(super) fn revive(shared: &Arc<Shared>) {
    // A listener that has ended leaves its socket file.
    drop(std::fs::remove_file(&shared.socket));
    let listener = UnixListener::bind(&shared.socket).expect("a socket can be created");
    tokio::spawn(serve(listener, shared.clone()));
}

/// Accepts connections until the engine dies.
async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    let mut deaths = shared.deaths.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = deaths.changed() => return,
        };
        let Ok((connection, _)) = accepted else { return };
        tokio::spawn(connected(connection, shared.clone()));
    }
}

async fn connected(connection: UnixStream, shared: Arc<Shared>) {
    let pid = connection.peer_cred().ok().and_then(|peer| peer.pid());
    let mut deaths = shared.deaths.subscribe();
    let last = Last::default();
    let service = service_fn(|request| answer(request, pid, shared.clone(), last.clone()));
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    tokio::select! {
        // A connection that a fault closes ends in an error.
        ended = served => drop(ended),
        _ = deaths.changed() => return,
    }
    let left = last.lock().expect("no task panics while it holds the lock").take();
    if let Some((action, call)) = left {
        action.run(&call);
    }
}

async fn answer(
    mut request: Request<Incoming>,
    pid: Option<i32>,
    shared: Arc<Shared>,
    last: Last,
) -> io::Result<Response<Body>> {
    let (call, fault, action) = shared.record(line(request.method().as_str(), request.uri()), pid);
    match fault {
        Some(Fault::Fails) => return Ok(failure()),
        Some(Fault::Hangs) => return never(std::future::pending::<Infallible>().await),
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::Dies) => {
            shared.die();
            return Err(cut_off());
        }
        Some(Fault::Restarts(time)) => {
            shared.die();
            tokio::spawn(async move {
                tokio::time::sleep(time).await;
                revive(&shared);
            });
            return Err(cut_off());
        }
        None | Some(Fault::HangsDone | Fault::Drops | Fault::CutAfter(_)) => {}
    }
    let program = request.extensions_mut().remove::<OnUpgrade>();
    let (engine, underway) = (shared.engine.clone(), shared.asked(&call.line));
    // The engine finishes a call whose program has exited, so the call runs in a separate task.
    let asked = tokio::spawn(async move {
        let answered = ask(request, &engine).await;
        drop(underway);
        answered
    });
    let mut response = asked.await.map_err(io::Error::other)??;
    let action = match (fault, action) {
        (Some(Fault::HangsDone), _) => {
            whole(response).await;
            return never(std::future::pending::<Infallible>().await);
        }
        (Some(Fault::Drops), _) => {
            whole(response).await;
            return Err(cut_off());
        }
        (Some(Fault::CutAfter(bytes)), _) => return Ok(cut(response, bytes)),
        (_, Some((Delivery::Never, action))) => {
            whole(response).await;
            action.run(&call);
            return Err(cut_off());
        }
        (_, Some((Delivery::First, action))) => Some((action, call)),
        (_, None) => None,
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let engine = hyper::upgrade::on(&mut response);
        if let Some(program) = program {
            tokio::spawn(upgraded(program, engine, shared, action));
        }
    } else if action.is_some() {
        // With `close`, the connection ends once the whole answer is sent.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        *last.lock().expect("no task panics while it holds the lock") = action;
    }
    Ok(response.map(Body::new))
}

/// Sends the request to the engine on a new connection.
async fn ask(request: Request<Incoming>, engine: &Path) -> io::Result<Response<Incoming>> {
    let connection = UnixStream::connect(engine).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await.map_err(io::Error::other)?;
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request.map(Body::new)).await.map_err(io::Error::other)
}

/// Copies both directions of an upgraded connection until the engine closes it.
async fn upgraded(
    program: OnUpgrade,
    engine: OnUpgrade,
    shared: Arc<Shared>,
    action: Option<(Action, Call)>,
) {
    let mut deaths = shared.deaths.subscribe();
    let both = async { tokio::try_join!(program, engine) };
    let Ok((program, engine)) = both.await else { return };
    tokio::select! {
        () = talk(program, engine) => {}
        _ = deaths.changed() => return,
    }
    if let Some((action, call)) = action {
        action.run(&call);
    }
}

async fn talk(program: Upgraded, engine: Upgraded) {
    let (mut from_program, mut to_program) = tokio::io::split(TokioIo::new(program));
    let (mut from_engine, mut to_engine) = tokio::io::split(TokioIo::new(engine));
    let asked = async {
        // The program may close its side first.
        drop(tokio::io::copy(&mut from_program, &mut to_engine).await);
        drop(to_engine.shutdown().await);
        std::future::pending::<()>().await;
    };
    let answered = async {
        drop(tokio::io::copy(&mut from_engine, &mut to_program).await);
        drop(to_program.shutdown().await);
    };
    tokio::select! {
        () = asked => {}
        () = answered => {}
    }
}

/// Reads an answer to its end, so that the engine has executed the call.
async fn whole(mut response: Response<Incoming>) {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if let Ok(engine) = hyper::upgrade::on(&mut response).await {
            drop(TokioIo::new(engine).read_to_end(&mut Vec::new()).await);
        }
    } else {
        drop(axum::body::to_bytes(Body::new(response), usize::MAX).await);
    }
}

/// Returns an answer whose body ends early.
fn cut(response: Response<Incoming>, bytes: usize) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    // A client would accept a body of the announced length even if the connection breaks.
    parts.headers.remove("Content-Length");
    let chunks = Body::new(body).into_data_stream().map(|chunk| chunk.map_err(io::Error::other));
    let kept = stream::unfold(Some((chunks, bytes)), |state| async move {
        let (mut chunks, left) = state?;
        match chunks.next().await {
            Some(Ok(chunk)) if chunk.len() <= left => {
                let left = left - chunk.len();
                Some((Ok(chunk), Some((chunks, left))))
            }
            Some(Ok(chunk)) if left > 0 => Some((Ok(chunk.slice(..left)), Some((chunks, 0)))),
            _ => Some((Err::<Bytes, _>(cut_off()), None)),
        }
    });
    Response::from_parts(parts, Body::from_stream(kept))
}

fn failure() -> Response<Body> {
    let body = "{\"message\":\"the disk of the engine is full\"}\n";
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert("Content-Type", HeaderValue::from_static("application/json"));
    response
}

fn never<T>(never: Infallible) -> T {
    match never {}
}

fn line(method: &str, uri: &Uri) -> String {
    let mut path = uri.path();
    if let Some((version, rest)) = path.strip_prefix("/v").and_then(|path| path.split_once('/'))
        && version.starts_with(|c: char| c.is_ascii_digit())
    {
        path = &path[path.len() - rest.len() - 1..];
    }
    let query: BTreeMap<String, String> =
        Query::try_from_uri(uri).map(|Query(query)| query).unwrap_or_default();
    let shown: Vec<String> = SHOWN_PARAMETERS
        .iter()
        .filter_map(|key| query.get(*key).map(|value| format!("{key}={value}")))
        .collect();
    let separator = if shown.is_empty() { "" } else { "?" };
    format!("{method} {path}{separator}{}", shown.join("&"))
}
