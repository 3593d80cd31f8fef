//! Answers of Grafana's API: a status and a JSON body.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::state::store::Unwritable;

/// An answer in JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The body.
    pub(crate) body: Value,
}

/// The result of a handler; both variants are answers.
pub(crate) type Reply = Result<Answer, Answer>;

impl Answer {
    /// Returns an answer with status 200.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body }
    }

    /// Returns an answer with a message.
    pub(crate) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into()}) }
    }

    /// Returns an answer with a message and an error.
    pub(crate) fn error(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into(), "traceID": ""}) }
    }

    /// Returns an answer in the format of classic dashboard and folder errors.
    pub(crate) fn with_status(status: StatusCode, message: &str, word: &str) -> Self {
        Self { status, body: json!({"message": message, "status": word}) }
    }

    /// Returns an answer in the format of newer errors.
    pub(crate) fn coded(status: StatusCode, message: &str, message_id: &str) -> Self {
        let body = json!({
            "extra": null,
            "message": message,
            "messageId": message_id,
            "statusCode": status.as_u16(),
            "traceID": "",
        });
        Self { status, body }
    }

    /// Returns the answer to an invalid body.
    pub(crate) fn bad_request_data() -> Self {
        Self::error(StatusCode::BAD_REQUEST, "bad request data")
    }

    /// Returns the answer to an unknown path or method.
    pub(crate) fn not_found() -> Self {
        Self::message(StatusCode::NOT_FOUND, "Not found")
    }

    /// Returns the message, for callers without HTTP.
    pub(crate) fn text(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl From<Unwritable> for Answer {
    fn from(unwritable: Unwritable) -> Self {
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, String::from(unwritable))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut text = self.body.to_string();
        // Newer errors end in a line end.
        if self.body.get("messageId").is_some() {
            text.push('\n');
        }
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
