//! Commands inside running containers: `wget`, and Grafana's command that sets a password.

use std::sync::Arc;

use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::Fault;
use super::answer::{error, no_container, object, upgraded};
use super::call::Call;
use super::logs::frame;
use super::state::{Execution, Shared, State};
use crate::services;

pub(super) fn create(shared: &Shared, key: &str, call: &Call) -> Response {
    let mut state = shared.lock();
    let Some(container) = state.container(key) else { return no_container(key) };
    if !container.runs() {
        return error(409, format!("Container {} is not running", container.id));
    }
    let container = container.name.clone();
    let words = call.json()["Cmd"].as_array().cloned().unwrap_or_default();
    let command = words.iter().filter_map(|word| word.as_str().map(String::from)).collect();
    let id = state.next_id();
    state.executions.insert(id.clone(), Execution { container, command, exit_code: None });
    object(201, &json!({"Id": id}))
}

pub(super) fn start(shared: &Arc<Shared>, id: &str, upgrade: Option<OnUpgrade>) -> Response {
    let mut state = shared.lock();
    let Some(execution) = state.executions.get(id) else {
        return error(404, format!("No such exec instance: {id}"));
    };
    if execution.command.first().is_some_and(|program| program == "grafana") {
        tokio::spawn(reset_password(shared.clone(), id.to_string(), upgrade));
        return upgraded();
    }
    let (code, output) = outcome(&state, execution);
    if let Some(execution) = state.executions.get_mut(id) {
        execution.exit_code = Some(code);
    }
    if let Some(upgrade) = upgrade {
        tokio::spawn(async move {
            let Ok(connection) = upgrade.await else { return };
            let mut connection = TokioIo::new(connection);
            // A client that has disconnected needs no output.
            drop(connection.write_all(&output).await);
            drop(connection.shutdown().await);
        });
    }
    upgraded()
}

/// Simulates `grafana cli … admin reset-admin-password --password-from-stdin`: the input's first line is the password.
async fn reset_password(shared: Arc<Shared>, id: String, upgrade: Option<OnUpgrade>) {
    let Some(Ok(connection)) = (match upgrade {
        Some(upgrade) => Some(upgrade.await),
        None => None,
    }) else {
        return;
    };
    let mut connection = BufReader::new(TokioIo::new(connection));
    let mut line = String::new();
    drop(connection.read_line(&mut line).await);
    let output = {
        let mut state = shared.lock();
        let Some(execution) = state.executions.get(&id) else { return };
        let (container, command) = (execution.container.clone(), execution.command.join(" "));
        let is_known = command
            == "grafana cli --homepath /usr/share/grafana admin reset-admin-password --password-from-stdin";
        let fails = state.fault == Some(Fault::ResetFails) || !is_known;
        state.inputs.push(line.clone());
        if !fails {
            services::set_password(&mut state, &container, line.trim_end_matches('\n'));
        }
        if let Some(execution) = state.executions.get_mut(&id) {
            execution.exit_code = Some(i64::from(fails));
        }
        if fails {
            frame(2, "Error: \u{2717} failed to update user password\n".as_bytes())
        } else {
            frame(1, b"New Password: \nAdmin password changed successfully\n")
        }
    };
    drop(connection.write_all(&output).await);
    drop(connection.shutdown().await);
}

pub(super) fn inspect(shared: &Shared, id: &str) -> Response {
    match shared.lock().executions.get(id) {
        None => error(404, format!("No such exec instance: {id}")),
        Some(execution) => object(
            200,
            &json!({
                "ID": id, "Running": execution.exit_code.is_none(), "ExitCode": execution.exit_code,
                "OpenStdin": false, "OpenStderr": true, "OpenStdout": true, "CanRemove": false,
                "ContainerID": execution.container, "DetachKeys": "", "Pid": 0,
            }),
        ),
    }
}

/// Returns exit code and output of a command.
fn outcome(state: &State, execution: &Execution) -> (i64, Vec<u8>) {
    if state.fault == Some(Fault::NoWget) {
        let text = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"wget\": \
                    executable file not found in $PATH: unknown\r\n";
        return (126, frame(1, text.as_bytes()));
    }
    if let Some(Fault::Firewall(service)) = state.fault {
        let url = execution.command.iter().find(|word| word.starts_with(&format!("http://{service}:")));
        if let Some(place) = url.and_then(|url| url.split('/').nth(2)) {
            let text = format!("Connecting to {place} (198.51.100.7)\nwget: download timed out\n");
            return (1, frame(2, text.as_bytes()));
        }
    }
    let network = state.container(&execution.container).map(|container| container.network.clone());
    let is_lost = |url: &&String| {
        let host = url.trim_start_matches("http://").split([':', '/']).next().unwrap_or_default();
        !state.resolves(network.as_deref().unwrap_or_default(), host)
    };
    match execution.command.iter().filter(|word| word.starts_with("http://")).find(is_lost) {
        None => (0, Vec::new()),
        Some(url) => {
            let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
            (1, frame(2, format!("wget: bad address '{host}'\n").as_bytes()))
        }
    }
}
