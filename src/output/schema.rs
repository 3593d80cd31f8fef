//! The JSON objects on standard output. Each names its schema; keys may be added, never change their meaning.

use std::path::Path;

use serde_json::{Value, json};

use super::{CheckReport, FileOutcome, FileReport, Summary};
use crate::config::settings::PasswordOrigin;
use crate::error::{ConfigFault, Conflict, Error};
use crate::model::observed::Readiness;
use crate::model::verification::{Health, Verification};
use crate::plan::{Plan, Step, TextChange};
use crate::status::{ServiceStatus, Status, StatusVerdict};

pub(super) fn plan(stack: &str, plan: &Plan, changes: &[TextChange]) -> Value {
    let change =
        |change: &TextChange| json!({"service": change.service, "name": change.name, "diff": change.diff});
    json!({
        "schema": "tdd-stack.plan/1",
        "stack": stack,
        "operations": operations(plan),
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
        "conflicts": plan.conflicts.iter().map(conflict).collect::<Vec<_>>(),
    })
}

pub(super) fn summary(summary: &Summary<'_>) -> Value {
    let timings = summary.timings.0.iter().map(|timing| {
        json!({
            "operation": timing.verb.word(),
            "service": timing.service,
            "began": timing.began.as_secs_f64(),
            "took": timing.took.as_secs_f64(),
        })
    });
    let password_file = match &summary.login.password.origin {
        PasswordOrigin::Generated(file) => Some(file),
        PasswordOrigin::Default
        | PasswordOrigin::Prompt
        | PasswordOrigin::File(_)
        | PasswordOrigin::Environment => None,
    };
    json!({
        "schema": "tdd-stack.up/1",
        "stack": summary.status.stack,
        "ok": true,
        "seconds": summary.total.as_secs_f64(),
        "operations": operations(summary.plan),
        "services": summary.status.services.iter().map(service).collect::<Vec<_>>(),
        "timings": timings.collect::<Vec<_>>(),
        "password_file": password_file,
        "conflicts": summary.status.conflicts.iter().map(conflict).collect::<Vec<_>>(),
        "proof": summary.status.proof.as_ref().map(|proof| {
            let mut object = observed(proof);
            object["verdict"] = super::verdict(proof).0.into();
            object
        }),
    })
}

pub(super) fn status(status: &Status) -> Value {
    let proof = status.proof.clone().unwrap_or_default();
    let problems = match status.finding() {
        StatusVerdict::Good => Vec::new(),
        StatusVerdict::Pending(what)
        | StatusVerdict::Unhealthy(what)
        | StatusVerdict::OutOfReach(what)
        | StatusVerdict::Problems(what) => what,
    };
    let word = match status.finding() {
        StatusVerdict::Good => "proven",
        StatusVerdict::Pending(_) => "pending",
        StatusVerdict::Unhealthy(_) => "blind",
        StatusVerdict::OutOfReach(_) => "out-of-reach",
        StatusVerdict::Problems(_) => "amiss",
    };
    let mut object = observed(&proof);
    object["schema"] = "tdd-stack.status/1".into();
    object["stack"] = status.stack.clone().into();
    object["ok"] = matches!(status.finding(), StatusVerdict::Good | StatusVerdict::Pending(_)).into();
    object["finding"] = word.into();
    object["problems"] = problems.into();
    object["services"] = status.services.iter().map(service).collect();
    object["edited"] = status.edited.clone().into();
    object["edited_inside"] = status.edited_inside.clone().into();
    object["conflicts"] = status.conflicts.iter().map(conflict).collect();
    object
}

/// Returns what a proof saw.
fn observed(proof: &Verification) -> Value {
    json!({
        "targets": targets(proof),
        "rules": {
            "total": proof.rules.total,
            "healthy": proof.rules.healthy,
            "firing": proof.rules.firing,
        },
        "alertmanager": {"active": proof.alertmanager_active, "watchdog": proof.watchdog_arrived},
        "dashboards": dashboards(proof),
    })
}

pub(super) fn files(reports: &[FileReport]) -> Value {
    let files = reports.iter().map(|report| {
        let (outcome, backup) = match &report.outcome {
            FileOutcome::Unchanged => ("unchanged", None),
            FileOutcome::Kept => ("kept", None),
            FileOutcome::Written { backup } => ("written", backup.as_ref()),
        };
        json!({"path": path(&report.path), "outcome": outcome, "backup": backup.map(|backup| path(backup))})
    });
    json!({"schema": "tdd-stack.init/1", "ok": true, "files": files.collect::<Vec<_>>()})
}

