//! A registry on a port of its own, whose answers can go wrong and go right again.
//!
//! When all is well it passes on what the real registry answers, so that one reference can first fail and then be
//! pulled. The engine that pulls from it is a real one, and what it says is its own.
#![expect(clippy::disallowed_types, reason = "it passes on what the real registry answers")]

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
/// Long enough for a layer to come in several parts.
const LAYER_BYTES: usize = 256 * 1024;

/// How the registry answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// As the real one does.
    Well,
    /// Whoever asks for a manifest gets this status, with this code and message.
    Refusal(u16, &'static str, &'static str),
    /// So many questions for a manifest get this status, and later ones a good answer.
    FailureFirst(usize, u16),
    /// An image whose configuration is not what its digest says.
    DamagedConfiguration,
    /// An image whose layer is not what its digest says.
    DamagedLayer,
    /// An image whose layer ends early.
    TruncatedLayer,
    /// An image for a processor that no test runs on.
    OtherPlatform,
}

/// A registry that is in front of the real one.
#[derive(Debug)]
pub struct FaultyRegistry {
    shared: Arc<Shared>,
    address: SocketAddr,
    pulled: String,
    /// Ends all that runs in it when it is dropped.
    _runtime: Runtime,
}

#[derive(Debug)]
struct Shared {
    real: String,
    client: reqwest::Client,
    answers: Mutex<Answers>,
    asked: Mutex<usize>,
    /// Tells this registry's own images from those of another test.
    seed: u16,
}

impl FaultyRegistry {
    /// Returns a registry that answers well; the image that it is asked for is removed when it is dropped.
    pub fn before_the_real_one(image: &str) -> Self {
        let runtime = crate::runtime::own();
        let listener =
            runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port of this machine is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            real: variable("TDD_TEST_REGISTRY"),
            client: reqwest::Client::new(),
            answers: Mutex::new(Answers::Well),
            asked: Mutex::new(0),
            seed: address.port(),
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { shared, address, pulled: format!("{address}/{image}"), _runtime: runtime }
    }

    /// Returns the reference of the image, which no engine can have yet.
    pub fn image(&self) -> &str {
        &self.pulled
    }

    /// Returns the registry's host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Answers like this from now on.
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
    mutex.lock().expect("nobody panics while holding the lock")
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
                // The engine asks for the head first, which is no try of its own.
                *asked += usize::from(method == Method::GET);
                *asked
            };
            if asked > times || (asked == times && method == Method::HEAD) {
                return forward(&shared, &uri, &headers).await;
            }
            refusal(status, "UNKNOWN", "the registry's disk is out of order")
        }
        Answers::OtherPlatform if is_manifest => typed(MANIFEST_LIST, list().to_string().into()),
        Answers::DamagedConfiguration | Answers::DamagedLayer | Answers::TruncatedLayer => {
            own_image(&shared, answers, path)
        }
        _ => forward(&shared, &uri, &headers).await,
    }
}

/// Passes a question on to the real registry; also one for a head, whose body nobody is sent.
async fn forward(shared: &Shared, uri: &Uri, headers: &HeaderMap) -> Response {
    let mut question = shared.client.get(format!("http://{}{uri}", shared.real));
    for value in headers.get_all(header::ACCEPT) {
        question = question.header(header::ACCEPT, value);
    }
    let answer = question.send().await.expect("the real registry answers");
    let mut response = Response::builder().status(answer.status());
    for name in ["content-type", "docker-content-digest", "docker-distribution-api-version"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.expect("the real registry's answer has an end");
    response.body(Body::from(body)).expect("the parts are the real registry's")
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
        .expect("the parts are constants")
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
        (true, Answers::TruncatedLayer) => broken_off(&layer),
        (true, Answers::DamagedLayer) => typed("application/octet-stream", spoiled(layer).into()),
        (true, _) => typed("application/octet-stream", layer.into()),
        (false, Answers::DamagedConfiguration) => {
            typed("application/octet-stream", spoiled(configuration).into())
        }
        (false, _) => typed("application/octet-stream", configuration.into()),
    }
}

/// Returns a body that promises more than it sends.
fn broken_off(whole: &[u8]) -> Response {
    let half = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    let parts = stream::iter([Ok(half), Err(std::io::Error::other("the connection is cut"))]);
    Response::builder()
        .header(header::CONTENT_LENGTH, whole.len())
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(Body::from_stream(parts))
        .expect("the parts are constants")
}

fn spoiled(mut bytes: Vec<u8>) -> Vec<u8> {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

/// Returns the archive of one file that no other image has.
fn layer(seed: u16) -> Vec<u8> {
    let content = seed.to_be_bytes().repeat(LAYER_BYTES / 2);
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, "nothing", content.as_slice()).expect("memory can be written");
    builder.into_inner().expect("memory can be written")
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
