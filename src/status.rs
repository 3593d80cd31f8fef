//! What there is to say of a stack at one moment, and the finding on it.
//!
//! Never asks anything: made of what was observed and proven.

use std::net::SocketAddr;

use crate::config::dashboard;
use crate::config::settings::PASSWORD_WAYS;
use crate::error::{Conflict, Error};
use crate::model::observed::{Author, ContainerState, Observed, ObservedGrafana, Readiness};
use crate::model::stack::{Service, Stack};
use crate::model::verification::{Verdict, Verification};
use crate::plan::{self, Cause, Operation, Plan, Request};

/// A stack at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    /// The stack's name.
    pub stack: String,
    /// Its services.
    pub services: Vec<ServiceStatus>,
    /// The files that the user edited.
    pub edited: Vec<String>,
    /// The uids of dashboards that were edited inside Grafana.
    pub edited_inside: Vec<String>,
    /// The edits of which one must give way.
    pub conflicts: Vec<Conflict>,
    /// What hinders the wanted state altogether, such as a taken port.
    pub hindrance: Option<String>,
    /// What it can be shown to observe.
    pub proof: Option<Verification>,
}

/// A service at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// What its container does, if there is one.
    pub state: Option<ContainerState>,
    /// Whether it is ready, and the last answer if not.
    pub readiness: Readiness,
    /// The image it runs, or would run.
    pub image: String,
    /// Where it is reached.
    pub url: Option<String>,
    /// What differs from what is wanted.
    pub drift: Vec<String>,
    /// What the engine refused and it therefore lacks.
    pub without: Option<String>,
}

/// What a status amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusVerdict {
    /// Everything runs and is seen to observe.
    Good,
    /// Everything runs, but this is not seen yet.
    Pending(Vec<String>),
    /// Everything runs, but this is not observed.
    Unhealthy(Vec<String>),
    /// Everything runs, but this is not reachable from here, so nobody asked whether it observes.
    OutOfReach(Vec<String>),
    /// This does not run.
    Problems(Vec<String>),
}

impl ServiceStatus {
    /// Returns the word for what its container does, which scripts rely on.
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
    /// Returns what there is to say; `url` tells where a published port is reached, if it is.
    pub fn of(
        stack: &Stack,
        observed: &Observed,
        proof: Option<Verification>,
        url: impl Fn(SocketAddr) -> Option<String>,
    ) -> Self {
        let (plan, hindrance) = match plan::up(stack, observed, Request::default()) {
            // An `up` will set it; a look does not, and waiting for it is in vain.
            Ok(plan) if observed.grafana == ObservedGrafana::LoginRefused => {
                (plan, Some(plan::login_refused(stack, observed).to_string()))
            }
            Ok(plan) => (plan, None),
            Err(error @ Error::GrafanaLogin { .. }) => {
                (Plan::default(), Some(format!("{error}: give its password with {PASSWORD_WAYS}")))
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
            hindrance,
            proof,
        }
    }

    /// Returns what it amounts to.
    pub fn finding(&self) -> StatusVerdict {
        let not_ready = self.services.iter().filter_map(|service| match &service.readiness {
            Readiness::Ready | Readiness::OutOfReach => None,
            Readiness::NotReady(last) => Some(format!("{} is not ready: {last}", service.name)),
        });
        let mut problems: Vec<String> = self.hindrance.iter().cloned().chain(not_ready).collect();
        let is_amiss = !problems.is_empty();
        let out_of_reach = self.services.iter().filter(|service| service.readiness == Readiness::OutOfReach);
        problems.extend(out_of_reach.map(|service| format!("{} is not reachable from here", service.name)));
        if is_amiss {
            return StatusVerdict::Problems(problems);
        }
        if !problems.is_empty() {
            return StatusVerdict::OutOfReach(problems);
        }
        match self.proof.as_ref().map(Verification::verdict) {
            Some(Verdict::Proven) => StatusVerdict::Good,
            Some(Verdict::Pending(what)) => StatusVerdict::Pending(what),
            Some(Verdict::Unhealthy(what)) => StatusVerdict::Unhealthy(what),
            None => StatusVerdict::Pending(vec!["nothing was asked for a proof".into()]),
        }
    }
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
    let absent = || Readiness::NotReady("there is no container".into());
    ServiceStatus {
        name: service.name.to_string(),
        state: container.map(|container| container.state),
        readiness: observed.readiness.get(service.name).cloned().unwrap_or_else(absent),
        image: container.map_or_else(|| service.image.to_string(), |container| container.image.clone()),
        url: container.and_then(|container| container.address).and_then(url),
        drift: drift(service, plan),
        without: container.and_then(|container| container.without.clone()),
    }
}

/// Returns the causes of what the plan would do to a service, beyond waiting for it.
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
