//! Decides the operations for one service: create, replace, upload, start, reload or nothing.

use super::planner::Planner;
use super::request::VerifyTime;
use super::{Cause, Operation, Plan, Rollback};
use crate::config::settings::HostPort;
use crate::config::tuning::{self, Files};
use crate::model::observed::{Container, ContainerState, Readiness, VolumeKind};
use crate::model::stack::{LOADED_CHECKSUM, Mount, Service, ServiceConfig, fingerprint};

impl<'a> Planner<'a> {
    /// Plans the operations of a service; they depend on `ground`.
    pub(super) fn service(&mut self, service: &'a Service, ground: &[usize]) {
        let objects = &self.observed.objects;
        match (objects.containers.get(service.name), objects.set_aside.get(service.name)) {
            (None, None) => self.make(service, Cause::Absent, ground),
            (Some(container), None) => match self.replacement(service, container) {
                Some(cause) => self.replace(service, container, &cause, ground),
                None => self.keep(service, container, ground),
            },
            (container, Some(old)) => self.resume(service, container, old, ground),
        }
    }

    /// Plans a new container, its files and its start.
    pub(super) fn make(&mut self, service: &'a Service, cause: Cause, ground: &[usize]) {
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
        let filled = self.fill(service, "new", &[created]);
        self.start(service, Cause::NotRunning("new"), &filled);
    }

    pub(super) fn keep(&mut self, service: &'a Service, container: &Container, ground: &[usize]) {
        let why = match container.state {
            ContainerState::Running => return self.keep_running(service, ground),
            // The process continues where it was paused, so changes are applied afterwards, as to any running
            // service.
            ContainerState::Paused => {
                let unpause = Operation::Unpause { service: service.name.to_string() };
                let unpaused = self.plan.push(unpause, Cause::NotRunning("paused"), ground);
                return self.keep_running(service, &[unpaused]);
            }
            ContainerState::Created => "created but not started",
            ContainerState::Exited => "stopped",
            ContainerState::Restarting => "restarting",
            ContainerState::Other => "dead or being removed",
        };
        let filled = self.fill(service, why, ground);
        match container.state {
            ContainerState::Restarting | ContainerState::Other => {
                self.restart(service, Cause::NotRunning(why), &filled);
            }
            ContainerState::Created
            | ContainerState::Exited
            | ContainerState::Running
            | ContainerState::Paused => {
                self.start(service, Cause::NotRunning(why), &filled);
            }
        }
    }

    fn keep_running(&mut self, service: &'a Service, ground: &[usize]) {
        let mut needs = ground.to_vec();
        if let Some(config) = &service.config {
            let files = self.files.contents(&config.files);
            let differing = self.differing(service, config);
            if !differing.is_empty() {
                let cause = Cause::FilesDiffer(differing);
                self.undo_upload(service, config);
                needs = vec![upload_and_reload(&mut self.plan, service, config, &files, &cause, &needs)];
            } else if !self.is_loaded(service, &files) {
                needs = vec![self.plan.push(reload(service, config, &files), Cause::NotLoaded, &needs)];
            }
        }
        if let Some(Readiness::NotReady(last)) = self.observed.readiness.get(service.name) {
            self.await_ready(service, Cause::NotReady(last.clone()), &needs);
        }
    }

    /// Plans the rollback of the next upload, if the files inside the container are known to work.
    fn undo_upload(&mut self, service: &Service, config: &ServiceConfig) {
        let Some(inside) = self.observed.delivered.get(service.name) else { return };
        let old = |name: &&'static str| Some(((*name).to_string(), inside.get(*name)?.clone()));
        let old: Files = config.files.iter().filter_map(old).collect();
        if old.len() < config.files.len() || !self.is_loaded(service, &old) {
            return;
        }
        let mut back = Plan::default();
        upload_and_reload(&mut back, service, config, &old, &Cause::RolledBack, &[]);
        let first_step = self.plan.len();
        self.plan.undo.push(Rollback {
            first_step,
            ends_before: usize::MAX,
            service: service.name,
            steps: back.steps,
        });
    }

    /// Plans the files that a service needs when it starts.
    fn fill(&mut self, service: &'a Service, why: &'static str, needs: &[usize]) -> Vec<usize> {
        let needs = self.upload_for_start(service, needs);
        let Some(file) = service.password_file else { return needs };
        // The file is always written: an interrupted `up` may have left none, and the password is never read
        // back.
        let deliver = Operation::WritePasswordFile { service: service.name.to_string(), file };
        vec![self.plan.push(deliver, Cause::NotRunning(why), &needs)]
    }

