//! Carries calls to the engine and answers back.

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

use super::fault::{Action, Call, Fault, Hearing};
use super::shared::Shared;

/// What of a query tells calls apart.
const TELLING: [&str; 6] = ["name", "fromImage", "tag", "signal", "path", "condition"];

/// What is done when the connection's last answer has been sent.
type Last = Arc<Mutex<Option<(Action, Call)>>>;

/// The connection ends without a further word: what hyper does on an error of the service.
fn cut_off() -> io::Error {
    io::Error::other("the connection is cut")
}

/// Listens from now on; must be called inside the runtime.
pub(super) fn revive(shared: &Arc<Shared>) {
    // A listener that has ended leaves its socket behind.
    drop(std::fs::remove_file(&shared.socket));
    let listener = UnixListener::bind(&shared.socket).expect("a socket can be made");
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
        // A connection that was cut ends in an error, as it should.
        ended = served => drop(ended),
        _ = deaths.changed() => return,
    }
    let left = last.lock().expect("nobody panics while holding the lock").take();
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
    // The engine goes on when the program is gone, and so does the question.
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
        (_, Some((Hearing::Never, action))) => {
            whole(response).await;
            action.run(&call);
            return Err(cut_off());
        }
        (_, Some((Hearing::First, action))) => Some((action, call)),
        (_, None) => None,
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let engine = hyper::upgrade::on(&mut response);
        if let Some(program) = program {
            tokio::spawn(upgraded(program, engine, shared, action));
        }
    } else if action.is_some() {
        // Then the connection ends by itself when everything has been sent.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        *last.lock().expect("nobody panics while holding the lock") = action;
    }
    Ok(response.map(Body::new))
}

/// Asks the engine on a connection of its own.
async fn ask(request: Request<Incoming>, engine: &Path) -> io::Result<Response<Incoming>> {
    let connection = UnixStream::connect(engine).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await.map_err(io::Error::other)?;
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request.map(Body::new)).await.map_err(io::Error::other)
}

/// Lets both sides of an upgraded connection talk until the engine has said everything.
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
    let (mut program_says, mut to_program) = tokio::io::split(TokioIo::new(program));
    let (mut engine_says, mut to_engine) = tokio::io::split(TokioIo::new(engine));
    let asked = async {
        // A program that is gone has nothing more to say.
        drop(tokio::io::copy(&mut program_says, &mut to_engine).await);
        drop(to_engine.shutdown().await);
        std::future::pending::<()>().await;
    };
    let answered = async {
        drop(tokio::io::copy(&mut engine_says, &mut to_program).await);
        drop(to_program.shutdown().await);
    };
    tokio::select! {
        () = asked => {}
        () = answered => {}
    }
}

/// Takes in an answer to its end, so that the engine has done what was asked.
async fn whole(mut response: Response<Incoming>) {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if let Ok(engine) = hyper::upgrade::on(&mut response).await {
            drop(TokioIo::new(engine).read_to_end(&mut Vec::new()).await);
        }
    } else {
        drop(axum::body::to_bytes(Body::new(response), usize::MAX).await);
    }
}

/// Returns an answer whose body breaks off.
fn cut(response: Response<Incoming>, bytes: usize) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    // With a length the end would be one, however the connection ends.
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
    let told: Vec<String> =
        TELLING.iter().filter_map(|key| query.get(*key).map(|value| format!("{key}={value}"))).collect();
    let mark = if told.is_empty() { "" } else { "?" };
    format!("{method} {path}{mark}{}", told.join("&"))
}
