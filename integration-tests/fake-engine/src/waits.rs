//! Calls that are answered when something has happened to a container.

use axum::response::Response;
use serde_json::json;

use super::answer::{empty, object};
use super::state::{Container, Shared};

/// Answers when a container is gone.
pub(super) async fn gone(shared: &Shared, key: &str) -> Response {
    until(shared, || shared.lock().container(key).is_none()).await;
    object(200, &json!({"Error": null, "StatusCode": 0}))
}

/// Answers when a container does not run any more.
pub(super) async fn ended(shared: &Shared, key: &str) -> Response {
    until(shared, || !shared.lock().container(key).is_some_and(Container::runs)).await;
    empty(204)
}

async fn until(shared: &Shared, is_so: impl Fn() -> bool) {
    loop {
        let something = shared.something();
        if is_so() {
            return;
        }
        something.await;
    }
}
