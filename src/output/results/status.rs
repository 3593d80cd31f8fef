//! The result of `status`.

mod application;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use anstyle::Style;

use application::{app_targets, application_row, other_jobs};

use crate::error::Conflict;
use crate::error::hint::conflict_hint;
use crate::model::alert::{Delivery, WATCHDOG};
use crate::model::observed::{ContainerState, Readiness};
use crate::model::verification::{DashboardCheck, Health, Target, Verification, WARM_UP};
use crate::output::printer::{Printer, print};
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, NAMES, Screen, Terminal};
use crate::output::words::{command, counted, targets_and_rules};
use crate::services::{consequence, title};
use crate::status::{ServiceStatus, Status, StatusVerdict};

/// A detail that has fewer columns than this stands on a line below its row.
const NARROW: usize = 24;

impl Printer {
    /// Prints a status.
    pub fn status(&self, status: &Status) {
        self.result(|terminal| screen(terminal, self.is_verbose, status), || schema::status(status));
    }

    /// Prints the time below a status that is shown again and again.
    pub fn updated_at(&self, moment: SystemTime) {
        if !self.is_json() {
            let text = humantime::format_rfc3339_seconds(moment).to_string();
            print(&[Line::default(), Line::of(DIM, format!("updated at {text}, Ctrl-C ends"))]);
        }
    }
}

/// Returns the screen of a status: verdict, services, what they monitor, what differs, and the fix.
pub(super) fn screen(terminal: Terminal, is_verbose: bool, status: &Status) -> Screen {
    let (mark, verdict) = verdict(status);
    let first = terminal.row(0, mark).then(BOLD, &status.stack).text(": ");
    let mut lines = terminal.continued(first, Style::new(), &verdict);
    if !is_absent(status) {
        lines.extend(
            status.services.iter().flat_map(|service| service_rows(terminal, is_verbose, status, service)),
        );
        if let Some(verification) = &status.proof {
            lines.extend(application_row(terminal, verification));
            lines.extend(other_jobs(terminal, verification));
            lines.extend(firing_row(terminal, status, verification));
            // A service that is not ready answers nothing, which its own row says.
            if status.services.iter().all(|service| service.readiness == Readiness::Ready) {
                lines.extend(unanswered(terminal, verification));
            }
        }
    }
    lines.extend(edited(terminal, status));
    lines.extend(conflicts(terminal, &status.conflicts));
    lines.extend(fix(terminal, status));
    lines
}

/// Returns the worst fact and what follows from it.
fn verdict(status: &Status) -> (Mark, String) {
    match status.finding() {
        StatusVerdict::Good if !status.conflicts.is_empty() => {
            (Mark::Warning, "everything is up and monitored, but edits conflict".into())
        }
        StatusVerdict::Good if has_drift(status) => {
            (Mark::Warning, "everything is up and monitored, but changes are not applied yet".into())
        }
        StatusVerdict::Good => (Mark::Good, "everything is up and monitored".into()),
        StatusVerdict::Pending(missing) => (Mark::Pending, pending(status, &missing)),
        StatusVerdict::Unhealthy(problems) => (Mark::Bad, with_count(&problems)),
        StatusVerdict::OutOfReach(_) => {
            (Mark::Bad, "running, but its ports are not reachable from this machine".into())
        }
        StatusVerdict::Problems(problems) => (Mark::Bad, broken(status, &problems)),
    }
}

fn pending(status: &Status, missing: &[String]) -> String {
    let is_unscraped = |verification: &Verification| {
        verification.age < WARM_UP
            && verification.targets.iter().any(|target| target.required && target.health == Health::Unknown)
    };
    if status.proof.as_ref().is_some_and(is_unscraped) {
        return "starting, the first scrape comes within 15 s".into();
    }
    format!("starting, {}", with_count(missing))
}

fn broken(status: &Status, problems: &[String]) -> String {
    if is_absent(status) && status.hindrance.is_none() {
        return "the stack does not exist".into();
    }
    let mut problems = problems.to_vec();
    if let (None, Some(service)) = (&status.hindrance, first_failed(status)) {
        let (name, consequence) = (title(&service.name), consequence(&service.name));
        problems[0] = format!("{name} is {}, so {consequence}", condition(service));
    }
    with_count(&problems)
}

fn first_failed(status: &Status) -> Option<&ServiceStatus> {
    status.services.iter().find(|service| matches!(service.readiness, Readiness::NotReady(_)))
}

fn condition(service: &ServiceStatus) -> &'static str {
    match service.state {
        None => "missing",
        Some(ContainerState::Created) => "not started",
        Some(ContainerState::Exited) => "stopped",
        Some(ContainerState::Paused) => "paused",
        Some(ContainerState::Restarting) => "restarting again and again",
        Some(ContainerState::Running | ContainerState::Other) => "not ready",
    }
}

