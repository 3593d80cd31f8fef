//! Start and stop of containers and their services.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::SystemTime;

use axum::response::Response;
use serde_json::json;

use super::answer::{Refusal, empty, error, no_container, object};
use super::call::Call;
use super::state::{Container, Phase, Reload, Shared, State};
use super::{Fault, archive, checks};
use crate::services;

pub(super) fn start(shared: &Arc<Shared>, key: &str) -> Response {
    let mut state = shared.lock();
    match state.container(key) {
        None => no_container(key),
        Some(container) if container.runs() => empty(304),
        Some(_) => match begin(shared, &mut state, key) {
            Ok(()) => empty(204),
            Err(refusal) => refusal.answer(),
        },
    }
}

pub(super) fn stop(shared: &Shared, key: &str) -> Response {
    let mut state = shared.lock();
    match state.container(key).map(|container| container.phase) {
        None => no_container(key),
        Some(Phase::Created | Phase::Exited) => empty(304),
        Some(_) => {
            end(&mut state, key, Phase::Exited, 0);
            empty(204)
        }
    }
}

/// Unpauses a container, which then answers pending requests.
pub(super) fn unpause(shared: &Shared, key: &str) -> Response {
    let mut state = shared.lock();
    let Some(container) = state.container_mut(key) else { return no_container(key) };
    if container.phase != Phase::Paused {
        return error(500, format!("Container {} is not paused", container.id));
    }
    container.phase = Phase::Running;
    drop(state);
    shared.announce();
    empty(204)
}

pub(super) fn restart(shared: &Arc<Shared>, key: &str) -> Response {
    let mut state = shared.lock();
    if state.container(key).is_none() {
        return no_container(key);
    }
    end(&mut state, key, Phase::Exited, 0);
    match begin(shared, &mut state, key) {
        Ok(()) => empty(204),
        Err(refusal) => refusal.answer(),
    }
}

/// Sends a signal: services reload on HUP and exit on KILL.
pub(super) fn kill(shared: &Shared, key: &str, call: &Call) -> Response {
    let mut state = shared.lock();
    let Some(container) = state.container(key) else { return no_container(key) };
    if !container.runs() {
        let message = format!("Cannot kill container: {key}: Container {} is not running", container.id);
        return error(409, message);
    }
    match call.asked("signal") {
        "HUP" | "SIGHUP" => reload(&mut state, key),
        _ => end(&mut state, key, Phase::Exited, 137),
    }
    drop(state);
    shared.announce();
    empty(204)
}

pub(super) fn wait(shared: &Shared, key: &str) -> Response {
    match shared.lock().container(key) {
        None => no_container(key),
        Some(container) => object(200, &json!({"Error": null, "StatusCode": container.exit_code})),
    }
}

/// Ends the service of a container.
pub(super) fn end(state: &mut State, key: &str, phase: Phase, exit_code: i64) {
    let Some(container) = state.container_mut(key) else { return };
    container.server = None;
    container.phase = phase;
    container.exit_code = exit_code;
    container.published = None;
}

fn begin(shared: &Arc<Shared>, state: &mut State, key: &str) -> Result<(), Refusal> {
    let container = state.container(key).ok_or_else(|| Refusal::no_container(key))?;
    let (name, network) = (container.name.clone(), container.wanted_network().to_string());
    if !["none", "host", "bridge"].contains(&network.as_str()) && !state.networks.contains_key(&network) {
        return Err(Refusal { status: 404, message: format!("network {network} not found") });
    }
    if state.fault == Some(Fault::RootNotShared) && asks_for_propagation(container) {
        let message = "path / is mounted on / but it is not a shared or slave mount".into();
        return Err(Refusal { status: 500, message });
    }
    if container.body["Labels"]["tdd-stack.check"].is_string() {
        checks::run(state, key);
        return Ok(());
    }
    let listener = listen(state, key)?;
    let (loaded, fault) = (archive::configuration(state, key), state.fault.clone());
    let container = state.container_mut(key).expect("the container exists");
    let service = container.service().unwrap_or_default().to_string();
    let image = container.body["Image"].as_str().unwrap_or_default().to_string();
    container.network = network;
    container.phase = Phase::Running;
    container.started = Some(SystemTime::now());
    if let Some((phase, line)) = early_end(&service, &image, &loaded, fault.as_ref()) {
        container.log.push((2, line));
        container.log.push((2, "this is the last line".into()));
        end(state, &name, phase, 1);
        return Ok(());
    }
    container.reload = Reload { successful: true, seconds: seconds() };
    container.loaded = loaded;
    container.log.push((1, format!("{service} listens")));
    if let Some((listener, address)) = listener {
        container.published = Some(address);
        container.server = Some(services::serve(listener, shared.clone(), name.clone()));
    }
    if let Err(reason) = services::first_start(state, &name) {
        if let Some(container) = state.container_mut(&name) {
            container.log.push((2, format!("Error: {reason}")));
        }
        end(state, &name, Phase::Restarting, 1);
    }
    Ok(())
}

