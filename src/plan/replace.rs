//! Decides how a container is replaced. The previous container is kept until its successor is ready, and
//! comes back if the successor fails.
//!
//! An interrupted replacement leaves the previous container, with or without its successor. The one that
//! matches the specification is kept.

use std::collections::BTreeMap;

use super::planner::Planner;
use super::service::upload;
use super::{Cause, Force, Operation, Plan, Rollback};
use crate::config::settings::HostPort;
use crate::model::observed::{Container, ContainerState, Readiness};
use crate::model::stack::Service;

impl<'a> Planner<'a> {
    /// Returns why a container cannot be kept, if so.
    pub(super) fn replacement(&self, service: &Service, container: &Container) -> Option<Cause> {
        let image = self.observed.images.get(&service.image.to_string());
        // The free port that was chosen for it may be taken by now; any other port works equally well.
        let is_auto = service.port.host == HostPort::Auto && container.state == ContainerState::Created;
        if container.spec != service.spec() {
            Some(Cause::SpecChanged(service.changed_fields(&container.spec)))
        } else if image.is_some_and(|id| *id != container.image_id) {
            Some(Cause::ImageChanged)
        } else if !self.has_network() {
            Some(Cause::NetworkGone)
        } else if is_auto {
            Some(Cause::NotRunning("created but not started"))
        } else {
            None
        }
    }

    /// Plans the replacement of a container that cannot be kept.
    pub(super) fn replace(
        &mut self,
        service: &'a Service,
        container: &'a Container,
        cause: &Cause,
        ground: &[usize],
    ) {
        let stop = Operation::Stop {
            service: service.name.to_string(),
            container: container.id.clone(),
            seconds: service.stop_seconds,
        };
        let stopped = self.plan.push(stop, cause.clone(), ground);
        if !self.is_worth_keeping(service, container) {
            let removed = self.plan.push(remove(container, Force::Stopped), cause.clone(), &[stopped]);
            return self.make(service, Cause::Replaced, &[removed]);
        }
        let aside = Operation::SetAside {
            service: service.name.to_string(),
            container: container.id.clone(),
            name: self.stack.set_aside(service.name),
        };
        let aside = self.plan.push(aside, cause.clone(), &[stopped]);
        self.make(service, Cause::Replaced, &[aside]);
        self.fall_back(service, container, stopped);
    }

    /// Plans the rest of an interrupted replacement: `old` is the previous container, `new` its successor, if
    /// it exists.
    pub(super) fn resume(
        &mut self,
        service: &'a Service,
        new: Option<&'a Container>,
        old: &'a Container,
        ground: &[usize],
    ) {
        let first_step = self.plan.len();
        match new {
            Some(new) if self.replacement(service, new).is_none() => self.keep(service, new, ground),
            _ if self.replacement(service, old).is_none() => {
                let back = self.put_back(service, old);
                let back = self.plan.push(back, Cause::ReplacementCutOff, ground);
                return self.keep(service, old, &[back]);
            }
            Some(new) => {
                let removed = self.plan.push(remove(new, Force::Kill), Cause::ReplacementCutOff, ground);
                self.make(service, Cause::ReplacementCutOff, &[removed]);
            }
            None => self.make(service, Cause::ReplacementCutOff, ground),
        }
        self.fall_back(service, old, first_step);
    }

    /// Plans the removal of the previous containers, after everything else is done.
    pub(super) fn end_replacements(&mut self) {
        let everything: Vec<usize> = (0..self.plan.len()).collect();
        for undo in &mut self.plan.undo {
            undo.ends_before = everything.len();
        }
        for (service, old) in std::mem::take(&mut self.set_aside) {
            let name = self.stack.set_aside(service.name);
            let remove = Operation::Remove { name, container: old.id.clone(), force: Force::Stopped };
            self.plan.push(remove, Cause::Replaced, &everything);
        }
    }

    /// Keeps the previous container until everything else is done, and plans its rollback.
    fn fall_back(&mut self, service: &'a Service, old: &'a Container, first_step: usize) {
        self.set_aside.push((service, old));
        if first_step == self.plan.len() || !self.has_network() {
            return;
        }
        let mut back = Plan::default();
        let mut last = back.push(self.put_back(service, old), Cause::RolledBack, &[]);
        if let Some(config) = &service.config {
            let wanted: BTreeMap<String, String> = self.files.contents(&config.files).into_iter().collect();
            let inside = self.observed.delivered.get(service.name).cloned().unwrap_or_default();
            // A file that did not exist before keeps its new content, because the service would not start
            // without it.
            let files = wanted.into_iter().chain(inside).collect::<BTreeMap<_, _>>().into_iter().collect();
            last = back.push(upload(service, config, files), Cause::RolledBack, &[last]);
        }
        let host_port = old.address.map_or_else(|| self.host_port(service), |address| address.port());
        let start = Operation::Start { service: Box::new(service.clone()), host_port };
        let started = back.push(start, Cause::RolledBack, &[last]);
        back.push(Operation::WaitReady(Box::new(service.clone())), Cause::RolledBack, &[started]);
        self.plan.undo.push(Rollback {
            first_step,
            ends_before: usize::MAX,
            service: service.name,
            steps: back.steps,
        });
    }

    fn put_back(&self, service: &Service, old: &Container) -> Operation {
        Operation::PutBack {
            service: service.name.to_string(),
            container: old.id.clone(),
            name: self.stack.container(service.name),
        }
    }

    /// Returns whether a container is ready, so that keeping it is better than having none.
    fn is_worth_keeping(&self, service: &Service, container: &Container) -> bool {
        let is_ready = self.observed.readiness.get(service.name).is_some_and(Readiness::is_ready);
        container.state == ContainerState::Running && is_ready && self.has_network()
    }

    fn has_network(&self) -> bool {
        self.observed.objects.networks.contains(&self.stack.network())
    }
}

fn remove(container: &Container, force: Force) -> Operation {
    Operation::Remove { name: container.name.clone(), container: container.id.clone(), force }
}