    /// Plans the files of a service that starts, with shortened intervals if `up` waits for healthy
    /// monitoring.
    fn upload_for_start(&mut self, service: &'a Service, needs: &[usize]) -> Vec<usize> {
        let Some(config) = &service.config else { return needs.to_vec() };
        let files = self.files.contents(&config.files);
        let wants_quicker = config.quick_start && self.proof == VerifyTime::Now;
        // If the intervals cannot be shortened, the files are invalid; their check reports that better.
        let quicker = wants_quicker.then(|| tuning::start_up(&files).ok()).flatten();
        let differing = self.differing(service, config);
        let (mut files, cause) = match quicker {
            Some(quicker) => {
                self.quickened.push(service);
                (quicker, Cause::QuickStart)
            }
            None if differing.is_empty() && self.is_loaded(service, &files) => return needs.to_vec(),
            None if differing.is_empty() => (files, Cause::NotLoaded),
            None => (files, Cause::FilesDiffer(differing)),
        };
        // The service loads these files at its start.
        files.push((LOADED_CHECKSUM.to_string(), fingerprint(&files)));
        vec![self.plan.push(upload(service, config, files), cause, needs)]
    }

    /// Plans the wait for a healthy stack and the return to the configured intervals, if a service starts
    /// with shortened ones.
    pub(super) fn end_quick_start(&mut self) {
        if self.quickened.is_empty() {
            return;
        }
        let everything: Vec<usize> = (0..self.plan.len()).collect();
        let proven = self.plan.push(Operation::WaitHealthy, Cause::JustStarted, &everything);
        for service in std::mem::take(&mut self.quickened) {
            let Some(config) = &service.config else { continue };
            let files = self.files.contents(&config.files);
            let cause = Cause::QuickStartOver;
            upload_and_reload(&mut self.plan, service, config, &files, &cause, &[proven]);
        }
    }

    /// Returns whether this program has observed that a service loaded these files.
    fn is_loaded(&self, service: &Service, files: &Files) -> bool {
        let inside = self.observed.delivered.get(service.name);
        inside
            .and_then(|inside| inside.get(LOADED_CHECKSUM))
            .is_some_and(|checksum| *checksum == fingerprint(files))
    }

    fn start(&mut self, service: &'a Service, cause: Cause, needs: &[usize]) {
        let start =
            Operation::Start { service: Box::new(service.clone()), host_port: self.host_port(service) };
        let started = self.plan.push(start, cause, needs);
        self.await_ready(service, Cause::JustStarted, &[started]);
    }

    fn restart(&mut self, service: &'a Service, cause: Cause, needs: &[usize]) {
        let restart = Operation::Restart { service: service.name.to_string(), seconds: service.stop_seconds };
        let restarted = self.plan.push(restart, cause, needs);
        self.await_ready(service, Cause::JustStarted, &[restarted]);
    }

    fn await_ready(&mut self, service: &Service, cause: Cause, needs: &[usize]) {
        let step = self.plan.push(Operation::WaitReady(Box::new(service.clone())), cause, needs);
        self.awaited.insert(service.name, step);
    }

    /// Returns the files that differ from those inside the container.
    pub(super) fn differing(&self, service: &Service, config: &ServiceConfig) -> Vec<String> {
        let inside = self.observed.delivered.get(service.name);
        let differs = |(name, content): &(String, String)| {
            inside.and_then(|files| files.get(name)).is_none_or(|found| found != content)
        };
        self.files.contents(&config.files).into_iter().filter(differs).map(|(name, _)| name).collect()
    }

    pub(super) fn host_port(&self, service: &Service) -> u16 {
        let current = || {
            let container = self.observed.objects.containers.get(service.name)?;
            container.address.map(|address| address.port())
        };
        match service.port.host {
            HostPort::Fixed(port) => port,
            // Zero lets the engine choose a port.
            HostPort::Auto => {
                current().or_else(|| self.observed.free_ports.get(service.name).copied()).unwrap_or(0)
            }
        }
    }
}

/// Plans that a running service loads these files.
fn upload_and_reload(
    plan: &mut Plan,
    service: &Service,
    config: &ServiceConfig,
    files: &Files,
    cause: &Cause,
    needs: &[usize],
) -> usize {
    let uploaded = plan.push(upload(service, config, files.clone()), cause.clone(), needs);
    plan.push(reload(service, config, files), cause.clone(), &[uploaded])
}

pub(super) fn upload(service: &Service, config: &ServiceConfig, files: Files) -> Operation {
    Operation::Upload { service: service.name.to_string(), folder: config.folder, files }
}

fn reload(service: &Service, config: &ServiceConfig, files: &Files) -> Operation {
    Operation::Reload {
        service: service.name.to_string(),
        metrics_prefix: config.metrics_prefix,
        folder: config.folder,
        checksum: fingerprint(files),
    }
}
