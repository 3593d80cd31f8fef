//! Applies plans to a simulated world, and returns what the program would observe.
//!
//! An operation that a real engine would reject is a fault of its plan, and panics.

mod files;
mod grafana;
mod readiness;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::Value;
use tdd_stack::config::dashboard;
use tdd_stack::config::settings::{HostPort, Secret};
use tdd_stack::model::observed::{
    Author, Container, ContainerState, DiskFile, Objects, Observed, VolumeKind,
};
use tdd_stack::model::stack::{LOADED_CHECKSUM, Service, Stack, sha256};
use tdd_stack::plan::{DashboardEdits, Force, Operation, Plan};

/// All simulated objects.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Ids of local images by reference.
    pub images: BTreeMap<String, String>,
    /// Tags that have moved in the registry.
    pub moved: BTreeSet<String>,
    /// The user's files by name.
    pub disk: BTreeMap<String, DiskFile>,
    /// Networks of the stack.
    pub networks: BTreeSet<String>,
    /// Volumes of the stack by name.
    pub volumes: BTreeMap<String, Volume>,
    /// Containers of the stack by service.
    pub containers: BTreeMap<String, Container>,
    /// Previous containers by service.
    pub set_aside: BTreeMap<String, Container>,
    /// The files that a service read at its last start or reload, by service.
    pub loaded: BTreeMap<String, BTreeMap<String, String>>,
    /// Running services that are not ready.
    pub unready: BTreeSet<String>,
    /// Services whose container has lost its network.
    pub detached: BTreeSet<String>,
    /// Containers of interrupted checks.
    pub leftovers: Vec<String>,
    /// Number of created containers.
    pub made: u32,
}

/// A volume.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its purpose.
    pub kind: VolumeKind,
    /// Its files by name.
    pub files: BTreeMap<String, String>,
    /// Grafana's data sources by uid.
    pub data_sources: BTreeMap<String, Value>,
    /// Grafana's dashboards by uid.
    pub dashboards: BTreeMap<String, Value>,
    /// Grafana's password; `None` before its first start.
    pub password: Option<Secret>,
}

impl Volume {
    /// Returns an empty volume.
    pub fn new(kind: VolumeKind) -> Self {
        Self {
            kind,
            files: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            dashboards: BTreeMap::new(),
            password: None,
        }
    }
}

impl World {
    /// Returns the id of the image that a pull would bring.
    pub fn published_id(&self, reference: &str) -> String {
        sha256(format!("{reference} {}", self.moved.contains(reference)).as_bytes())
    }

    /// Applies a plan in its printed order.
    pub fn apply(&mut self, stack: &Stack, plan: &Plan) {
        self.apply_in_order(stack, plan, &mut |_| 0);
    }

    /// Applies a plan in any order that its dependencies allow: `choose` selects one of `n` candidates.
    pub fn apply_in_order(&mut self, stack: &Stack, plan: &Plan, choose: &mut dyn FnMut(usize) -> usize) {
        self.apply_some(stack, plan, choose, plan.len());
    }

    /// Applies `count` operations of a plan, and returns their indices.
    pub fn apply_some(
        &mut self,
        stack: &Stack,
        plan: &Plan,
        choose: &mut dyn FnMut(usize) -> usize,
        count: usize,
    ) -> BTreeSet<usize> {
        let mut left: Vec<usize> = (0..plan.len()).collect();
        let mut done = BTreeSet::new();
        while !left.is_empty() && done.len() < count {
            let is_free = |step: &&usize| plan.steps[**step].needs.iter().all(|need| done.contains(need));
            let free: Vec<usize> = left.iter().filter(is_free).copied().collect();
            assert!(!free.is_empty(), "the steps wait for each other:\n{plan}");
            let step = free[choose(free.len()) % free.len()];
            self.perform(stack, &plan.steps[step].operation);
            left.retain(|other| *other != step);
            done.insert(step);
        }
        done
    }

    /// Returns what the program would observe.
    pub fn observed(&self, stack: &Stack) -> Observed {
        let configured = stack.services.iter().filter(|service| service.config.is_some());
        let holds = |service: &&Service| {
            self.containers.contains_key(service.name) || self.set_aside.contains_key(service.name)
        };
        let with_container = configured.filter(holds);
        let wanting = stack
            .services
            .iter()
            .filter(|service| service.port.host == HostPort::Auto && self.address(service.name).is_none());
        Observed {
            objects: Objects {
                containers: self.containers.clone(),
                set_aside: self.set_aside.clone(),
                leftovers: self.leftovers.clone(),
                has_lock: false,
                restore: None,
                networks: self.networks.iter().cloned().collect(),
                volumes: self.volumes.iter().map(|(name, volume)| (name.clone(), volume.kind)).collect(),
            },
            conflicts: Vec::new(),
            images: self.images.clone(),
            disk: self.disk.clone(),
            delivered: with_container
                .map(|service| (service.name.to_string(), self.configuration(service)))
                .collect(),
            readiness: self.containers.keys().map(|name| (name.clone(), self.readiness(name))).collect(),
            grafana: self.grafana(stack),
            free_ports: wanting
                .zip(20_000..)
                .map(|(service, port)| (service.name.to_string(), port))
                .collect(),
        }
    }

