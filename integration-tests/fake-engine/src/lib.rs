//! A fake Docker Engine on a Unix socket: it answers the program's calls as Engine 20.10 does.
//!
//! Its state is in memory. It records every request, and can inject one fault at a time. The services in its containers
//! listen on real ports.
#![expect(clippy::missing_panics_doc, reason = "in test helpers a panic is a failed test")]

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

/// A fake Docker Engine.
#[derive(Debug)]
pub struct FakeEngine {
    shared: Arc<Shared>,
    folder: TempDir,
    /// Ends all tasks of the engine on drop.
    runtime: Runtime,
}

impl FakeEngine {
    /// Returns an empty engine that can pull every image.
    pub fn start() -> Self {
        let engine = Self::stopped();
        engine.runtime.block_on(async {
            let listener = UnixListener::bind(engine.socket()).expect("a socket can be created");
            tokio::spawn(routes::serve(listener, engine.shared.clone()));
        });
        engine
    }

    /// Returns an engine that does not run and has no socket.
    pub fn stopped() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be created");
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
        Self { shared: Arc::new(Shared::new()), folder, runtime }
    }

    /// Returns an engine that does not run and has left its socket.
    pub fn crashed() -> Self {
        let engine = Self::stopped();
        let listener = std::os::unix::net::UnixListener::bind(engine.socket()).expect("a socket can be made");
        // A child process that is being started keeps a copy of the socket open for a moment, so closing is not enough.
        SockRef::from(&listener).shutdown(Shutdown::Both).expect("it listens");
        engine
    }

    /// Returns the address for `--host` and `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Listens on a loopback TCP port too, and returns its address for `--host` and `DOCKER_HOST`.
    pub fn listen_on_tcp(&self) -> String {
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        self.runtime.spawn(routes::serve(listener, self.shared.clone()));
        format!("tcp://{address}")
    }

    /// Sets the only fault.
    pub fn fail(&self, fault: Fault) {
        self.shared.lock().fault = Some(fault);
    }

    /// Removes the fault.
    pub fn recover(&self) {
        self.shared.lock().fault = None;
    }

    /// Makes the engine report another machine, as one behind a forwarded socket does.
    pub fn move_to(&self, machine: &str) {
        self.shared.lock().machine = Some(machine.into());
    }

    /// Returns all requests in order, such as `POST /containers/create?name=tdd-grafana`; ids are replaced by
    /// names.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }

    /// Returns the requests that can change something, without those of the lock.
    pub fn changes(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .filter(|request| !request.starts_with("GET ") && !request.contains("-lock"))
            .collect()
    }

    /// Returns all requests with their headers and bodies.
    pub fn texts(&self) -> Vec<String> {
        self.shared.lock().texts.clone()
    }

    /// Returns the input of all commands.
    pub fn inputs(&self) -> Vec<String> {
        self.shared.lock().inputs.clone()
    }

    /// Returns all requests to services, such as `GET grafana /api/health`.
    pub fn service_requests(&self) -> Vec<String> {
        self.shared.lock().service_requests.clone()
    }

    /// Forgets all requests.
    pub fn forget(&self) {
        let mut state = self.shared.lock();
        state.requests.clear();
        state.texts.clear();
        state.inputs.clear();
        state.service_requests.clear();
    }

    /// Waits until this many requests with this beginning have arrived.
    pub fn await_requests(&self, count: usize, beginning: &str) {
        let came = |state: &State| {
            state.requests.iter().filter(|request| request.starts_with(beginning)).count() >= count
        };
        assert!(self.shared.wait_for(Duration::from_mins(1), came), "{beginning}: {:#?}", self.requests());
    }

    /// Waits until a request with this beginning has arrived.
    pub fn await_request(&self, beginning: &str) {
        let came = |state: &State| state.requests.iter().any(|request| request.starts_with(beginning));
        assert!(self.shared.wait_for(Duration::from_secs(30), came), "no request begins with `{beginning}`");
    }

    /// Waits until a request to a service has arrived, such as `GET grafana /api/health`.
    pub fn await_service_request(&self, beginning: &str) {
        let came =
            |state: &State| state.service_requests.iter().any(|request| request.starts_with(beginning));
        assert!(self.shared.wait_for(Duration::from_secs(30), came), "no request begins with `{beginning}`");
    }

    /// Pulls an image like `docker pull`.
    pub fn pull(&self, reference: &str) {
        self.shared.lock().pull(reference);
    }

    /// Publishes a new image under a tag in the registry.
    pub fn publish(&self, reference: &str) {
        *self.shared.lock().revisions.entry(reference.into()).or_default() += 1;
    }

    /// Adds a foreign container.
    pub fn add_container(&self, name: &str, labels: &Value, published: Option<SocketAddr>) {
        self.shared.lock().add_container(name, labels, published);
    }

    /// Sets or removes a label of a container.
    pub fn relabel(&self, container: &str, label: &str, value: Option<&str>) {
        let mut state = self.shared.lock();
        let labels = &mut state.container_mut(container).expect("the container exists").body["Labels"];
        match value {
            Some(value) => labels[label] = value.into(),
            None => drop(labels.as_object_mut().expect("labels are an object").remove(label)),
        }
    }

    /// Adds a foreign network.
    pub fn add_network(&self, name: &str) {
        self.shared.lock().networks.insert(name.into(), Network::default());
    }

    /// Adds a foreign volume.
    pub fn add_volume(&self, name: &str) {
        self.shared.lock().volumes.insert(name.into(), Volume::default());
    }

    /// Attaches a foreign container, such as the application, to a network.
    pub fn attach(&self, container: &str, network: &str) {
        let mut state = self.shared.lock();
        state.container_mut(container).expect("the container exists").network = network.into();
    }

    /// Stops a container like `docker stop`.
    pub fn stop(&self, container: &str) {
        lifecycle::end(&mut self.shared.lock(), container, Phase::Exited, 0);
    }

    /// Sets the state of a container directly.
    pub fn set_phase(&self, container: &str, phase: Phase) {
        lifecycle::end(&mut self.shared.lock(), container, phase, 0);
    }

    /// Pauses a container like `docker pause`: its port accepts connections, and nothing answers.
    pub fn pause(&self, container: &str) {
        let mut state = self.shared.lock();
        state.container_mut(container).expect("the container exists").phase = Phase::Paused;
    }

    /// Removes a container like `docker rm --force`.
    pub fn remove_container(&self, container: &str) {
        let mut state = self.shared.lock();
        lifecycle::end(&mut state, container, Phase::Exited, 137);
        state.containers.retain(|found| found.name != container);
        drop(state);
        self.shared.announce();
    }

    /// Removes a network from the engine and from its containers, which continue to run.
    pub fn remove_network(&self, network: &str) {
        let mut state = self.shared.lock();
        state.networks.remove(network).expect("the network exists");
        for container in state.containers.iter_mut().filter(|found| found.network == network) {
            container.network.clear();
        }
    }

    /// Sets the supported API versions by their minor numbers.
    pub fn speak(&self, oldest: u32, newest: u32) {
        self.shared.lock().api = state::Api { oldest, newest };
    }

    /// Sets the engine's clock back relative to this machine's.
    pub fn set_back_its_clock(&self, time: Duration) {
        self.shared.lock().behind = time;
    }

    /// Begins the stop of a container, which ends with [`Self::stop`].
    pub fn begin_to_stop(&self, container: &str) {
        events::add_kill(&mut self.shared.lock(), container, 15);
    }

    /// Moves the start times of all containers into the past.
    pub fn age(&self, time: Duration) {
        for container in &mut self.shared.lock().containers {
            container.started = container.started.map(|at| at - time);
        }
    }

    /// Moves a service's times into the future, as if its clock had been set back.
    pub fn set_back_the_clock(&self, container: &str, time: Duration) {
        let mut state = self.shared.lock();
        let container = state.container_mut(container).expect("the container exists");
        container.started = container.started.map(|at| at + time);
        container.reload.seconds += time.as_secs_f64();
    }

    /// Adds a line to a service's log.
    pub fn log(&self, container: &str, line: &str) {
        let mut state = self.shared.lock();
        state.container_mut(container).expect("the container exists").log.push((2, line.into()));
    }

    /// Returns the names and states of all containers.
    pub fn containers(&self) -> BTreeMap<String, Phase> {
        self.look(|state| state.containers.iter().map(|found| (found.name.clone(), found.phase)).collect())
    }

    /// Returns the names of all networks except the engine's own.
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

    /// Returns the body of a container's creation.
    pub fn specification(&self, container: &str) -> Value {
        self.look(|state| find(state, container).body.clone())
    }

    /// Returns a container's id.
    pub fn id(&self, container: &str) -> String {
        self.look(|state| find(state, container).id.clone())
    }

    /// Returns the published address of a running container.
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

    /// Returns the files of a volume by name.
    pub fn volume_files(&self, volume: &str) -> BTreeMap<String, String> {
        self.look(|state| state.volumes[volume].files.clone())
    }

    /// Returns the files that a service has loaded.
    pub fn loaded(&self, container: &str) -> BTreeMap<String, String> {
        self.look(|state| find(state, container).loaded.clone())
    }

    /// Returns the files of a volume.
    pub fn files(&self, volume: &str) -> BTreeMap<String, String> {
        self.look(|state| state.volumes.get(volume).expect("the volume exists").files.clone())
    }

    /// Changes Grafana's data in a volume.
    pub fn grafana(&self, volume: &str, change: impl FnOnce(&mut GrafanaStore)) {
        let mut state = self.shared.lock();
        change(&mut state.volumes.get_mut(volume).expect("the volume exists").grafana);
    }

    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.lock())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }
}

fn find<'a>(state: &'a State, container: &str) -> &'a Container {
    state.container(container).unwrap_or_else(|| panic!("container `{container}` does not exist"))
}
