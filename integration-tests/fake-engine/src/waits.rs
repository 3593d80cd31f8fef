//! Calls that are answered at a later change of a container.

use axum::response::Response;
use serde_json::json;

use super::answer::{empty, object};
use super::state::{Container, Shared};

/// Answers once the container is removed.
pub(super) async fn gone(shared: &Shared, key: &str) -> Response {
    until(shared, || shared.lock().container(key).is_none()).await;
    object(200, &json!({"Error": null, "StatusCode": 0}))
}

/// Answers once the container has stopped.
pub(super) async fn ended(shared: &Shared, key: &str) -> Response {
    until(shared, || !shared.lock().container(key).is_some_and(Container::runs)).await;
    empty(204)
}

async fn until(shared: &Shared, is_so: impl Fn() -> bool) {
    loop {
        let change = shared.next_change();
        if is_so() {
            return;
        }
        change.await;
    }
}