    /// Returns whether each running service has loaded the files in its volume.
    pub fn all_is_loaded(&self, stack: &Stack) -> bool {
        let runs = |service: &&Service| self.runs(service.name) && service.config.is_some();
        stack.services.iter().filter(runs).all(|service| {
            self.loaded.get(service.name).is_some_and(|loaded| *loaded == self.readable(service))
        })
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each operation")]
    fn perform(&mut self, stack: &Stack, operation: &Operation) {
        match operation {
            Operation::WriteFile { file, content } => {
                let written = DiskFile { content: content.clone(), author: Author::Program };
                let before = self.disk.insert(file.clone(), written);
                let was_edited = before.is_some_and(|file| file.author == Author::User);
                assert!(!was_edited, "the user's `{file}` was overwritten");
            }
            Operation::Pull { image, .. } => {
                let id = self.published_id(image);
                self.images.insert(image.clone(), id);
            }
            Operation::Check { image, .. } => self.expect_image(image),
            Operation::CreateNetwork(name) => {
                assert!(self.networks.insert(name.clone()), "network `{name}` exists");
            }
            Operation::CreateVolume { name, kind } => {
                let before = self.volumes.insert(name.clone(), Volume::new(*kind));
                assert!(before.is_none(), "volume `{name}` exists");
            }
            Operation::Stop { service, container, .. } => {
                self.found(service, container).state = ContainerState::Exited;
                self.forget_process(service);
            }
            Operation::Remove { container, force, .. } => self.remove(container, *force),
            Operation::SetAside { service, container, name } => {
                assert_eq!(self.found(service, container).state, ContainerState::Exited, "`{service}` runs");
                let mut container = self.containers.remove(service).expect("the container exists");
                container.name.clone_from(name);
                assert!(self.set_aside.insert(service.clone(), container).is_none(), "`{name}` exists");
            }
            Operation::PutBack { service, container, name } => {
                let Some(mut old) = self.set_aside.remove(service) else {
                    self.found(service, container);
                    return;
                };
                assert_eq!(old.id, *container, "another container was kept");
                old.name.clone_from(name);
                self.containers.insert(service.clone(), old);
                self.forget_process(service);
            }
            Operation::Create { service, host_port } => self.create(stack, service, *host_port),
            Operation::Upload { service, files, .. } => {
                assert!(
                    self.containers.contains_key(service),
                    "`{service}` has no container to put files into"
                );
                let config = self.config_volume(stack, service);
                config.files.extend(files.iter().cloned());
            }
            Operation::WritePasswordFile { service, file } => {
                assert!(
                    self.containers.contains_key(service),
                    "`{service}` has no container to put a password into"
                );
                let password = stack.login.password.secret.reveal().to_string();
                self.config_volume(stack, service).files.insert(file.name.into(), password);
            }
            Operation::Start { service, host_port } => {
                let state = self.containers[service.name].state;
                assert!(
                    matches!(state, ContainerState::Created | ContainerState::Exited),
                    "`{}` is {state:?}",
                    service.name
                );
                self.start(stack, service.name, Some(*host_port));
            }
            Operation::Unpause { service } => {
                let container = self.containers.get_mut(service).expect("the container exists");
                assert_eq!(container.state, ContainerState::Paused, "`{service}` is not paused");
                container.state = ContainerState::Running;
            }
            Operation::Restart { service, .. } => self.start(stack, service, None),
            Operation::Reload { service, checksum, .. } => {
                assert!(self.runs(service), "`{service}` does not run, so it cannot reload");
                self.config_volume(stack, service).files.insert(LOADED_CHECKSUM.into(), checksum.clone());
                self.load(stack, service);
            }
            Operation::WaitReady(service) => {
                assert!(self.runs(service.name), "`{}` does not run, so it cannot get ready", service.name);
                self.unready.remove(service.name);
            }
            Operation::WaitHealthy => {
                assert!(self.containers.keys().all(|service| self.runs(service)), "a service does not run");
            }
            Operation::CheckConnectivity { from, .. } => {
                let lost = stack.services.iter().find(|service| !self.is_ready(service.name));
                assert!(
                    lost.is_none() && self.is_ready(from),
                    "{:?} is not ready",
                    lost.map(|lost| lost.name)
                );
            }
            Operation::SetLogin(case) => self.set_login(stack, *case),
            Operation::SetDataSource(wanted) => {
                self.grafana_volume(stack).data_sources.insert(wanted.uid.into(), wanted.body.clone());
            }
            Operation::ImportDashboard { uid, body, edits } => {
                let volume = self.grafana_volume(stack);
                let left = volume.files.get(&dashboard::checksum_name(uid)).map(String::as_str);
                let is_edited = |seen: &Value| dashboard::is_edited(seen, left);
                if *edits == DashboardEdits::Keep && volume.dashboards.get(uid).is_some_and(is_edited) {
                    return;
                }
                volume.files.insert(dashboard::checksum_name(uid), dashboard::checksum(body, body));
                volume.dashboards.insert(uid.clone(), body.clone());
            }
            Operation::WaitDataSource { uid } => {
                assert!(
                    self.grafana_volume(stack).data_sources.contains_key(uid),
                    "data source `{uid}` does not exist"
                );
            }
            Operation::RemoveNetwork(name) => {
                assert!(
                    !self.containers.values().any(|found| found.state == ContainerState::Running),
                    "`{name}` is in use"
                );
                assert!(self.networks.remove(name), "network `{name}` does not exist");
            }
            Operation::RemoveVolume(name) => {
                let is_used = |service: &Service| {
                    service.volumes().contains(&name.as_str())
                        && (self.containers.contains_key(service.name)
                            || self.set_aside.contains_key(service.name))
                };
                assert!(!stack.services.iter().any(is_used), "volume `{name}` is in use");
                assert!(self.volumes.remove(name).is_some(), "volume `{name}` does not exist");
            }
            Operation::RemoveImage(reference) => {
                let is_used = self.containers.values().any(|found| found.image == *reference);
                assert!(!is_used, "image `{reference}` is in use");
                self.images.remove(reference);
            }
        }
    }

    fn create(&mut self, stack: &Stack, service: &Service, host_port: u16) {
        let image = service.image.to_string();
        self.expect_image(&image);
        assert!(self.networks.contains(&stack.network()), "`{}` has no network", service.name);
        for volume in service.volumes() {
            assert!(self.volumes.contains_key(volume), "`{}` has no volume `{volume}`", service.name);
        }
        self.made += 1;
        let container = Container {
            id: sha256(self.made.to_string().as_bytes()),
            name: stack.container(service.name),
            image_id: self.images[&image].clone(),
            image,
            spec: service.spec(),
            state: ContainerState::Created,
            status: "Created".into(),
            address: Some(SocketAddr::new(service.port.bind, host_port)),
            without: None,
        };
        let before = self.containers.insert(service.name.into(), container);
        assert!(before.is_none(), "container `{}` exists", stack.container(service.name));
    }

    fn start(&mut self, stack: &Stack, service: &str, host_port: Option<u16>) {
        assert!(self.networks.contains(&stack.network()), "`{service}` has no network");
        let container = self.containers.get_mut(service).expect("the container exists");
        container.state = ContainerState::Running;
        if let (Some(port), Some(wanted)) = (host_port, stack.service(service)) {
            container.address = Some(SocketAddr::new(wanted.port.bind, port));
        }
        self.detached.remove(service);
        self.load(stack, service);
        self.first_start(stack, service);
        // A started service is not ready at once.
        self.unready.insert(service.into());
    }

    fn load(&mut self, stack: &Stack, service: &str) {
        let Some(wanted) = stack.service(service).filter(|service| service.config.is_some()) else { return };
        let files = self.readable(wanted);
        assert!(!files.is_empty(), "`{service}` has no files to read");
        self.loaded.insert(service.into(), files);
    }

    fn remove(&mut self, id: &str, force: Force) {
        if let Some(index) = self.leftovers.iter().position(|leftover| leftover == id) {
            self.leftovers.remove(index);
            return;
        }
        if let Some(service) = self.set_aside.iter().find(|(_, old)| old.id == id).map(|(service, _)| service)
        {
            let service = service.clone();
            self.set_aside.remove(&service);
            return;
        }
        let found = self.containers.iter().find(|(_, container)| container.id == id);
        let (service, container) = found.unwrap_or_else(|| panic!("container `{id}` does not exist"));
        let is_up = !matches!(container.state, ContainerState::Exited | ContainerState::Created);
        assert!(force == Force::Kill || !is_up, "`{service}` is removed while it runs");
        let service = service.clone();
        self.containers.remove(&service);
        self.forget_process(&service);
    }

    fn forget_process(&mut self, service: &str) {
        self.detached.remove(service);
        self.loaded.remove(service);
        self.unready.remove(service);
    }

    fn found(&mut self, service: &str, id: &str) -> &mut Container {
        let found = self.containers.get_mut(service).filter(|container| container.id == id);
        found.unwrap_or_else(|| panic!("`{service}` has no container `{id}`"))
    }

    fn expect_image(&self, reference: &str) {
        assert!(self.images.contains_key(reference), "image `{reference}` does not exist");
    }
}