fn with_count(problems: &[String]) -> String {
    match problems {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

fn is_absent(status: &Status) -> bool {
    status.services.iter().all(|service| service.state.is_none())
}

/// Returns whether a ready service is out of date. Of one that is not ready, its state is the news.
fn has_drift(status: &Status) -> bool {
    let is_ready = |service: &&ServiceStatus| service.readiness == Readiness::Ready;
    status.services.iter().filter(is_ready).any(|service| !service.drift.is_empty())
}

fn service_rows(terminal: Terminal, is_verbose: bool, status: &Status, service: &ServiceStatus) -> Vec<Line> {
    let finding = |mark, detail: &str| Finding { mark, problems: Vec::new(), detail: detail.into() };
    let Finding { mark, problems, detail } = match &service.readiness {
        Readiness::NotReady(last) => finding(Mark::Bad, last),
        Readiness::OutOfReach => finding(Mark::Pending, "not reachable from this machine"),
        Readiness::Ready => monitored(status, &service.name),
    };
    // Of a service that is not ready, its state is the news.
    let is_ready = service.readiness == Readiness::Ready;
    let drift = || service.drift.iter().filter(move |_| is_ready);
    let mark = if drift().next().is_some() { mark.max(Mark::Warning) } else { mark };
    let urls = status.services.iter().filter_map(|service| service.url.as_deref()).map(str::len).max();
    let mut row = terminal.named(2, mark, title(&service.name));
    if let Some(url) = &service.url {
        row = row.text(url);
        if !detail.is_empty() {
            row = row.padded(terminal.mark_width() + 2 + NAMES + urls.unwrap_or_default() + 3);
        }
    }
    let mut lines = if row.width() + NARROW > terminal.width() && !detail.is_empty() {
        let below = terminal.paragraph(2 + terminal.mark_width() + NAMES, DIM, &detail);
        std::iter::once(row).chain(below).collect()
    } else {
        terminal.continued(row, DIM, &detail)
    };
    let below = |mark, text: &str| terminal.continued(terminal.row(4, mark), Style::new(), text);
    lines.extend(problems.iter().flat_map(|problem| below(Mark::Bad, problem)));
    lines.extend(drift().flat_map(|drift| below(Mark::Warning, &format!("out of date: {drift}"))));
    if is_verbose {
        let mut details = vec![format!("image {}", service.image)];
        details.extend(service.without.iter().map(|without| format!("runs without {without}")));
        lines.extend(
            details.iter().flat_map(|detail| terminal.paragraph(4 + terminal.mark_width(), DIM, detail)),
        );
    }
    lines
}

/// What a service's row says: its mark, its problems below it, and its details.
struct Finding {
    mark: Mark,
    problems: Vec<String>,
    detail: String,
}

impl Finding {
    fn of(problems: Vec<String>, detail: String) -> Self {
        let mark = if problems.is_empty() { Mark::Good } else { Mark::Bad };
        Self { mark, problems, detail }
    }
}

/// Returns what a ready service monitors.
fn monitored(status: &Status, service: &str) -> Finding {
    let nothing = || Finding::of(Vec::new(), String::new());
    status.proof.as_ref().map_or_else(nothing, |verification| match service {
        "prometheus" => prometheus(verification),
        "grafana" => grafana(verification),
        "alertmanager" if verification.alertmanager_active => alertmanager(status),
        _ => nothing(),
    })
}

fn prometheus(verification: &Verification) -> Finding {
    let required = || verification.targets.iter().filter(|target| target.required);
    if required().next().is_none() {
        return Finding::of(Vec::new(), String::new());
    }
    let mut problems: Vec<String> =
        required().filter(|target| target.health == Health::Down).map(down).collect();
    problems.extend(verification.rules.failing.iter().map(|rule| format!("rule {rule}")));
    Finding::of(problems, targets_and_rules(verification))
}

fn down(target: &Target) -> String {
    let hint = target.advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("target {}: {}{hint}", target.job, target.error)
}

fn grafana(verification: &Verification) -> Finding {
    let problem = verification.data_source_error.as_ref().map(|error| format!("data source {error}"));
    let mut problems: Vec<String> = problem.into_iter().collect();
    let has_app = app_targets(verification).all(|target| target.health == Health::Up);
    let panels = || verification.dashboards.iter().flat_map(|dashboard: &DashboardCheck| &dashboard.panels);
    let (mut filled, mut empty, mut waiting, mut quiet) = (0, 0, 0, 0);
    for panel in panels() {
        match &panel.series {
            Ok(0) if panel.shows_alerts => quiet += 1,
            Ok(0) if !has_app => waiting += 1,
            Ok(0) => empty += 1,
            Ok(_) => filled += 1,
            Err(error) => {
                empty += 1;
                if verification.data_source_error.as_ref() != Some(error) {
                    problems.push(format!("panel `{}`: {error}", panel.title));
                }
            }
        }
    }
    // Before the first scrape every panel is empty, which says nothing about it.
    let is_unscraped = |target: &Target| target.required && target.health == Health::Unknown;
    if filled + empty + waiting + quiet == 0 || verification.targets.iter().any(is_unscraped) {
        return Finding::of(problems, String::new());
    }
    let detail = match waiting {
        0 => format!("{filled}/{} panels have data", filled + empty),
        waiting => format!("{filled}/{} panels, {waiting} need your app", filled + empty),
    };
    Finding::of(problems, detail)
}

fn alertmanager(status: &Status) -> Finding {
    let to = if status.receivers.is_empty() { "its receivers".into() } else { status.receivers.join(", ") };
    let deliveries = || status.deliveries.iter().flatten();
    let failed = |delivery: &Delivery| {
        let all = counted(delivery.delivered + delivery.failed, "message");
        format!("{} of {all} failed ({})", delivery.failed, delivery.integration)
    };
    let failed: Vec<String> = deliveries().filter(|delivery| delivery.failed > 0).map(failed).collect();
    // Only what was seen is said: a configured receiver has not received anything yet.
    let (mark, detail) = match deliveries().map(|delivery| delivery.delivered).sum() {
        _ if !failed.is_empty() => (Mark::Warning, format!("{}, to {to}", failed.join(", "))),
        0_u64 => (Mark::Good, String::new()),
        _ => (Mark::Good, format!("delivers to {to}")),
    };
    Finding { mark, problems: Vec::new(), detail }
}

fn firing_row(terminal: Terminal, status: &Status, verification: &Verification) -> Vec<Line> {
    let firing: Vec<&str> =
        verification.rules.firing.iter().map(String::as_str).filter(|name| *name != WATCHDOG).collect();
    if firing.is_empty() {
        return Vec::new();
    }
    let text = format!("{} firing; details: {}", firing.join(", "), command(&status.stack, "alerts"));
    terminal.continued(terminal.named(2, Mark::Warning, "Alerts"), Style::new(), &text)
}

fn unanswered(terminal: Terminal, verification: &Verification) -> Vec<Line> {
    let row = |text: &String| terminal.continued(terminal.row(2, Mark::Bad), Style::new(), text);
    verification.unanswered.iter().flat_map(row).collect()
}

fn edited(terminal: Terminal, status: &Status) -> Vec<Line> {
    let is_applied = !has_drift(status);
    let mut lines = Vec::new();
    if !status.edited.is_empty() && !is_absent(status) {
        let applied = if is_applied { "applied" } else { "not applied yet" };
        let text = format!("{} ({applied})", status.edited.join(", "));
        lines.extend(terminal.continued(Line::plain("  Edited: "), Style::new(), &text));
    }
    let is_in_conflict = |uid: &&String| {
        let is_own =
            |conflict: &Conflict| matches!(conflict, Conflict::Dashboard { uid: other, .. } if other == *uid);
        status.conflicts.iter().any(is_own)
    };
    for uid in status.edited_inside.iter().filter(|uid| !is_in_conflict(uid)) {
        let text = format!(
            "dashboard {uid} in Grafana; save it with: {}",
            command(&status.stack, "dashboards pull")
        );
        lines.extend(terminal.continued(Line::plain("  Edited: "), Style::new(), &text));
    }
    lines
}

/// Returns each conflict with its fix.
pub(super) fn conflicts(terminal: Terminal, conflicts: &[Conflict]) -> Vec<Line> {
    let rows = |conflict: &Conflict| {
        let mut lines =
            terminal.continued(terminal.row(2, Mark::Warning), Style::new(), &conflict.to_string());
        let fix = Line::plain(" ".repeat(2 + terminal.mark_width())).then(BOLD, "Fix: ");
        lines.extend(terminal.continued(fix, Style::new(), &conflict_hint(conflict)));
        lines
    };
    conflicts.iter().flat_map(rows).collect()
}

fn fix(terminal: Terminal, status: &Status) -> Vec<Line> {
    let stack = &status.stack;
    let (fix, why) = match status.finding() {
        StatusVerdict::Problems(_) if status.hindrance.is_some() => return Vec::new(),
        StatusVerdict::Problems(_) if is_absent(status) => (command(stack, "up"), None),
        StatusVerdict::Problems(_) => {
            let why = first_failed(status).map(|service| command(stack, &format!("logs {}", service.name)));
            (command(stack, "up"), why)
        }
        StatusVerdict::Unhealthy(_) => (command(stack, "doctor"), None),
        _ if has_drift(status) => (command(stack, "up"), Some(command(stack, "plan"))),
        StatusVerdict::Good | StatusVerdict::Pending(_) | StatusVerdict::OutOfReach(_) => return Vec::new(),
    };
    let line = Line::plain("  ").then(BOLD, "Fix: ").text(&fix);
    let Some(why) = why else { return vec![line] };
    let line = line.padded(29.max(line_width(&fix) + 8));
    let both = line.clone().then(BOLD, "Why: ").text(&why);
    if both.width() <= terminal.width() {
        return vec![both];
    }
    vec![line, Line::plain("  ").then(BOLD, "Why: ").text(why)]
}

fn line_width(fix: &str) -> usize {
    fix.chars().count() + 7
}
