//! Files that enter and leave containers as tar archives.

use std::collections::BTreeMap;
use std::io::Read;

use axum::response::Response;
use base64::Engine as _;
use serde_json::json;

use super::answer::{empty, error, head, no_container};
use super::call::Call;
use super::state::{Container, Shared, State};

/// The target of a path inside a container.
enum Place {
    /// A volume.
    Volume(String),
    /// The container's root file system.
    Root,
}

pub(super) fn put(shared: &Shared, key: &str, call: &Call) -> Response {
    let mut state = shared.lock();
    let Some(container) = state.container(key) else { return no_container(key) };
    let folder = call.asked("path").to_string();
    let place = place(container, &folder);
    if place.is_none() {
        return error(404, format!("Could not find the file {folder} in container {key}"));
    }
    if matches!(place, Some(Place::Root)) && container.body["HostConfig"]["ReadonlyRootfs"] == true {
        return error(500, "container rootfs is marked read-only");
    }
    let Ok(files) = unpack(&call.body) else { return error(400, "the archive cannot be read") };
    if let Some(Place::Volume(volume)) = place {
        state.volumes.entry(volume).or_default().files.extend(files);
    } else {
        let container = state.container_mut(key).expect("the container exists");
        let prefix = folder.trim_end_matches('/').to_string();
        container.files.extend(files.into_iter().map(|(name, text)| (format!("{prefix}/{name}"), text)));
    }
    empty(200)
}

pub(super) fn get(shared: &Shared, key: &str, call: &Call) -> Response {
    let state = shared.lock();
    let Some(container) = state.container(key) else { return no_container(key) };
    let folder = call.asked("path");
    if let Some(answer) = one_file(&state, container, folder) {
        return answer;
    }
    let Some(Place::Volume(volume)) = place(container, folder) else {
        return error(404, format!("Could not find the file {folder} in container {key}"));
    };
    let name = folder.rsplit('/').next().unwrap_or_default();
    let files = state.volumes.get(&volume).map(|volume| volume.files.clone()).unwrap_or_default();
    let stat = json!({"name": name, "size": 4096, "mode": 2_147_484_141_u32, "linkTarget": ""}).to_string();
    head(200)
        .header("Content-Type", "application/x-tar")
        .header("X-Docker-Container-Path-Stat", base64::engine::general_purpose::STANDARD.encode(stat))
        .body(pack(name, &files).into())
        .expect("the parts are valid")
}

/// Returns the files of a container's configuration volumes that its service reads, by name.
pub(super) fn configuration(state: &State, key: &str) -> BTreeMap<String, String> {
    let volumes = state.container(key).into_iter().flat_map(Container::volumes);
    volumes
        .filter_map(|(name, _)| state.volumes.get(name))
        .filter(|volume| volume.labels["tdd-stack.volume"] == "config")
        .flat_map(|volume| volume.files.clone())
        .filter(|(name, _)| !name.starts_with('.'))
        .collect()
}

/// Returns an archive with a single file, if the path is that of a file.
fn one_file(state: &State, container: &Container, path: &str) -> Option<Response> {
    let (folder, name) = path.rsplit_once('/')?;
    let text = match place(container, folder) {
        Some(Place::Volume(volume)) => state.volumes.get(&volume)?.files.get(name)?,
        Some(Place::Root) | None => container.files.get(path)?,
    };
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(text.len() as u64);
    builder.append_data(&mut header, name, text.as_bytes()).expect("writing to memory succeeds");
    let stat = json!({"name": name, "size": text.len(), "mode": 420, "linkTarget": ""}).to_string();
    let answer = head(200)
        .header("Content-Type", "application/x-tar")
        .header("X-Docker-Container-Path-Stat", base64::engine::general_purpose::STANDARD.encode(stat))
        .body(builder.into_inner().expect("writing to memory succeeds").into());
    Some(answer.expect("the parts are valid"))
}

fn place(container: &Container, path: &str) -> Option<Place> {
    let volume = container.volumes().find(|(_, target)| *target == path);
    match volume {
        Some((name, _)) => Some(Place::Volume(name.into())),
        None if path == "/" => Some(Place::Root),
        None => None,
    }
}

fn unpack(bytes: &[u8]) -> std::io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let mut text = String::new();
        if entry.header().entry_type().is_file() {
            entry.read_to_string(&mut text)?;
            files.insert(name, text);
        }
    }
    Ok(files)
}

/// Packs a folder as the engine does: the folder first, then its content.
fn pack(folder: &str, files: &BTreeMap<String, String>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: String, kind: tar::EntryType, mode: u32, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, name, text.as_bytes()).expect("writing to memory succeeds");
    };
    add(format!("{folder}/"), tar::EntryType::Directory, 0o755, "");
    for (name, text) in files {
        add(format!("{folder}/{name}"), tar::EntryType::Regular, 0o644, text);
    }
    builder.into_inner().expect("writing to memory succeeds")
}
