//! Results for people.

use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};

use super::{Summary, verdict};
use crate::config::settings::{PasswordOrigin, WELL_KNOWN_PASSWORD};
use crate::error::Conflict;
use crate::error::hint::conflict_hint;
use crate::model::observed::Readiness;
use crate::model::sanitize;
use crate::model::stack::Login;
use crate::model::verification::{Health, PanelCheck, Target, Verification};
use crate::plan::{Plan, TextChange, Verb};
use crate::status::{ServiceStatus, Status};

/// The verbs whose times stand in a column of their own.
const COLUMNS: [&[Verb]; 4] = [
    &[Verb::Pull],
    &[Verb::Create, Verb::Upload],
    &[Verb::Start, Verb::Restart],
    &[Verb::Await, Verb::Reload],
];

/// The verbs whose longest time is told below the table.
const OTHERS: [Verb; 12] = [
    Verb::CreateNetwork,
    Verb::CreateVolume,
    Verb::Check,
    Verb::Stop,
    Verb::Remove,
    Verb::WritePasswordFile,
    Verb::CheckLogin,
    Verb::SetLogin,
    Verb::DataSource,
    Verb::Import,
    Verb::WaitDataSource,
    Verb::CheckConnectivity,
];

pub(super) fn plan(stack: &str, plan: &Plan, changes: &[TextChange]) -> String {
    if plan.is_empty() && plan.conflicts.is_empty() {
        return format!("stack {stack} is up to date: 0 operations\n");
    }
    let diffs: Vec<String> = changes.iter().map(|change| format!("\n{}", change.diff)).collect();
    let mut last = vec![format!("stack {stack}: {} operations", plan.len())];
    last.extend(conflicts(&plan.conflicts));
    let gap = if plan.is_empty() { "" } else { "\n" };
    format!("{plan}{}{gap}{}", diffs.concat(), joined(&last))
}

pub(super) fn summary(summary: &Summary<'_>) -> String {
    let name = &summary.status.stack;
    let seconds = format!("{:.2} s", summary.total.as_secs_f64());
    if summary.plan.is_empty() {
        let state = if summary.status.conflicts.is_empty() { "up to date" } else { "up" };
        let mut lines = vec![format!("stack {name} is {state}: 0 operations in {seconds}")];
        lines.extend(conflicts(&summary.status.conflicts));
        return joined(&lines);
    }
    let mut table = table(["service", "state", "address", "login", "pull", "create", "start", "ready"]);
    for service in &summary.status.services {
        let mut row =
            vec![service.name.clone(), state(service), address(service), login(service, summary.login)];
        row.extend(COLUMNS.map(|verbs| span(summary.timings.of(&service.name, verbs))));
        table.add_row(row);
    }
    let rest: Vec<String> = OTHERS.iter().filter_map(|verb| longest(summary, *verb)).collect();
    let mut lines = vec![
        format!("stack {name} is up: {} operations in {seconds}", summary.plan.len()),
        format!("\n{table}\n"),
        labelled("and", &rest.join(", ")),
    ];
    let grafana = summary.status.services.iter().find(|service| service.name == "grafana");
    if let Some(url) = grafana.and_then(|grafana| grafana.url.as_deref()) {
        lines.extend(summary.dashboards.iter().map(|uid| labelled("dashboard", &format!("{url}/d/{uid}"))));
    }
    if let PasswordOrigin::Generated(file) = &summary.login.password.origin {
        lines.push(labelled("password", &format!("in {}", sanitize::path(file))));
    }
    lines.extend(notes(summary.status));
    lines.extend(conflicts(&summary.status.conflicts));
    if let Some(proof) = &summary.status.proof {
        lines.extend(proof_lines(proof));
    }
    joined(&lines)
}

pub(super) fn status(status: &Status) -> String {
    let mut table = table(["service", "state", "address", "image", "drift"]);
    for service in &status.services {
        let drift = if service.drift.is_empty() { "none".into() } else { service.drift.join("; ") };
        table.add_row(vec![
            service.name.clone(),
            state(service),
            address(service),
            service.image.clone(),
            drift,
        ]);
    }
    let mut lines = vec![format!("stack {}", status.stack), format!("\n{table}\n")];
    if let Some(proof) = &status.proof {
        lines.extend(proof_lines(proof));
    }
    if !status.edited.is_empty() {
        lines.push(labelled("edited", &status.edited.join(", ")));
    }
    let is_in_conflict = |uid: &&String| {
        status
            .conflicts
            .iter()
            .any(|conflict| matches!(conflict, Conflict::Dashboard { uid: other, .. } if other == *uid))
    };
    for uid in status.edited_inside.iter().filter(|uid| !is_in_conflict(uid)) {
        let text = format!("{uid} inside Grafana; `tdd-stack dashboards pull` brings that into the file");
        lines.push(labelled("edited", &text));
    }
    lines.extend(conflicts(&status.conflicts));
    lines.extend(notes(status));
    joined(&lines)
}

