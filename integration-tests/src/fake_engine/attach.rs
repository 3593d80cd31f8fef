//! Connections to what runs in a container: its input, which ends with the connection.

use std::sync::Arc;

use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::AsyncReadExt;

use super::answer::{no_container, object, upgraded};
use super::lifecycle;
use super::state::{Phase, Shared};

/// Attaches to a container. One that is removed at its end is gone when the connection is.
pub(super) fn attach(shared: &Arc<Shared>, key: &str, upgrade: Option<OnUpgrade>) -> Response {
    let Some(id) = shared.lock().container(key).map(|container| container.id.clone()) else {
        return no_container(key);
    };
    let shared = shared.clone();
    if let Some(upgrade) = upgrade {
        tokio::spawn(async move {
            if let Ok(connection) = upgrade.await {
                // A connection that breaks has ended too.
                drop(TokioIo::new(connection).read_to_end(&mut Vec::new()).await);
            }
            let mut state = shared.lock();
            lifecycle::end(&mut state, &id, Phase::Exited, 0);
            state.containers.retain(|found| found.id != id);
            drop(state);
            shared.announce();
        });
    }
    upgraded()
}

/// Answers when a container is gone.
pub(super) async fn gone(shared: &Shared, key: &str) -> Response {
    loop {
        let something = shared.something();
        if shared.lock().container(key).is_none() {
            return object(200, &json!({"Error": null, "StatusCode": 0}));
        }
        something.await;
    }
}
