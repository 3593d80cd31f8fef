//! `tdd-stack.status/1`: what runs, and whether it is healthy.

use serde::Serialize;

use super::conflict::ConflictItem;
use super::verification::VerificationItem;
use crate::model::observed::Readiness;
use crate::status::{ServiceStatus, Status, StatusVerdict};

/// The result of `status`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.status/1")]
pub(crate) struct StatusDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether the verdict is `healthy` or `pending`.
    ok: bool,
    /// The overall result.
    verdict: StatusWord,
    /// The reasons of the verdict; empty if everything is healthy.
    problems: Vec<String>,
    /// The services.
    services: Vec<ServiceItem<'a>>,
    /// The names of the configuration files that the user edited.
    edited: &'a [String],
    /// The uids of the dashboards that were edited inside Grafana.
    edited_inside: &'a [String],
    /// The conflicts that block a part of the desired state.
    conflicts: Vec<ConflictItem<'a>>,
    /// The results of the checks; empty lists and zeros if nothing was checked.
    #[serde(flatten)]
    verification: VerificationItem<'a>,
}

/// The overall result of a status.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum StatusWord {
    /// Everything runs and is healthy.
    Healthy,
    /// Everything runs, and results are missing because the services just started.
    Pending,
    /// Everything runs, and a part of the monitoring does not work.
    Unhealthy,
    /// The services run on another machine and are not reachable from here.
    NotReachable,
    /// Problems keep the stack from running.
    Problems,
}

/// A service of the stack.
#[derive(Debug, Serialize)]
pub(super) struct ServiceItem<'a> {
    /// The name of the service.
    name: &'a str,
    /// The state of its container: `absent`, `created`, `exited`, `running`, `paused`, `restarting` or `other`.
    state: &'static str,
    /// Whether it is ready.
    ready: bool,
    /// The last answer of its probe, or why it was not probed; null if it is ready.
    last: Option<&'a str>,
    /// The reference of its image.
    image: &'a str,
    /// Its URL; null if its port is not published, or not reachable from here.
    url: Option<&'a str>,
    /// Its port on the host; null if none is published.
    port: Option<u16>,
    /// Why `up` would change it, in words; empty if it is in the desired state.
    drift: &'a [String],
    /// The feature that its container lacks because the engine refused it; null if it lacks none.
    without: Option<&'a str>,
}

pub(crate) fn status(status: &Status) -> StatusDocument<'_> {
    let (verdict, problems) = match status.finding() {
        StatusVerdict::Good => (StatusWord::Healthy, Vec::new()),
        StatusVerdict::Pending(what) => (StatusWord::Pending, what),
        StatusVerdict::Unhealthy(what) => (StatusWord::Unhealthy, what),
        StatusVerdict::OutOfReach(what) => (StatusWord::NotReachable, what),
        StatusVerdict::Problems(what) => (StatusWord::Problems, what),
    };
    StatusDocument {
        stack: &status.stack,
        ok: matches!(verdict, StatusWord::Healthy | StatusWord::Pending),
        verdict,
        problems,
        services: services(status),
        edited: &status.edited,
        edited_inside: &status.edited_inside,
        conflicts: ConflictItem::all(&status.conflicts),
        verification: status.proof.as_ref().map(VerificationItem::of).unwrap_or_default(),
    }
}

pub(super) fn services(status: &Status) -> Vec<ServiceItem<'_>> {
    status.services.iter().map(ServiceItem::of).collect()
}

impl<'a> ServiceItem<'a> {
    fn of(service: &'a ServiceStatus) -> Self {
        Self {
            name: &service.name,
            state: service.state_word(),
            ready: service.readiness.is_ready(),
            last: match &service.readiness {
                Readiness::Ready => None,
                Readiness::NotReady(last) => Some(last),
                Readiness::OutOfReach => Some("not reachable from here"),
            },
            image: &service.image,
            url: service.url.as_deref(),
            port: service.port,
            drift: &service.drift,
            without: service.without.as_deref(),
        }
    }
}