/// Returns each conflict with what ends it.
pub(super) fn conflicts(conflicts: &[Conflict]) -> Vec<String> {
    let lines = |conflict: &Conflict| {
        [labelled("conflict", &conflict.to_string()), labelled("hint", &conflict_hint(conflict))]
    };
    conflicts.iter().flat_map(lines).collect()
}

pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    plain(header.to_vec())
}

/// Returns a table without lines.
pub(super) fn plain(header: Vec<&str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table
}

fn proof_lines(proof: &Verification) -> Vec<String> {
    let (word, what) = verdict(proof);
    let required: Vec<&Target> = proof.targets.iter().filter(|target| target.required).collect();
    let up = required.iter().filter(|target| target.health == Health::Up).count();
    let others = proof.targets.iter().filter(|target| !target.required);
    let rules = &proof.rules;
    let firing = if rules.firing.is_empty() { "none".into() } else { rules.firing.join(", ") };
    let active = match (proof.alertmanager_active, proof.watchdog_arrived) {
        (false, _) => "not known to Prometheus",
        (true, false) => "active, no alert from Prometheus yet",
        (true, true) => "active",
    };
    let mut lines = vec![labelled("observes", word)];
    lines.extend(what.iter().map(|problem| labelled("", problem)));
    lines.push(labelled("targets", &format!("{up} of {} required up", required.len())));
    lines.extend(others.flat_map(target_lines));
    lines.push(labelled("rules", &format!("{} of {} healthy, firing: {firing}", rules.healthy, rules.total)));
    lines.push(labelled("alertmanager", active));
    lines.extend(proof.dashboards.iter().map(|dashboard| {
        let has_data = |panel: &&PanelCheck| panel.series.as_ref().is_ok_and(|series| *series > 0);
        let filled = dashboard.panels.iter().filter(has_data).count();
        let panels = dashboard.panels.len();
        labelled("dashboard", &format!("{} ({filled} of {panels} panels have data)", dashboard.url))
    }));
    lines
}

fn target_lines(target: &Target) -> Vec<String> {
    match target.health {
        Health::Up => vec![labelled("", &format!("{} up", target.job))],
        Health::Unknown => vec![labelled("", &format!("{} not scraped yet", target.job))],
        Health::Down => {
            let down = labelled("", &format!("{} down: {}", target.job, target.error));
            std::iter::once(down)
                .chain(target.advice.map(|advice| labelled("", &format!("  {advice}"))))
                .collect()
        }
    }
}

fn notes(status: &Status) -> Vec<String> {
    let note = |service: &ServiceStatus| {
        let without = service.without.as_ref()?;
        Some(labelled("note", &format!("{} runs without {without}", service.name)))
    };
    status.services.iter().filter_map(note).collect()
}

fn labelled(label: &str, text: &str) -> String {
    format!("{label:<12} {text}")
}

pub(super) fn joined(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn state(service: &ServiceStatus) -> String {
    let word = service.state_word();
    match &service.readiness {
        Readiness::Ready => format!("{word}, ready"),
        Readiness::NotReady(_) if service.state.is_none() => word.into(),
        Readiness::NotReady(last) => format!("{word}, not ready: {last}"),
        Readiness::OutOfReach => format!("{word}, not reachable from here"),
    }
}

fn address(service: &ServiceStatus) -> String {
    service.url.clone().unwrap_or_else(|| "-".into())
}

fn login(service: &ServiceStatus, login: &Login) -> String {
    if service.name != "grafana" {
        return "-".into();
    }
    let password = match login.password.origin {
        _ if login.password.is_well_known() => WELL_KNOWN_PASSWORD,
        PasswordOrigin::Generated(_) => "see below",
        PasswordOrigin::Default
        | PasswordOrigin::Prompt
        | PasswordOrigin::File(_)
        | PasswordOrigin::Environment => "as given",
    };
    format!("{} / {password}", login.user)
}

fn span(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".into(), |time| format!("{:.2} s", time.as_secs_f64()))
}

/// Returns a verb and the longest time of its operations, which may have run at once.
fn longest(summary: &Summary<'_>, verb: Verb) -> Option<String> {
    let times = summary.timings.0.iter().filter(|timing| timing.verb == verb).map(|timing| timing.took);
    times.max().map(|time| format!("{verb} {:.2} s", time.as_secs_f64()))
}
