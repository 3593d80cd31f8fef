//! Decides what must change. Compares what the stack wants with what is there.
//!
//! Never talks to the engine, the network, the disk or the clock: same inputs, same plan.

use std::collections::BTreeMap;

use super::{Cause, Force, Operation, Plan};
use crate::dashboard;
use crate::error::{Error, Fault, Result};
use crate::observed::{Author, Container, Grafana, Observed, Readiness, State, VolumeKind, contains};
use crate::settings::HostPort;
use crate::stack::{Config, Mount, Service, Stack, When};

/// When images are pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Those that are not there.
    #[default]
    Missing,
    /// All of them.
    Always,
    /// None.
    Never,
}

/// Plans what makes the observed stack the wanted one.
pub fn up(stack: &Stack, observed: &Observed, pull: PullPolicy) -> Result<Plan> {
    if !observed.conflicts.is_empty() {
        return Err(Error::Conflicts(observed.conflicts.clone()));
    }
    let files = Files::of(stack, observed);
    let dashboards = dashboards(stack, &files)?;
    let mut planner = Planner { stack, observed, files, plan: Plan::default(), awaited: BTreeMap::new() };
    planner.write_files();
    let pulls = planner.pull_images(pull)?;
    let checks = planner.check_files(&pulls);
    for leftover in &observed.objects.leftovers {
        let remove =
            Operation::Remove { name: leftover.clone(), container: leftover.clone(), force: Force::Kill };
        planner.plan.push(remove, Cause::CutOff, &checks);
    }
    let ground = planner.network(&checks);
    for service in &stack.services {
        let mut needs = ground.clone();
        needs.extend(pulls.get(service.name));
        planner.service(service, &needs);
    }
    planner.reach();
    planner.grafana(dashboards)?;
    Ok(planner.plan)
}

struct Planner<'a> {
    stack: &'a Stack,
    observed: &'a Observed,
    files: Files,
    plan: Plan,
    /// The step after which each service is ready, where one is planned.
    awaited: BTreeMap<&'static str, usize>,
}

