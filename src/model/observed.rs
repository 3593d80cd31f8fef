//! The stack as it is: what the engine, the disk, the containers' files and the endpoints really say.
//!
//! Plain data. An unreachable service is a fact in it, never an error.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::error::Conflict;

/// Everything that was seen, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What carries our label.
    pub objects: Objects,
    /// What has one of our names or ports without our label.
    pub conflicts: Vec<Conflict>,
    /// The ids of the images that are there, by reference.
    pub images: BTreeMap<String, String>,
    /// The configuration files on the user's disk, by name.
    pub disk: BTreeMap<String, DiskFile>,
    /// The files inside each service's configuration volume, by service and name.
    pub delivered: BTreeMap<String, BTreeMap<String, String>>,
    /// What each running service answers, by service.
    pub readiness: BTreeMap<String, Readiness>,
    /// What Grafana holds.
    pub grafana: ObservedGrafana,
    /// A free port for each service that wants any, by service.
    pub free_ports: BTreeMap<String, u16>,
}

/// The engine's objects that carry our label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// The services' containers, by service.
    pub containers: BTreeMap<String, Container>,
    /// The containers that were set aside for a new one, by service.
    pub set_aside: BTreeMap<String, Container>,
    /// Containers of ours that are no service, such as a check that was cut off.
    pub leftovers: Vec<String>,
    /// Whether somebody has the lock, or had it and died.
    pub has_lock: bool,
    /// A restore that has begun, as long as it has not ended well.
    pub restore: Option<Restore>,
    /// The names of our networks.
    pub networks: Vec<String>,
    /// Our volumes, by name.
    pub volumes: BTreeMap<String, VolumeKind>,
}

impl Objects {
    /// Returns why a service that has no address is not asked.
    pub fn not_asked(&self, service: &str) -> NotAsked {
        match self.containers.get(service).map(|container| container.state) {
            Some(ContainerState::Paused) => NotAsked::Paused,
            _ => NotAsked::NotRunning,
        }
    }

    /// Returns the container through which a service's files can be read, even one that is set aside.
    pub fn holder(&self, service: &str) -> Option<&Container> {
        self.containers.get(service).or_else(|| self.set_aside.get(service))
    }

    /// Returns what keeps others from the data of a stack while it is restored, or where it was by half.
    pub fn restore_conflict(&self, stack: &str) -> Option<Conflict> {
        self.restore.as_ref().map(|_| Conflict::Restore { name: stack.to_string() })
    }
}

/// A restore that has begun: it is under way, or was cut off and left volumes that are filled by half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// The id of the container that stands for it.
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
    /// The hash of the specification it was made to.
    pub spec: String,
    /// What it does.
    pub state: ContainerState,
    /// What the engine says of it, such as `Up 3 minutes`.
    pub status: String,
    /// Where its port is published, while it runs.
    pub address: Option<SocketAddr>,
    /// What the engine refused and it therefore lacks.
    pub without: Option<String>,
}

impl Container {
    /// Returns why a container that does not run is not ready.
    pub fn not_running(&self) -> Readiness {
        Readiness::NotReady(match self.state {
            ContainerState::Paused => NotAsked::Paused.to_string(),
            _ => self.status.to_lowercase(),
        })
    }
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Made, never started.
    Created,
    /// Ended.
    Exited,
    /// Running.
    Running,
    /// Frozen by `docker pause`: its port takes connections, and nothing answers.
    Paused,
    /// Ended, and about to be started again by the engine.
    Restarting,
    /// Being removed, dead, or in a state that a later engine invented.
    Other,
}

/// What a volume is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeKind {
    /// Keeps the service's data.
    Data,
    /// Holds uploaded configuration, which can be uploaded again.
    Config,
}

/// A configuration file on the user's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFile {
    /// Its content.
    pub content: String,
    /// Who wrote what it says.
    pub author: Author,
}

/// Who wrote what a configuration file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// This program: it may be replaced by a newer shipped content.
    Program,
    /// The user: it is never overwritten.
    User,
}

/// What a service answers to its probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is ready.
    Ready,
    /// It is not, with the last answer.
    NotReady(String),
    /// It runs, and is not asked: its port is not reachable from here.
    OutOfReach,
}

/// Why a service is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// It would refuse the connection.
    #[error("it is not running")]
    NotRunning,
    /// It would take the connection and never answer.
    #[error("it is paused")]
    Paused,
    /// It refused the login, and five tries lock the account.
    #[error("it refuses the login")]
    LoginRefused,
}

/// What Grafana holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ObservedGrafana {
    /// It could not be asked.
    #[default]
    Unknown,
    /// It runs, and is not asked: its port is not reachable from here.
    OutOfReach,
    /// It refuses the login.
    LoginRefused,
    /// Its answers.
    Known(GrafanaContent),
}

/// What Grafana holds of what we want it to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrafanaContent {
    /// Data sources by uid.
    pub data_sources: BTreeMap<String, SeenDataSource>,
    /// Dashboards by uid.
    pub dashboards: BTreeMap<String, Value>,
    /// What marks each dashboard and its file as they were imported, by uid.
    pub checksums: BTreeMap<String, String>,
}

/// A data source as Grafana knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenDataSource {
    /// Grafana's description of it.
    pub body: Value,
    /// What its health check answers.
    pub health: Readiness,
}

impl Readiness {
    /// Returns whether it is ready.
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

/// Returns whether `actual` has everything that `wanted` has; it may have more, as servers add fields.
pub fn contains(actual: &Value, wanted: &Value) -> bool {
    match (actual, wanted) {
        (Value::Object(actual), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| match actual.get(key) {
                Some(found) => contains(found, value),
                // A server may leave out what says nothing.
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
    fn a_server_may_add_but_not_change() {
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
