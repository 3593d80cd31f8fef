//! A Docker Engine on a Unix socket of its own: the calls that the program makes, answered as Engine 20.10 does.
//!
//! Everything is in memory. Every request is kept, and one thing at a time can be made to go wrong. What runs in its
//! containers answers on real ports.
#![expect(clippy::missing_panics_doc, reason = "these are helpers of tests: a panic is a failed test")]

mod answer;
mod archive;
mod call;
mod checks;
mod containers;
mod events;
mod execute;
mod fault;
mod hash;
mod images;
mod lifecycle;
mod logs;
mod objects;
mod published;
mod routes;
mod services;
mod shapes;
mod state;
mod waits;

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use socket2::SockRef;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::runtime::{Builder, Runtime};

pub use fault::Fault;
pub use state::{GrafanaStore, Phase, Shared, State};

use state::{Container, Network, Volume};

/// A Docker Engine that is none.
#[derive(Debug)]
pub struct FakeEngine {
    shared: Arc<Shared>,
    folder: TempDir,
    /// Ends all that runs in it when it is dropped.
    runtime: Runtime,
}

impl FakeEngine {
    /// Returns an engine that has nothing, and can pull everything.
    pub fn start() -> Self {
        let engine = Self::stopped();
        engine.runtime.block_on(async {
            let listener = UnixListener::bind(engine.socket()).expect("a socket can be made");
            tokio::spawn(routes::serve(listener, engine.shared.clone()));
        });
        engine
    }

