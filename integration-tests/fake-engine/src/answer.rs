//! Forms of the engine's answers.

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};

/// Returns an answer with a JSON body, which ends in a line end like the engine's.
pub(super) fn object(status: u16, value: &Value) -> Response {
    with_body(status, "application/json", format!("{value}\n"))
}

/// Returns an answer without a body.
pub(super) fn empty(status: u16) -> Response {
    head(status).body(Body::empty()).expect("the parts are valid")
}

/// Returns an error answer.
pub(super) fn error(status: u16, message: impl AsRef<str>) -> Response {
    object(status, &json!({"message": message.as_ref()}))
}

/// Returns the error for a missing container.
pub(super) fn no_container(key: &str) -> Response {
    Refusal::no_container(key).answer()
}

/// An error with status and message.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
}

impl Refusal {
    /// Returns the refusal for a missing container.
    pub(super) fn no_container(key: &str) -> Self {
        Self { status: 404, message: format!("No such container: {key}") }
    }

    /// Returns the refusal as an answer.
    pub(super) fn answer(self) -> Response {
        error(self.status, self.message)
    }
}

/// Returns the answer that upgrades the connection to the streams of a command.
pub(super) fn upgraded() -> Response {
    head(101)
        .header("Content-Type", "application/vnd.docker.raw-stream")
        .header("Connection", "Upgrade")
        .header("Upgrade", "tcp")
        .body(Body::empty())
        .expect("the parts are valid")
}

/// Returns an answer with any body.
pub(super) fn with_body(status: u16, kind: &str, body: impl Into<Body>) -> Response {
    head(status).header("Content-Type", kind).body(body.into()).expect("the parts are valid")
}

/// Returns the common head of all answers.
pub(super) fn head(status: u16) -> axum::http::response::Builder {
    Response::builder()
        .status(status)
        .header("Docker-Experimental", "false")
        .header("Ostype", "linux")
        .header("Server", "Docker/20.10.24 (linux)")
}
