//! Container events, answered as the engine does: past events at once, then a stream.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream::{self, StreamExt};
use serde_json::json;

use super::answer::with_body;
use super::call::Call;
use super::state::{Event, Shared, State};

/// Records the signal of a kill or stop.
pub(super) fn add_kill(state: &mut State, container: &str, signal: u32) {
    let at = state.now();
    let Some(container) = state.container(container) else { return };
    let value = json!({
        "Type": "container",
        "Action": "kill",
        "Actor": {"ID": container.id, "Attributes": {"name": container.name, "signal": signal.to_string()}},
        "time": at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
    });
    state.events.push(Event { at, value });
}

/// Answers with past events of a time span; later events are not streamed.
pub(super) fn since(shared: &Shared, call: &Call) -> Response {
    let state = shared.lock();
    let moment = |name| UNIX_EPOCH + Duration::from_secs_f64(call.asked(name).parse().unwrap_or_default());
    let (since, until): (SystemTime, SystemTime) = (moment("since"), moment("until"));
    let told = state.events.iter().filter(|event| since <= event.at && event.at <= until);
    let past: Bytes =
        told.flat_map(|event| [event.value.to_string(), "\n".into()]).collect::<String>().into();
    let left = until.duration_since(state.now()).unwrap_or_default();
    let end = stream::once(async move {
        tokio::time::sleep(left).await;
        Bytes::new()
    });
    let body = stream::iter([past]).chain(end).map(Ok::<_, std::io::Error>);
    with_body(200, "application/json", Body::from_stream(body))
}
