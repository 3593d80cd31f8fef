//! Decides what `up` changes, by comparing the desired state with the observed state.
//!
//! It uses no engine, network, disk or clock: the same inputs give the same plan.

use std::collections::BTreeMap;

use super::files::DesiredFiles;
use super::grafana::dashboards;
use super::planner::Planner;
use super::request::{PullPolicy, Request};
use super::{Cause, Force, Operation, Plan};
use crate::error::{Error, PullFault, Result};
use crate::model::observed::Observed;
use crate::model::stack::{Service, Stack, When};

/// Plans the operations that turn the observed state into the desired state.
pub fn up(stack: &Stack, observed: &Observed, request: Request) -> Result<Plan> {
    if !observed.conflicts.is_empty() {
        return Err(Error::Conflicts(observed.conflicts.clone()));
    }
    let files = DesiredFiles::of(stack, observed);
    files.check(stack)?;
    let dashboards = dashboards(stack, &files)?;
    let mut planner = Planner {
        stack,
        observed,
        files,
        proof: request.proof,
        plan: Plan::default(),
        awaited: BTreeMap::new(),
        checks: Vec::new(),
        quickened: Vec::new(),
        set_aside: Vec::new(),
    };
    let pulls = planner.pull_images(request.pull)?;
    planner.write_files();
    let checks = planner.check_files(&pulls);
    planner.checks.clone_from(&checks);
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
    planner.grafana(dashboards, request.edits)?;
    planner.end_quick_start();
    planner.end_replacements();
    Ok(planner.plan)
}

/// Plans the pulls of missing images.
pub fn pull<'a>(services: impl IntoIterator<Item = &'a Service>) -> Plan {
    let mut plan = Plan::default();
    for service in services {
        let pull = Operation::Pull { image: service.image.to_string(), service: service.name.to_string() };
        if plan.steps.iter().all(|step| step.operation.target() != pull.target()) {
            plan.push(pull, Cause::Absent, &[]);
        }
    }
    plan
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

    /// Plans the pulls and returns, for each service, the operation that pulls its image.
    fn pull_images(&mut self, policy: PullPolicy) -> Result<BTreeMap<&'static str, usize>> {
        let mut by_image = BTreeMap::new();
        let mut missing = Vec::new();
        let mut by_service = BTreeMap::new();
        for service in &self.stack.services {
            let image = service.image.to_string();
            let cause = match (policy, self.observed.images.contains_key(&image)) {
                (PullPolicy::Always, _) => Cause::Asked("--pull always"),
                (_, true) => continue,
                (PullPolicy::Missing, false) => Cause::Absent,
                (PullPolicy::Never, false) => {
                    missing.push(image);
                    continue;
                }
            };
            let pull = Operation::Pull { image: image.clone(), service: service.name.to_string() };
            let step = *by_image.entry(image).or_insert_with(|| self.plan.push(pull, cause, &[]));
            by_service.insert(service.name, step);
        }
        if missing.is_empty() {
            return Ok(by_service);
        }
        let source = "`--pull never` is set".into();
        Err(Error::Pull { images: missing, fault: PullFault::NotAsked, source })
    }

    /// Plans a check of each edited file that is not applied yet; other changes wait until all of them pass.
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

    fn reach(&mut self) {
        let starts = |step: &super::Step| {
            matches!(step.operation, Operation::Start { .. } | Operation::Restart { .. })
        };
        let Some(first) = self.stack.services.first() else { return };
        if !self.plan.steps.iter().any(starts) {
            return;
        }
        let needs: Vec<usize> = self.awaited.values().copied().collect();
        let reach = Operation::CheckConnectivity {
            from: first.name.to_string(),
            urls: self.stack.services.iter().map(Service::inner_url).collect(),
        };
        self.plan.push(reach, Cause::JustStarted, &needs);
    }
}
