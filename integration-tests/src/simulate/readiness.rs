//! Which services run and are ready.

use std::net::SocketAddr;

use tdd_stack::model::observed::{ContainerState, Readiness};

use super::World;

impl World {
    pub(super) fn readiness(&self, service: &str) -> Readiness {
        if self.is_ready(service) { Readiness::Ready } else { Readiness::NotReady("answers 503".into()) }
    }

    pub(super) fn is_ready(&self, service: &str) -> bool {
        self.runs(service) && !self.unready.contains(service)
    }

    pub(super) fn runs(&self, service: &str) -> bool {
        self.containers.get(service).is_some_and(|container| container.state == ContainerState::Running)
    }

    pub(super) fn address(&self, service: &str) -> Option<SocketAddr> {
        self.containers.get(service).filter(|container| container.state == ContainerState::Running)?.address
    }
}
