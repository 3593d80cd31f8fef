//! A server with scripted answers, in valid HTTP or not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Runtime;

use super::mutate;

/// How the length of an answer is announced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    /// The actual length.
    Exact,
    /// More than the actual length, so that the answer seems truncated.
    Longer,
    /// Chunks of this size.
    Chunked(usize),
    /// Chunks without the last one.
    CutChunk,
    /// The end of the connection.
    ToTheEnd,
    /// The body without a head.
    Raw,
    /// The body repeated until the client disconnects.
    Endless,
    /// No answer.
    Silent,
    /// An upgraded connection whose stream begins with the body.
    Upgraded,
}

/// The answer on one path.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
    pub(crate) framing: Framing,
    /// The API version in the head.
    pub(crate) api: &'static str,
}

/// The answers of a server and the requests it received.
#[derive(Default)]
struct Script {
    answers: BTreeMap<String, Answer>,
    requests: Vec<(String, Value)>,
}

/// A server with the same answers on a Unix socket and on a loopback port.
pub(crate) struct Server {
    script: Arc<Mutex<Script>>,
    folder: TempDir,
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Answer {
    /// Returns a valid answer.
    pub(crate) fn good(kind: &str, body: Vec<u8>) -> Self {
        Self { status: 200, kind: kind.into(), body, framing: Framing::Exact, api: "1.41" }
    }

    fn bytes(&self) -> Vec<u8> {
        let (length, body) = match self.framing {
            Framing::Raw => return self.body.clone(),
            Framing::Upgraded => {
                let head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
                return [head.as_bytes().to_vec(), self.body.clone()].concat();
            }
            Framing::Exact => (format!("Content-Length: {}\r\n", self.body.len()), self.body.clone()),
            Framing::Longer => (format!("Content-Length: {}\r\n", self.body.len() + 7), self.body.clone()),
            Framing::ToTheEnd | Framing::Endless | Framing::Silent => (String::new(), self.body.clone()),
            Framing::Chunked(size) => (
                "Transfer-Encoding: chunked\r\n".into(),
                [chunks(&self.body, size), b"0\r\n\r\n".to_vec()].concat(),
            ),
            Framing::CutChunk => ("Transfer-Encoding: chunked\r\n".into(), chunks(&self.body, 7)),
        };
        let head = format!(
            "HTTP/1.1 {} Said\r\nContent-Type: {}\r\nApi-Version: {}\r\n{length}Connection: close\r\n\r\n",
            self.status, self.kind, self.api
        );
        [head.into_bytes(), body].concat()
    }
}

fn chunks(body: &[u8], size: usize) -> Vec<u8> {
    let chunk = |chunk: &[u8]| {
        [format!("{:x}\r\n", chunk.len()).into_bytes(), chunk.to_vec(), b"\r\n".to_vec()].concat()
    };
    body.chunks(size.max(1)).flat_map(chunk).collect()
}

/// Returns one of the paths with a faulty answer.
pub(crate) fn faulty(good: &BTreeMap<String, Answer>) -> BoxedStrategy<(String, Answer)> {
    let good: Vec<(String, Answer)> =
        good.iter().map(|(path, answer)| (path.clone(), answer.clone())).collect();
    let framing = prop_oneof![
        10 => Just(None), 1 => Just(Some(Framing::Longer)), 2 => (1..40_usize).prop_map(|size| Some(Framing::Chunked(size))),
        1 => select(vec![Some(Framing::CutChunk), Some(Framing::ToTheEnd), Some(Framing::Raw)]),
    ];
    let status = prop_oneof![12 => Just(200), 4 => select(vec![101_u16, 204, 301, 304, 400, 401, 404, 409, 412, 500, 503, 999])];
    let api = prop_oneof![8 => Just("1.41"), 1 => select(vec!["", "1", "1.x", "1.40", "2.0", "1.99999999999999999999"])];
    let faulty = |(path, answer): (String, Answer)| {
        let body = vec![answer.body];
        let body = prop_oneof![mutate::bytes(body.clone()), mutate::json_bytes(body)];
        (Just((path, answer.kind, answer.framing)), body)
    };
    (select(good).prop_flat_map(faulty), status, framing, api)
        .prop_map(|(((path, kind, usual), body), status, framing, api)| {
            (path, Answer { status, kind, body, framing: framing.unwrap_or(usual), api })
        })
        .boxed()
}

impl Server {
    /// Starts a server that answers 404 to everything.
    pub(crate) fn start() -> Self {
        let runtime = integration_tests::runtime::own();
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
        let script: Arc<Mutex<Script>> = Arc::default();
        let address = runtime.block_on(async {
            let unix =
                UnixListener::bind(folder.path().join("docker.sock")).expect("a socket can be created");
            let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            let address = tcp.local_addr().expect("it has an address");
            let (one, other) = (script.clone(), script.clone());
            tokio::spawn(async move {
                while let Ok((stream, _)) = unix.accept().await {
                    tokio::spawn(serve(stream, one.clone()));
                }
            });
            tokio::spawn(async move {
                while let Ok((stream, _)) = tcp.accept().await {
                    tokio::spawn(serve(stream, other.clone()));
                }
            });
            address
        });
        Self { script, folder, address, _runtime: runtime }
    }

    /// Returns the socket's path.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Replaces the answers and forgets the requests.
    pub(crate) fn say(&self, answers: BTreeMap<String, Answer>) {
        let requests = Vec::new();
        *self.script.lock().expect("no case panics while it holds the lock") = Script { answers, requests };
    }

    /// Returns the requests since then, such as `GET /version`, each with its JSON.
    pub(crate) fn requests(&self) -> Vec<(String, Value)> {
        self.script.lock().expect("no case panics while it holds the lock").requests.clone()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: Arc<Mutex<Script>>) {
    let Some((method, path, body)) = request(&mut stream).await else { return };
    let missing = Answer {
        status: 404,
        ..Answer::good("application/json", b"{\"message\": \"page not found\"}\n".to_vec())
    };
    let answer = {
        let mut script = script.lock().expect("no case panics while it holds the lock");
        script.requests.push((format!("{method} {path}"), body));
        script.answers.get(&path).cloned().unwrap_or(missing)
    };
    if matches!(answer.framing, Framing::Silent) {
        // The read ends when the client disconnects.
        drop(stream.read_buf(&mut Vec::new()).await);
        return;
    }
    // A client that has read enough may have disconnected.
    drop(stream.write_all(&answer.bytes()).await);
    while matches!(answer.framing, Framing::Endless) && stream.write_all(&answer.body).await.is_ok() {}
    drop(stream.shutdown().await);
}

/// Reads a request and returns its method, its path without version and query, and its JSON.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, String, Value)> {
    let mut seen = Vec::new();
    let end = loop {
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut seen).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&seen[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    while seen.len() < end + length.unwrap_or_default() {
        if stream.read_buf(&mut seen).await.ok()? == 0 {
            break;
        }
    }
    let mut words = head.split_whitespace();
    let (method, target) = (words.next()?.to_string(), words.next()?);
    let path = target.split('?').next()?;
    let unversioned =
        path.strip_prefix("/v1.").and_then(|rest| rest.find('/').map(|at| rest[at..].to_string()));
    let body = serde_json::from_slice(&seen[end..]).unwrap_or_default();
    Some((method, unversioned.unwrap_or_else(|| path.to_string()), body))
}
