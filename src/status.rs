//! The status of a stack at one moment, and the finding on it.
//!
//! This module sends no requests; it combines observed state and verification.

use std::net::SocketAddr;

use crate::config::dashboard;
use crate::config::settings::PASSWORD_WAYS;
use crate::doctor;
use crate::error::{Conflict, Error};
use crate::model::alert::Delivery;
use crate::model::observed::{Author, ContainerState, Observed, ObservedGrafana, Readiness};
use crate::model::stack::{Service, Stack};
use crate::model::verification::{Verdict, Verification};
use crate::plan::{self, Cause, Operation, Plan, Request};

/// The status of a stack.
#[derive(Clone, Debug)]
pub struct Status {
    /// The name of the stack.
    pub stack: String,
    /// Its services.
    pub services: Vec<ServiceStatus>,
    /// The files that the user edited.
    pub edited: Vec<String>,
    /// The uids of dashboards that were edited inside Grafana.
    pub edited_inside: Vec<String>,
    /// The edits that conflict, so that one of them has to be dropped.
    pub conflicts: Vec<Conflict>,
    /// What Alertmanager's receivers accepted and rejected; `None` if it was not observed.
    pub deliveries: Option<Vec<Delivery>>,
    /// The hosts and ports of the webhooks in the delivered Alertmanager configuration.
    pub receivers: Vec<String>,
    /// What blocks the desired state as a whole, such as a taken port.
    pub hindrance: Option<String>,
    /// The verification of the monitoring.
    pub proof: Option<Verification>,
}

/// The status of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// The state of its container, if it exists.
    pub state: Option<ContainerState>,
    /// Its readiness.
    pub readiness: Readiness,
    /// The image that it runs, or would run.
    pub image: String,
    /// Its URL.
    pub url: Option<String>,
    /// Its port on the host, while it is published.
    pub port: Option<u16>,
    /// The differences from the desired state.
    pub drift: Vec<String>,
    /// The feature that its container lacks because the engine refused it.
    pub without: Option<String>,
}

/// The overall finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusVerdict {
    /// Everything runs and is healthy.
    Good,
    /// Everything runs, but these results are missing.
    Pending(Vec<String>),
    /// Everything runs, but these parts are unhealthy.
    Unhealthy(Vec<String>),
    /// Everything runs, but these services are not reachable from here, so their health was not checked.
    OutOfReach(Vec<String>),
    /// These problems keep the stack from running.
    Problems(Vec<String>),
}

impl ServiceStatus {
    /// Returns the name of the container's state, which scripts rely on.
    pub fn state_word(&self) -> &'static str {
        match self.state {
            None => "absent",
            Some(ContainerState::Created) => "created",
            Some(ContainerState::Exited) => "exited",
            Some(ContainerState::Running) => "running",
            Some(ContainerState::Paused) => "paused",
            Some(ContainerState::Restarting) => "restarting",
            Some(ContainerState::Other) => "other",
        }
    }
}

impl Status {
    /// Builds the status. `url` returns the URL of a published port, if it is reachable.
    pub fn of(
        stack: &Stack,
        observed: &Observed,
        proof: Option<Verification>,
        url: impl Fn(SocketAddr) -> Option<String>,
    ) -> Self {
        let (plan, hindrance) = match plan::up(stack, observed, Request::default()) {
            // The next `up` sets the password; a status does not, and waiting does not help.
            Ok(plan) if observed.grafana == ObservedGrafana::LoginRefused => {
                (plan, Some(plan::login_refused(stack, observed).to_string()))
            }
            Ok(plan) => (plan, None),
            Err(error @ Error::GrafanaLogin { .. }) => {
                (Plan::default(), Some(format!("{error}: pass its password with {PASSWORD_WAYS}")))
            }
            Err(error) => (Plan::default(), Some(error.to_string())),
        };
        let edited = stack.files.iter().filter(|file| {
            let is_edit = |seen: &crate::model::observed::DiskFile| {
                seen.author == Author::User && seen.content != file.content
            };
            observed.disk.get(file.name).is_some_and(is_edit)
        });
        Self {
            stack: stack.name.clone(),
            services: stack
                .services
                .iter()
                .map(|service| service_status(service, observed, &plan, &url))
                .collect(),
            edited_inside: edited_inside(stack, observed),
            conflicts: plan.conflicts,
            edited: edited.map(|file| file.name.to_string()).collect(),
            deliveries: None,
            receivers: receivers(observed),
            hindrance,
            proof,
        }
    }

