//! A registry on a loopback port with faults that can be switched on and off.
//!
//! Without a fault it forwards to the real registry, so that a pull of one reference can fail first and succeed later.
//! The pulling engine is a real one, so its messages are real.
#![expect(clippy::disallowed_types, reason = "it forwards the real registry's answers")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};
use tdd_stack::model::stack::sha256;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::scenario::{remove_image, variable};

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const MANIFEST_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Large enough that a layer arrives in several parts.
const LAYER_BYTES: usize = 256 * 1024;

/// The behaviour of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Forwards to the real registry.
    Healthy,
    /// Answers requests for manifests with this status, code and message.
    Refusal(u16, &'static str, &'static str),
    /// Answers this many requests for manifests with this status, and later ones correctly.
    FailureFirst(usize, u16),
    /// Serves an image whose configuration does not match its digest.
    DamagedConfiguration,
    /// Serves an image whose layer does not match its digest.
    DamagedLayer,
    /// Serves an image whose layer is truncated.
    TruncatedLayer,
    /// Serves an image for a platform on which no test runs.
    OtherPlatform,
}

/// A registry in front of the real one.
#[derive(Debug)]
pub struct FaultyRegistry {
    shared: Arc<Shared>,
    address: SocketAddr,
    pulled: String,
    /// Ends the server on drop.
    _runtime: Runtime,
}

#[derive(Debug)]
struct Shared {
    real: String,
    client: reqwest::Client,
    answers: Mutex<Answers>,
    asked: Mutex<usize>,
    /// Makes the generated images unique for each test.
    seed: u16,
}

impl FaultyRegistry {
    /// Returns a registry without faults; on drop, the image is removed from the engine.
    pub fn before_the_real_one(image: &str) -> Self {
        let runtime = crate::runtime::own();
        let listener =
            runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port of this machine is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            real: variable("TDD_TEST_REGISTRY"),
            client: reqwest::Client::new(),
            answers: Mutex::new(Answers::Healthy),
            asked: Mutex::new(0),
            seed: address.port(),
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { shared, address, pulled: format!("{address}/{image}"), _runtime: runtime }
    }

    /// Returns the reference of the image, which no engine has yet.
    pub fn image(&self) -> &str {
        &self.pulled
    }

    /// Returns the registry's host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Sets the behaviour.
    pub fn answer(&self, answers: Answers) {
        *lock(&self.shared.answers) = answers;
        *lock(&self.shared.asked) = 0;
    }
}

impl Drop for FaultyRegistry {
    fn drop(&mut self) {
        remove_image(&self.pulled);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no task panics while it holds the lock")
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let answers = *lock(&shared.answers);
    if path == "/v2/" {
        return typed("application/json", "{}".into());
    }
    let is_manifest = path.contains("/manifests/");
    match answers {
        Answers::Refusal(status, code, message) if is_manifest => refusal(status, code, message),
        Answers::FailureFirst(times, status) if is_manifest => {
            let asked = {
                let mut asked = lock(&shared.asked);
                // The engine sends HEAD first, which does not count as a separate try.
                *asked += usize::from(method == Method::GET);
                *asked
            };
            if asked > times || (asked == times && method == Method::HEAD) {
                return forward(&shared, &uri, &headers).await;
            }
            refusal(status, "UNKNOWN", "the registry's disk is broken")
        }
        Answers::OtherPlatform if is_manifest => typed(MANIFEST_LIST, list().to_string().into()),
        Answers::DamagedConfiguration | Answers::DamagedLayer | Answers::TruncatedLayer => {
            own_image(&shared, answers, path)
        }
        _ => forward(&shared, &uri, &headers).await,
    }
}

/// Forwards a request to the real registry as GET; hyper removes the body for HEAD.
async fn forward(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Response {
    let mut forwarded = shared.client.get(format!("http://{}{uri}", shared.real));
    for value in headers.get_all(header::ACCEPT) {
        forwarded = forwarded.header(header::ACCEPT, value);
    }
    let answer = forwarded.send().await.expect("the real registry is reachable");
    let mut response = Response::builder().status(answer.status());
    for name in ["content-type", "docker-content-digest", "docker-distribution-api-version"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.expect("the real registry's answer is complete");
    response.body(Body::from(body)).expect("the parts are valid")
}

fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": message, "detail": null}]});
    let mut response = typed("application/json", body.to_string().into());
    *response.status_mut() = StatusCode::from_u16(status).expect("a test names a status");
    response
}

fn typed(kind: &str, body: Bytes) -> Response {
    let digest = format!("sha256:{}", sha256(&body));
    Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header("Docker-Content-Digest", digest)
        .header("Docker-Distribution-Api-Version", "registry/2.0")
        .body(Body::from(body))
        .expect("the parts are valid")
}

fn own_image(shared: &Shared, answers: Answers, path: &str) -> Response {
    let layer = layer(shared.seed);
    let configuration = json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": {"Cmd": ["/nothing"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    })
    .to_string()
    .into_bytes();
    if path.contains("/manifests/") {
        return typed(MANIFEST, manifest(&configuration, &layer).to_string().into());
    }
    match (path.ends_with(&digest(&layer)), answers) {
        (true, Answers::TruncatedLayer) => truncated(&layer),
        (true, Answers::DamagedLayer) => typed("application/octet-stream", corrupted(layer).into()),
        (true, _) => typed("application/octet-stream", layer.into()),
        (false, Answers::DamagedConfiguration) => {
            typed("application/octet-stream", corrupted(configuration).into())
        }
        (false, _) => typed("application/octet-stream", configuration.into()),
    }
}

/// Returns an answer whose body is shorter than announced.
fn truncated(whole: &[u8]) -> Response {
    let half = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    let parts = stream::iter([Ok(half), Err(std::io::Error::other("the connection is cut"))]);
    Response::builder()
        .header(header::CONTENT_LENGTH, whole.len())
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(Body::from_stream(parts))
        .expect("the parts are valid")
}

fn corrupted(mut bytes: Vec<u8>) -> Vec<u8> {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

/// Returns the archive of a file that no other image contains.
fn layer(seed: u16) -> Vec<u8> {
    let content = seed.to_be_bytes().repeat(LAYER_BYTES / 2);
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, "nothing", content.as_slice()).expect("writing to memory succeeds");
    builder.into_inner().expect("writing to memory succeeds")
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

fn manifest(configuration: &[u8], layer: &[u8]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": configuration.len(),
            "digest": digest(configuration),
        },
        "layers": [{
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "size": layer.len(),
            "digest": digest(layer),
        }],
    })
}

fn list() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_LIST,
        "manifests": [{
            "mediaType": MANIFEST,
            "size": 500,
            "digest": digest(b"never asked for"),
            "platform": {"architecture": "s390x", "os": "linux"},
        }],
    })
}
