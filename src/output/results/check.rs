//! The result of `check`.

use std::collections::BTreeSet;

use anstyle::Style;

use crate::error::ConfigFault;
use crate::model::sanitize;
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{DIM, Line, Mark, Screen, Terminal};
use crate::output::words::counted;

impl Printer {
    /// Prints what the checks found.
    pub fn checks(&self, stack: &str, reports: &[CheckReport]) {
        self.result(|terminal| screen(terminal, reports), || schema::checks(stack, reports));
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The check's name.
    pub title: String,
    /// The names of the files that it read.
    pub files: Vec<&'static str>,
    /// What it found.
    pub faults: Vec<ConfigFault>,
}

fn screen(terminal: Terminal, reports: &[CheckReport]) -> Screen {
    let mut lines = verdict(terminal, reports);
    let titles = reports.iter().map(|report| Line::plain(&report.title).width()).max().unwrap_or_default();
    for (index, report) in reports.iter().enumerate() {
        let is_good = report.faults.is_empty();
        let mark = if is_good { Mark::Good } else { Mark::Bad };
        let first = terminal.row(2, mark).text(&report.title);
        let first = first.padded(2 + terminal.mark_width() + titles + 2);
        lines.extend(terminal.continued(first, DIM, &report.files.join(", ")));
        let fault = |fault: &ConfigFault| {
            let indent = 2 + terminal.mark_width();
            let first = Line::plain(" ".repeat(indent));
            terminal.hanging(first, indent + 2, Style::new(), &fault.to_string())
        };
        // Two checks that read one file may find the same.
        let is_new =
            |fault: &&ConfigFault| !reports[..index].iter().any(|earlier| earlier.faults.contains(fault));
        lines.extend(report.faults.iter().filter(is_new).flat_map(fault));
    }
    lines
}

fn verdict(terminal: Terminal, reports: &[CheckReport]) -> Screen {
    let files: BTreeSet<&str> = reports.iter().flat_map(|report| report.files.iter().copied()).collect();
    let mut faults: Vec<&ConfigFault> = Vec::new();
    for fault in reports.iter().flat_map(|report| &report.faults) {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    let (mark, text) = if faults.is_empty() {
        (Mark::Good, format!("{} checked, no errors", counted(files.len(), "file")))
    } else {
        let bad: BTreeSet<String> = faults.iter().map(|fault| sanitize::path(&fault.file)).collect();
        let bad: Vec<String> = bad.into_iter().collect();
        (Mark::Bad, format!("{} in {}", counted(faults.len(), "error"), bad.join(", ")))
    };
    terminal.hanging(terminal.row(0, mark), terminal.mark_width(), Style::new(), &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::at_all_widths;

    fn reports() -> Vec<CheckReport> {
        let report = |title: &str, files: &[&'static str]| CheckReport {
            title: title.into(),
            files: files.to_vec(),
            faults: Vec::new(),
        };
        let rules = ["alerts.yml", "recording_rules.yml"];
        vec![
            report("promtool check config", &["prometheus.yml", "alerts.yml", "recording_rules.yml"]),
            report("promtool check rules", &rules),
            report("promtool test rules", &["alerts.yml", "recording_rules.yml", "alerts_test.yml"]),
            report("amtool check-config", &["alertmanager.yml"]),
            report("dashboard tdd-main", &["grafana_dashboards.json"]),
        ]
    }

    #[test]
    fn sound_files_are_counted() {
        insta::assert_snapshot!("check", at_all_widths(|terminal| screen(terminal, &reports())));
    }

    #[test]
    fn faults_have_file_and_line() {
        let reason = "group \"application_alerts\", rule 5, \"MemoryUsageHigh\": could not parse expression: 1:23: \
                      parse error: unexpected end of input";
        let fault = ConfigFault {
            file: "config/monitoring/alerts.yml".into(),
            line: Some(119),
            reason: reason.into(),
        };
        let mut reports = reports();
        reports[0].faults = vec![fault.clone()];
        reports[1].faults = vec![fault];
        insta::assert_snapshot!("check_faults", at_all_widths(|terminal| screen(terminal, &reports)));
    }
}
