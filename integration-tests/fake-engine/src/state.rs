//! State and recorded requests of the engine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::Fault;
use super::hash::sha256;
use super::published::Published;

/// State that all calls and services share.
#[derive(Debug)]
pub struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Notifies asynchronous waiters.
    notify: tokio::sync::Notify,
}

/// State and records.
#[derive(Debug, Default)]
pub struct State {
    /// Ids by reference.
    pub(crate) images: BTreeMap<String, String>,
    /// Number of replacements of the registry's image, by reference.
    pub(crate) revisions: BTreeMap<String, u32>,
    pub(crate) containers: Vec<Container>,
    pub(crate) networks: BTreeMap<String, Network>,
    pub(crate) volumes: BTreeMap<String, Volume>,
    pub(crate) executions: BTreeMap<String, Execution>,
    pub(crate) fault: Option<Fault>,
    /// The port that [`Fault::PortTaken`] rejected.
    pub(crate) taken: Option<u16>,
    pub(crate) requests: Vec<String>,
    /// Requests with method, address, headers and body.
    pub(crate) texts: Vec<String>,
    /// Input of commands.
    pub(crate) inputs: Vec<String>,
    pub(crate) service_requests: Vec<String>,
    /// The supported API versions.
    pub(super) api: Api,
    /// The delay of the engine's clock behind this machine's.
    pub(super) behind: Duration,
    /// Container events, oldest first.
    pub(super) events: Vec<Event>,
    /// The machine that the engine reports, if not this one.
    pub(crate) machine: Option<String>,
    made: u64,
}

/// API versions by their minor numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Api {
    pub(super) oldest: u32,
    pub(super) newest: u32,
}

impl Default for Api {
    /// Returns the versions of Engine 20.10.
    fn default() -> Self {
        Self { oldest: 12, newest: 41 }
    }
}

/// A container event.
#[derive(Debug)]
pub(super) struct Event {
    /// The time by the engine's clock.
    pub(super) at: SystemTime,
    pub(super) value: Value,
}

/// The state of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Created, but never started.
    #[default]
    Created,
    /// Running.
    Running,
    /// Paused.
    Paused,
    /// Exited, with a pending restart.
    Restarting,
    /// Exited.
    Exited,
}

#[derive(Debug, Default)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The body of its creation.
    pub(crate) body: Value,
    pub(crate) image_id: String,
    /// Its network; empty after the network was removed.
    pub(crate) network: String,
    pub(crate) phase: Phase,
    pub(crate) exit_code: i64,
    pub(crate) restarts: i64,
    pub(crate) started: Option<SystemTime>,
    /// Log lines with their stream number.
    pub(crate) log: Vec<(u8, String)>,
    /// The files outside its volumes by path.
    pub(crate) files: BTreeMap<String, String>,
    /// The configuration files at the service's last load, by name.
    pub(crate) loaded: BTreeMap<String, String>,
    pub(crate) reload: Reload,
    pub(crate) published: Option<SocketAddr>,
    pub(crate) server: Option<Published>,
}

/// Results of a service's last reload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reload {
    pub(crate) successful: bool,
    pub(crate) seconds: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) labels: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Volume {
    pub(crate) labels: Value,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) grafana: GrafanaStore,
}

/// Grafana's data in its data volume.
#[derive(Clone, Debug, Default)]
pub struct GrafanaStore {
    /// The password of `admin`, set by the first start.
    pub password: Option<String>,
    /// The number of wrong tries.
    pub wrong_tries: u32,
    /// Data sources by uid.
    pub data_sources: BTreeMap<String, Value>,
    /// Dashboards by uid.
    pub dashboards: BTreeMap<String, Value>,
}