    /// Returns the overall finding.
    pub fn finding(&self) -> StatusVerdict {
        let not_ready = self.services.iter().filter_map(|service| match &service.readiness {
            Readiness::Ready | Readiness::OutOfReach => None,
            Readiness::NotReady(last) => Some(format!("{} is not ready: {last}", service.name)),
        });
        let mut problems: Vec<String> = self.hindrance.iter().cloned().chain(not_ready).collect();
        let is_failing = !problems.is_empty();
        let out_of_reach = self.services.iter().filter(|service| service.readiness == Readiness::OutOfReach);
        problems.extend(out_of_reach.map(|service| format!("{} is not reachable from here", service.name)));
        if is_failing {
            return StatusVerdict::Problems(problems);
        }
        if !problems.is_empty() {
            return StatusVerdict::OutOfReach(problems);
        }
        match self.proof.as_ref().map(Verification::verdict) {
            Some(Verdict::Proven) => StatusVerdict::Good,
            Some(Verdict::Pending(what)) => StatusVerdict::Pending(what),
            Some(Verdict::Unhealthy(what)) => StatusVerdict::Unhealthy(what),
            None => StatusVerdict::Pending(vec!["monitoring was not checked".into()]),
        }
    }
}

fn receivers(observed: &Observed) -> Vec<String> {
    let files = observed.delivered.get("alertmanager");
    let urls = files.and_then(|files| files.get("alertmanager.yml")).map(|file| doctor::receivers(file));
    let place = |url: String| url.rsplit('/').next().unwrap_or_default().to_string();
    urls.into_iter().flatten().map(place).collect()
}

fn edited_inside(stack: &Stack, observed: &Observed) -> Vec<String> {
    let ObservedGrafana::Known(content) = &observed.grafana else { return Vec::new() };
    let uids = stack.dashboards.iter().map(|wanted| wanted.uid);
    uids.filter(|uid| dashboard::is_edited_inside(content, uid)).map(String::from).collect()
}

fn service_status(
    service: &Service,
    observed: &Observed,
    plan: &Plan,
    url: impl Fn(SocketAddr) -> Option<String>,
) -> ServiceStatus {
    let container = observed.objects.containers.get(service.name);
    let address = container.and_then(|container| container.address);
    let absent = || Readiness::NotReady("the container is missing".into());
    ServiceStatus {
        name: service.name.to_string(),
        state: container.map(|container| container.state),
        readiness: observed.readiness.get(service.name).cloned().unwrap_or_else(absent),
        image: container.map_or_else(|| service.image.to_string(), |container| container.image.clone()),
        url: address.and_then(url),
        port: address.map(|address| address.port()),
        drift: drift(service, plan),
        without: container.and_then(|container| container.without.clone()),
    }
}

/// Returns the causes of the operations that the plan has for a service, without waits.
fn drift(service: &Service, plan: &Plan) -> Vec<String> {
    let waits = |operation: &Operation| {
        matches!(
            operation,
            Operation::WaitReady(_) | Operation::WaitDataSource { .. } | Operation::Check { .. }
        )
    };
    let mut causes: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.operation.service() == Some(service.name) && !waits(&step.operation))
        .filter(|step| !matches!(step.cause, Cause::Replaced | Cause::JustStarted))
        .map(|step| step.cause.to_string())
        .collect();
    causes.dedup();
    causes
}
