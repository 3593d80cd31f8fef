//! Decides what Grafana is to be told: its data sources and dashboards.

use serde_json::Value;

use super::files::Files;
use super::up::{DashboardEdits, Planner};
use super::{Cause, Operation};
use crate::dashboard;
use crate::error::{Error, Fault, Result};
use crate::observed::{Grafana, GrafanaContent, Readiness, contains};
use crate::stack::{Service, Stack};

impl Planner<'_> {
    /// Plans what differs in Grafana; nothing of it before all edited files have passed their checks.
    pub(super) fn grafana(
        &mut self,
        dashboards: Vec<(&'static str, Value)>,
        edits: DashboardEdits,
    ) -> Result<()> {
        let ready: Vec<usize> =
            self.awaited.get("grafana").into_iter().chain(&self.checks).copied().collect();
        let unknown = GrafanaContent::default();
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
            let is_kept = edits == DashboardEdits::Keep && seen.is_edited(uid);
            if !is_kept && found.is_none_or(|found| !contains(found, &body)) {
                let import = Operation::ImportDashboard { uid: uid.to_string(), body, edits };
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

/// Returns the dashboards as Grafana takes them, or everything that is wrong with their files.
pub(super) fn dashboards(stack: &Stack, files: &Files) -> Result<Vec<(&'static str, Value)>> {
    let mut bodies = Vec::new();
    let mut faults = Vec::new();
    for wanted in &stack.dashboards {
        let Some(file) = files.0.get(wanted.file) else { continue };
        match dashboard::parse(&file.content, wanted.uid) {
            Ok(body) => bodies.push((wanted.uid, body)),
            Err(found) => faults.extend(found.into_iter().map(|fault| Fault {
                file: stack.folder.join(wanted.file),
                line: fault.line,
                reason: fault.reason,
            })),
        }
    }
    if faults.is_empty() { Ok(bodies) } else { Err(Error::Faults(faults)) }
}