#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) container: String,
    pub(crate) command: Vec<String>,
    pub(crate) exit_code: Option<i64>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), notify: tokio::sync::Notify::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no task panics while it holds the state")
    }

    /// Notifies waiters of a change.
    pub(crate) fn announce(&self) {
        self.changed.notify_all();
        self.notify.notify_waiters();
    }

    /// Returns a future that completes at the next change.
    pub(crate) fn next_change(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
    }

    /// Waits until a condition holds, and returns whether it held in time.
    pub(super) fn wait_for(&self, limit: Duration, is_so: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), limit, |state| !is_so(state));
        !waited.expect("no task panics while it holds the state").1.timed_out()
    }
}

impl State {
    /// Returns the time by the engine's clock.
    pub(super) fn now(&self) -> SystemTime {
        SystemTime::now() - self.behind
    }

    /// Returns a new id.
    pub(crate) fn next_id(&mut self) -> String {
        self.made += 1;
        sha256(self.made.to_string().as_bytes())
    }

    /// Returns the id of the registry's image.
    pub(crate) fn published_id(&self, reference: &str) -> String {
        let revision = self.revisions.get(reference).copied().unwrap_or_default();
        format!("sha256:{}", sha256(format!("{reference} {revision}").as_bytes()))
    }

    /// Stores the registry's image under a reference.
    pub(super) fn pull(&mut self, reference: &str) {
        let id = self.published_id(reference);
        self.images.insert(reference.into(), id);
    }

    pub(super) fn add_container(&mut self, name: &str, labels: &Value, published: Option<SocketAddr>) {
        let id = self.next_id();
        let body =
            json!({"Image": "somebody/else:1", "Labels": labels, "HostConfig": {"NetworkMode": "bridge"}});
        self.containers.push(Container {
            id,
            name: name.into(),
            body,
            network: "bridge".into(),
            phase: Phase::Running,
            started: Some(SystemTime::now()),
            published,
            ..Container::default()
        });
    }

    /// Returns the container with this name or id.
    pub(crate) fn container(&self, key: &str) -> Option<&Container> {
        self.containers.iter().find(|found| found.is(key))
    }

    /// Returns the name under which a container or an execution is recorded.
    pub(super) fn name_of(&self, id: &str) -> Option<String> {
        let container = self.containers.iter().find(|found| found.id == id).map(|found| found.name.clone());
        container.or_else(|| Some(format!("of-{}", self.executions.get(id)?.container)))
    }

    pub(crate) fn container_mut(&mut self, key: &str) -> Option<&mut Container> {
        self.containers.iter_mut().find(|found| found.is(key))
    }

    /// Returns whether a running container on the same network has this alias.
    pub(crate) fn resolves(&self, network: &str, alias: &str) -> bool {
        let mut attached = self.containers.iter().filter(|found| found.network == network && found.runs());
        self.networks.contains_key(network) && attached.any(|found| found.aliases().any(|name| name == alias))
    }
}

impl Container {
    fn is(&self, key: &str) -> bool {
        self.name == key || self.id == key
    }

    /// Returns the service of the container from its label.
    pub(crate) fn service(&self) -> Option<&str> {
        self.body["Labels"]["tdd-stack.service"].as_str()
    }

    /// Returns the network that the container joins at its start.
    pub(crate) fn wanted_network(&self) -> &str {
        self.body["HostConfig"]["NetworkMode"].as_str().unwrap_or("bridge")
    }

    pub(crate) fn runs(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Returns its volumes with their mount paths.
    pub(crate) fn volumes(&self) -> impl Iterator<Item = (&str, &str)> {
        let mounts = self.body["HostConfig"]["Mounts"].as_array().map(Vec::as_slice).unwrap_or_default();
        mounts
            .iter()
            .filter(|mount| mount["Type"] == "volume")
            .filter_map(|mount| Some((mount["Source"].as_str()?, mount["Target"].as_str()?)))
    }

    fn aliases(&self) -> impl Iterator<Item = &str> {
        let endpoint = &self.body["NetworkingConfig"]["EndpointsConfig"][&self.network];
        let given = endpoint["Aliases"].as_array().map(Vec::as_slice).unwrap_or_default();
        given.iter().filter_map(Value::as_str).chain([self.name.as_str()])
    }
}