/// Returns the state and reason of a service that exits right after its start.
fn early_end(
    service: &str,
    image: &str,
    loaded: &std::collections::BTreeMap<String, String>,
    fault: Option<&Fault>,
) -> Option<(Phase, String)> {
    match fault {
        Some(Fault::Dies(dying)) if *dying == service => {
            return Some((Phase::Exited, "cannot open the storage: permission denied".into()));
        }
        Some(Fault::ImageDies(dying)) if *dying == image => {
            return Some((Phase::Exited, "unknown long flag '--config.file'".into()));
        }
        Some(Fault::RestartsForever(dying)) if *dying == service => {
            return Some((Phase::Restarting, "cannot open the storage: permission denied".into()));
        }
        _ => {}
    }
    let needed = match service {
        "prometheus" => "prometheus.yml",
        "alertmanager" => "alertmanager.yml",
        _ => return None,
    };
    match loaded.get(needed) {
        None => Some((Phase::Restarting, format!("open {needed}: no such file or directory"))),
        Some(text) => checks::fault(text).map(|fault| (Phase::Restarting, format!("{needed}: {fault}"))),
    }
}

fn reload(state: &mut State, key: &str) {
    let files = archive::configuration(state, key);
    let refused = matches!(&state.fault, Some(Fault::ReloadRefused(service) | Fault::ReloadRefusedOnce(service))
        if state.container(key).and_then(Container::service) == Some(service));
    let is_good = !refused && files.values().all(|text| checks::fault(text).is_none());
    if refused && matches!(state.fault, Some(Fault::ReloadRefusedOnce(_))) {
        state.fault = None;
    }
    let container = state.container_mut(key).expect("the container exists");
    container.reload.successful = is_good;
    if is_good {
        container.reload.seconds = seconds();
        container.loaded = files;
    } else {
        container.log.push((2, "the new configuration cannot be used".into()));
    }
}

/// Opens the published port like the engine's proxy.
fn listen(state: &mut State, key: &str) -> Result<Option<(TcpListener, SocketAddr)>, Refusal> {
    let container = state.container(key).ok_or_else(|| Refusal::no_container(key))?;
    let bindings = container.body["HostConfig"]["PortBindings"].as_object();
    let Some(binding) = bindings.and_then(|bindings| bindings.values().next()).map(|all| &all[0]) else {
        return Ok(None);
    };
    let ip = binding["HostIp"].as_str().unwrap_or("0.0.0.0");
    let port: u16 = binding["HostPort"].as_str().unwrap_or_default().parse().unwrap_or_default();
    let address = format!("{ip}:{port}");
    let refused = |reason: String| Refusal {
        status: 500,
        message: format!(
            "driver failed programming external connectivity on endpoint {} ({}): {reason}",
            container.name, container.id
        ),
    };
    let allocated = refused(format!("Bind for {address} failed: port is already allocated"));
    let in_use = refused(format!(
        "Error starting userland proxy: listen tcp4 {address}: bind: address already in use"
    ));
    if state.containers.iter().any(|other| other.published.is_some_and(|held| held.to_string() == address)) {
        return Err(allocated);
    }
    let is_hit =
        matches!(&state.fault, Some(Fault::PortTaken(service)) if container.service() == Some(service));
    if is_hit && *state.taken.get_or_insert(port) == port {
        return Err(allocated);
    }
    open(&address).map(Some).map_err(|_| in_use)
}

fn open(address: &str) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn asks_for_propagation(container: &Container) -> bool {
    let mounts = container.body["HostConfig"]["Mounts"].as_array();
    mounts.into_iter().flatten().any(|mount| mount["BindOptions"]["Propagation"] == "rslave")
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
