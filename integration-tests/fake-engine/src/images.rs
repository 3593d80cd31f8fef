//! Images of the engine and of its registry.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::Fault;
use super::answer::{error, object, with_body};
use super::call::Call;
use super::hash::sha256;
use super::state::Shared;

pub(super) fn inspect(shared: &Shared, reference: &str) -> Response {
    let state = shared.lock();
    let by_id = || state.images.values().find(|id| *id == reference);
    match state.images.get(reference).or_else(by_id) {
        None => error(404, format!("no such image: {reference}: No such image: {reference}")),
        Some(id) => object(
            200,
            &json!({"Id": id, "RepoTags": [reference], "RepoDigests": [], "Architecture": "amd64", "Os": "linux"}),
        ),
    }
}

pub(super) fn remove(shared: &Shared, reference: &str) -> Response {
    let mut state = shared.lock();
    let Some(id) = state.images.get(reference).cloned() else {
        return error(404, format!("No such image: {reference}"));
    };
    if let Some(user) = state.containers.iter().find(|found| found.image_id == id) {
        let message = format!(
            "conflict: unable to remove repository reference \"{reference}\" (must force) - container {} is using \
             its referenced image {}",
            &user.id[..12],
            &id["sha256:".len()..][..12]
        );
        return error(409, message);
    }
    state.images.remove(reference);
    object(200, &json!([{"Untagged": reference}, {"Deleted": id}]))
}

/// Pulls an image; it exists once the last line is sent.
pub(super) fn pull(shared: &Arc<Shared>, call: &Call) -> Response {
    let (repository, tag) = (call.asked("fromImage").to_string(), call.asked("tag").to_string());
    let reference = format!("{repository}:{tag}");
    let fault = shared.lock().fault.clone();
    match fault {
        Some(Fault::ImageMissing) => {
            let message = format!("manifest for {reference} not found: manifest unknown: manifest unknown");
            return error(404, message);
        }
        Some(Fault::LoginRequired) => {
            let message = format!(
                "Head \"https://registry.example/v2/{repository}/manifests/{tag}\": no basic auth credentials"
            );
            return error(500, message);
        }
        _ => {}
    }
    let pause = match fault {
        Some(Fault::Slow(time)) => time,
        _ => Duration::ZERO,
    };
    let (chunks, succeeds) = chunks(&repository, &tag, fault.as_ref());
    let shared = shared.clone();
    let last = chunks.len() - 1;
    let body = stream::iter(chunks.into_iter().enumerate()).then(move |(index, chunk)| {
        let (shared, reference) = (shared.clone(), reference.clone());
        async move {
            tokio::time::sleep(pause).await;
            if succeeds && index == last {
                shared.lock().pull(&reference);
            }
            Ok::<Bytes, std::io::Error>(chunk.into())
        }
    });
    with_body(200, "application/json", Body::from_stream(body))
}

/// Returns the chunks of the stream, and whether the image exists afterwards.
fn chunks(repository: &str, tag: &str, fault: Option<&Fault>) -> (Vec<String>, bool) {
    let mut lines = vec![json!({"status": format!("Pulling from {repository}"), "id": tag})];
    // All images share their first layer.
    let layers = ["the base of all images", repository].map(|name| sha256(name.as_bytes())[..12].to_string());
    let of_layer = |layer: &String, word: &str, detail: Value| json!({"status": word, "progressDetail": detail, "id": layer});
    lines.extend(layers.iter().map(|layer| of_layer(layer, "Pulling fs layer", json!({}))));
    for layer in &layers {
        for done in [512_000, 1_536_000, 2_048_000] {
            lines.push(of_layer(layer, "Downloading", json!({"current": done, "total": 2_048_000})));
        }
    }
    match fault {
        Some(Fault::PullFails) => {
            let reason = "failed to register layer: no space left on device";
            lines.push(json!({"errorDetail": {"message": reason}, "error": reason}));
            return (lines.iter().map(line).collect(), false);
        }
        Some(Fault::PullStopsEarly | Fault::Cut(_)) => return (lines.iter().map(line).collect(), false),
        _ => {}
    }
    for layer in &layers {
        lines.push(of_layer(layer, "Verifying Checksum", json!({})));
        lines.push(of_layer(layer, "Download complete", json!({})));
        lines.push(of_layer(layer, "Extracting", json!({"current": 2_048_000, "total": 2_048_000})));
        lines.push(of_layer(layer, "Pull complete", json!({})));
    }
    lines.push(json!({"status": format!("Digest: sha256:{}", sha256(repository.as_bytes()))}));
    lines.push(json!({"status": format!("Status: Downloaded newer image for {repository}:{tag}")}));
    let mut chunks: Vec<String> = lines.iter().map(line).collect();
    if fault == Some(&Fault::PullEndsInParts) {
        let whole = chunks.pop().unwrap_or_default();
        let (start, end) = whole.split_at(whole.len() - 1);
        chunks.extend([start.to_string(), end.to_string()]);
    }
    (chunks, true)
}

fn line(value: &Value) -> String {
    format!("{value}\r\n")
}
