//! Containers in the engine's JSON format.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::state::{Container, Phase, State};

/// The engine's time for events that never happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// Returns a container in the format of the list.
pub(super) fn summary(state: &State, container: &Container) -> Value {
    let reference = container.body["Image"].as_str().unwrap_or_default();
    // For a tag that has moved, the list shows the image id.
    let still_names = state.images.get(reference).is_none_or(|id| *id == container.image_id);
    let ports: Vec<Value> = container
        .published
        .iter()
        .map(|address| {
            json!({"IP": address.ip(), "PrivatePort": private_port(container), "PublicPort": address.port(), "Type": "tcp"})
        })
        .collect();
    json!({
        "Id": container.id,
        "Names": [format!("/{}", container.name)],
        "Image": if still_names { reference } else { container.image_id.as_str() },
        "ImageID": container.image_id,
        "Command": container.body["Cmd"][0],
        "Created": 1_795_501_155,
        "Ports": ports,
        "Labels": labels(container),
        "State": word(container.phase),
        "Status": status(container),
        "HostConfig": {"NetworkMode": container.wanted_network()},
        "NetworkSettings": {"Networks": {container.wanted_network(): {"NetworkID": "", "IPAddress": ""}}},
        "Mounts": container.body["HostConfig"]["Mounts"].as_array().map_or(json!([]), |_| json!([])),
    })
}

/// Returns a container in the format of `inspect`.
pub(super) fn details(container: &Container) -> Value {
    let is = |phase| container.phase == phase;
    let ports = match container.published {
        Some(address) => {
            let key = format!("{}/tcp", private_port(container));
            json!({key: [{"HostIp": address.ip(), "HostPort": address.port().to_string()}]})
        }
        None => json!({}),
    };
    json!({
        "Id": container.id,
        "Created": "2026-11-24T06:19:15.530519693Z",
        "Name": format!("/{}", container.name),
        "Image": container.image_id,
        "RestartCount": container.restarts,
        "Driver": "overlay2",
        "Platform": "linux",
        "State": {
            "Status": word(container.phase),
            "Running": is(Phase::Running) || is(Phase::Paused) || is(Phase::Restarting),
            "Paused": is(Phase::Paused),
            "Restarting": is(Phase::Restarting),
            "OOMKilled": false,
            "Dead": false,
            "Pid": if is(Phase::Running) { 4711 } else { 0 },
            "ExitCode": container.exit_code,
            "Error": "",
            "StartedAt": container.started.map_or_else(|| NEVER.to_string(), moment),
            "FinishedAt": NEVER,
        },
        "Config": {"Image": container.body["Image"], "Labels": labels(container), "Env": container.body["Env"]},
        "HostConfig": container.body["HostConfig"],
        "Mounts": [],
        "NetworkSettings": {"Ports": ports, "Networks": {container.wanted_network(): {"NetworkID": "", "IPAddress": ""}}},
    })
}

/// Returns a time in the format of RFC 3339.
pub(crate) fn moment(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest % 3600 / 60, rest % 60)
}

/// Returns the date of a day since 1970, using eras of 400 years that begin in March.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

fn private_port(container: &Container) -> u16 {
    let ports = container.body["HostConfig"]["PortBindings"].as_object();
    let key = ports.and_then(|ports| ports.keys().next()).map_or("0/tcp", String::as_str);
    key.trim_end_matches("/tcp").parse().unwrap_or_default()
}

fn labels(container: &Container) -> Value {
    match &container.body["Labels"] {
        Value::Null => json!({}),
        labels => labels.clone(),
    }
}

fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Created => "created",
        Phase::Running => "running",
        Phase::Paused => "paused",
        Phase::Restarting => "restarting",
        Phase::Exited => "exited",
    }
}

fn status(container: &Container) -> String {
    let up = container.started.and_then(|at| at.elapsed().ok()).unwrap_or(Duration::ZERO).as_secs();
    match container.phase {
        Phase::Created => "Created".into(),
        Phase::Running => format!("Up {up} seconds"),
        Phase::Paused => format!("Up {up} seconds (Paused)"),
        Phase::Restarting => format!("Restarting ({}) 1 second ago", container.exit_code),
        Phase::Exited => format!("Exited ({}) 1 second ago", container.exit_code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_rfc3339_format() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_501_155, "2026-11-24T06:19:15Z"),
        ] {
            assert_eq!(moment(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