    /// Returns an engine that does not run and has no socket.
    pub fn stopped() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { shared: Arc::new(Shared::new()), folder, runtime }
    }

    /// Returns an engine that does not run, whose socket was left behind.
    pub fn crashed() -> Self {
        let engine = Self::stopped();
        let listener = std::os::unix::net::UnixListener::bind(engine.socket()).expect("a socket can be made");
        // Closing leaves a copy open that a process has for a moment which is about to be started.
        SockRef::from(&listener).shutdown(Shutdown::Both).expect("it listens");
        engine
    }

    /// Returns the address for `--host` and `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Listens on a TCP port of this machine too, and returns the address for `--host` and `DOCKER_HOST`.
    pub fn listen_on_tcp(&self) -> String {
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        self.runtime.spawn(routes::serve(listener, self.shared.clone()));
        format!("tcp://{address}")
    }

    /// Makes something go wrong from now on, and nothing else.
    pub fn fail(&self, fault: Fault) {
        self.shared.lock().fault = Some(fault);
    }

    /// Makes everything go well from now on.
    pub fn recover(&self) {
        self.shared.lock().fault = None;
    }

    /// Makes the engine say from now on that it runs on another machine, as one does whose socket is forwarded.
    pub fn move_to(&self, machine: &str) {
        self.shared.lock().machine = Some(machine.into());
    }

    /// Returns every request so far, in order, such as `POST /containers/create?name=tdd-grafana`; objects that
    /// were named by their id appear by their name.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }

    /// Returns the requests so far that can change something, but for those of the lock.
    pub fn changes(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .filter(|request| !request.starts_with("GET ") && !request.contains("-lock"))
            .collect()
    }

    /// Returns all that each request so far said, its headers and its body included.
    pub fn texts(&self) -> Vec<String> {
        self.shared.lock().texts.clone()
    }

    /// Returns what was typed into commands so far.
    pub fn inputs(&self) -> Vec<String> {
        self.shared.lock().inputs.clone()
    }

    /// Returns every request to a service so far, such as `GET grafana /api/health`.
    pub fn service_requests(&self) -> Vec<String> {
        self.shared.lock().service_requests.clone()
    }

    /// Forgets all requests so far.
    pub fn forget(&self) {
        let mut state = self.shared.lock();
        state.requests.clear();
        state.texts.clear();
        state.inputs.clear();
        state.service_requests.clear();
    }

    /// Waits until so many requests that begin so have come.
    pub fn await_requests(&self, count: usize, beginning: &str) {
        let came = |state: &State| {
            state.requests.iter().filter(|request| request.starts_with(beginning)).count() >= count
        };
        assert!(self.shared.wait_for(Duration::from_mins(1), came), "{beginning}: {:#?}", self.requests());
    }

    /// Waits until a request that begins so has come, and for no longer than a busy machine needs.
    pub fn await_request(&self, beginning: &str) {
        let came = |state: &State| state.requests.iter().any(|request| request.starts_with(beginning));
        assert!(self.shared.wait_for(Duration::from_secs(30), came), "no request begins with `{beginning}`");
    }

    /// The same of a request to a service, such as `GET grafana /api/health`.
    pub fn await_service_request(&self, beginning: &str) {
        let came =
            |state: &State| state.service_requests.iter().any(|request| request.starts_with(beginning));
        assert!(self.shared.wait_for(Duration::from_secs(30), came), "no request begins with `{beginning}`");
    }

    /// Pulls an image, as `docker pull` would.
    pub fn pull(&self, reference: &str) {
        self.shared.lock().pull(reference);
    }

    /// Publishes a new image under a tag in the registry.
    pub fn publish(&self, reference: &str) {
        *self.shared.lock().revisions.entry(reference.into()).or_default() += 1;
    }

    /// Makes a container that somebody else made.
    pub fn add_container(&self, name: &str, labels: &Value, published: Option<SocketAddr>) {
        self.shared.lock().add_container(name, labels, published);
    }

    /// Changes a label of a container, or takes it away.
    pub fn relabel(&self, container: &str, label: &str, value: Option<&str>) {
        let mut state = self.shared.lock();
        let labels = &mut state.container_mut(container).expect("there is such a container").body["Labels"];
        match value {
            Some(value) => labels[label] = value.into(),
            None => drop(labels.as_object_mut().expect("it has labels").remove(label)),
        }
    }

    /// Makes a network that somebody else made.
    pub fn add_network(&self, name: &str) {
        self.shared.lock().networks.insert(name.into(), Network::default());
    }

    /// Makes a volume that somebody else made.
    pub fn add_volume(&self, name: &str) {
        self.shared.lock().volumes.insert(name.into(), Volume::default());
    }

    /// Attaches a container of somebody else's to a network, such as the application.
    pub fn attach(&self, container: &str, network: &str) {
        let mut state = self.shared.lock();
        state.container_mut(container).expect("there is such a container").network = network.into();
    }

    /// Stops a container, as `docker stop` would.
    pub fn stop(&self, container: &str) {
        lifecycle::end(&mut self.shared.lock(), container, Phase::Exited, 0);
    }

    /// Puts a container into a state that it has not come to by itself.
    pub fn set_phase(&self, container: &str, phase: Phase) {
        lifecycle::end(&mut self.shared.lock(), container, phase, 0);
    }

    /// Pauses a container, as `docker pause` would: its port takes connections, and nothing answers.
    pub fn pause(&self, container: &str) {
        let mut state = self.shared.lock();
        state.container_mut(container).expect("there is such a container").phase = Phase::Paused;
    }

    /// Removes a container, as `docker rm --force` would.
    pub fn remove_container(&self, container: &str) {
        let mut state = self.shared.lock();
        lifecycle::end(&mut state, container, Phase::Exited, 137);
        state.containers.retain(|found| found.name != container);
        drop(state);
        self.shared.announce();
    }

    /// Removes a network and what attaches containers to it; these go on running without.
    pub fn remove_network(&self, network: &str) {
        let mut state = self.shared.lock();
        state.networks.remove(network).expect("there is such a network");
        for container in state.containers.iter_mut().filter(|found| found.network == network) {
            container.network.clear();
        }
    }

    /// Speaks these versions of the API alone, which are named by their minor number.
    pub fn speak(&self, oldest: u32, newest: u32) {
        self.shared.lock().api = state::Api { oldest, newest };
    }

    /// Sets the engine's clock back behind this machine's.
    pub fn set_back_its_clock(&self, time: Duration) {
        self.shared.lock().behind = time;
    }

    /// Tells a container to end, as the first half of `docker stop`; it goes on until [`Self::stop`].
    pub fn begin_to_stop(&self, container: &str) {
        events::add_kill(&mut self.shared.lock(), container, 15);
    }

    /// Makes all containers look as if they had started earlier.
    pub fn age(&self, time: Duration) {
        for container in &mut self.shared.lock().containers {
            container.started = container.started.map(|at| at - time);
        }
    }

    /// Makes a service's past lie ahead of now, as if the clock had been set back since.
    pub fn set_back_the_clock(&self, container: &str, time: Duration) {
        let mut state = self.shared.lock();
        let container = state.container_mut(container).expect("there is such a container");
        container.started = container.started.map(|at| at + time);
        container.reload.seconds += time.as_secs_f64();
    }

    /// Makes a service log a line.
    pub fn log(&self, container: &str, line: &str) {
        let mut state = self.shared.lock();
        state.container_mut(container).expect("there is such a container").log.push((2, line.into()));
    }

    /// Returns the names of all containers with what they do.
    pub fn containers(&self) -> BTreeMap<String, Phase> {
        self.look(|state| state.containers.iter().map(|found| (found.name.clone(), found.phase)).collect())
    }

    /// Returns the names of all networks but the engine's own.
    pub fn networks(&self) -> Vec<String> {
        self.look(|state| state.networks.keys().cloned().collect())
    }

    /// Returns the names of all volumes.
    pub fn volumes(&self) -> Vec<String> {
        self.look(|state| state.volumes.keys().cloned().collect())
    }

    /// Returns the references of all images.
    pub fn images(&self) -> Vec<String> {
        self.look(|state| state.images.keys().cloned().collect())
    }

    /// Returns what a container was made from.
    pub fn specification(&self, container: &str) -> Value {
        self.look(|state| find(state, container).body.clone())
    }

    /// Returns a container's id.
    pub fn id(&self, container: &str) -> String {
        self.look(|state| find(state, container).id.clone())
    }

    /// Returns where a running container's port is published.
    pub fn address(&self, container: &str) -> Option<SocketAddr> {
        self.look(|state| find(state, container).published)
    }

    /// Returns the labels of a network or volume.
    pub fn labels(&self, object: &str) -> Value {
        self.look(|state| {
            let network = state.networks.get(object).map(|network| network.labels.clone());
            network.or_else(|| Some(state.volumes.get(object)?.labels.clone())).unwrap_or_default()
        })
    }

    /// Returns the files of a volume, by name.
    pub fn volume_files(&self, volume: &str) -> BTreeMap<String, String> {
        self.look(|state| state.volumes[volume].files.clone())
    }

    /// Returns the files that a service has read.
    pub fn loaded(&self, container: &str) -> BTreeMap<String, String> {
        self.look(|state| find(state, container).loaded.clone())
    }

    /// Returns the files of a volume.
    pub fn files(&self, volume: &str) -> BTreeMap<String, String> {
        self.look(|state| state.volumes.get(volume).expect("there is such a volume").files.clone())
    }

    /// Changes what Grafana keeps in a volume.
    pub fn grafana(&self, volume: &str, change: impl FnOnce(&mut GrafanaStore)) {
        let mut state = self.shared.lock();
        change(&mut state.volumes.get_mut(volume).expect("there is such a volume").grafana);
    }

    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.lock())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }
}

fn find<'a>(state: &'a State, container: &str) -> &'a Container {
    state.container(container).unwrap_or_else(|| panic!("there is no container `{container}`"))
}
