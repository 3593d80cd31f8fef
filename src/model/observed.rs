//! The observed state of a stack: what the engine, the disk, the containers' files and the endpoints report.
//!
//! Plain data. An unreachable service is a value in it, not an error.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::error::Conflict;

/// The observed state at one moment.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The objects with the label of the stack.
    pub objects: Objects,
    /// The objects and ports that the stack needs but that belong to other programs.
    pub conflicts: Vec<Conflict>,
    /// The ids of the images on the engine, by reference.
    pub images: BTreeMap<String, String>,
    /// The configuration files on the user's disk, by name.
    pub disk: BTreeMap<String, DiskFile>,
    /// The files inside each service's configuration volume, by service and name.
    pub delivered: BTreeMap<String, BTreeMap<String, String>>,
    /// The readiness of each service, by service.
    pub readiness: BTreeMap<String, Readiness>,
    /// The content of Grafana.
    pub grafana: ObservedGrafana,
    /// A free port for each service with `--port SERVICE=auto`, by service.
    pub free_ports: BTreeMap<String, u16>,
}

/// The engine's objects with the label of the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// The services' containers, by service.
    pub containers: BTreeMap<String, Container>,
    /// The previous containers that are kept while a new one starts, by service.
    pub set_aside: BTreeMap<String, Container>,
    /// Containers of the stack that run no service, such as an interrupted check.
    pub leftovers: Vec<String>,
    /// Whether the lock has a holder, even one that died.
    pub has_lock: bool,
    /// A restore that started and has not completed.
    pub restore: Option<Restore>,
    /// The names of the networks.
    pub networks: Vec<String>,
    /// The volumes, by name.
    pub volumes: BTreeMap<String, VolumeKind>,
}

impl Objects {
    /// Returns why a service without an address is not asked.
    pub fn not_asked(&self, service: &str) -> NotAsked {
        match self.containers.get(service).map(|container| container.state) {
            Some(ContainerState::Paused) => NotAsked::Paused,
            _ => NotAsked::NotRunning,
        }
    }

    /// Returns the container from which a service's files can be read, which may be the previous one.
    pub fn holder(&self, service: &str) -> Option<&Container> {
        self.containers.get(service).or_else(|| self.set_aside.get(service))
    }

    /// Returns the conflict that blocks access to the data while a restore is running or incomplete.
    pub fn restore_conflict(&self, stack: &str) -> Option<Conflict> {
        self.restore.as_ref().map(|_| Conflict::Restore { name: stack.to_string() })
    }
}

/// A restore that is running, or was interrupted and left partially filled volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// The id of the container that represents it.
    pub sentinel: String,
    /// The volumes that it fills.
    pub volumes: Vec<String>,
}

/// A container of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The reference of its image.
    pub image: String,
    /// The id of its image.
    pub image_id: String,
    /// The hashes of the specification from which it was created, see `Service::spec`.
    pub spec: String,
    /// Its state.
    pub state: ContainerState,
    /// The engine's description of its state, such as `Up 3 minutes`.
    pub status: String,
    /// The address of its published port, while it runs.
    pub address: Option<SocketAddr>,
    /// The feature that it lacks because the engine refused it.
    pub without: Option<String>,
}

impl Container {
    /// Returns the readiness of a container that does not run.
    pub fn not_running(&self) -> Readiness {
        Readiness::NotReady(match self.state {
            ContainerState::Paused => NotAsked::Paused.to_string(),
            _ => self.status.to_lowercase(),
        })
    }
}

/// The state of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Created, but never started.
    Created,
    /// Exited.
    Exited,
    /// Running.
    Running,
    /// Paused by `docker pause`: its port accepts connections, but nothing answers.
    Paused,
    /// Exited; the engine is about to restart it.
    Restarting,
    /// Being removed, dead, or in a state that this program does not know.
    Other,
}

/// The purpose of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeKind {
    /// It keeps the data of a service.
    Data,
    /// It holds uploaded configuration, which can be uploaded again.
    Config,
}

/// A configuration file on the user's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFile {
    /// Its content.
    pub content: String,
    /// Who wrote the content.
    pub author: Author,
}

/// Who wrote the content of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// This program; a newer shipped content may replace it.
    Program,
    /// The user; it is never overwritten.
    User,
}

/// The answer of a service to its probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is ready.
    Ready,
    /// It is not ready; this is the last answer.
    NotReady(String),
    /// It runs, but its port is not reachable from here, so it was not probed.
    OutOfReach,
}

/// Why a service is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// It would refuse the connection.
    #[error("it is not running")]
    NotRunning,
    /// It would accept the connection and never answer.
    #[error("it is paused")]
    Paused,
    /// It rejects the login, and five wrong tries lock the account.
    #[error("it rejects the login")]
    LoginRefused,
}

/// The content of Grafana.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ObservedGrafana {
    /// It could not be asked.
    #[default]
    Unknown,
    /// It runs, but its port is not reachable from here, so it was not asked.
    OutOfReach,
    /// It rejects the login.
    LoginRefused,
    /// Its answers.
    Known(GrafanaContent),
}

/// The part of Grafana's content that the stack manages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrafanaContent {
    /// Data sources by uid.
    pub data_sources: BTreeMap<String, SeenDataSource>,
    /// Dashboards by uid.
    pub dashboards: BTreeMap<String, Value>,
    /// The checksums of each dashboard and its file at the last import, by uid.
    pub checksums: BTreeMap<String, String>,
}

/// A data source in Grafana.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenDataSource {
    /// Its definition in Grafana.
    pub body: Value,
    /// The answer of its health check.
    pub health: Readiness,
}

impl Readiness {
    /// Returns whether the service is ready.
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

/// Returns whether `actual` contains everything in `wanted`. It may contain more, because servers add fields.
pub fn contains(actual: &Value, wanted: &Value) -> bool {
    match (actual, wanted) {
        (Value::Object(actual), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| match actual.get(key) {
                Some(found) => contains(found, value),
                // A server may omit null fields.
                None => value.is_null(),
            })
        }
        (Value::Array(actual), Value::Array(wanted)) => {
            actual.len() == wanted.len()
                && actual.iter().zip(wanted).all(|(found, value)| contains(found, value))
        }
        (actual, wanted) => actual == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn contains_allows_added_fields_but_no_changed_ones() {
        let wanted = json!({"title": "A", "id": null, "panels": [{"id": 1}]});
        for (actual, expected) in [
            (json!({"title": "A", "panels": [{"id": 1, "pluginVersion": "x"}], "version": 3}), true),
            (json!({"title": "B", "panels": [{"id": 1}]}), false),
            (json!({"title": "A", "panels": [{"id": 1}, {"id": 2}]}), false),
            (json!({"title": "A"}), false),
        ] {
            assert_eq!(contains(&actual, &wanted), expected, "{actual}");
        }
    }
}
