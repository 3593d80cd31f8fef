//! A request to a service, and its answer.

use axum::body::Bytes;
use serde_json::Value;

/// A request to a service.
pub(super) struct Ask {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Bytes,
}

/// An answer: a status, and JSON or text.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Content,
}

pub(super) enum Content {
    Json(Value),
    Text(String),
}

impl Reply {
    pub(super) fn json(status: u16, value: Value) -> Self {
        Self { status, body: Content::Json(value) }
    }

    pub(super) fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, body: Content::Text(text.into()) }
    }
}
