//! Decides what changes in Grafana: its login, data sources and dashboards.

use serde_json::Value;

use super::files::DesiredFiles;
use super::planner::Planner;
use super::request::DashboardEdits;
use super::{Cause, LoginCase, Operation};
use crate::config::dashboard;
use crate::error::{Conflict, Error, Result};
use crate::model::observed::{GrafanaContent, Observed, ObservedGrafana, Readiness, contains};
use crate::model::stack::{Service, Stack};

impl Planner<'_> {
    /// Plans the changes in Grafana. They wait until all edited files have passed their checks.
    pub(super) fn grafana(
        &mut self,
        dashboards: Vec<(&'static str, &'static str, Value)>,
        edits: DashboardEdits,
    ) -> Result<()> {
        // A Grafana that keeps running and cannot be reached can be neither read nor changed.
        if self.observed.grafana == ObservedGrafana::OutOfReach && !self.awaited.contains_key("grafana") {
            return Ok(());
        }
        let ready: Vec<usize> =
            self.awaited.get("grafana").into_iter().chain(&self.checks).copied().collect();
        let ready = self.login(ready)?;
        let unknown = GrafanaContent::default();
        let (seen, unseen) = match &self.observed.grafana {
            ObservedGrafana::Known(content) => (content, None),
            ObservedGrafana::LoginRefused => (&unknown, Some(Cause::Unseen)),
            ObservedGrafana::Unknown | ObservedGrafana::OutOfReach => (&unknown, Some(Cause::JustStarted)),
        };
        let cause = |found: bool| match (&unseen, found) {
            (Some(unseen), _) => unseen.clone(),
            (None, false) => Cause::Absent,
            (None, true) => Cause::Differs,
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
            self.plan.push(Operation::WaitDataSource { uid: data_source.uid.to_string() }, last, &needs);
        }
        for (uid, file, body) in dashboards {
            let found = seen.dashboards.get(uid);
            let is_kept = edits == DashboardEdits::Keep && dashboard::is_edited_inside(seen, uid);
            let is_applied = found.is_some_and(|found| contains(found, &body));
            if is_kept && !is_applied && dashboard::is_edited_twice(seen, uid, &body) {
                self.plan.conflicts.push(Conflict::Dashboard { uid: uid.into(), file: file.into() });
            }
            if !is_kept && !is_applied {
                let import = Operation::ImportDashboard { uid: uid.to_string(), body, edits };
                self.plan.push(import, cause(found.is_some()), &ready);
            }
        }
        Ok(())
    }

    /// Plans a check of the login before other requests use it, because several requests at once would be
    /// several wrong tries. New data needs no check, because Grafana takes its password from the password
    /// file.
    fn login(&mut self, ready: Vec<usize>) -> Result<Vec<usize>> {
        let is_chosen = self.stack.login.password.is_chosen();
        let volume = self.stack.service("grafana").and_then(Service::data_volume).unwrap_or_default();
        let is_old = self.observed.objects.volumes.contains_key(volume);
        let (known, cause) = match &self.observed.grafana {
            ObservedGrafana::LoginRefused if is_chosen => {
                (LoginCase::Refused, Cause::LoginRefused(self.stack.login.user.clone()))
            }
            ObservedGrafana::LoginRefused => return Err(login_refused(self.stack, self.observed)),
            ObservedGrafana::Unknown | ObservedGrafana::OutOfReach if is_old && is_chosen => {
                (LoginCase::Unproven, Cause::OlderData)
            }
            ObservedGrafana::Unknown | ObservedGrafana::OutOfReach if is_old => {
                (LoginCase::Default, Cause::OlderData)
            }
            ObservedGrafana::Unknown | ObservedGrafana::OutOfReach | ObservedGrafana::Known(_) => {
                return Ok(ready);
            }
        };
        Ok(vec![self.plan.push(Operation::SetLogin(known), cause, &ready)])
    }
}

/// Returns the error for a login that Grafana rejects.
pub fn login_refused(stack: &Stack, observed: &Observed) -> Error {
    let address = observed.objects.containers.get("grafana").and_then(|container| container.address);
    let volume = stack.service("grafana").and_then(Service::data_volume).unwrap_or_default();
    Error::GrafanaLogin {
        url: address.map(|address| format!("http://{address}")).unwrap_or_default(),
        user: stack.login.user.clone(),
        volume: volume.to_string(),
        was_set: false,
    }
}

/// Returns each dashboard with its uid and file, or all errors in their files.
pub(super) fn dashboards(
    stack: &Stack,
    files: &DesiredFiles,
) -> Result<Vec<(&'static str, &'static str, Value)>> {
    let mut bodies = Vec::new();
    let mut faults = Vec::new();
    for wanted in &stack.dashboards {
        let Some(file) = files.0.get(wanted.file) else { continue };
        match dashboard::parse(&file.content, wanted.uid) {
            Ok(body) => bodies.push((wanted.uid, wanted.file, body)),
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| fault.in_file(stack.folder.join(wanted.file))));
            }
        }
    }
    if faults.is_empty() { Ok(bodies) } else { Err(Error::Faults(faults)) }
}
