//! The result of `up`.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use anstyle::Style;

use super::status;
use crate::config::settings::{PasswordOrigin, WELL_KNOWN_PASSWORD};
use crate::model::observed::Readiness;
use crate::model::sanitize;
use crate::model::stack::Login;
use crate::model::verification::Verification;
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, NAMES, Screen, Terminal, seconds};
use crate::output::words::{command, counted, targets_and_rules};
use crate::plan::{Cause, Operation, Plan, TextChange, Verb};
use crate::services::title;
use crate::status::{ServiceStatus, Status};

/// The columns of the times at the right, with their gap.
const TIMES: usize = 9;

/// The changed items of a file that are named; more are counted.
const FEW: usize = 3;

/// The times of a plan's operations.
#[derive(Clone, Debug, Default)]
pub struct Timings(pub Vec<Timing>);

/// The time of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The kind of the operation.
    pub verb: Verb,
    /// The object of the operation.
    pub target: String,
    /// The service of the operation, if it has one.
    pub service: Option<String>,
    /// When it began, since the start of the plan.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
}

impl Timings {
    /// Adds the timings of a further plan.
    pub fn extend(&mut self, further: Self) {
        self.0.extend(further.0);
    }

    /// Returns the time from the first operation of a service to the end of its last one.
    fn of(&self, service: &str) -> Option<Duration> {
        let own = || self.0.iter().filter(|timing| timing.service.as_deref() == Some(service));
        let began = own().map(|timing| timing.began).min()?;
        let ended = own().map(|timing| timing.began + timing.took).max()?;
        Some(ended.saturating_sub(began))
    }
}

/// The result of `up`.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The status afterwards.
    pub status: &'a Status,
    /// The applied operations.
    pub plan: &'a Plan,
    /// The changes of texts that the services had before.
    pub changes: &'a [TextChange],
    /// The configuration folder.
    pub folder: &'a Path,
    /// The times of the operations.
    pub timings: &'a Timings,
    /// The time of the whole command.
    pub total: Duration,
    /// The login of Grafana.
    pub login: &'a Login,
    /// The uids of the imported dashboards.
    pub dashboards: Vec<&'a str>,
}

impl Printer {
    /// Prints what `up` did.
    pub fn summary(&self, summary: &Summary<'_>) {
        self.result(|terminal| screen(terminal, self.is_verbose, summary), || schema::summary(summary));
    }
}

fn screen(terminal: Terminal, is_verbose: bool, summary: &Summary<'_>) -> Screen {
    let status = summary.status;
    let mut lines = Vec::new();
    if summary.plan.is_empty() {
        lines.extend(up_to_date(terminal, summary));
    } else {
        lines.extend(written(terminal, summary));
        lines.extend(summary.changes.iter().flat_map(|change| changed(terminal, summary, change)));
        let services = status.services.iter();
        lines.extend(services.flat_map(|service| service_row(terminal, summary, service)));
        lines.extend(status.proof.iter().map(|verification| monitoring(terminal, summary, verification)));
        if lines.is_empty() {
            lines.extend(ready(terminal, summary));
        } else if has_new_container(summary.plan) {
            lines.push(Line::default());
            lines.extend(ending(terminal, summary));
        }
        if is_verbose {
            lines.push(Line::default());
            lines.extend(times(terminal, summary.timings));
        }
    }
    if is_verbose {
        let lacks = |service: &ServiceStatus| {
            let without = service.without.as_ref()?;
            let text = format!("{} runs without {without}", service.name);
            Some(terminal.continued(Line::plain("  Note: "), DIM, &text))
        };
        lines.extend(status.services.iter().filter_map(lacks).flatten());
    }
    lines.extend(status::conflicts(terminal, &status.conflicts));
    lines
}

fn up_to_date(terminal: Terminal, summary: &Summary<'_>) -> Vec<Line> {
    let is_clean = summary.status.conflicts.is_empty();
    let text = if is_clean { "is up to date" } else { "is up" };
    let mark = if is_clean { Mark::Good } else { Mark::Warning };
    let line = terminal.row(0, mark).text(format!(
        "Stack {} {text} ({})",
        summary.status.stack,
        seconds(summary.total)
    ));
    with_dashboard(terminal, line, summary)
}

fn ready(terminal: Terminal, summary: &Summary<'_>) -> Vec<Line> {
    let text = format!("Stack {} is ready ({})", summary.status.stack, seconds(summary.total));
    with_dashboard(terminal, terminal.row(0, Mark::Good).text(text), summary)
}

fn with_dashboard(terminal: Terminal, line: Line, summary: &Summary<'_>) -> Vec<Line> {
    match dashboard_url(summary) {
        Some(url) => terminal.joined(line, 3, terminal.mark_width(), Style::new(), &url),
        None => vec![line],
    }
}

fn dashboard_url(summary: &Summary<'_>) -> Option<String> {
    let grafana = summary.status.services.iter().find(|service| service.name == "grafana")?;
    Some(format!("{}/d/{}", grafana.url.as_deref()?, summary.dashboards.first()?))
}

fn written(terminal: Terminal, summary: &Summary<'_>) -> Option<Line> {
    let files = summary
        .plan
        .steps
        .iter()
        .filter(|step| matches!(step.operation, Operation::WriteFile { .. }))
        .count();
    let text = format!("{} written to {}", counted(files, "file"), sanitize::path(summary.folder));
    (files > 0).then(|| terminal.named(0, Mark::Good, "Configuration").text(text))
}

