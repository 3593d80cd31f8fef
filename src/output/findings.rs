//! A doctor's findings, for people and for scripts.

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::doctor::{Finding, Severity};

impl Printer {
    /// Prints findings, each with its fix.
    pub fn findings(&self, stack: &str, findings: &[Finding]) {
        self.result(|_| text_screen(&text(stack, findings)), || schema::findings(stack, findings));
    }
}

fn text(stack: &str, findings: &[Finding]) -> String {
    let mut table = table::table(["", "check", "finding"]);
    table.add_rows(findings.iter().map(row));
    // A long cure would pad every line to its width.
    table::joined(&[format!("{}\n", table.trim_fmt()), format!("stack {stack}: {}", counted(findings))])
}

fn row(finding: &Finding) -> [String; 3] {
    let check = match &finding.subject {
        Some(subject) => format!("{} {subject}", finding.check),
        None => finding.check.to_string(),
    };
    let what = match &finding.fix {
        Some(fix) => format!("{}\ncure: {fix}", finding.what),
        None => finding.what.clone(),
    };
    let word = match finding.state {
        Severity::Good => "ok",
        Severity::Warning => "warning",
        Severity::Bad => "BAD",
    };
    [word.into(), check, what]
}

fn counted(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    match (count(Severity::Bad), count(Severity::Warning)) {
        (0, 0) => "nothing is amiss".into(),
        (bad, warnings) => format!("{bad} bad, {warnings} worth knowing"),
    }
}
