//! Simulated promtool and amtool, which only check YAML.

use std::collections::BTreeMap;

use super::state::{Phase, State};

/// Runs the check of a container.
pub(super) fn run(state: &mut State, key: &str) {
    let Some(container) = state.container_mut(key) else { return };
    let words = |name: &str| {
        let list = container.body[name].as_array().cloned().unwrap_or_default();
        list.into_iter().filter_map(|word| word.as_str().map(String::from)).collect::<Vec<String>>()
    };
    let command = [words("Entrypoint"), words("Cmd")].concat();
    let faults: Vec<(String, String)> = container
        .files
        .iter()
        .filter_map(|(path, text)| Some((path.clone(), fault(text)?)))
        .filter(|(path, _)| is_read(&command, path, &container.files))
        .collect();
    container.log = if command.first().is_some_and(|program| program == "amtool") {
        amtool(&command, &faults)
    } else {
        promtool(&command, &faults)
    };
    container.phase = Phase::Exited;
    container.exit_code = i64::from(!faults.is_empty());
}

/// Returns the fault of a file in the format of the Go programs.
pub(super) fn fault(text: &str) -> Option<String> {
    let error = serde_yaml::from_str::<serde_yaml::Value>(text).err()?;
    let line = error.location().map_or(1, |location| location.line());
    Some(format!("yaml: line {line}: did not find expected node content"))
}

/// Returns whether the command reads a file; a configuration includes its rule files.
fn is_read(command: &[String], path: &str, files: &BTreeMap<String, String>) -> bool {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_string());
    let whole = command.iter().any(|word| word == "config");
    files.contains_key(path)
        && command.iter().any(|word| word == path || (whole && folder(word) == folder(path)))
}

fn promtool(command: &[String], faults: &[(String, String)]) -> Vec<(u8, String)> {
    let mut log = Vec::new();
    for path in command.iter().filter(|word| word.starts_with('/')) {
        log.push((1, format!("Checking {path}")));
        if faults.is_empty() {
            log.push((1, "  SUCCESS: it is valid".into()));
        }
    }
    for (path, fault) in faults {
        log.push((2, "  FAILED:".into()));
        log.push((2, format!("{path}: {fault}")));
    }
    log
}

fn amtool(command: &[String], faults: &[(String, String)]) -> Vec<(u8, String)> {
    let path = command.last().map_or("", String::as_str);
    match faults.first() {
        None => vec![(1, format!("Checking '{path}'  SUCCESS"))],
        Some((_, fault)) => vec![
            (1, format!("Checking '{path}'  FAILED: {fault}")),
            (2, "amtool: error: failed to validate 1 file(s)".into()),
        ],
    }
}
