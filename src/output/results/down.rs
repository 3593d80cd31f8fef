//! What `down` did.

use std::path::PathBuf;
use std::time::Duration;

use anstyle::Style;

use crate::model::sanitize;
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, Screen, Terminal, seconds};
use crate::output::words::{command, counted};
use crate::plan::{Plan, Step};

/// What `down` has to say at its end.
#[derive(Debug)]
pub struct Removed<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// What was done.
    pub plan: &'a Plan,
    /// The volumes whose data stays.
    pub kept: Vec<String>,
    /// The file of the password that was made for the stack, where it is removed.
    pub password_file: Option<PathBuf>,
    /// How long it took.
    pub total: Duration,
}

impl Printer {
    /// Prints what `down` did.
    pub fn removed(&self, removed: &Removed<'_>) {
        self.result(|terminal| screen(terminal, removed, self.is_verbose), || schema::removed(removed));
    }
}

fn screen(terminal: Terminal, removed: &Removed<'_>, is_verbose: bool) -> Screen {
    let Removed { stack, plan, kept, password_file, total } = removed;
    let row = terminal.row(0, Mark::Good);
    let mut lines = vec![if plan.is_empty() {
        row.text("Stack ").then(BOLD, stack).text(" does not run: nothing to remove")
    } else {
        row.text("Stack ").then(BOLD, stack).text(" is removed").then(DIM, format!(" ({})", seconds(*total)))
    }];
    let blanks = || Line::plain(" ".repeat(terminal.mark_width()));
    if !kept.is_empty() {
        let first = blanks().text("Data stays in ");
        lines.extend(terminal.continued(first, Style::new(), &kept.join(", ")));
        lines.push(blanks().text("Remove it: ").text(command(stack, "down --volumes")));
    }
    if let Some(path) = password_file {
        let text = format!("The stored password of Grafana is removed too: {}", sanitize::path(path));
        lines.extend(terminal.paragraph(terminal.mark_width(), Style::new(), &text));
    }
    if is_verbose && !plan.is_empty() {
        let done = |step: &Step| format!("{} {}", step.operation.verb(), step.operation.target());
        let done: Vec<String> = plan.steps.iter().map(done).collect();
        let first = blanks().then(DIM, format!("{}: ", counted(done.len(), "operation")));
        lines.extend(terminal.list(first, DIM, &done));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::at_all_widths;
    use crate::plan::{Cause, Operation};

    fn plan() -> Plan {
        let step = |name: &str| Step {
            operation: Operation::RemoveVolume(name.into()),
            cause: Cause::Asked("down"),
            needs: Vec::new(),
        };
        Plan { steps: vec![step("tdd_grafana_password"), step("tdd_prometheus_config")], ..Plan::default() }
    }

    fn shown(stack: &str, plan: &Plan, kept: &[&str], password_file: Option<&str>) -> String {
        let removed = Removed {
            stack,
            plan,
            kept: kept.iter().map(ToString::to_string).collect(),
            password_file: password_file.map(PathBuf::from),
            total: Duration::from_millis(940),
        };
        at_all_widths(|terminal| screen(terminal, &removed, kept.is_empty()))
    }

    #[test]
    fn data_that_stays_has_the_command_that_removes_it() {
        let data = ["tdd_alertmanager_data", "tdd_grafana_data", "tdd_prometheus_data"];
        insta::assert_snapshot!("down", shown("tdd", &plan(), &data, None));
        insta::assert_snapshot!("down_named", shown("other", &plan(), &data[1..], None));
    }

    #[test]
    fn removed_password_is_reported() {
        let file = "/home/you/.local/state/tdd-stack/passwords/tdd";
        insta::assert_snapshot!("down_volumes", shown("tdd", &plan(), &[], Some(file)));
        insta::assert_snapshot!("down_absent", shown("tdd", &Plan::default(), &[], None));
    }
}
