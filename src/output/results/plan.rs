//! The result of `plan` and of `up --dry-run`.

use anstyle::{AnsiColor, Style};

use super::status;
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, Screen, Terminal};
use crate::output::words::{command, counted};
use crate::plan::{Operation, Plan, Step, TextChange, Verb};
use crate::services::title;

const ADDED: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();

/// The columns of the verbs; the longest one has 19 characters.
const VERBS: usize = 20;

impl Printer {
    /// Prints a plan.
    pub fn plan(&self, stack: &str, plan: &Plan, changes: &[TextChange]) {
        self.result(|terminal| screen(terminal, stack, plan, changes), || schema::plan(stack, plan, changes));
    }
}

/// The operations of one service, or of the whole stack.
struct Group<'a> {
    name: &'a str,
    rows: Vec<Row>,
}

/// Operations of one kind and one cause.
struct Row {
    verb: Verb,
    targets: Vec<String>,
    cause: String,
}

fn screen(terminal: Terminal, stack: &str, plan: &Plan, changes: &[TextChange]) -> Screen {
    let mut lines = Vec::new();
    if plan.is_empty() {
        let (mark, text) = match plan.conflicts.len() {
            0 => (Mark::Good, "up to date, nothing to do".to_string()),
            _ => (Mark::Warning, "no operations, but edits conflict".into()),
        };
        lines.push(terminal.row(0, mark).then(BOLD, stack).text(": ").text(text));
    } else {
        let operations = counted(plan.len(), "operation");
        let first = Line::of(BOLD, stack).text(format!(": {operations}; apply them with: "));
        lines.push(first.text(command(stack, "up")));
        for group in groups(plan) {
            lines.push(Line::default());
            lines.push(Line::of(BOLD, group.name));
            lines.extend(group.rows.iter().flat_map(|row| row_lines(terminal, row)));
        }
    }
    for change in changes {
        lines.push(Line::default());
        lines.extend(change.diff.lines().map(diff_line));
    }
    if !plan.conflicts.is_empty() {
        lines.push(Line::default());
        lines.extend(status::conflicts(terminal, &plan.conflicts));
    }
    lines
}

/// Groups operations by what they belong to, each group in the order of the plan.
fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for step in &plan.steps {
        let name = group_of(step);
        let index = groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
            groups.push(Group { name, rows: Vec::new() });
            groups.len() - 1
        });
        let rows = &mut groups[index].rows;
        let (verb, cause) = (step.operation.verb(), step.cause.to_string());
        let target = target(step);
        match rows.last_mut() {
            Some(row) if row.verb == verb && row.cause == cause => row.targets.extend(target),
            _ => rows.push(Row { verb, targets: target.into_iter().collect(), cause }),
        }
    }
    // What concerns the whole stack at the end, such as the check of connectivity, is the last group.
    groups.sort_by_key(|group| group.name == WHOLE);
    groups
}

const WHOLE: &str = "Whole stack";

fn group_of(step: &Step) -> &str {
    match &step.operation {
        Operation::WriteFile { .. } => "Configuration",
        Operation::CreateNetwork(_)
        | Operation::CreateVolume { .. }
        | Operation::RemoveNetwork(_)
        | Operation::RemoveVolume(_) => "Network and volumes",
        operation => operation.service().map_or(WHOLE, title),
    }
}

/// Returns the target of an operation, unless it is the service whose group it is in.
fn target(step: &Step) -> Option<String> {
    let target = step.operation.target();
    match step.operation.service() {
        Some(service) if target == service => None,
        // `prometheus (alerts.yml)` below the heading `Prometheus` is `alerts.yml`.
        Some(service) => Some(
            target
                .strip_prefix(service)
                .and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'))
                .map_or_else(|| target.clone(), ToString::to_string),
        ),
        None => Some(target),
    }
}

fn row_lines(terminal: Terminal, row: &Row) -> Vec<Line> {
    let (style, sign) = match row.verb {
        Verb::Write
        | Verb::Pull
        | Verb::CreateNetwork
        | Verb::CreateVolume
        | Verb::Create
        | Verb::Start
        | Verb::Unpause
        | Verb::WritePasswordFile => (ADDED, "+"),
        Verb::Upload
        | Verb::Reload
        | Verb::Restart
        | Verb::SetAside
        | Verb::PutBack
        | Verb::SetLogin
        | Verb::DataSource
        | Verb::Import => (CHANGED, "~"),
        Verb::Stop | Verb::Remove | Verb::RemoveNetwork | Verb::RemoveVolume | Verb::RemoveImage => {
            (REMOVED, "-")
        }
        Verb::Check
        | Verb::Await
        | Verb::CheckConnectivity
        | Verb::CheckLogin
        | Verb::WaitDataSource
        | Verb::WaitHealthy => (DIM, " "),
    };
    let first = Line::plain("  ").then(style, sign).text(" ").then(style, row.verb.word()).padded(4 + VERBS);
    let targets = row.targets.join(", ");
    let gap = if targets.is_empty() { "" } else { "  " };
    let whole = first.clone().text(&targets).text(gap).then(DIM, &row.cause);
    if whole.width() <= terminal.width() {
        return vec![whole];
    }
    if targets.is_empty() {
        return terminal.continued(first, DIM, &row.cause);
    }
    let mut lines = terminal.continued(first, Style::new(), &targets);
    lines.extend(terminal.paragraph(4 + VERBS, DIM, &row.cause));
    lines
}

fn diff_line(line: &str) -> Line {
    let style = match line.as_bytes().first() {
        Some(b'+') => ADDED,
        Some(b'-') => REMOVED,
        Some(b'@') => DIM,
        _ => Style::new(),
    };
    Line::of(style, line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{Layer, Settings};
    use crate::model::observed::Observed;
    use crate::output::samples::{at_all_widths, in_colour, terminal};
    use crate::plan::{self, Request};
    use crate::services;

    #[test]
    fn operations_are_grouped_by_service() {
        let stack = services::assemble(&Settings::resolve(Layer::default(), &services::names()).unwrap());
        let plan = plan::up(&stack, &Observed::default(), Request::default()).unwrap();
        insta::assert_snapshot!("plan", at_all_widths(|terminal| screen(terminal, "tdd", &plan, &[])));
        let none = Plan::default();
        insta::assert_snapshot!("plan_empty", at_all_widths(|terminal| screen(terminal, "tdd", &none, &[])));
    }

    #[test]
    fn differences_are_coloured() {
        let change = TextChange {
            service: "prometheus".into(),
            name: "alerts.yml".into(),
            subjects: Vec::new(),
            diff: "--- alerts.yml (running)\n+++ alerts.yml (planned)\n@@ -1 +1 @@\n-a\n+b\n c\n".into(),
        };
        let shown = screen(terminal(80, true), "tdd", &Plan::default(), &[change]);
        insta::assert_snapshot!("plan_colours", in_colour(&shown));
    }
}
