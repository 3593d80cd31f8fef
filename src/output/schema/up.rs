//! `tdd-stack.up/1`: what `up` did, and how to use the stack.

use serde::Serialize;

use super::conflict::ConflictItem;
use super::path;
use super::plan::{OperationItem, operations};
use super::status::{ServiceItem, services};
use super::verification::VerdictItem;
use crate::config::settings::PasswordOrigin;
use crate::output::{Summary, Timing};

/// The result of `up`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.up/1")]
pub(crate) struct UpDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether the stack is in the requested state, which is always true: otherwise an error is printed.
    ok: bool,
    /// The duration of the command in seconds.
    seconds: f64,
    /// The operations that were run; empty if the stack was up to date.
    operations: Vec<OperationItem<'a>>,
    /// The times of the operations, in the order in which they ended.
    timings: Vec<TimingItem<'a>>,
    /// The services.
    services: Vec<ServiceItem<'a>>,
    /// The imported dashboards.
    dashboards: Vec<LinkItem<'a>>,
    /// The login of Grafana.
    login: LoginItem<'a>,
    /// The conflicts that block a part of the desired state.
    conflicts: Vec<ConflictItem<'a>>,
    /// The results of the checks of the monitoring; null unless `up` waited for it.
    verification: Option<VerdictItem<'a>>,
}

/// The time of an operation.
#[derive(Debug, Serialize)]
struct TimingItem<'a> {
    /// The verb, such as `create`.
    operation: &'static str,
    /// The service; null if the operation belongs to none.
    service: Option<&'a str>,
    /// The start, in seconds since the first operation of its plan.
    began: f64,
    /// The duration in seconds.
    took: f64,
}

/// The place of a dashboard.
#[derive(Debug, Serialize)]
struct LinkItem<'a> {
    /// The uid.
    uid: &'a str,
    /// The URL; null if Grafana's port is not reachable from here.
    url: Option<String>,
}

/// The login of Grafana, without its password.
#[derive(Debug, Serialize)]
struct LoginItem<'a> {
    /// The name of the user.
    user: &'a str,
    /// The file of the generated password; null if the password was not generated.
    password_file: Option<String>,
}

pub(crate) fn summary<'a>(summary: &'a Summary<'a>) -> UpDocument<'a> {
    let status = summary.status;
    let grafana = status.services.iter().find(|service| service.name == "grafana");
    let grafana = grafana.and_then(|grafana| grafana.url.as_deref());
    let link = |uid: &&'a str| LinkItem { uid, url: grafana.map(|base| format!("{base}/d/{uid}")) };
    let password_file = match &summary.login.password.origin {
        PasswordOrigin::Generated(file) => Some(path(file)),
        PasswordOrigin::Default
        | PasswordOrigin::Prompt
        | PasswordOrigin::File(_)
        | PasswordOrigin::Environment => None,
    };
    UpDocument {
        stack: &status.stack,
        ok: true,
        seconds: summary.total.as_secs_f64(),
        operations: operations(summary.plan),
        timings: summary.timings.0.iter().map(TimingItem::of).collect(),
        services: services(status),
        dashboards: summary.dashboards.iter().map(link).collect(),
        login: LoginItem { user: &summary.login.user, password_file },
        conflicts: ConflictItem::all(&status.conflicts),
        verification: status.proof.as_ref().map(VerdictItem::of),
    }
}

impl<'a> TimingItem<'a> {
    fn of(timing: &'a Timing) -> Self {
        Self {
            operation: timing.verb.word(),
            service: timing.service.as_deref(),
            began: timing.began.as_secs_f64(),
            took: timing.took.as_secs_f64(),
        }
    }
}
