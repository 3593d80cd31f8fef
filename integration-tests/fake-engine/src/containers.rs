//! Listing, creation, inspection and removal of containers.

use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{empty, error, no_container, object};
use super::call::Call;
use super::state::{Container, Phase};
use super::{Shared, lifecycle, shapes};

pub(super) fn list(shared: &Shared, call: &Call) -> Response {
    let state = shared.lock();
    let all = call.asked("all") == "true";
    let shown = state.containers.iter().filter(|found| all || found.runs());
    object(200, &shown.map(|found| shapes::summary(&state, found)).collect::<Value>())
}

pub(super) fn create(shared: &Shared, call: &Call) -> Response {
    let mut state = shared.lock();
    let body = call.json();
    let reference = body["Image"].as_str().unwrap_or_default();
    let by_id = || state.images.values().find(|id| *id == reference);
    let Some(image_id) = state.images.get(reference).or_else(by_id).cloned() else {
        return error(404, format!("No such image: {reference}"));
    };
    let id = state.next_id();
    let name = match call.asked("name") {
        "" => format!("nameless_{}", &id[..8]),
        name => name.to_string(),
    };
    if let Some(other) = state.container(&name) {
        let message = format!(
            "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove \
             (or rename) that container to be able to reuse that name.",
            other.id
        );
        return error(409, message);
    }
    let answer = object(201, &json!({"Id": id, "Warnings": []}));
    let mut container = Container { id, name, body, image_id, ..Container::default() };
    container.network = container.wanted_network().to_string();
    state.containers.push(container);
    answer
}

pub(super) fn inspect(shared: &Shared, key: &str) -> Response {
    let mut state = shared.lock();
    let Some(container) = state.container_mut(key) else { return no_container(key) };
    // Each inspection finds one more restart.
    container.restarts += i64::from(container.phase == Phase::Restarting);
    object(200, &shapes::details(container))
}

pub(super) fn rename(shared: &Shared, key: &str, call: &Call) -> Response {
    let mut state = shared.lock();
    let name = call.asked("name");
    if let Some(other) = state.container(name) {
        return error(
            409,
            format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{}\".",
                other.id
            ),
        );
    }
    let Some(container) = state.container_mut(key) else { return no_container(key) };
    container.name = name.to_string();
    empty(204)
}

pub(super) fn remove(shared: &Shared, key: &str, call: &Call) -> Response {
    let mut state = shared.lock();
    let Some(container) = state.container(key) else { return no_container(key) };
    let (id, is_up) = (container.id.clone(), !matches!(container.phase, Phase::Created | Phase::Exited));
    if is_up && call.asked("force") != "true" {
        let message = format!(
            "You cannot remove a running container {id}. Stop the container before attempting removal or force remove"
        );
        return error(409, message);
    }
    lifecycle::end(&mut state, &id, Phase::Exited, 137);
    state.containers.retain(|found| found.id != id);
    drop(state);
    shared.announce();
    empty(204)
}