pub(super) fn checks(reports: &[CheckReport]) -> Value {
    let checks = reports.iter().map(|report| {
        let faults: Vec<Value> = report.faults.iter().map(fault).collect();
        json!({"check": report.title, "ok": faults.is_empty(), "faults": faults})
    });
    json!({
        "schema": "tdd-stack.check/1",
        "ok": reports.iter().all(|report| report.faults.is_empty()),
        "checks": checks.collect::<Vec<_>>(),
    })
}

pub(super) fn error(error: &Error) -> Value {
    let mut causes = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    let mut object = json!({
        "schema": "tdd-stack.error/1",
        "ok": false,
        "code": error.code(),
        "exit_code": error.exit_code(),
        "message": error.to_string(),
        "causes": causes,
        "hint": error.hint(),
    });
    let further = error.of_clean_up();
    if !further.is_empty() {
        object["clean_up"] = further.into_iter().map(self::error).collect();
    }
    match error.first() {
        Error::Conflicts(conflicts) => object["conflicts"] = conflicts.iter().map(conflict).collect(),
        Error::Pull { images, .. } => object["images"] = images.clone().into(),
        Error::Faults(faults) => object["faults"] = faults.iter().map(fault).collect(),
        Error::Problems(problems) | Error::Unhealthy(problems) => object["problems"] = json!(problems),
        _ => {}
    }
    object
}

pub(super) fn operations(plan: &Plan) -> Vec<Value> {
    let operation = |step: &Step| {
        json!({
            "operation": step.operation.verb().word(),
            "target": step.operation.target(),
            "service": step.operation.service(),
            "cause": step.cause.to_string(),
            "after": step.needs.iter().map(|need| need + 1).collect::<Vec<_>>(),
        })
    };
    plan.steps.iter().map(operation).collect()
}

fn service(service: &ServiceStatus) -> Value {
    let last = match &service.readiness {
        Readiness::Ready => None,
        Readiness::NotReady(last) => Some(last.as_str()),
        Readiness::OutOfReach => Some("not reachable from here"),
    };
    json!({
        "name": service.name,
        "state": service.state_word(),
        "ready": service.readiness.is_ready(),
        "last": last,
        "image": service.image,
        "url": service.url,
        "drift": service.drift,
        "without": service.without,
    })
}

fn targets(proof: &Verification) -> Vec<Value> {
    let target = |target: &crate::model::verification::Target| {
        json!({
            "job": target.job,
            "url": target.url,
            "up": target.health == Health::Up,
            "health": match target.health {
                Health::Up => "up",
                Health::Down => "down",
                Health::Unknown => "unknown",
            },
            "required": target.required,
            "error": target.error,
            "advice": target.advice,
        })
    };
    proof.targets.iter().map(target).collect()
}

fn dashboards(proof: &Verification) -> Vec<Value> {
    let panel = |panel: &crate::model::verification::PanelCheck| match &panel.series {
        Ok(series) => json!({"title": panel.title, "series": series}),
        Err(error) => json!({"title": panel.title, "series": 0, "error": error}),
    };
    let dashboard = |dashboard: &crate::model::verification::DashboardCheck| {
        json!({
            "uid": dashboard.uid,
            "url": dashboard.url,
            "panels": dashboard.panels.iter().map(panel).collect::<Vec<_>>(),
        })
    };
    proof.dashboards.iter().map(dashboard).collect()
}

fn fault(fault: &ConfigFault) -> Value {
    json!({"file": path(&fault.file), "line": fault.line, "reason": fault.reason})
}

/// Returns a path as text: a name of other bytes has no place in JSON.
fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn conflict(conflict: &Conflict) -> Value {
    match conflict {
        Conflict::Dashboard { uid, file } => json!({"kind": "dashboard", "name": uid, "file": file}),
        Conflict::File { path } => json!({"kind": "file", "name": path}),
        Conflict::Restore { name } => json!({"kind": "restore", "name": name}),
        Conflict::Foreign { kind, name } | Conflict::Present { kind, name } => {
            json!({"kind": kind.to_string(), "name": name})
        }
        Conflict::Port { service, address, holder } | Conflict::FixedPort { service, address, holder } => {
            json!({"kind": "port", "service": service, "address": address, "holder": holder})
        }
    }
}
