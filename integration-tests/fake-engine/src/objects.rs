//! Networks and volumes.

use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{empty, error, object};
use super::call::Call;
use super::state::{Network, Shared, Volume};

const CREATED: &str = "2026-11-24T06:19:15.439232555Z";

pub(super) fn networks(shared: &Shared) -> Response {
    let state = shared.lock();
    let of_the_engine = ["bridge", "host", "none"].map(|name| network(name, &Network::default()));
    let made = state.networks.iter().map(|(name, found)| network(name, found));
    object(200, &of_the_engine.into_iter().chain(made).collect::<Value>())
}

pub(super) fn inspect_network(shared: &Shared, name: &str) -> Response {
    match shared.lock().networks.get(name) {
        Some(found) => object(200, &network(name, found)),
        None => error(404, format!("network {name} not found")),
    }
}

pub(super) fn create_network(shared: &Shared, call: &Call) -> Response {
    let mut state = shared.lock();
    let body = call.json();
    let name = body["Name"].as_str().unwrap_or_default().to_string();
    if state.networks.contains_key(&name) {
        return error(409, format!("network with name {name} already exists"));
    }
    let id = state.next_id();
    state.networks.insert(name, Network { id: id.clone(), labels: body["Labels"].clone() });
    object(201, &json!({"Id": id, "Warning": ""}))
}

pub(super) fn remove_network(shared: &Shared, name: &str) -> Response {
    let mut state = shared.lock();
    let Some(found) = state.networks.get(name) else {
        return error(404, format!("network {name} not found"));
    };
    if state.containers.iter().any(|container| container.network == name && container.runs()) {
        let id = &found.id;
        return error(
            403,
            format!("error while removing network: network {name} id {id} has active endpoints"),
        );
    }
    state.networks.remove(name);
    empty(204)
}

pub(super) fn volumes(shared: &Shared) -> Response {
    let state = shared.lock();
    let all: Value = state.volumes.iter().map(|(name, found)| volume(name, found)).collect();
    object(200, &json!({"Volumes": all, "Warnings": null}))
}

pub(super) fn create_volume(shared: &Shared, call: &Call) -> Response {
    let mut state = shared.lock();
    let body = call.json();
    let name = body["Name"].as_str().unwrap_or_default().to_string();
    // Creating an existing volume succeeds and keeps its labels.
    let found = state.volumes.entry(name.clone());
    let found = found.or_insert_with(|| Volume { labels: body["Labels"].clone(), ..Volume::default() });
    object(201, &volume(&name, found))
}

pub(super) fn remove_volume(shared: &Shared, name: &str) -> Response {
    let mut state = shared.lock();
    if !state.volumes.contains_key(name) {
        return error(404, format!("get {name}: no such volume"));
    }
    let mut users =
        state.containers.iter().filter(|container| container.volumes().any(|(used, _)| used == name));
    if let Some(user) = users.next() {
        return error(409, format!("remove {name}: volume is in use - [{}]", user.id));
    }
    state.volumes.remove(name);
    empty(204)
}

fn network(name: &str, network: &Network) -> Value {
    json!({
        "Name": name, "Id": network.id, "Created": CREATED, "Scope": "local", "Driver": "bridge",
        "EnableIPv6": false, "IPAM": {"Driver": "default", "Options": null, "Config": []}, "Internal": false,
        "Attachable": false, "Ingress": false, "ConfigFrom": {"Network": ""}, "ConfigOnly": false,
        "Containers": {}, "Options": {}, "Labels": or_empty(&network.labels),
    })
}

fn volume(name: &str, volume: &Volume) -> Value {
    json!({
        "CreatedAt": "2026-11-24T06:19:15Z", "Driver": "local", "Labels": or_empty(&volume.labels),
        "Mountpoint": format!("/var/lib/docker/volumes/{name}/_data"), "Name": name, "Options": null,
        "Scope": "local",
    })
}

fn or_empty(labels: &Value) -> Value {
    if labels.is_object() { labels.clone() } else { json!({}) }
}