/// What each configuration file should say: what the user wrote, else what is shipped.
struct Files(BTreeMap<&'static str, WantedFile>);

struct WantedFile {
    content: String,
    author: Author,
    write: Option<Cause>,
}

impl Files {
    fn of(stack: &Stack, observed: &Observed) -> Self {
        let wanted = |file: &crate::stack::ConfigFile| {
            let shipped = |write| WantedFile {
                content: file.content.clone().into_owned(),
                author: Author::Program,
                write,
            };
            match observed.disk.get(file.name) {
                None => shipped(Some(Cause::Absent)),
                Some(seen) if seen.content == file.content => shipped(None),
                Some(seen) if seen.author == Author::Program => shipped(Some(Cause::NewerShipped)),
                Some(seen) => WantedFile { content: seen.content.clone(), author: Author::User, write: None },
            }
        };
        Self(stack.files.iter().map(|file| (file.name, wanted(file))).collect())
    }

    fn contents(&self, names: &[&'static str]) -> Vec<(String, String)> {
        let content = |name: &&'static str| Some(((*name).to_string(), self.0.get(name)?.content.clone()));
        names.iter().filter_map(content).collect()
    }

    fn edited(&self, names: &[&'static str]) -> Vec<String> {
        let is_edited =
            |name: &&&'static str| self.0.get(**name).is_some_and(|file| file.author == Author::User);
        names.iter().filter(is_edited).map(ToString::to_string).collect()
    }
}

impl Planner<'_> {
    fn write_files(&mut self) {
        for (name, file) in &self.files.0 {
            if let Some(cause) = &file.write {
                let write = Operation::WriteFile { file: (*name).to_string(), content: file.content.clone() };
                self.plan.push(write, cause.clone(), &[]);
            }
        }
    }

    /// Plans the pulls and returns the step of each service whose image is pulled.
    fn pull_images(&mut self, policy: PullPolicy) -> Result<BTreeMap<&'static str, usize>> {
        let mut by_image = BTreeMap::new();
        let mut by_service = BTreeMap::new();
        for service in &self.stack.services {
            let image = service.image.to_string();
            let cause = match (policy, self.observed.images.contains_key(&image)) {
                (PullPolicy::Always, _) => Cause::Asked("--pull always"),
                (_, true) => continue,
                (PullPolicy::Missing, false) => Cause::Absent,
                (PullPolicy::Never, false) => {
                    return Err(Error::Pull {
                        image,
                        source: "it is not there, and `--pull never` was asked for".into(),
                    });
                }
            };
            let pull = Operation::Pull { image: image.clone(), service: service.name.to_string() };
            let step = *by_image.entry(image).or_insert_with(|| self.plan.push(pull, cause, &[]));
            by_service.insert(service.name, step);
        }
        Ok(by_service)
    }

    /// Plans a check of each edited file that is not applied yet; nothing else changes before all of them pass.
    fn check_files(&mut self, pulls: &BTreeMap<&'static str, usize>) -> Vec<usize> {
        let mut checks = Vec::new();
        for service in &self.stack.services {
            let Some(config) = &service.config else { continue };
            let edited = self.files.edited(&config.files);
            if edited.is_empty() || self.differing(service, config).is_empty() {
                continue;
            }
            let needs: Vec<usize> = pulls.get(service.name).copied().into_iter().collect();
            for check in config.checks.iter().filter(|check| check.when == When::BeforeApply) {
                let operation = Operation::Check {
                    service: service.name.to_string(),
                    image: service.image.to_string(),
                    check: check.clone(),
                    folder: config.folder,
                    files: self.files.contents(&config.files),
                };
                checks.push(self.plan.push(operation, Cause::Edited(edited.clone()), &needs));
            }
        }
        checks
    }

    fn network(&mut self, checks: &[usize]) -> Vec<usize> {
        let name = self.stack.network();
        if self.observed.objects.networks.contains(&name) {
            return checks.to_vec();
        }
        vec![self.plan.push(Operation::CreateNetwork(name), Cause::Absent, checks)]
    }

    fn service(&mut self, service: &Service, ground: &[usize]) {
        match self.observed.objects.containers.get(service.name) {
            None => self.make(service, Cause::Absent, ground),
            Some(container) => match self.replacement(service, container) {
                Some(cause) => self.replace(service, container, &cause, ground),
                None => self.keep(service, container, ground),
            },
        }
    }

    fn replacement(&self, service: &Service, container: &Container) -> Option<Cause> {
        let image = self.observed.images.get(&service.image.to_string());
        if container.spec != service.spec_hash() {
            Some(Cause::SpecChanged)
        } else if image.is_some_and(|id| *id != container.image_id) {
            Some(Cause::ImageChanged)
        } else if !self.observed.objects.networks.contains(&self.stack.network()) {
            Some(Cause::NetworkGone)
        } else {
            None
        }
    }

    fn replace(&mut self, service: &Service, container: &Container, cause: &Cause, ground: &[usize]) {
        let stop = Operation::Stop {
            service: service.name.to_string(),
            container: container.id.clone(),
            seconds: service.stop_seconds,
        };
        let stopped = self.plan.push(stop, cause.clone(), ground);
        let remove = Operation::Remove {
            name: container.name.clone(),
            container: container.id.clone(),
            force: Force::Stopped,
        };
        let removed = self.plan.push(remove, cause.clone(), &[stopped]);
        self.make(service, Cause::Replaced, &[removed]);
    }

    /// Plans a new container, its files, its start.
    fn make(&mut self, service: &Service, cause: Cause, ground: &[usize]) {
        let mut needs = ground.to_vec();
        for mount in &service.mounts {
            let (name, kind) = match mount {
                Mount::Data { volume, .. } => (volume, VolumeKind::Data),
                Mount::Config { volume, .. } => (volume, VolumeKind::Config),
                Mount::Host { .. } => continue,
            };
            if !self.observed.objects.volumes.contains_key(name) {
                let create = Operation::CreateVolume { name: name.clone(), kind };
                needs.push(self.plan.push(create, Cause::Absent, ground));
            }
        }
        let host_port = self.host_port(service);
        let create = Operation::Create { service: Box::new(service.clone()), host_port };
        let created = self.plan.push(create, cause, &needs);
        let filled = self.upload(service, &[created]);
        self.start(service, Cause::NotRunning("new"), &filled);
    }

    fn keep(&mut self, service: &Service, container: &Container, ground: &[usize]) {
        let before = self.plan.len();
        let filled = self.upload(service, ground);
        let uploaded = self.plan.len() > before;
        match container.state {
            State::Running => self.keep_running(service, uploaded, &filled),
            State::Created => self.start(service, Cause::NotRunning("made but not started"), &filled),
            State::Exited => self.start(service, Cause::NotRunning("stopped"), &filled),
            State::Restarting => self.restart(service, Cause::NotRunning("restarting"), &filled),
            State::Other => self.restart(service, Cause::NotRunning("paused or dead"), &filled),
        }
    }

    fn keep_running(&mut self, service: &Service, uploaded: bool, filled: &[usize]) {
        let mut needs = filled.to_vec();
        if let (true, Some(config)) = (uploaded, &service.config) {
            let reload = Operation::Reload {
                service: service.name.to_string(),
                metrics_prefix: config.metrics_prefix,
            };
            needs = vec![self.plan.push(reload, Cause::FilesDiffer(self.differing(service, config)), filled)];
        }
        if let Some(Readiness::NotReady(last)) = self.observed.readiness.get(service.name) {
            self.await_ready(service, Cause::NotReady(last.clone()), &needs);
        }
    }

    fn upload(&mut self, service: &Service, needs: &[usize]) -> Vec<usize> {
        let Some(config) = &service.config else { return needs.to_vec() };
        let differing = self.differing(service, config);
        if differing.is_empty() {
            return needs.to_vec();
        }
        let upload = Operation::Upload {
            service: service.name.to_string(),
            folder: config.folder,
            files: self.files.contents(&config.files),
        };
        vec![self.plan.push(upload, Cause::FilesDiffer(differing), needs)]
    }

    fn start(&mut self, service: &Service, cause: Cause, needs: &[usize]) {
        let start =
            Operation::Start { service: Box::new(service.clone()), host_port: self.host_port(service) };
        let started = self.plan.push(start, cause, needs);
        self.await_ready(service, Cause::JustStarted, &[started]);
    }

    fn restart(&mut self, service: &Service, cause: Cause, needs: &[usize]) {
        let restart = Operation::Restart { service: service.name.to_string(), seconds: service.stop_seconds };
        let restarted = self.plan.push(restart, cause, needs);
        self.await_ready(service, Cause::JustStarted, &[restarted]);
    }

    fn await_ready(&mut self, service: &Service, cause: Cause, needs: &[usize]) {
        let step = self.plan.push(Operation::AwaitReady(Box::new(service.clone())), cause, needs);
        self.awaited.insert(service.name, step);
    }

    /// Returns the files that differ from what is inside the container.
    fn differing(&self, service: &Service, config: &Config) -> Vec<String> {
        let inside = self.observed.delivered.get(service.name);
        let differs = |(name, content): &(String, String)| {
            inside.and_then(|files| files.get(name)).is_none_or(|found| found != content)
        };
        self.files.contents(&config.files).into_iter().filter(differs).map(|(name, _)| name).collect()
    }

    fn host_port(&self, service: &Service) -> u16 {
        let current = || {
            let container = self.observed.objects.containers.get(service.name)?;
            container.address.map(|address| address.port())
        };
        match service.port.host {
            HostPort::Fixed(port) => port,
            // Zero leaves the choice to the engine.
            HostPort::Auto => {
                current().or_else(|| self.observed.free_ports.get(service.name).copied()).unwrap_or(0)
            }
        }
    }

    fn reach(&mut self) {
        let starts = |step: &super::Step| {
            matches!(step.operation, Operation::Start { .. } | Operation::Restart { .. })
        };
        let Some(first) = self.stack.services.first() else { return };
        if !self.plan.steps.iter().any(starts) {
            return;
        }
        let needs: Vec<usize> = self.awaited.values().copied().collect();
        let url = |service: &Service| {
            format!("http://{}:{}{}", service.name, service.port.container, service.probe.path)
        };
        let reach = Operation::Reach {
            from: first.name.to_string(),
            urls: self.stack.services.iter().map(url).collect(),
        };
        self.plan.push(reach, Cause::JustStarted, &needs);
    }

    fn grafana(&mut self, dashboards: Vec<(&'static str, serde_json::Value)>) -> Result<()> {
        let ready: Vec<usize> = self.awaited.get("grafana").copied().into_iter().collect();
        let unknown = crate::observed::GrafanaContent::default();
        let (known, seen) = match &self.observed.grafana {
            Grafana::Known(content) => (true, content),
            Grafana::LoginRefused => return Err(self.login_refused()),
            Grafana::Unknown => (false, &unknown),
        };
        let cause = |found: bool| match (known, found) {
            (false, _) => Cause::JustStarted,
            (true, false) => Cause::Absent,
            (true, true) => Cause::Differs,
        };
        for data_source in &self.stack.data_sources {
            let found = seen.data_sources.get(data_source.uid);
            let mut needs = ready.clone();
            if found.is_none_or(|found| !contains(&found.body, &data_source.body)) {
                let set = Operation::SetDataSource(data_source.clone());
                needs = vec![self.plan.push(set, cause(found.is_some()), &ready)];
            }
            let last = match found.map(|found| &found.health) {
                Some(Readiness::Ready) if needs == ready => continue,
                Some(Readiness::NotReady(last)) => Cause::NotReady(last.clone()),
                _ => Cause::JustStarted,
            };
            self.plan.push(Operation::AwaitDataSource { uid: data_source.uid.to_string() }, last, &needs);
        }
        for (uid, body) in dashboards {
            let found = seen.dashboards.get(uid);
            if found.is_none_or(|found| !contains(found, &body)) {
                let import = Operation::ImportDashboard { uid: uid.to_string(), body };
                self.plan.push(import, cause(found.is_some()), &ready);
            }
        }
        Ok(())
    }

    fn login_refused(&self) -> Error {
        let address = self.observed.objects.containers.get("grafana").and_then(|container| container.address);
        let volume = self.stack.service("grafana").and_then(Service::data_volume).unwrap_or_default();
        Error::GrafanaLogin {
            url: address.map(|address| format!("http://{address}")).unwrap_or_default(),
            user: self.stack.login.user.clone(),
            volume: volume.to_string(),
        }
    }
}

fn dashboards(stack: &Stack, files: &Files) -> Result<Vec<(&'static str, serde_json::Value)>> {
    let mut bodies = Vec::new();
    let mut faults = Vec::new();
    for wanted in &stack.dashboards {
        let Some(file) = files.0.get(wanted.file) else { continue };
        match dashboard::parse(&file.content, wanted.uid) {
            Ok(body) => bodies.push((wanted.uid, body)),
            Err(found) => faults.extend(found.into_iter().map(|fault| Fault {
                file: std::path::Path::new(crate::stack::CONFIG_FOLDER).join(wanted.file),
                line: fault.line,
                reason: fault.reason,
            })),
        }
    }
    if faults.is_empty() { Ok(bodies) } else { Err(Error::Faults(faults)) }
}