/// Returns the row of a changed file or dashboard, unless its service is new.
fn changed(terminal: Terminal, summary: &Summary<'_>, change: &TextChange) -> Vec<Line> {
    let of_service = |step: &&crate::plan::Step| step.operation.service() == Some(&change.service);
    let operations = || summary.plan.steps.iter().filter(of_service).map(|step| &step.operation);
    if operations().any(|operation| matches!(operation, Operation::Create { .. })) {
        return Vec::new();
    }
    let applied = match () {
        () if operations().any(|operation| matches!(operation, Operation::ImportDashboard { .. })) => {
            "imported"
        }
        () if operations().any(|operation| matches!(operation, Operation::Reload { .. })) => {
            "reloaded without restart"
        }
        () if operations().any(|operation| matches!(operation, Operation::Restart { .. })) => {
            "loaded by a restart"
        }
        () => "uploaded",
    };
    let what = match change.subjects.as_slice() {
        [] => "changed".into(),
        subjects if subjects.len() > FEW => {
            format!("{} and {} more", subjects[..FEW].join(", "), subjects.len() - FEW)
        }
        subjects => subjects.join(", "),
    };
    let first = terminal.named(0, Mark::Good, &change.name);
    let mut lines = terminal.without(TIMES).continued(first, Style::new(), &format!("{what}, {applied}"));
    lines[0] = timed(terminal, lines[0].clone(), summary.timings.of(&change.service));
    lines
}

/// Returns the row of a service whose container was created or started.
fn service_row(terminal: Terminal, summary: &Summary<'_>, service: &ServiceStatus) -> Vec<Line> {
    let is_own = |step: &&crate::plan::Step| {
        step.operation.service() == Some(&service.name)
            && matches!(
                step.operation,
                Operation::Create { .. }
                    | Operation::Start { .. }
                    | Operation::Unpause { .. }
                    | Operation::WaitReady(_)
            )
    };
    let Some(step) = summary.plan.steps.iter().find(is_own) else { return Vec::new() };
    let mark = if service.readiness == Readiness::Ready { Mark::Good } else { Mark::Pending };
    let line = terminal.named(0, mark, title(&service.name)).text(service.url.as_deref().unwrap_or_default());
    let narrower = terminal.without(TIMES);
    let mut lines = match &step.cause {
        // The cause of a new service is obvious.
        Cause::Absent | Cause::JustStarted => vec![line],
        cause => narrower.joined(line, 3, terminal.mark_width() + NAMES, DIM, &cause.to_string()),
    };
    lines[0] = timed(terminal, lines[0].clone(), summary.timings.of(&service.name));
    lines
}

fn monitoring(terminal: Terminal, summary: &Summary<'_>, verification: &Verification) -> Line {
    let waits = summary.timings.0.iter().filter(|timing| timing.verb == Verb::WaitHealthy);
    timed(
        terminal,
        terminal.named(0, Mark::Good, "Monitoring").text(targets_and_rules(verification)),
        waits.map(|timing| timing.took).max(),
    )
}

fn ending(terminal: Terminal, summary: &Summary<'_>) -> Vec<Line> {
    let stack = &summary.status.stack;
    let mut lines = vec![
        Line::plain("Stack ").then(BOLD, stack).text(format!(" is ready in {}.", seconds(summary.total))),
    ];
    if let Some(url) = dashboard_url(summary) {
        let line = Line::plain("  Dashboard  ").text(url);
        lines.extend(terminal.joined(line, 3, 13, DIM, &format!("({})", login(summary.login))));
    }
    if let PasswordOrigin::Generated(file) = &summary.login.password.origin {
        lines.push(Line::plain("  Password   ").text(format!("stored in {}", sanitize::path(file))));
    }
    let next = ["status", "demo", "doctor"].map(|verb| command(stack, verb));
    let label = Line::plain("  Next       ");
    let one = label.clone().text(next.join(terminal.dot()));
    if one.width() <= terminal.width() {
        lines.push(one);
    } else {
        lines.extend(next.iter().enumerate().map(|(index, command)| {
            let start = if index == 0 { label.clone() } else { Line::plain(" ".repeat(label.width())) };
            start.text(command)
        }));
    }
    lines
}

fn login(login: &Login) -> String {
    let password = match login.password.origin {
        _ if login.password.is_well_known() => WELL_KNOWN_PASSWORD,
        PasswordOrigin::Generated(_) => "generated password",
        PasswordOrigin::Default
        | PasswordOrigin::Prompt
        | PasswordOrigin::File(_)
        | PasswordOrigin::Environment => "your password",
    };
    format!("{} / {password}", login.user)
}

/// Returns a line for each operation, in the order in which they began.
fn times(terminal: Terminal, timings: &Timings) -> Vec<Line> {
    let mut sorted: Vec<&Timing> = timings.0.iter().collect();
    sorted.sort_by_key(|timing| timing.began);
    let row = |timing: &Timing| {
        let line = Line::of(DIM, format!("  {:<20} {}", timing.verb.word(), timing.target));
        line.right(terminal.width(), DIM, &format!("{:.2}s", timing.took.as_secs_f64()))
    };
    sorted.into_iter().map(row).collect()
}

fn has_new_container(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.operation, Operation::Create { .. } | Operation::Start { .. }))
}

fn timed(terminal: Terminal, line: Line, time: Option<Duration>) -> Line {
    match time {
        Some(time) => line.right(terminal.width(), DIM, &seconds(time)),
        None => line,
    }
}
